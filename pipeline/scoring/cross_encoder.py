"""Run an ONNX model from a folder of the user's that reads a passage and a claim together.

The folder is what model hubs call an ONNX export: `model.onnx`, `tokenizer.json`, `config.json`. The meaning of its
outputs is read from the names in `id2label`, not from their order. Known heads: entailment, neutral and contradiction;
two classes, supported or not; one number. Where `config.json` has a `prompt` with `{text1}` and `{text2}`, as that of
HHEM-2.1 has, passage and claim are put into it; otherwise they are given as a pair. onnxruntime and tokenizers are an
extra of this package and are imported when a folder is opened.
"""

import hashlib
import importlib
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from pipeline.domain.untrusted import SETTINGS, Refused, parse_json, read_file
from pipeline.errors import ConfigError
from pipeline.scoring.verifier import Verdict

FILES = ("model.onnx", "tokenizer.json", "config.json")
"""Files of a folder; weights outside the model stand beside it as `model.onnx_data`."""

Floats = NDArray[np.float64]

_MOST_TOKENS = 512
"""Of passage and claim, where neither model nor tokenizer says how many it takes."""
_LARGEST_TOKENIZER = 64_000_000
_INPUTS = ("input_ids", "attention_mask", "token_type_ids")
_PROMPT = ("{text1}", "{text2}")
_UNNAMED = re.compile(r"label_\d+", re.IGNORECASE)
_DENIED = re.compile(
    r"contradict|not.?entail|non.?entail|unsupport|not.?support|inconsist|hallucinat|unfaithful|refut|^no$"
)
_AFFIRMED = re.compile(r"entail|support|consist|faithful|ground|^yes$|^true$")
_NEITHER = re.compile(r"neutral|unknown|not.?enough")


class _Config(BaseModel):
    """The part of a `config.json` that is used."""

    id2label: dict[int, str] = {}
    prompt: str | None = None
    max_position_embeddings: int | None = None


class _Head(NamedTuple):
    """Which output means what."""

    supported: int
    contradicted: int | None
    """`None` where everything that is not support speaks against the claim."""
    outputs: int


class CrossEncoder:
    """A model in a folder, loaded."""

    def __init__(self, folder: Path) -> None:
        """Load a model; no network is used.

        Raises:
            ConfigError: a file is missing or not what it should be, the extra is not installed, or the outputs have no
                names that say what they mean.
        """
        self.digest = digest_of(folder)
        self._name = folder.name
        config = _config(folder)
        self._prompt = config.prompt if config.prompt and all(part in config.prompt for part in _PROMPT) else None
        self._session, self._tokenizer = _session(folder), _tokenizer(folder)
        self._inputs = [given.name for given in self._session.get_inputs()]
        if unknown := [name for name in self._inputs if name not in _INPUTS]:
            raise ConfigError(
                f"verifier_model: model.onnx in {folder} asks for {unknown[0]}, and only {', '.join(_INPUTS)} are"
                " given. Export it for the task text-classification."
            )
        self._head = _head(config, self._session.get_outputs()[0].shape[-1], folder)
        self._fit(config)

    def verdict(self, claim: str, passage: str) -> Verdict:
        """Read a passage and a claim; what is too long is cut from the passage."""
        if self._prompt:
            before, _, after = self._prompt.partition(_PROMPT[0])
            # The claim stands at the end, so the text must fit as a whole: a word is rarely more than two tokens.
            passage = " ".join(passage.split()[: self._most // 2])
            encoded = self._tokenizer.encode(f"{before}{passage}{after.replace(_PROMPT[1], claim)}")
        else:
            encoded = self._tokenizer.encode(passage, claim)
        rows = (encoded.ids, encoded.attention_mask, encoded.type_ids)
        given = {name: np.array([row], dtype=np.int64) for name, row in zip(_INPUTS, rows, strict=True)}
        logits = np.asarray(self._session.run(None, {name: given[name] for name in self._inputs})[0], dtype=np.float64)
        # A model that labels every token, as HHEM-2.1 does, speaks for the whole text in its first place.
        return self._read(logits.reshape(-1, logits.shape[-1])[0])

    def _read(self, logits: Floats) -> Verdict:
        if len(logits) != self._head.outputs or not np.isfinite(logits).all():
            raise ConfigError(
                f"verifier_model: model.onnx in {self._name} gave {len(logits)} outputs where its config.json names"
                f" {self._head.outputs}, or numbers that are none. Export it again."
            )
        if len(logits) == 1:
            supported = float(1 / (1 + np.exp(-np.clip(logits[0], -60, 60))))
            return Verdict(supported=supported, contradicted=1 - supported)
        shares = np.exp(logits - logits.max())
        shares /= shares.sum()
        supported = float(shares[self._head.supported])
        denied = self._head.contradicted
        return Verdict(supported=supported, contradicted=1 - supported if denied is None else float(shares[denied]))

    def _fit(self, config: _Config) -> None:
        """Cut passages to what the model takes, and fill up only for a model of one fixed length."""
        length = self._session.get_inputs()[0].shape[-1]
        own = (self._tokenizer.truncation or {}).get("max_length")
        limits = [
            limit for limit in (length, own, config.max_position_embeddings) if isinstance(limit, int) and limit > 0
        ]
        self._most = min(limits, default=_MOST_TOKENS)
        self._tokenizer.enable_truncation(self._most, strategy="longest_first" if self._prompt else "only_first")
        if isinstance(length, int):
            padding = self._tokenizer.padding or {}
            known = {name: padding[name] for name in ("pad_id", "pad_token", "pad_type_id") if name in padding}
            self._tokenizer.enable_padding(length=length, **known)
        else:
            self._tokenizer.no_padding()


def folder_of(model: str) -> Path:
    """The folder that a setting names."""
    return Path(model).expanduser()


def digest_of(folder: Path) -> str:
    """Hash of all files that decide what a model says.

    Raises:
        ConfigError: one is missing.
    """
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise ConfigError(
            f"verifier_model: {folder} has no {' and no '.join(missing)}. It must hold {', '.join(FILES)}."
        )
    files = sorted({*(folder / name for name in FILES), *folder.glob("model.onnx[_.]*")})
    stats = [path.stat() for path in files]
    return _hash(tuple(files), tuple((stat.st_size, stat.st_mtime_ns) for stat in stats))


@cache
def _hash(files: tuple[Path, ...], stamps: tuple[tuple[int, int], ...]) -> str:
    """Hash some files, once for each state of them: weights are hundreds of megabytes."""
    whole = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            whole.update(f"{path.name}\0".encode() + hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()


def _config(folder: Path) -> _Config:
    try:
        return _Config.model_validate(parse_json(read_file(folder / FILES[2], SETTINGS.max_bytes), SETTINGS))
    except (Refused, OSError, ValueError) as error:
        why = "names no outputs as it should" if isinstance(error, ValidationError) else str(error)
        raise ConfigError(f"verifier_model: config.json in {folder} {why}. Export the model again.") from error


def _session(folder: Path) -> Any:
    runtime = _extra("onnxruntime")
    options = runtime.SessionOptions()
    options.log_severity_level = 4
    try:
        return runtime.InferenceSession(folder / FILES[0], options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the library has an exception class of its own for every way to be no model
        raise ConfigError(
            f"verifier_model: {folder / FILES[0]} is no ONNX model that can be loaded"
            f" ({type(error).__name__}). Export it again."
        ) from error


def _tokenizer(folder: Path) -> Any:
    library = _extra("tokenizers")
    try:
        return library.Tokenizer.from_buffer(read_file(folder / FILES[1], _LARGEST_TOKENIZER))
    except Exception as error:  # the library raises plain `Exception`
        raise ConfigError(f"verifier_model: {folder / FILES[1]} is no tokenizer. Export the model again.") from error


def _extra(name: str) -> Any:
    """Import a library of the extra.

    Raises:
        ConfigError: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ConfigError(
            f"verifier_model: a model in a folder needs {name}, which is not installed. Run"
            " `pip install onnxruntime tokenizers`, or name a model on a server."
        ) from error


def _head(config: _Config, outputs: object, folder: Path) -> _Head:
    """Find out which output means what.

    Raises:
        ConfigError: the names do not say it.
    """
    names = [name.strip().casefold() for _, name in sorted(config.id2label.items())]
    count = outputs if isinstance(outputs, int) else len(names)
    if count == 1:
        return _Head(0, None, 1)
    if count == 2 and (not names or all(_UNNAMED.fullmatch(name) for name in names)):
        # MiniCheck, FactCG and HHEM-2.1 leave them unnamed, and the second is support; the check finds out.
        return _Head(1, 0, 2)
    denied, neither = _places(names, _DENIED), _places(names, _NEITHER)
    affirmed = [at for at in _places(names, _AFFIRMED) if at not in (*denied, *neither)]
    if len(names) != count or count not in (2, 3) or len(affirmed) != 1 or (count == 3 and len(denied) != 1):
        raise ConfigError(
            f"verifier_model: config.json in {folder} names the outputs {', '.join(names) or 'not at all'}, and the"
            f" model has {count}. Known are entailment, neutral and contradiction; two classes; or one number."
        )
    return _Head(affirmed[0], denied[0] if denied else None, count)


def _places(names: Sequence[str], pattern: re.Pattern[str]) -> list[int]:
    return [at for at, name in enumerate(names) if pattern.search(name)]
