"""All figures for choosing a threshold, computed once for some runs and labels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.calibration.audit import AuditResult, audit
from pipeline.calibration.certificate import MADE_ELSEWHERE, Certificate, certify, certify_at, withheld
from pipeline.calibration.draft_arrays import DraftArrays
from pipeline.calibration.drift import Drift, drift, setup_of
from pipeline.calibration.labels import why_labels_do_not_apply
from pipeline.calibration.pooled_drafts import PooledDrafts, pool_drafts
from pipeline.calibration.score_validity import Bin, Discrimination, discrimination, reliability
from pipeline.calibration.threshold_effects import (
    STOPS,
    Terms,
    ThresholdEffect,
    Tradeoff,
    on_stops,
    positions,
    sampling_on_stops,
    tradeoff,
)
from pipeline.domain.labels import EarlierDraw, LabelSet, Promise
from pipeline.domain.scores import RunScores
from pipeline.text.wording import count, percent, score

PROBES_ONLY = "These labels are probes of an audit: they test one threshold of another calibration and certify none."


@dataclass(frozen=True, eq=False)
class CalibrationResult:
    """Some runs, and the effect of every threshold on their drafts."""

    runs: tuple[RunScores, ...]
    pool: PooledDrafts
    terms: Terms
    labels: LabelSet | None
    """`None` without any that apply."""
    unused: tuple[str, ...]
    """Reasons why the chosen labels do not apply; empty when they do."""
    positions: tuple[ThresholdEffect, ...]
    """Per place of the threshold."""
    certificate: Certificate
    worth: Discrimination
    bins: tuple[Bin, ...]
    exchange: Tradeoff | None
    """`None` where the quality of refined texts is unknown."""
    drift: Drift | None
    """Of the newest run against the others at the newest run's threshold; `None` with one run."""
    audit: AuditResult | None = None
    """Set if the labels are probes for a calibration made elsewhere."""

    @property
    def simulated(self) -> bool:
        """True if any of the money is simulated."""
        return any(run.simulated for run in self.runs)

    @property
    def newest(self) -> RunScores:
        """The latest run, whose settings a new threshold is for."""
        return max(self.runs, key=lambda run: run.created_at)

    def at(self, threshold: float | None) -> ThresholdEffect:
        """Return the figures of a threshold; `None` escalates everything."""
        return self.positions[-1] if threshold is None else self.positions[place_of(threshold)]

    @property
    def cases(self) -> DraftArrays:
        """The drafts as a certificate uses them: scores moved down to the stops of the slider."""
        return on_stops(self.pool.cases)

    @property
    def imputed(self) -> int:
        """Number of drafts whose refinement was not paid, so that its cost is imputed."""
        return int(np.count_nonzero(self.pool.cases.imputed))

    def test(self, threshold: float) -> Certificate:
        """Test the promise at one threshold that was chosen before labels were seen.

        Raises:
            InputError: it is under the score from which on drafts were drawn for labelling.
        """
        found = certify_at(self.cases, threshold, self.terms.promise, sampling_on_stops(self.pool.sampling))
        return as_declared(found, self.labels)


def calibrate_runs(
    runs: Sequence[RunScores],
    branches: Sequence[RunScores],
    labels: LabelSet | None,
    terms: Terms,
    *,
    kept_only: bool = True,
) -> CalibrationResult:
    """Compute the result; 0.3 s for 2,000 drafts.

    Args:
        runs: of one setup, at least one; see `pooled_drafts.why_not_together`.
        branches: runs that began with their drafts.
        labels: of a design; left out, with the reason, where they do not apply to exactly these runs.
        terms: promise and budget.
        kept_only: the kept drafts, or all that were written.
    """
    unused = why_labels_do_not_apply(labels, {run.id: setup_of(run) for run in runs}) if labels else ()
    pool = pool_drafts(runs, branches, None if unused else labels, kept_only=kept_only)
    used = None if unused else labels
    found = certify(on_stops(pool.cases), terms.promise, sampling_on_stops(pool.sampling))
    return CalibrationResult(
        runs=tuple(runs),
        pool=pool,
        terms=terms,
        labels=used,
        unused=unused,
        positions=positions(pool.cases, terms, pool.sampling),
        certificate=as_declared(found, used),
        worth=discrimination(pool.cases),
        bins=reliability(pool.for_reliability),
        exchange=tradeoff(pool, terms.personas),
        drift=_drift(runs, kept_only),
        audit=_audited(pool, used),
    )


def _audited(pool: PooledDrafts, labels: LabelSet | None) -> AuditResult | None:
    if labels is None or (terms := labels.design.design.settings.audit) is None:
        return None
    return audit(on_stops(pool.cases), labels.design.design.settings.promise, terms, pool.sampling.planned)


def as_declared(found: Certificate, labels: LabelSet | None) -> Certificate:
    """Withhold the threshold unless its promise and its draw are the ones that were declared first."""
    if labels is None or not found.n_labels:
        return found
    design = labels.design.design
    if design.settings.audit:
        return withheld(found, "exploratory", PROBES_ONLY)
    if not design.is_drawn:
        return withheld(found, "not_random", MADE_ELSEWHERE)
    if design.settings.promise != found.promise:
        return withheld(found, "exploratory", another_promise_sentence(design.settings.promise, found))
    if labels.earlier:
        return withheld(found, "exploratory", second_look_sentence(labels.earlier, found))
    return found


def another_promise_sentence(declared: Promise, found: Certificate) -> str:
    """Say what was declared before labelling, and what the labels would say about the promise asked for."""
    asked = found.promise
    changed = [
        words
        for name, words in (
            ("alpha", f"at most {percent(declared.alpha)}"),
            ("confidence", f"a confidence of {percent(declared.confidence)}"),
            ("risk", "a share of everything" if declared.risk == "marginal" else "a share of what stays local"),
            ("scope", "future runs" if declared.scope == "future_runs" else "these drafts only"),
        )
        if getattr(declared, name) != getattr(asked, name)
    ]
    return (
        f"Exploratory: these labels were drawn for another promise: {', '.join(changed)}. A promise chosen after seeing"
        f" labels is weaker than stated, so nothing is certified.{_would_be(found)}"
    )


def second_look_sentence(earlier: Sequence[EarlierDraw], found: Certificate) -> str:
    """Say that the promise was spent on an earlier draw from the same runs."""
    labels = count(sum(one.labels for one in earlier), "label")
    gone = " (since deleted)" if all(one.is_deleted for one in earlier) else ""
    draws = count(len(earlier), "earlier draw")
    return (
        f"Exploratory: this is look number {len(earlier) + 1} at these runs, after {draws}{gone} with {labels}. The"
        " best of several looks breaks its promise more often than stated, so only the first draw can certify. Label"
        f" more of it, or draw from a new run.{_would_be(found)}"
    )


def _would_be(found: Certificate) -> str:
    if found.threshold is None:
        return f" Without a guarantee: {found.sentence}"
    return f" Without a guarantee, these labels point to {score(found.threshold)}."


def place_of(threshold: float) -> int:
    """Return the index of the slider's stop for a threshold."""
    return int(np.searchsorted(STOPS, threshold - 1e-9, side="left"))


def _drift(runs: Sequence[RunScores], kept_only: bool) -> Drift | None:
    if len(runs) < 2:
        return None
    *earlier, newest = sorted(runs, key=lambda run: run.created_at)
    before, after = (pool_drafts(part, kept_only=kept_only).cases for part in (earlier, [newest]))
    return drift(before, after, newest.config.quality_threshold)
