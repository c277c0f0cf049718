"""docs/settings.md is what the code says of its settings: names, types, defaults, ranges, meanings.

`pytest tests/contract/test_settings_reference.py --write-docs` writes it anew.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pipeline.domain.config import HybridConfig, PriceOverride, Weights, parse_config_text
from pipeline.sources.reading import ReadingLimits

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "settings.md"

ENVIRONMENT = {
    "PERSONA_BRAND_COLOR": "House colour of slides and documents as six hex digits, such as `#1F3A5F`.",
    "PERSONA_BRAND_LOGO": "House logo of slides and documents: a PNG or JPEG file of at most 5 MB.",
    "PERSONA_DB": "The SQLite file of the terminal and the dashboard; `--db FILE` wins. Default: `data/persona.db`.",
    "PERSONA_LOCAL_API_KEY": "Key of the server under `local_base_url`, where it wants one.",
    "OLLAMA_HOST": "Address of Ollama. Default: `http://127.0.0.1:11434`.",
    "OLLAMA_API_KEY": "Key of an Ollama that is not on this machine and wants one.",
    "ANTHROPIC_API_KEY": "Key for `frontier_provider: anthropic`.",
    "ANTHROPIC_BASE_URL": "Another address than the vendor's, such as a gateway.",
    "OPENAI_API_KEY": "Key for `frontier_provider: openai`.",
    "OPENAI_BASE_URL": "Another address than the vendor's for the frontier.",
}
"""What the process reads from outside; the code names it in many places, so that only the words are here."""

HEAD = """# Settings

Written from the code by `pytest tests/contract/test_settings_reference.py --write-docs`; do not edit.

A run has one configuration: the `hybrid:` block of a YAML file (`persona generate --config FILE.yaml`), over which
the flags of `persona generate --help` win, or the fields on *Configure*. What is not named keeps its default; an
unknown name or a value out of range is an error before anything runs. The configuration is stored with the run, and
never holds a key.
"""
WHOLE = "\n## Everything at its default\n\n```yaml\n{}```\n"
KEYS = """
## Environment

Keys come from the environment; in the dashboard also from `.streamlit/secrets.toml`, or typed on *Configure* for one
session. They are never stored, logged or exported.

| variable | meaning |
|---|---|
"""
LIMITS = """
## Limits of uploads

A study over one of these is refused in a sentence that names the file, what was found and the limit. They protect
the machine and are not settings.

| limit | value | of what |
|---|--:|---|
"""


def kind_of(field: FieldInfo) -> str:
    """The type in words a writer of YAML knows."""
    choices = get_args(field.annotation)
    if choices and all(isinstance(choice, str) for choice in choices):
        return " or ".join(f"`{choice}`" for choice in choices)
    empty = type(None) in choices
    kind = next((choice for choice in choices if choice is not type(None)), field.annotation) if empty else None
    words = {bool: "yes or no", int: "whole number", float: "number", str: "text", Weights: "three numbers"}
    return words.get(kind or field.annotation, "by model name") + (", or empty" if empty else "")


def range_of(field: FieldInfo) -> str:
    """The bounds as the validator has them; a dash where there are none."""
    bounds = {
        name: getattr(rule, name)
        for rule in field.metadata
        for name in ("ge", "gt", "le", "lt", "max_length")
        if getattr(rule, name, None) is not None
    }
    if "max_length" in bounds:
        return f"up to {bounds['max_length']} characters"
    low = f"{bounds['ge']:,}" if "ge" in bounds else f"over {bounds['gt']:,}" if "gt" in bounds else None
    high = f"{bounds['le']:,}" if "le" in bounds else None
    if low and high:
        return f"{low} to {high}" if "ge" in bounds else f"{low}, up to {high}"
    return f"from {low}" if low and "ge" in bounds else low or "–"


def default_of(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    value = field.default
    if isinstance(value, BaseModel):
        return "see below"
    return "empty" if value in (None, {}) else f"`{json.dumps(value)}`".replace('"', "")


def meaning_of(name: str, field: FieldInfo) -> str:
    assert field.description, f"{name} has no docstring"
    return " ".join(field.description.split()).replace("|", "\\|")


def table(model: type[BaseModel]) -> Iterator[str]:
    yield "| setting | type | default | range | meaning |"
    yield "|---|---|---|---|---|"
    for name, field in model.model_fields.items():
        cells = (f"`{name}`", kind_of(field), default_of(field), range_of(field), meaning_of(name, field))
        yield f"| {' | '.join(cells)} |"


def document() -> str:
    parts = [HEAD, *table(HybridConfig), "", "### `weights`", "", *table(Weights), "", "### `prices`", ""]
    parts += [" ".join((PriceOverride.__doc__ or "").split()), "", *table(PriceOverride)]
    variables = "\n".join(f"| `{name}` | {meaning} |" for name, meaning in ENVIRONMENT.items())
    limits = "\n".join(
        f"| `{name}` | {field.default:,} | {meaning_of(name, field)} |"
        for name, field in ReadingLimits.model_fields.items()
    )
    return (
        "\n".join(parts)
        + "\n"
        + WHOLE.format(HybridConfig().to_yaml())
        + KEYS
        + variables
        + "\n"
        + LIMITS
        + limits
        + "\n"
    )


def test_document_says_what_the_code_says(pytestconfig: pytest.Config) -> None:
    if pytestconfig.getoption("--write-docs"):
        DOCUMENT.write_text(document(), encoding="utf-8")
    assert DOCUMENT.read_text(encoding="utf-8") == document()


def test_the_block_in_the_document_is_a_configuration() -> None:
    block = re.search(r"```yaml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    assert block
    assert parse_config_text(block[1], "docs/settings.md") == HybridConfig()
    assert set(yaml.safe_load(block[1])["hybrid"]) == set(HybridConfig.model_fields)


def test_every_variable_that_the_code_reads_is_in_the_document() -> None:
    sources = [*(ROOT / "pipeline").rglob("*.py"), *(ROOT / "pages").glob("*.py"), ROOT / "app.py"]
    named = {
        name
        for source in sources
        for name in re.findall(r'"((?:PERSONA|OLLAMA|ANTHROPIC|OPENAI)_[A-Z_]+)"', source.read_text(encoding="utf-8"))
    }
    assert named == set(ENVIRONMENT)
