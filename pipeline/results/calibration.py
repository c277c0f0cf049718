"""Calibration in words: the figures of one threshold, and cautions for reading them.

One sentence each, the same on screen and in reports.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from pipeline.calibration.calibration_result import CalibrationResult
from pipeline.calibration.summary import identity_of, summary_of
from pipeline.calibration.threshold_effects import BadShare, ThresholdEffect
from pipeline.calibration.verdict import judge
from pipeline.domain.calibration import CalibrationFile, CalibrationVerdict
from pipeline.domain.labels import DraftKey
from pipeline.domain.scores import IMPUTED_BAND
from pipeline.results.compare_runs import difference_words
from pipeline.text.wording import MISSING, Tile, count, listed, percent, percent_range, score, usd

_MANY_TIED = 0.2
"""Share of drafts with one score from which on a note mentions it."""


def calibration_notes(result: "CalibrationResult") -> tuple[str, ...]:
    """Return cautions for reading the figures; empty for an ordinary set of drafts."""
    return (*_about_scores(result), *_about_labels(result), *_about_money(result))


def verdict_of(result: CalibrationResult) -> CalibrationVerdict:
    """Return the one answer that page, report and command line show."""
    if result.labels is not None:
        return judge(result)
    fewest = result.certificate.labels_needed
    more = "" if fewest is None else f" At least {fewest} labels are needed for this promise, if none is bad."
    return CalibrationVerdict(
        action="label",
        is_clear=False,
        headline="Nothing is certified: these drafts have no labels.",
        sentence=(
            "The figures show the cost of a threshold and the drafts that it keeps local, not whether those are good."
            f"{more}"
        ),
        labels=fewest,
    )


def answer_at(result: CalibrationResult, here: ThresholdEffect) -> str:
    """Say what the answer means for one stop of the slider: certified, or why not."""
    found = result.certificate
    if found.threshold is None:
        return "Not certified."
    if here.threshold >= found.threshold:
        return "Certified." if judge(result).is_clear else "Certified, with care: read the answer above."
    return f"Not certified: only {score(found.threshold)} and higher are."


def is_certified(result: CalibrationResult, here: ThresholdEffect) -> bool:
    """Return True at the stops that the certificate covers. A bound under the limit alone is not enough."""
    certified = result.certificate.threshold
    return certified is not None and here.threshold >= certified


def calibration_file(result: CalibrationResult) -> CalibrationFile:
    """Return the calibration as a document, with the answer and the notes that the page shows."""
    notes = (*filter(None, [drift_warning(result)]), *calibration_notes(result))
    summary = summary_of(result).model_copy(update={"verdict": verdict_of(result), "notes": notes})
    return CalibrationFile(identity=identity_of(result), summary=summary)


class ScoredText(NamedTuple):
    """A draft with its score and label."""

    key: DraftKey
    score: float
    label: str
    """`acceptable`, `not acceptable`, or empty without a label."""


def drafts_between(result: CalibrationResult, low: float, high: float) -> tuple[ScoredText, ...]:
    """Return the drafts behind the bars from one score to another, highest first; both ends are included."""
    scores, labels = result.pool.cases.score, result.pool.every_label
    words = {1.0: "acceptable", 0.0: "not acceptable"}
    chosen = np.flatnonzero((scores >= low - 1e-9) & (scores <= high + 1e-9))
    order = chosen[np.argsort(-scores[chosen], kind="stable")]
    return tuple(ScoredText(result.pool.keys[i], float(scores[i]), words.get(float(labels[i]), "")) for i in order)


class ScoreError(NamedTuple):
    """A labelled draft that the score ranks on the wrong side."""

    key: DraftKey
    score: float
    label: str


def score_and_label_disagree(result: CalibrationResult, most: int = 10) -> tuple[ScoreError, ...]:
    """Return bad drafts that score higher than a good one, highest first, and good ones that score lower, lowest first.

    Args:
        result: with labels.
        most: rows of each kind.
    """
    score_of, label_of = result.pool.cases.score, result.pool.every_label
    good, bad = (np.flatnonzero((label_of == kind) & ~np.isnan(score_of)) for kind in (1, 0))
    if not len(good) or not len(bad):
        return ()
    high = [i for i in bad[np.argsort(-score_of[bad])] if score_of[i] > score_of[good].min()][:most]
    low = [i for i in good[np.argsort(score_of[good])] if score_of[i] < score_of[bad].max()][:most]
    named = ((high, "not acceptable"), (low, "acceptable"))
    return tuple(ScoreError(result.pool.keys[i], float(score_of[i]), word) for rows, word in named for i in rows)


def drift_warning(result: "CalibrationResult") -> str:
    """Warn that the newest of several runs has other scores, with its other differences; empty when it has not."""
    if not (found := result.drift) or not found.warning:
        return ""
    beside = []
    if found.local_share:
        beside.append(f"its local share by {difference_words('local_share', found.local_share, result)}")
    if found.cost_micros:
        beside.append(f"its cost per draft by {difference_words('cost_micros', found.cost_micros, result)}")
    at = score(result.newest.config.quality_threshold)
    differs = f" At {at} the newest differs from the others: {listed(beside)} (95 %)." if beside else ""
    return f"{found.warning}{differs}"


def describe_threshold(result: "CalibrationResult", position: "ThresholdEffect") -> str:
    """Describe the effect of one threshold in a sentence."""
    if not position.drafts:
        return "There is no draft to keep or to refine."
    if position.threshold <= 0:
        return "At 0 every draft that has a score stays local."
    if not position.local:
        over = " that any draft reaches" if position.threshold < 1 else ""
        return f"No draft stays local: this is above every score{over}. The frontier refines all {position.drafts}."
    if not position.escalated:
        return "Every draft stays local: nothing is sent or paid."
    tied = int(np.count_nonzero(result.pool.cases.score == position.threshold))
    exact = f" {count(tied, 'draft scores', 'drafts score')} exactly that, and stay with the others." if tied else ""
    return (
        f"Drafts scoring {score(position.threshold)} or more stay as they are; "
        f"{count(position.escalated, 'draft')} of {position.drafts:,} would be refined.{exact}"
    )


def _about_scores(result: "CalibrationResult") -> Iterator[str]:
    cases = result.pool.cases
    known = cases.score[~np.isnan(cases.score)]
    if not len(cases):
        yield "These runs have no scored drafts."
        return
    if not len(known):
        yield "No draft has a score, so all are refined at every threshold. Scores need a study with text."
        return
    if len(known) == 1:
        yield "There is only one scored draft, which cannot represent others."
    elif len(missing := cases.score[np.isnan(cases.score)]):
        yield f"{count(len(missing), 'draft has', 'drafts have')} no score and would be refined at every threshold."
    values, ties = np.unique(known, return_counts=True)
    if len(values) == 1 < len(known):
        yield f"All drafts score {score(float(values[0]))}: a threshold keeps all of them or none."
    elif ties.max() > max(1, _MANY_TIED * len(known)):
        yield f"{ties.max()} drafts share the score {score(float(values[ties.argmax()]))} and move together."


def _about_labels(result: "CalibrationResult") -> Iterator[str]:
    yield from result.unused
    if (labels := result.labels) is None:
        return
    if labels.changed:
        yield (
            f"{count(labels.changed, 'label was', 'labels were')} changed after labelling. The first values count, and"
            " both stay in the log."
        )
    if labels.skipped:
        yield (
            f"{count(labels.skipped, 'label does', 'labels do')} not count yet: a text before them has none, and texts"
            " that are picked are no random sample."
        )
    if labels.others:
        yield f"{count(labels.others, 'label is', 'labels are')} by another rater, where the first has given none."
    if labels.decided:
        yield f"On {count(labels.decided, 'text')} raters disagreed, and a third decision counts."
    if result.pool.floor:
        yield (
            f"Labels were drawn from a score of {score(result.pool.floor)} on and say nothing below it: no threshold "
            "under that can be certified."
        )


def _about_money(result: "CalibrationResult") -> Iterator[str]:
    cases = result.pool.cases
    if not len(cases):
        return
    if np.isnan(cases.frontier_micros).any():
        yield (
            "The cost of refining these drafts is unknown: none was refined and no price was looked up. A calibration "
            "run measures it."
        )
        return
    if not cases.frontier_micros.any():
        yield "Refining these drafts costs nothing, so there is nothing to save."
    elif cases.local_micros.sum() >= cases.frontier_micros.sum():
        yield "Drafting costs as much as the frontier alone, or more: no threshold saves money."
    elif result.imputed:
        paid, all_of = len(cases) - result.imputed, count(len(cases), "draft")
        known = f"known for {paid:,} of {all_of} and guessed for the others" if paid else f"guessed for all {all_of}"
        yield f"The cost of refining is {known}, give or take {percent(IMPUTED_BAND)}. A calibration run measures it."
    if result.terms.budget_micros == 0:
        yield "A budget of 0 buys nothing: drafts under the threshold stay as they are."
    failed = sum(draft.outcome == "refine_failed" for run in result.runs for draft in run.kept)
    if failed:
        yield (
            f"{count(failed, 'refinement')} failed: the draft was delivered, its cost is guessed, and nothing is "
            "certified about a text that is not there."
        )


def threshold_tiles(result: CalibrationResult, here: ThresholdEffect) -> tuple[Tile, ...]:
    """Return tiles: local share, cost of one run, saving, bad local drafts, chance to exceed the budget."""
    mark = " (simulated)" if result.simulated else ""
    return (
        Tile("Stays local", percent(here.local_share), f"{here.local:,} of {count(here.drafts, 'draft')}"),
        Tile(f"Cost{mark}", cost_words(here), _cost_note(result, here), "Drafting and refining, nothing capped."),
        Tile(
            f"Saved{mark}",
            percent(here.saving.value) if here.saving else MISSING,
            _saving_note(result, here),
            "The interval is for drafts to come from the same source.",
        ),
        Tile(
            "Bad local drafts",
            percent(here.bad.estimate) if here.bad else MISSING,
            _bad_note(result, here),
            "Unacceptable drafts that stay local, as far as the labels show.",
        ),
        Tile(
            "Risk of running over budget",
            MISSING if here.over_budget is None else percent(here.over_budget),
            _budget_note(result, here),
            "The last drafts would then stay unrefined.",
        ),
    )


def cost_words(here: ThresholdEffect) -> str:
    """Format the cost of one run, without the simulated mark; a dash where it is unknown."""
    return MISSING if here.cost_micros is None else usd(round(here.cost_micros))


def bad_interval(bad: BadShare) -> str:
    """Format the interval, number and n of the share of bad local drafts."""
    return f"95 %: {percent_range(bad.low, bad.high)}; {bad.bad} bad, n = {bad.labels}"


def _cost_note(result: CalibrationResult, here: ThresholdEffect) -> str:
    if here.cost_micros is None or here.cost_low_micros is None or here.cost_high_micros is None:
        return "not known for these drafts"
    size = f"one run of {result.terms.personas:,}"
    if here.cost_high_micros - here.cost_low_micros < 1:
        return f"{size}, all paid for"
    return f"{usd(round(here.cost_low_micros))} to {usd(round(here.cost_high_micros))}, {size}"


def _saving_note(result: CalibrationResult, here: ThresholdEffect) -> str:
    if here.saving is None:
        return "needs two drafts and their cost"
    cases = result.pool.cases
    alone = float(cases.frontier_micros.sum()) * result.terms.personas / max(1, len(cases))
    interval = percent_range(here.saving.low, here.saving.high)
    return f"against the frontier alone, {usd(round(alone), result.simulated)}; 95 %: {interval}"


def _bad_note(result: CalibrationResult, here: ThresholdEffect) -> str:
    if here.bad is None:
        return "no label counts here"
    whole = "what stays local" if result.terms.promise.risk == "selective" else "everything delivered"
    return f"of {whole}; {bad_interval(here.bad)}"


def _budget_note(result: CalibrationResult, here: ThresholdEffect) -> str:
    budget = result.terms.budget_micros
    if budget is None:
        return "no cap"
    if here.bought is None:
        return f"budget {usd(budget, result.simulated)}"
    order = result.terms.order.replace("_", " ")
    return f"{usd(budget, result.simulated)} buys {here.bought:,} of {here.escalated:,}, {order}"
