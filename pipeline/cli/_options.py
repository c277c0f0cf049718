"""Options and services that several commands share."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from pipeline.domain.config import DEFAULT_FRONTIER_MODEL, HybridConfig, Settings, load_config, parse_config
from pipeline.text.wording import printable

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""Subparsers, to which each command adds its own."""

if TYPE_CHECKING:
    from pipeline.jobs.worker import Worker
    from pipeline.sources import MappingLookup
    from pipeline.store import Store


_FLAGS: tuple[tuple[str, str, type, str], ...] = (
    ("--count", "count", int, "personas to deliver"),
    ("--quality-threshold", "quality_threshold", float, "score from which a draft is kept as it is (0 to 1)"),
    ("--max-cost", "max_cost", float, "budget in USD"),
    ("--local-provider", "local_provider", str, "auto, ollama, openai or builtin"),
    ("--local-model", "local_model", str, "model that drafts"),
    ("--frontier-provider", "frontier_provider", str, "anthropic, openai or simulated"),
    ("--frontier-model", "frontier_model", str, "model that refines"),
    ("--selection", "selection", str, "which drafts are kept: cover or best_score"),
    ("--seed", "seed", int, "same seed and same answers give the same run"),
    ("--local-workers", "local_workers", int, "drafts written in parallel"),
    ("--frontier-workers", "frontier_workers", int, "refinements in parallel"),
)


def say(text: str, *, aside: bool = False) -> None:
    """Write a line, or a JSON document, whatever stands in it; complaints and notes go aside, to stderr."""
    print(printable(text), file=sys.stderr if aside else sys.stdout)


def run_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--hybrid", action="store_true", help="refine drafts under the threshold with the frontier")
    parser.add_argument("--no-frontier", action="store_true", help="score, but send nothing out")
    parser.add_argument("--config", type=Path, metavar="FILE.yaml", help="a `hybrid:` block; flags win over it")
    for flag, name, kind, text in _FLAGS:
        parser.add_argument(flag, dest=name, type=kind, metavar=name.rsplit("_", 1)[-1].upper(), help=text)


def config_of(options: argparse.Namespace, base: HybridConfig | None = None) -> HybridConfig:
    """Merge the configuration file, if any, with the flags, which win. Without `--hybrid` or a file: local only.

    Args:
        options: the parsed command line.
        base: settings of another run, used where neither the file nor a flag sets a value. They never decide whether
            the frontier is called.
    """
    values = base.model_dump(mode="json", exclude={"enabled", "skip_frontier"}) if base else {}
    if options.config:
        values |= load_config(options.config).model_dump(mode="json", exclude_unset=True)
    else:
        values["enabled"] = options.hybrid
    if options.hybrid:
        values["enabled"] = True
    if options.no_frontier:
        values["skip_frontier"] = True
    given = {name: getattr(options, name) for _, name, _, _ in _FLAGS if getattr(options, name) is not None}
    other = "frontier_provider" in given and given["frontier_provider"] != values.get("frontier_provider")
    if other and "frontier_model" not in given and not options.config:
        given["frontier_model"] = DEFAULT_FRONTIER_MODEL.get(given["frontier_provider"], "")
    return parse_config(values | given, "command line")


def open_store(options: argparse.Namespace, settings: Settings) -> "Store":
    from pipeline.store import Store

    return Store(options.db or settings.database)


def mapping_lookup(options: argparse.Namespace, settings: Settings) -> "MappingLookup":
    """Return the saved column mappings of the database; creates no database."""
    from pipeline.sources.mapping import nothing

    is_there = (options.db or settings.database).is_file()
    return open_store(options, settings).mappings().get if is_there else nothing


def worker_of(store: "Store", options: argparse.Namespace, settings: Settings) -> "Worker":
    from pipeline.jobs.worker import Worker

    return Worker(store, cache=cache_of(options, settings))


def cache_of(options: argparse.Namespace, settings: Settings) -> Path:
    """Return the cache folder, beside the database; its files can be recreated."""
    database: Path = options.db or settings.database
    return database.parent / ".cache"
