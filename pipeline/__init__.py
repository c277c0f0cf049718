"""Personas from interviews and surveys: drafted locally, scored locally, refined by a paid model where it pays.

    from pathlib import Path
    from pipeline import HybridConfig, HybridPipeline, load_paths

    study = load_paths([Path("data/hearthwise")])
    run = HybridPipeline(HybridConfig(frontier_provider="simulated")).run(study)
    print(run.personas[0].persona.name, run.personas[0].assessment.scores.overall)

Importing the package loads nothing heavy: a public name imports its module on first use.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.domain.config import HybridConfig as HybridConfig
    from pipeline.hybrid.ledger import HybridCostTracker as HybridCostTracker
    from pipeline.hybrid.pipeline import HybridPipeline as HybridPipeline
    from pipeline.jobs.worker import Worker as Worker
    from pipeline.sources import load_files as load_files
    from pipeline.sources import load_paths as load_paths
    from pipeline.store import Store as Store

_HOME = {
    "HybridConfig": "pipeline.domain.config",
    "HybridCostTracker": "pipeline.hybrid.ledger",
    "HybridPipeline": "pipeline.hybrid.pipeline",
    "Store": "pipeline.store",
    "Worker": "pipeline.jobs.worker",
    "load_files": "pipeline.sources",
    "load_paths": "pipeline.sources",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'pipeline' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOME[name]), name)
