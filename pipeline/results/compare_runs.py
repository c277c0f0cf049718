"""Compare runs with the first one by score, local share, cost and time, with confidence intervals.

Means are taken over delivered personas. Where two runs share their drafts, the same draft is compared with itself;
otherwise the runs stand for two independent samples. Drafts of the same people are not independent and count as
one: intervals of means are Student's with the variance by the delta method over such clusters (Cochran 1977, section
6.4). Not the percentile bootstrap: over samples of 5, 10 and 20 scores it covers 84, 90 and 93 %, Student's
interval 94 to 95 % (simulated here, skewed scores). Intervals of shares are Newcombe's (1998, method 10 of both his
papers).

Differences of configuration, cautions and figures are worded here, for screen, reports and
terminal.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import sqrt
from typing import Literal, NamedTuple, Protocol, get_args

import numpy as np
from scipy.special import stdtrit

from pipeline.calibration.bounds import Interval
from pipeline.calibration.draft_arrays import Floats
from pipeline.calibration.drift import setup_of
from pipeline.calibration.estimates import CONFIDENCE
from pipeline.domain.base import Frozen
from pipeline.domain.comparison import LETTERS
from pipeline.domain.config import HybridConfig
from pipeline.domain.run import RunRecord, Stage
from pipeline.results.problems import problems
from pipeline.text.wording import MISSING, milliseconds, score, share, signed, usd

ComparedMeasure = Literal["score", "local_share", "cost_micros", "answer_ms"]

WORDS: dict[ComparedMeasure, tuple[str, str]] = {
    "score": ("higher", "lower"),
    "local_share": ("more local", "less local"),
    "cost_micros": ("dearer", "cheaper"),
    "answer_ms": ("slower", "faster"),
}
"""Words for a figure clearly above that of the first run, and for one below."""

NO_DIFFERENCE = "no clear difference"
SAME = "the same"

OTHER_SCALE = "scored by another version of the scorer or with other weights, so not on one scale"

_Z = 1.959964

_UNSET = {"max_cost": "no cap", "temperature": "the provider's own"}


class ComparedFigure(Frozen):
    """One measure of one run, and its difference from the first run."""

    measure: ComparedMeasure
    run_id: str
    value: float | None
    """Mean per delivered persona: score 0 to 1, share 0 to 1, micro-USD, milliseconds."""
    n: int
    """Personas with a value."""
    difference: Interval | None = None
    """This run minus the first, with a 95 % interval; `None` for the first run, and where `why_not` is set."""
    paired: bool = False
    """True if the same drafts were compared with each other."""
    pairs: int = 0
    """Personas compared, if paired."""
    why_not: str | None = None
    """Reason for a missing difference; `None` if there is one, and for the first run."""

    @property
    def word(self) -> str:
        """Describe the difference in a word or two; empty where there is none."""
        if self.difference is None:
            return ""
        if self.difference.value == self.difference.low == self.difference.high == 0:
            return SAME
        if self.difference.low <= 0 <= self.difference.high:
            return NO_DIFFERENCE
        return WORDS[self.measure][self.difference.value < 0]


class _Sample(NamedTuple):
    """One measure of the delivered personas of a run."""

    values: dict[str, float]
    """By draft id; personas without a value are left out."""
    cluster: Mapping[str, str]
    """The people a draft is drawn from, by draft id."""


def compared_figures(runs: Sequence[RunRecord]) -> tuple[ComparedFigure, ...]:
    """Compute every measure of every run, measure by measure in the order of the runs; at least one run."""
    stages = _stages(runs)
    alike = {run.id: shares_drafts(runs[0], run) for run in runs[1:]}
    scale = (runs[0].scorer_version, runs[0].config.weights)
    found = []
    measures: tuple[ComparedMeasure, ...] = get_args(ComparedMeasure)
    for measure in measures:
        first = _sample(runs[0], measure, stages)
        found.append(_figure(runs[0], measure, first))
        for run in runs[1:]:
            own = _sample(run, measure, stages)
            figure = _figure(run, measure, own)
            if measure == "score" and (run.scorer_version, run.config.weights) != scale:
                found.append(figure.model_copy(update={"why_not": OTHER_SCALE}))
                continue
            found.append(_compared(figure, first, own, alike[run.id], runs[0].simulated == run.simulated))
    return tuple(found)


def shares_drafts(first: RunRecord, second: RunRecord) -> bool:
    """Return True if drafts of the same id have the same text, as when one run began with the other's drafts.

    Compares the texts, so that it works even when the run that both began with was deleted.
    """
    drafts = {item.draft.id: item.draft for item in first.drafts}
    common = [item.draft for item in second.drafts if item.draft.id in drafts]
    return first.study_id == second.study_id and bool(common) and all(drafts[one.id] == one for one in common)


def _stages(runs: Sequence[RunRecord]) -> tuple[Stage, ...]:
    """Return the stages that count as waiting time: without drafting if a run began with existing drafts."""
    return ("refine",) if any(run.drafts_from for run in runs) else get_args(Stage)


def _sample(run: RunRecord, measure: ComparedMeasure, stages: tuple[Stage, ...]) -> _Sample:
    waited: dict[str, float] = {}
    for call in run.calls:
        if call.stage in stages:
            waited[call.draft_id] = waited.get(call.draft_id, 0.0) + call.latency_ms
    values: dict[str, float | None] = {}
    for final in run.personas:
        match measure:
            case "score":
                values[final.draft_id] = final.assessment.scores.overall
            case "local_share":
                values[final.draft_id] = float(final.origin == "local")
            case "cost_micros":
                values[final.draft_id] = float(final.cost_micros)
            case "answer_ms":
                values[final.draft_id] = waited.get(final.draft_id, 0.0)
    people = {item.draft.id: " ".join(sorted(item.draft.focus)) or item.draft.id for item in run.drafts}
    known = {draft_id: value for draft_id, value in values.items() if value is not None}
    return _Sample(known, {draft_id: people.get(draft_id, draft_id) for draft_id in known})


def _figure(run: RunRecord, measure: ComparedMeasure, sample: _Sample) -> ComparedFigure:
    values = list(sample.values.values())
    mean = sum(values) / len(values) if values else None
    return ComparedFigure(measure=measure, run_id=run.id, value=mean, n=len(values))


def _compared(figure: ComparedFigure, first: _Sample, own: _Sample, alike: bool, one_money: bool) -> ComparedFigure:
    """Add the difference from the first run to a figure, or the reason for none.

    Args:
        figure: without it.
        first: of the first run.
        own: of this one.
        alike: whether they share drafts.
        one_money: whether both are simulated, or neither.
    """
    if figure.measure == "cost_micros" and not one_money:
        return figure.model_copy(update={"why_not": "simulated and real money are not compared"})
    if not first.values or not own.values:
        return figure.model_copy(update={"why_not": "nothing to compare: one of the two has no value"})
    common = [draft_id for draft_id in own.values if draft_id in first.values]
    paired = alike and len(common) > 1
    difference = _paired(first, own, common, figure.measure) if paired else _unpaired(first, own, figure.measure)
    if difference is None:
        return figure.model_copy(update={"why_not": "an interval needs drafts of different people in both runs"})
    update = {"difference": difference, "paired": paired, "pairs": len(common) if paired else 0}
    return figure.model_copy(update=update)


def _paired(first: _Sample, own: _Sample, common: Sequence[str], measure: ComparedMeasure) -> Interval | None:
    pairs = [(own.values[draft_id], first.values[draft_id]) for draft_id in common]
    if all(new == old for new, old in pairs):
        return Interval(value=0.0, low=0.0, high=0.0)
    if measure == "local_share":
        return _share_interval([new for new, _ in pairs], [old for _, old in pairs], paired=True)
    return _mean_interval([new - old for new, old in pairs], [own.cluster[draft_id] for draft_id in common])


def _mean_interval(values: Sequence[float], cluster: Sequence[str]) -> Interval | None:
    mean, error, groups = _mean(values, cluster)
    if groups < 2:
        return None
    half = float(stdtrit(groups - 1, (1 + CONFIDENCE) / 2)) * error
    return Interval(value=mean, low=mean - half, high=mean + half)


def _unpaired(first: _Sample, own: _Sample, measure: ComparedMeasure) -> Interval | None:
    new, old = list(own.values.values()), list(first.values.values())
    if measure == "local_share":
        return _share_interval(new, old, paired=False)
    means = [_mean(list(one.values.values()), list(one.cluster.values())) for one in (own, first)]
    (here, own_error, own_groups), (there, first_error, first_groups) = means
    if min(own_groups, first_groups) < 2:
        return None
    variance = own_error**2 + first_error**2
    if not variance:
        return Interval(value=here - there, low=here - there, high=here - there)
    # Welch and Satterthwaite.
    freedom = variance**2 / (own_error**4 / (own_groups - 1) + first_error**4 / (first_groups - 1))
    half = float(stdtrit(freedom, (1 + CONFIDENCE) / 2)) * sqrt(variance)
    return Interval(value=here - there, low=here - there - half, high=here - there + half)


def _mean(values: Sequence[float], cluster: Sequence[str]) -> tuple[float, float, int]:
    """Return the mean, its standard error and the number of clusters; error 0 for a single cluster."""
    numbers = np.unique(np.asarray(cluster), return_inverse=True)[1]
    array: Floats = np.asarray(values, dtype=np.float64)
    mean, groups = float(array.mean()), int(numbers.max()) + 1
    if groups < 2 or np.ptp(array) == 0:  # a sum of equal numbers need not be exact
        return mean, 0.0, groups
    residual = np.bincount(numbers, array - mean)
    return mean, sqrt(groups / (groups - 1) * float(residual @ residual)) / len(array), groups


def _share_interval(new: Sequence[float], old: Sequence[float], *, paired: bool) -> Interval:
    """Compute the difference of two shares; valid at 0 and 1 too, where Student's interval has no width."""
    here, here_low, here_high = _wilson(new)
    there, there_low, there_high = _wilson(old)
    phi = _phi(new, old) if paired else 0.0
    below = _joined(here - here_low, there_high - there, phi)
    above = _joined(here_high - here, there - there_low, phi)
    return Interval(value=here - there, low=here - there - below, high=here - there + above)


def _joined(one: float, other: float, phi: float) -> float:
    return sqrt(max(0.0, one**2 - 2 * phi * one * other + other**2))


def _wilson(values: Sequence[float]) -> tuple[float, float, float]:
    n, share = len(values), sum(values) / len(values)
    middle = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z * sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2)) / (1 + _Z**2 / n)
    return share, max(0.0, middle - half), min(1.0, middle + half)


def _phi(new: Sequence[float], old: Sequence[float]) -> float:
    """Compute the correlation of pairs with Newcombe's correction for continuity; 0 where a margin is empty."""
    n = len(new)
    both, only_new = (sum(one == 1 and other == kind for one, other in zip(new, old, strict=True)) for kind in (1, 0))
    only_old = int(sum(old)) - both
    neither = n - both - only_new - only_old
    margins = (both + only_new) * (only_old + neither) * (both + only_old) * (only_new + neither)
    product = both * neither - only_new * only_old
    if not margins:
        return 0.0
    return (max(product - n / 2, 0.0) if product > 0 else float(product)) / sqrt(margins)


class Spender(Protocol):
    """A run or a cell: its money may be simulated."""

    @property
    def simulated(self) -> bool:
        """True if the money is simulated."""


TITLES: dict[ComparedMeasure, str] = {
    "score": "Mean score",
    "local_share": "Local share",
    "cost_micros": "Cost per persona",
    "answer_ms": "Answer time per persona",
}

MEANINGS: dict[ComparedMeasure, str] = {
    "score": "Overall score of the delivered texts, 0 to 1.",
    "local_share": "Personas delivered with the text of their local draft.",
    "cost_micros": "Money spent on the delivered personas, failed attempts included. The run's spending also holds the "
    "cost of other drafts.",
    "answer_ms": "Answer time of models per persona, all attempts together. Drafting is left out if one of the runs "
    "started from existing drafts.",
}

HOW = (
    "Differences are from A, each with a 95 % interval, which covers the true difference in 95 of 100 such "
    "comparisons. An interval that contains 0 shows no clear difference, but does not prove equality. Among many "
    "intervals some miss by chance."
)
"""Guide to reading the intervals."""


def figure_value(figure: ComparedFigure, run: Spender, *, marked: bool = True) -> str:
    """Format the value: `0.86`, `40 % · 4 of 10`, `$0.0076 (simulated)`, `1.5 s`; unmarked where a heading says it."""
    if figure.value is None:
        return MISSING
    match figure.measure:
        case "score":
            return score(figure.value)
        case "local_share":
            return share(round(figure.value * figure.n), figure.n)
        case "cost_micros":
            return usd(round(figure.value), marked and run.simulated)
        case "answer_ms":
            return milliseconds(figure.value)


def figure_difference(figure: ComparedFigure, run: Spender, *, marked: bool = True) -> str:
    """Format the difference with its interval: `+0.04 [−0.01 to +0.09]`; empty where there is none."""
    return difference_words(figure.measure, figure.difference, run, marked=marked) if figure.difference else ""


def difference_words(measure: ComparedMeasure, found: Interval, run: Spender, *, marked: bool = True) -> str:
    """Format a difference with its interval and unit: `−20 [−50 to +14] points`."""
    say, mark = _SAID[measure], " (simulated)" if marked and run.simulated else ""
    unit = {"local_share": " points", "cost_micros": mark}.get(measure, "")
    return f"{say(found.value)} [{say(found.low)} to {say(found.high)}]{unit}"


def difference_value(measure: ComparedMeasure, found: Interval) -> str:
    """Format a difference with its unit, without its interval: `−20 points`."""
    return f"{_SAID[measure](found.value)}{' points' if measure == 'local_share' else ''}"


def figure_basis(figure: ComparedFigure) -> str:
    """Return the sample of a difference, or the reason for none; empty for the baseline run."""
    if figure.why_not:
        return figure.why_not
    if figure.difference is None:
        return ""
    return f"same {figure.pairs} drafts" if figure.paired else f"n = {figure.n}, other drafts"


def _signed_points(value: float) -> str:
    points = round(value * 100)
    return f"{'+' if points > 0 else '−' if points else ''}{abs(points)}"


def _signed_usd(value: float) -> str:
    return f"+{usd(round(value))}" if round(value) > 0 else usd(round(value))


def _signed_time(value: float) -> str:
    size = milliseconds(abs(value))
    return f"{'−' if value < 0 else '+'}{size}" if round(value) else size


_SAID: dict[ComparedMeasure, Callable[[float], str]] = {
    "score": signed,
    "local_share": _signed_points,
    "cost_micros": _signed_usd,
    "answer_ms": _signed_time,
}


class Setting(Frozen):
    """One setting of all runs."""

    name: str
    """As in the `hybrid:` block, or in words for what stands outside of it."""
    values: tuple[str, ...]
    """Per run, in words; study names are untrusted."""

    @property
    def differs(self) -> bool:
        """True if the runs have different values."""
        return len(set(self.values)) > 1


def settings_of(runs: Sequence[RunRecord]) -> tuple[Setting, ...]:
    """List every setting of the runs: study and origin of the drafts, then the `hybrid:` block in its order."""
    around = {
        "study": [run.study_name for run in runs],
        "drafts": [_drafts_of(run, runs) for run in runs],
        "scorer": [run.scorer_version or MISSING for run in runs],
        "prompts": [run.prompt_version for run in runs],
    }
    if len({run.study_id for run in runs}) > len(set(around["study"])):
        around["study"] = [f"{run.study_name} ({run.study_id[:12]})" for run in runs]
    inside = {name: [_said(run.config, name) for run in runs] for name in HybridConfig.model_fields}
    return tuple(Setting(name=name, values=tuple(values)) for name, values in (around | inside).items())


def cautions(runs: Sequence[RunRecord]) -> tuple[str, ...]:
    """Return cautions for comparing these runs, one sentence each; empty when none applies."""
    return tuple(_cautions(runs))


def _cautions(runs: Sequence[RunRecord]) -> Iterator[str]:
    setups = [setup_of(run) for run in runs]
    if len({setup.study_id for setup in setups}) > 1:
        yield (
            "The runs are of different studies. Differences between their results may come from the studies, not "
            "from the settings."
        )
    # The scorer's version names the models that help with the score.
    if len({setup.scorer for setup in setups}) > 1:
        yield (
            "The runs were scored by different versions of the scorer, or with other weights. Their scores are not on "
            "one scale, so their local shares and costs cannot be compared either."
        )
    if len({run.simulated for run in runs}) > 1:
        yield (
            "Some of the runs are simulated: an offline stand-in wrote their refined texts, and they cost no real "
            "money. Simulated and real money are not compared."
        )
    unfinished = [letter for letter, run in zip(LETTERS, runs, strict=False) if run.status != "completed"]
    if unfinished:
        named = " and ".join(unfinished)
        yield f"{named} did not run to the end: the figures cover the finished part."
    for letter, run in zip(LETTERS, runs, strict=False):
        if run.status == "completed" and (found := problems(run)):
            yield f"{letter} completed with problems, which its score, local share and cost show. {' '.join(found)}"


def _said(config: HybridConfig, name: str) -> str:
    value = getattr(config, name)
    if name == "local_model" and config.local_provider == "builtin":
        return MISSING
    match value:
        case None:
            return _UNSET.get(name, "none")
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case str() | int():
            return str(value)
    dumped = config.model_dump(mode="json")[name]
    return ", ".join(f"{key} {part}" for key, part in dumped.items()) or "none"


def _drafts_of(run: RunRecord, runs: Sequence[RunRecord]) -> str:
    if run.drafts_from is None:
        return "its own"
    letters = {other.id: letter for letter, other in zip(LETTERS, runs, strict=False)}
    return f"those of {letters[run.drafts_from]}" if run.drafts_from in letters else f"those of {run.drafts_from}"
