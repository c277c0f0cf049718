"""Settings: the `hybrid:` block of a run, and the environment.

The block holds every setting of a run, read and written as YAML exactly as the seed record has it. Immutable and
complete: the same configuration on the same study with the same code is the same run. Keys, addresses and the
database come from the environment, which `from_environment` alone reads.
"""

import os
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, ValidationInfo, field_validator

from pipeline.domain.base import Frozen
from pipeline.domain.units import MICROS
from pipeline.domain.untrusted import SETTINGS, Refused, parse_yaml, read_file
from pipeline.errors import ConfigError

SelectionRule = Literal["cover", "best_score"]

DEFAULT_FRONTIER_MODEL: dict[str, str] = {
    "anthropic": "claude-sonnet-5-5",
    "openai": "gpt-5.4-mini",
    "simulated": "claude-sonnet-5-5",
}
"""The model proposed for each frontier provider; `simulated` bills at this model's list price."""

INHERITED = (
    "local_provider",
    "local_model",
    "local_base_url",
    "count",
    "draft_factor",
    "seed",
    "temperature",
    "context_tokens",
)
"""Settings that decide which drafts exist and how many are delivered."""

DRAFTED_ANEW = ("local_provider", "local_model", "temperature", "draft_factor", "seed")
"""Those of them that an experiment may vary: its cells then have drafts of their own."""

LOCAL_KEY_VARIABLE = "PERSONA_LOCAL_API_KEY"
"""Environment variable with the key of an OpenAI-compatible local server, if it needs one."""

DEFAULT_DATABASE = Path("data/persona.db")


_LEAST_WEIGHT = 0.01
_DEAREST_USD = 1_000_000
_LARGEST_SEED = 2**53 - 1
"""Largest whole number that a browser holds exactly: Configure has a field for the seed."""


class Weights(BaseModel):
    """Exponents of the overall score; they are normalised to sum to 1."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    completeness: float = Field(default=0.2, ge=0, le=1)
    """Weight of completeness: does the draft say enough?"""
    coherence: float = Field(default=0.3, ge=0, le=1)
    """Weight of coherence: is the draft free of contradictions?"""
    faithfulness: float = Field(default=0.5, ge=0, le=1)
    """Weight of faithfulness: did the draft's own participants say it?"""


class PriceOverride(BaseModel):
    """A price set by the user; it also applies to batches and cached tokens, without a discount."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    input_usd: float = Field(ge=0, le=_DEAREST_USD, allow_inf_nan=False)
    """USD per million input tokens."""
    output_usd: float = Field(ge=0, le=_DEAREST_USD, allow_inf_nan=False)
    """USD per million output tokens."""


class HybridConfig(BaseModel):
    """Every setting of a run."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    enabled: bool = True
    """Off means local only: drafts are scored and none is sent to a frontier model."""
    local_provider: str = "auto"
    """`auto`, `ollama`, `openai` or `builtin`. `auto` uses Ollama when it answers and has the model, else `builtin`."""
    local_model: str = "qwen2.5:7b"
    """Model that writes the drafts. `builtin` ignores it."""
    local_base_url: str | None = None
    """Address of an OpenAI-compatible server (vLLM, llama.cpp, LM Studio); needed by `local_provider: openai`."""
    frontier_provider: str = "anthropic"
    """`anthropic`, `openai` or `simulated` (an offline stand-in that bills list price)."""
    frontier_model: str = DEFAULT_FRONTIER_MODEL["anthropic"]
    """Paid model that refines the drafts under the threshold."""
    quality_threshold: float = Field(default=0.7, ge=0, le=1)
    """Minimum score (0 to 1) at which a draft is kept unchanged."""
    max_cost: float | None = Field(default=5.00, ge=0, allow_inf_nan=False)
    """Budget of the run in USD. 0 buys nothing; empty (`null`) means no cap."""
    project: str | None = Field(default=None, min_length=1, max_length=200)
    """Name under which runs of one database share a budget; empty means no shared budget."""
    project_max_cost: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Budget in USD of all runs of the project together, deleted ones included; each run checks its own figure."""
    skip_frontier: bool = False
    """Never call the frontier, whatever the scores."""
    count: int = Field(default=5, ge=1, le=500)
    """Personas to deliver."""
    draft_factor: float = Field(default=2.0, ge=1, le=10)
    """Drafts written per delivered persona; `count` of them are kept."""
    selection: SelectionRule = "cover"
    """Rule that chooses the kept drafts. `cover`: those that represent most participants without repeating each other,
    also when they are fewer than `count`. `best_score`: the best `count`, even if all are drawn from the same people.
    With one draft per persona there is nothing to choose, and all are kept."""
    selection_tolerance: float = Field(default=0.05, ge=0, le=1)
    """Mean score (0 to 1) that `cover` may give up against `best_score` on the same drafts."""
    escalation_order: Literal["worst_first", "best_first"] = "worst_first"
    """Which drafts under the threshold are refined first."""
    seed: int = Field(default=0, ge=0, le=_LARGEST_SEED)
    """Random seed: the same seed and the same answers give the same run."""
    temperature: float | None = Field(default=None, ge=0, le=2)
    """Sampling temperature; empty means 0.5 for drafts, and for refinements the provider's default, which newer models
    insist on."""
    local_workers: int = Field(default=2, ge=1, le=64)
    """Most drafts written at the same time; fewer where the local server answers fewer at once."""
    frontier_workers: int = Field(default=4, ge=1, le=64)
    """Refinements requested at the same time."""
    refine_mode: Literal["live", "batch"] = "live"
    """`batch` sends all refinements at once, at half the list price (a price of your own gets no discount); answers
    come within 24 hours, usually in minutes to hours."""
    batch_poll_s: float = Field(default=30.0, ge=0.01, le=3600, allow_inf_nan=False)
    """Seconds between two checks of a batch; checks are free."""
    max_output_tokens: int = Field(default=2000, ge=200, le=64000)
    """Maximum tokens of one answer; the worst case of a paid call is priced with it."""
    context_tokens: int = Field(default=16384, ge=2048)
    """Context window of the local model, in tokens; longer excerpts are cut here, never by the server."""
    timeout_s: float = Field(default=180.0, gt=0, le=3600)
    """Seconds without a word before a local answer is given up; of the frontier, seconds to wait for one answer."""
    answer_timeout_s: float = Field(default=1800.0, gt=0, le=36000)
    """Longest time in seconds that a local model may take from the first word of an answer to the last."""
    redact: bool = True
    """Replace contact details, addresses, numbers of cards and papers, and participants' names before anything goes to
    the frontier."""
    embedding_model: str | None = Field(default=None, max_length=200)
    """Ollama embedding model (`all-minilm`, `nomic-embed-text`) that gives half of a statement's support; empty is off.
    Scores with it are not comparable with scores without."""
    judge_model: str | None = Field(default=None, max_length=200)
    """Ollama chat model that judges uncertain claims; empty is off. It must pass its check first."""
    verifier_model: str | None = Field(default=None, max_length=500)
    """Model trained to verify (`bespoke-minicheck`, `granite3.3-guardian`, `granite4.1-guardian`), or a folder with
    model.onnx, tokenizer.json and config.json. It may overrule words; empty is off. It must pass its check first."""
    verifier_base_url: str | None = None
    """Address of an OpenAI-compatible server (llama.cpp, vLLM) that serves the verifier; empty asks Ollama."""
    weights: Weights = Weights()
    """Exponents of completeness, coherence and faithfulness in the overall score."""
    prices: dict[str, PriceOverride] = {}
    """Prices per model name that replace the price library's."""

    @field_validator("local_model", "frontier_model", "local_provider", "frontier_provider")
    @classmethod
    def _not_blank(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("must not be empty")
        return value.strip()

    @field_validator("embedding_model", "judge_model", "verifier_model")
    @classmethod
    def _off_when_blank(cls, value: str | None) -> str | None:
        return (value or "").strip() or None

    @field_validator("local_base_url", "verifier_base_url")
    @classmethod
    def _without_credentials(cls, value: str | None) -> str | None:
        # A configuration is stored and shared; a key must not travel in it.
        if value and "@" in value.split("://")[-1].split("/")[0]:
            raise ValueError("must not contain a user or password; set PERSONA_LOCAL_API_KEY instead")
        return value or None

    @field_validator("project_max_cost")
    @classmethod
    def _needs_a_project(cls, value: float | None, others: ValidationInfo) -> float | None:
        if value is not None and not others.data.get("project"):
            raise ValueError("must not be set without a project; name one under project")
        return value

    @property
    def scorer_models(self) -> tuple[str | None, str | None, str | None]:
        """The models that take part in the score: embedding, judge, verifier."""
        return self.embedding_model, self.judge_model, self.verifier_model

    @property
    def uses_frontier(self) -> bool:
        """True if drafts under the threshold may be sent to a frontier model."""
        return self.enabled and not self.skip_frontier

    @property
    def budget_micros(self) -> int | None:
        """The budget in micro-USD, rounded down; `None` means no cap."""
        return _micros(self.max_cost)

    @property
    def project_budget_micros(self) -> int | None:
        """The budget of the project in micro-USD, rounded down; `None` means no cap."""
        return _micros(self.project_max_cost)

    @property
    def draft_count(self) -> int:
        """Drafts to write: `count` times `draft_factor`, rounded up."""
        return -int(-self.count * self.draft_factor // 1)

    def to_yaml(self) -> str:
        """The whole configuration as a YAML document with one `hybrid:` block."""
        return yaml.safe_dump({"hybrid": self.model_dump(mode="json")}, sort_keys=False, allow_unicode=True)


def _micros(usd: float | None) -> int | None:
    # Through the shortest decimal that is this float: a product of floats misses whole cents of large amounts.
    return None if usd is None else int(Decimal(repr(usd)) * MICROS)


def parse_config(values: object, where: str) -> HybridConfig:
    """Build a configuration from parsed YAML or JSON: the block itself, or a document that holds it.

    Args:
        values: a mapping of settings, or `{"hybrid": {...}}` among other keys.
        where: named in errors, usually the file.

    Raises:
        ConfigError: an unknown setting, a wrong type or a value out of range, all of them named.
    """
    block = values.get("hybrid", values) if isinstance(values, dict) else values
    if block is None:
        block = {}
    if not isinstance(block, dict):
        raise ConfigError(f"{where}: expected a `hybrid:` block of settings, found {type(block).__name__}.")
    try:
        config = HybridConfig.model_validate(block)
    except ValidationError as error:
        raise ConfigError(f"{where}: {explain_validation(error)}") from error
    # Not in the model: runs that were made with such weights must still be read.
    if sum(dict(config.weights).values()) < _LEAST_WEIGHT:
        raise ConfigError(
            f"{where}: weights: completeness, coherence and faithfulness add up to less than {_LEAST_WEIGHT}. Give at"
            " least one of them some weight."
        )
    return config


def load_config(path: Path) -> HybridConfig:
    """Read the configuration in a YAML file.

    Raises:
        ConfigError: the file is missing, is not YAML, or holds a setting that is wrong.
    """
    return parse_config_text(read_settings_file(path, "Check the path given to --config."), str(path))


def read_settings_file(path: Path, remedy: str) -> str:
    """The text of a file of settings.

    Raises:
        ConfigError: it is missing, too large, no regular file or no UTF-8 text.
    """
    try:
        return read_file(path, SETTINGS.max_bytes).decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}). {remedy}") from error
    except Refused as error:
        raise ConfigError(f"{error.about(str(path))}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text, so it cannot be a file of settings.") from error


def parse_config_text(text: str, where: str) -> HybridConfig:
    """Parse the configuration in YAML text; see `parse_config`."""
    try:
        values = parse_yaml(text)
    except Refused as error:
        raise ConfigError(f"{error.about(where)}. Expected a `hybrid:` block of settings.") from error
    return parse_config(values, where)


_SHOWN_PROBLEMS, _SHOWN_CHARACTERS, _LARGE_BITS = 5, 60, 256


def explain_validation(error: ValidationError) -> str:
    """The problems of a pydantic error in one readable line: name, complaint, what was found.

    What was found comes from elsewhere and may be of any size: long values are cut, and so is a long list of problems.
    """
    problems = error.errors(include_url=False, include_context=False)
    parts = []
    for problem in problems[:_SHOWN_PROBLEMS]:
        name = _cut(".".join(_cut(str(step)) for step in problem["loc"]) or "value", 2 * _SHOWN_CHARACTERS)
        if problem["type"] == "extra_forbidden":
            parts.append(f"unknown setting '{name}'")
        else:
            complaint = _cut(problem["msg"].removeprefix("Value error, "), 4 * _SHOWN_CHARACTERS)
            parts.append(f"{name}: {complaint[0].lower()}{complaint[1:]} (found {found_words(problem['input'])})")
    more = len(problems) - _SHOWN_PROBLEMS
    return "; ".join(parts) + (f"; and {more:,} more problems." if more > 0 else ".")


def found_words(value: object) -> str:
    """A value of unknown size as a message quotes it; only its beginning is ever put into words."""
    match value:
        case str():
            return repr(value) if len(value) <= _SHOWN_CHARACTERS else f"{value[:_SHOWN_CHARACTERS]!r}…"
        case dict():
            return f"an object of {len(value):,}"
        case list() | tuple() | set():
            return f"a list of {len(value):,}"
        case int() if value.bit_length() > _LARGE_BITS:  # Python refuses to write much longer ones
            return "a very large number"
    return _cut(repr(value))


def _cut(text: str, longest: int = _SHOWN_CHARACTERS) -> str:
    return text if len(text) <= longest else f"{text[:longest]}…"


class Settings(Frozen):
    """A snapshot of the environment."""

    values: dict[str, SecretStr] = {}
    """Environment variables by name, all treated as secrets."""

    def get(self, variable: str | None) -> str | None:
        """Value of a variable that is not secret, such as an address; `None` when unset or blank."""
        secret = self.secret(variable)
        return secret.get_secret_value() if secret else None

    def secret(self, variable: str | None) -> SecretStr | None:
        """Value of a variable, masked when printed; `None` when unset or blank."""
        value = self.values.get(variable) if variable else None
        return value if value and value.get_secret_value().strip() else None

    def with_secrets(self, extra: Mapping[str, str]) -> "Settings":
        """Return the settings with more variables (typed on a page, or from Streamlit's secrets)."""
        return Settings(values={**self.values, **{name: SecretStr(value) for name, value in extra.items()}})

    @property
    def database(self) -> Path:
        """The SQLite file: `PERSONA_DB`, else `data/persona.db` under the working directory."""
        return Path(self.get("PERSONA_DB") or DEFAULT_DATABASE)


def from_environment() -> Settings:
    """Read the settings of this process."""
    return Settings(values={name: SecretStr(value) for name, value in os.environ.items()})
