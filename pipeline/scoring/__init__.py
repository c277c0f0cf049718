"""The local score of a draft, computed from the study alone. Read `scoring/scorer.py` first."""

from pipeline.scoring.duplicates import penalise_near_duplicates
from pipeline.scoring.index import SCORER_VERSION
from pipeline.scoring.scorer import Scorer, scorer_version

__all__ = ["SCORER_VERSION", "Scorer", "penalise_near_duplicates", "scorer_version"]
