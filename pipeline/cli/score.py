"""`persona score`: score personas of any origin against a study."""

import argparse
import json
from pathlib import Path

from pipeline.cli._options import Commands, cache_of, mapping_lookup, say
from pipeline.domain.config import Settings


def register(commands: Commands, shared: argparse.ArgumentParser) -> None:
    """Add the command."""
    score = commands.add_parser("score", parents=[shared], help="score personas against a study, locally")
    score.add_argument("personas", type=Path, metavar="PERSONAS.json")
    score.add_argument("--from", dest="source", nargs="+", type=Path, required=True, metavar="PATH")
    score.add_argument("--independent", action="store_true", help="skip the near-duplicate check across the list")
    score.set_defaults(command=_score)


def _score(options: argparse.Namespace, settings: Settings) -> int:
    from pipeline.cli.terminal import print_scores
    from pipeline.domain.config import Weights
    from pipeline.domain.run import AssessedDraft
    from pipeline.providers.replies import read_personas
    from pipeline.results.export import score_document
    from pipeline.scoring import Scorer, penalise_near_duplicates
    from pipeline.scoring.index import StudyIndex
    from pipeline.sources import load_paths

    drafts = read_personas(options.personas)
    study = load_paths(options.source, remembered=mapping_lookup(options, settings))
    scorer = Scorer(StudyIndex.cached(study, cache_of(options, settings)), Weights())
    assessed: tuple[AssessedDraft, ...] = tuple(
        AssessedDraft(draft=draft, assessment=scorer.assess(draft.persona, draft.focus or None)) for draft in drafts
    )
    if not options.independent:
        assessed = penalise_near_duplicates(assessed)
    if options.json:
        documents = [score_document(item.draft.persona, item.assessment) for item in assessed]
        say(json.dumps(documents, ensure_ascii=False, indent=2))
    else:
        print_scores(assessed)
    return 0
