"""ONNX exports of a few kilobytes that know one word, made in the tests.

The model counts the word `never` on the claim's side of the pair, as a stand-in for understanding: what a real one
says is not tested here, but the whole way from files to a verdict is.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

WORDS = (
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "never",
    "the",
    "speaker",
    "wants",
    "this",
    "i",
    "walk",
    "cycle",
    "to",
    "work",
)
NEVER = WORDS.index("never")


def save(
    folder: Path,
    *,
    labels: Mapping[int, str] | None = None,
    weights: Sequence[float] = (0.0, 0.0, 9.0),
    bias: Sequence[float] = (4.0, 0.0, 0.0),
    length: int | None = None,
    config: Mapping[str, object] | None = None,
) -> Path:
    """Write an export whose logits are `bias + weights * (number of "never" in the claim)`.

    Args:
        folder: is made.
        labels: `id2label`; entailment, neutral, contradiction by default.
        weights: one per output.
        bias: one per output.
        length: of the input, for a model of one fixed length.
        config: further fields of `config.json`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    named = {0: "entailment", 1: "neutral", 2: "contradiction"} if labels is None else labels
    _save_model(folder / "model.onnx", weights, bias, length)
    _save_tokenizer(folder / "tokenizer.json")
    (folder / "config.json").write_text(json.dumps({"id2label": named, **(config or {})}))
    return folder


def _save_model(path: Path, weights: Sequence[float], bias: Sequence[float], length: int | None) -> None:
    from onnx import TensorProto, helper, numpy_helper

    ids, types, logits = (
        helper.make_tensor_value_info(name, kind, ["batch", size])
        for name, kind, size in (
            ("input_ids", TensorProto.INT64, length or "sequence"),
            ("token_type_ids", TensorProto.INT64, length or "sequence"),
            ("logits", TensorProto.FLOAT, len(weights)),
        )
    )
    constants = [
        numpy_helper.from_array(np.array(NEVER, dtype=np.int64), "never"),
        numpy_helper.from_array(np.array([1], dtype=np.int64), "axis"),
        numpy_helper.from_array(np.array([weights], dtype=np.float32), "weights"),
        numpy_helper.from_array(np.array([bias], dtype=np.float32), "bias"),
    ]
    nodes = [
        helper.make_node("Equal", ["input_ids", "never"], ["is_never"]),
        helper.make_node("Cast", ["is_never"], ["here"], to=TensorProto.FLOAT),
        helper.make_node("Cast", ["token_type_ids"], ["in_claim"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["here", "in_claim"], ["counted"]),
        helper.make_node("ReduceSum", ["counted", "axis"], ["number"], keepdims=1),
        helper.make_node("MatMul", ["number", "weights"], ["weighed"]),
        helper.make_node("Add", ["weighed", "bias"], ["logits"]),
    ]
    graph = helper.make_graph(nodes, "tiny", [ids, types], [logits], constants)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path.write_bytes(made.SerializeToString())


def _save_tokenizer(path: Path) -> None:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    made = Tokenizer(models.WordLevel({word: at for at, word in enumerate(WORDS)}, unk_token="[UNK]"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", WORDS.index("[CLS]")), ("[SEP]", WORDS.index("[SEP]"))],
    )
    made.save(str(path))
