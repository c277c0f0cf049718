"""Problems of a run: what was asked for and did not happen, in sentences.

Results, Runs, Compare, the header, reports, the command line and viewers all read it here. The `status` of the JSON
document stays one of five words; `RunRecord.shown_status` is what people see.
"""

from collections import Counter
from collections.abc import Sequence

from pipeline.domain.run import LAST_FAILURE, UNREFINED, FinalPersona, Outcome, RunRecord
from pipeline.text.wording import count

_FAILED: dict[Outcome, str] = {
    "refine_failed": "failed",
    "refine_unparsable": "came back unreadable and are paid",
    "budget_exhausted": "were not bought",
    "frontier_unavailable": "did not happen",
}
_REMEDIES: dict[Outcome, str] = {
    "refine_failed": "Then resume: failed refinements are tried again, and nothing is paid twice.",
    "refine_unparsable": "Their drafts are used. Branch with another frontier model to refine them.",
    "budget_exhausted": "Branch with a larger budget to refine them.",
    "frontier_unavailable": "Then resume: the missing refinements are made, and nothing is paid twice.",
}


def problems(run: RunRecord) -> tuple[str, ...]:
    """Return one sentence or a few per kind of failure: how many of how many, why, and what to do next.

    Empty for a run in which everything happened, for one that is still running, and for one that failed as a whole,
    which has its error instead.
    """
    if run.status in ("running", "failed"):
        return ()
    return (*_missing_drafts(run), *_missing_refinements(run))


def unrefined_note(run: RunRecord) -> str | None:
    """Return the note for figures that missing refinements distort: `5 of 5 refinements did not happen`."""
    missing = sum(final.outcome in (*UNREFINED, "cancelled") for final in run.personas)
    return f"{missing} of {count(len(_asked(run)), 'refinement')} did not happen" if missing else None


def _missing_drafts(run: RunRecord) -> list[str]:
    sentences = []
    if run.failures:
        of = count(len(run.failures) + len(run.drafts), "draft")
        reasons = [failure.reason for failure in run.failures]
        sentences.append(f"{len(run.failures)} of {of} failed: {_cause(reasons)} Resume tries them again.")
        if run.status == "completed" and len(run.personas) < run.config.count:
            sentences.append(f"Only {len(run.personas)} of {count(run.config.count, 'persona')} were delivered.")
    return sentences


def _missing_refinements(run: RunRecord) -> list[str]:
    asked = count(len(_asked(run)), "refinement")
    sentences = []
    for outcome, words in _FAILED.items():
        if reasons := [final.reason for final in run.personas if final.outcome == outcome]:
            remedy = "" if run.imported_at else f" {_REMEDIES[outcome]}"
            sentences.append(f"{len(reasons)} of {asked} {words}: {_cause(reasons)}{remedy}")
    return sentences


def _asked(run: RunRecord) -> list[FinalPersona]:
    return [final for final in run.personas if final.outcome not in ("kept_local", "local_only")]


def _cause(reasons: Sequence[str]) -> str:
    """Return the most frequent cause as a sentence; requests that were not sent share the cause of the last failure."""
    causes = Counter(reason.rpartition(LAST_FAILURE)[2] for reason in reasons)
    return f"{causes.most_common(1)[0][0].strip().rstrip('.')}."
