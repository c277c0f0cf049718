"""What every loader on disk must do with whatever it is given."""

import json
import subprocess
import sys
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.domain.study import Study
from pipeline.errors import InputError
from pipeline.sources import ReadingLimits, SourceFile, extensions, load_files

SMALL = ReadingLimits(max_file_bytes=100_000, max_rows=200, max_turns=500, max_words=5_000)
QUICK = settings(max_examples=40, deadline=2000, suppress_health_check=[HealthCheck.too_slow])
# fmt: off
PIECES = st.sampled_from([
    "P01: ", "Q: ", "A: ", "Interviewer: ", "Ann Lee: ", ": ", "\n", "\n\n", ",", ";", "\t", '"', "[", "]", "{", "}",
    '{"text": "', '"id": ', "---\n", "# ", "- **Age:** ", "<v Ann>", "</v>", "WEBVTT\n", "NOTE ", "(00:12)",
    "00:00:01.000 --> 00:00:02.000\n", "PARTICIPANT 1 - Age: 3", "Participant 2 | Ann Lee | 52", "Participant: P2",
    "question,answer\n", "name", "I'm 28, ", "so cold. ", "why? ", "12", "\ufeff", "é", "私", "\ud7ff", "a@x.org",
])
KEYS = [
    "participant", "transcript", "speaker", "text", "question", "answer", "messages", "P01",
    "demographics", "age", "id",
]
# fmt: on


def load(name: str, data: bytes) -> Study | None:
    """The study, or nothing when it was refused in one sentence that names the file."""
    try:
        return load_files([SourceFile(name=name, data=data)], "any", SMALL)
    except InputError as error:
        sentence = str(error)
    assert sentence.startswith(name)
    assert "\n" not in sentence
    return None


def check(study: Study | None) -> None:
    if study is None:
        return
    ids = {person.id for person in study.participants}
    said = [segment for segment in study.segments if segment.role == "participant"]
    assert said
    assert {segment.participant for segment in said} == ids
    assert len({segment.id for segment in study.segments}) == len(study.segments)
    assert sum(person.words for person in study.participants) == study.words
    assert Study.model_validate_json(study.model_dump_json()) == study


@pytest.mark.parametrize("extension", extensions())
@QUICK
@given(data=st.binary(max_size=400))
def test_any_bytes_give_a_study_or_one_sentence(extension: str, data: bytes) -> None:
    check(load(f"any{extension}", data))


@pytest.mark.parametrize("extension", extensions())
@QUICK
@given(parts=st.lists(PIECES, max_size=40))
def test_anything_that_looks_like_a_study_gives_one_or_one_sentence(extension: str, parts: list[str]) -> None:
    check(load(f"any{extension}", "".join(parts).encode()))


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20) | PIECES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(KEYS) | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@QUICK
@given(value=JSON)
def test_any_json_value_gives_a_study_or_one_sentence(value: object) -> None:
    check(load("any.json", json.dumps(value).encode()))


@pytest.mark.parametrize(
    ("extension", "data"),
    [
        (".txt", b"a" * 2_000_000),
        (".txt", b"a: " * 500_000),
        (".md", b"**" * 500_000),
        (".txt", b"(00:12) " * 200_000),
        (".csv", b'"' * 1_000_001),
        (".csv", b"a," * 500_000),
        (".json", b"[" * 1_000_000),
        (".jsonl", b'{"text":' * 100_000),
        (".vtt", b"00:00:01.000 --> 00:00:02.000\n" + b"<v " * 300_000),
        (".srt", b"00:00:01,000 --> 0" * 50_000),
        (".md", b"---\n" + b"[" * 200_000 + b"\n---\nP1: so it is\n"),
        (".csv", b"c," * 9_000_000 + b"\nso it is\n"),
        (".yaml", b"[" * 1_000_000),
        (".yaml", b"{" + b"a: b," * 240_000 + b"}"),
        (".html", b"<table><tr><td>" * 60_000),
        (".html", b"<a " + b"x='1' " * 500_000),
        (".html", b"<p>a" * 200_000),
        (".rtf", b"{\\rtf1 " + b"{" * 500_000),
        (".rtf", b"{\\rtf1 " + b"\\u99 ?" * 100_000),
        (".pdf", b"%PDF-1.4\n" + b"1 0 obj\n<< /Kids [1 0 R] >>\nendobj\n" * 10_000),
    ],
)
@pytest.mark.timeout(120)  # a second or two each; in quadratic time it would be hours
def test_hostile_repetition_is_read_in_linear_time(extension: str, data: bytes) -> None:
    with suppress(InputError):
        load_files([SourceFile(name=f"any{extension}", data=data)], "any")


@pytest.mark.slow
def test_loading_text_imports_no_heavy_library() -> None:
    code = (
        "import sys; from pipeline.sources import SourceFile, load_files;"
        " from pipeline.hybrid.redaction import Redactor;"
        "Redactor(load_files([SourceFile(name='a.txt', data=b'P1: I like it')], 'x')).redact('hello');"
        "heavy = {'numpy', 'scipy', 'pandas', 'phonenumbers', 'charset_normalizer', 'pysubs2', 'docx',"
        "'lxml', 'openpyxl', 'pypdf', 'striprtf', 'defusedxml'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
