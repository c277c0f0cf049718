"""ONNX folders, with real onnxruntime and tokenizers on models that are made here."""

import sys
from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from pipeline.scoring.cross_encoder import CrossEncoder, digest_of
from pipeline.scoring.verifier import Verdict
from tests.scoring import tiny_onnx


def verdicts(folder: Path) -> tuple[Verdict, Verdict]:
    """On a claim that the tiny model supports, and on one that it contradicts."""
    encoder = CrossEncoder(folder)
    return encoder.verdict("I cycle to work", "I cycle to work."), encoder.verdict("I never cycle", "I cycle to work.")


def test_head_of_three_tells_contradiction_from_what_is_only_not_said(tmp_path: Path) -> None:
    for_it, against_it = verdicts(tiny_onnx.save(tmp_path / "nli"))
    assert for_it.supported > 0.9 > 0.1 > for_it.contradicted
    assert against_it.contradicted > 0.9 > 0.1 > against_it.supported
    silent = tiny_onnx.save(tmp_path / "silent", weights=(0, 0, 0), bias=(0, 9, 0))
    assert verdicts(silent)[0].supported < 0.01
    assert verdicts(silent)[0].contradicted < 0.01


def test_order_of_the_outputs_is_read_from_their_names(tmp_path: Path) -> None:
    turned = tiny_onnx.save(
        tmp_path, labels={0: "CONTRADICTION", 1: "ENTAILMENT", 2: "NEUTRAL"}, weights=(9, 0, 0), bias=(0, 4, 0)
    )
    for_it, against_it = verdicts(turned)
    assert for_it.supported > 0.9
    assert against_it.contradicted > 0.9


@pytest.mark.parametrize(
    ("labels", "weights", "bias"),
    [
        ({0: "hallucinated", 1: "consistent"}, (9.0, 0.0), (0.0, 4.0)),
        ({0: "consistent", 1: "hallucinated"}, (0.0, 9.0), (4.0, 0.0)),
        ({0: "not_entailment", 1: "entailment"}, (9.0, 0.0), (0.0, 4.0)),
        ({0: "LABEL_0", 1: "LABEL_1"}, (9.0, 0.0), (0.0, 4.0)),
        ({}, (9.0, 0.0), (0.0, 4.0)),
        ({0: "LABEL_0"}, (-9.0,), (4.0,)),
    ],
    ids=["second supports", "first supports", "not_ before a name", "unnamed pair", "no names", "one number"],
)
def test_heads_of_two_and_of_one_say_supported_or_not(
    tmp_path: Path, labels: dict[int, str], weights: tuple[float, ...], bias: tuple[float, ...]
) -> None:
    for_it, against_it = verdicts(tiny_onnx.save(tmp_path, labels=labels, weights=weights, bias=bias))
    assert for_it.supported == pytest.approx(1 - for_it.contradicted) == pytest.approx(0.982, abs=0.01)
    assert against_it.supported == pytest.approx(0.007, abs=0.01)


@pytest.mark.parametrize(
    "labels",
    [{0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2"}, {0: "happy", 1: "sad", 2: "angry"}, {0: "entailment"}],
    ids=["unnamed three", "another task", "fewer names than outputs"],
)
def test_outputs_whose_meaning_is_not_said_are_refused(tmp_path: Path, labels: dict[int, str]) -> None:
    with pytest.raises(ConfigError, match=r"names the outputs .*, and the model has 3\. Known are entailment"):
        CrossEncoder(tiny_onnx.save(tmp_path, labels=labels))


def test_model_of_one_fixed_length_is_filled_up_and_long_passages_are_cut_not_claims(tmp_path: Path) -> None:
    encoder = CrossEncoder(tiny_onnx.save(tmp_path, length=24))
    assert encoder.verdict("I cycle", "walk").supported > 0.9
    assert encoder.verdict("I never cycle", "walk " * 500).contradicted > 0.9


def test_passage_and_claim_go_into_the_prompt_of_the_model_where_it_has_one(tmp_path: Path) -> None:
    asked = []
    folder = tiny_onnx.save(tmp_path, config={"prompt": "the {text1} wants {text2} this"})
    encoder = CrossEncoder(folder)
    whole = encoder._tokenizer
    encoder._tokenizer = type("Spy", (), {"encode": lambda self, *given: asked.append(given) or whole.encode(*given)})()
    encoder.verdict("I {text1} cycle", "walk")
    assert asked == [("the walk wants I {text1} cycle this",)]


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "config.json"])
def test_missing_and_damaged_files_are_named(tmp_path: Path, name: str) -> None:
    folder = tiny_onnx.save(tmp_path)
    (folder / name).write_bytes(b"\x00 no such thing")
    with pytest.raises(ConfigError, match=name):
        CrossEncoder(folder)
    (folder / name).unlink()
    with pytest.raises(ConfigError, match=f"has no {name}"):
        CrossEncoder(folder)


def test_digest_changes_with_every_file_that_decides(tmp_path: Path) -> None:
    folder = tiny_onnx.save(tmp_path)
    seen = {digest_of(folder)}
    for name, kind in (("config.json", "a"), ("tokenizer.json", "a"), ("model.onnx", "ab"), ("model.onnx_data", "w")):
        with (folder / name).open(kind) as file:
            file.write(b" " if "b" in kind else " ")  # type: ignore[arg-type]
        seen.add(digest_of(folder))
    assert len(seen) == 5


def test_without_the_extra_the_message_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ConfigError, match="needs onnxruntime, which is not installed"):
        CrossEncoder(tiny_onnx.save(tmp_path))
