"""Bytes to text in the encodings people really have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.sources.encoding import Text, tidy
from pipeline.sources.encoding import decode as decode_within
from pipeline.sources.reading import Limits, SourceFile

WESTERN = "I’m the café owner in Zürich – naïve, £20 a month."


def decode(file: SourceFile) -> Text:
    return decode_within(file, Limits())


@pytest.mark.parametrize(
    ("encoding", "text", "note"),
    [
        ("utf-8", WESTERN, None),
        ("utf-8-sig", WESTERN, None),
        ("utf-16", WESTERN, "Read as utf-16."),
        ("utf-16-le", "hello there", "Read as utf-16-le."),
        ("cp1252", WESTERN, "Read as Windows-1252."),
        ("cp1250", "Jestem pielęgniarką w Łodzi i żyję sama, ciężko mi.", "Read as Windows-1250."),
        ("cp1251", "Привет, я живу в Москве и работаю учителем.", "Read as cp1251."),
    ],
)
def test_encodings_are_recognised_and_told(encoding: str, text: str, note: str | None) -> None:
    decoded = decode(SourceFile(name="a.txt", data=text.encode(encoding)))
    assert decoded.text == text
    assert decoded.notes == ((note,) if note else ())


def test_a_damaged_character_does_not_spoil_the_others() -> None:
    decoded = decode(SourceFile(name="a.txt", data=(WESTERN * 3).encode() + b"\xff"))
    assert decoded.text.startswith(WESTERN)
    assert decoded.notes == ("Read as UTF-8 with 1 damaged character replaced.",)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028"])
def test_line_ends_are_one_kind(end: str) -> None:
    assert decode(SourceFile(name="a.txt", data=f"one{end}two".encode())).text == "one\ntwo"


@pytest.mark.parametrize("data", [b"abc\x00def" * 9, bytes(range(1, 32)) * 9, b"\xff\xfe\x00", b"\xef\xbb\xbf"])
def test_what_is_not_text_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match=r"^a\.txt: "):
        decode(SourceFile(name="a.txt", data=data))


@given(st.text())
def test_tidy_text_has_one_line_and_nothing_invisible(text: str) -> None:
    tidied = tidy(text)
    assert tidied == tidy(tidied)
    assert not set(tidied) & {"\n", "\t", "\x00", "\u202e", "\ufeff"}
    tidied.encode()
