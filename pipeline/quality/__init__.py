"""The local score: what can be known about a draft without asking anybody. Read `scorer.py` first."""

from pipeline.index_cache import SCORER_VERSION
from pipeline.quality.duplicates import penalise_near_duplicates
from pipeline.quality.scorer import Scorer, scorer_version

__all__ = ["SCORER_VERSION", "Scorer", "penalise_near_duplicates", "scorer_version"]
