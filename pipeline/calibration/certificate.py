"""Certify a threshold for a promise such as "with 90 % confidence at most 10 % ...", or give the reason for none.

Labels are counted at each threshold, the promise is tested there exactly, and the answer is put into a sentence that
never promises more than its test. Thresholds are tried from strict to permissive and the first failure ends it, so
that trying many costs nothing: the promise is broken with a probability of at most delta (fixed-sequence testing:
Angelopoulos et al. 2021, "Learn then test"; for the marginal risk, which only grows as the threshold falls: Bates et
al. 2021, "Distribution-free, risk-controlling prediction sets"). Without a guarantee the result is a named status and
no threshold.
"""

from bisect import bisect
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil

import numpy as np
from scipy import special, stats

from pipeline.calibration.betting import (
    LabelOrder,
    ReachedShares,
    bet_sizes,
    fewest_to_bet,
    tail,
    upper_limit,
    wealth_of_finite,
)
from pipeline.calibration.bounds import (
    below_limit,
    few_enough,
    fewest_labels,
    labels_to_certify,
    lower_bound,
    most_bad,
    product_tail,
    product_upper,
    round_down,
    shares_reached,
    upper_bound,
)
from pipeline.calibration.draft_arrays import Bools, DraftArrays, Floats, Ints
from pipeline.domain.base import Frozen
from pipeline.domain.calibration import CalibrationStatus
from pipeline.domain.labels import Promise, Stopping
from pipeline.errors import InputError
from pipeline.text.wording import count, percent

LEVELS = tuple(level / 10 for level in range(3, 11))
"""Shares of drafts kept local at which the selective risk is tested."""

_JUDGED = tuple(level / 10 for level in range(1, 11))
"""Shares of drafts kept local at which a score is judged when nothing is certified."""

_MOST_TRIED = 2000
"""Thresholds tried above a floor, where each takes an integral: 0.05 % of the drafts apart."""

_ROUNDING = 1e-9

_CHANCE = 0.01
"""Significance level of the tests for randomly drawn labels."""

_EXACT_KS = 40
"""Labels under which the test for randomly drawn labels is exact."""

_LUCK = 0.005
"""Significance level of the tests that a certificate owes something to the score."""

NONE_REACHES = "No draft has a score that could keep it local. Escalate everything."

NOT_RANDOM = (
    "A guarantee needs labels drawn at random. These do not look random: the scores of labelled and unlabelled drafts"
    " differ beyond chance."
)

MADE_ELSEWHERE = (
    "These labels were made elsewhere, not drawn at random here: use them to look at the score. They certify nothing."
)


class Certificate(Frozen):
    """A threshold with its guarantee, or `None` (escalate everything) with the reason."""

    status: CalibrationStatus
    promise: Promise
    threshold: float | None
    floor: float | None
    """Labels were drawn among drafts with at least this score; `None`: among all."""
    n_labels: int
    """Labels at or over the floor, the only ones that count."""
    bad_accepted: int
    """Labelled drafts that stay local at the threshold and are unacceptable."""
    risk_upper: float
    """Upper bound of the risk at the threshold, at the promised confidence; 0 where nothing stays local."""
    local_share: float
    """Share of these drafts that stays local, 0 to 1."""
    accepted: int = 0
    """Labelled drafts that stay local at the threshold."""
    bad: int = 0
    """Unacceptable drafts among all `n_labels`: the base rate."""
    labels_needed: int | None = None
    """Total number of labels, drawn in the same way, that a certificate needs at least or probably needs; `None` when
    more labels would not help."""
    sentence: str
    """The result in words."""


class Sampling(Frozen):
    """Sampling of the labels, fixed before the first one."""

    floor: float | None = None
    """Score from which on the labelled drafts were drawn at random; `None`: among all drafts."""
    planned: int | None = None
    """Labels of the design that count; `None` when labels come without a design and all there are count."""
    stopping: Stopping = "label_all"
    """`may_stop` needs `planned`, for which its bets are laid."""


def certify(cases: DraftArrays, promise: Promise, sampling: Sampling | None = None) -> Certificate:
    """Find the most permissive threshold at which the promise holds.

    The promise covers drafts like these, drawn one at a time as labels are. It does not widen for a future run on a
    single document that is harder than the rest.

    Args:
        cases: drafts, some of them labelled.
        promise: to be kept.
        sampling: of the labels; `None`: among all drafts, and every label counts.
    """
    sampling = sampling or Sampling()
    evidence = count_labels(cases, sampling)
    candidates = evidence.thinned(_MOST_TRIED) if evidence.is_floored else evidence
    if promise.risk == "selective":
        levels = evidence.at_levels(LEVELS)
        # A level that could not pass with no bad label at all would end the sequence before it began. The labels
        # expected there are known before any is drawn, so leaving it out does not weaken the guarantee.
        able = test_of(levels, promise).could_pass()
        candidates = levels.at(np.flatnonzero(able))
    found = _answer(candidates, evidence.at_levels(_JUDGED), evidence, promise, sampling.floor)
    return _believable(found, evidence, cases)


def certify_at(cases: DraftArrays, threshold: float, promise: Promise, sampling: Sampling | None = None) -> Certificate:
    """Test the promise at one threshold that was chosen before labels were seen: the most powerful test.

    Raises:
        InputError: the threshold is under the floor.
    """
    sampling = sampling or Sampling()
    evidence = count_labels(cases, sampling, threshold)
    able = test_of(evidence, promise).passed(np.zeros_like(evidence.bad))
    found = _answer(evidence.at(np.flatnonzero(able)), evidence, evidence, promise, sampling.floor)
    return _believable(found, evidence, cases)


def withheld(found: Certificate, status: CalibrationStatus, sentence: str, needed: int | None = None) -> Certificate:
    """Return a certificate without its threshold, for a reason that the labels themselves do not show."""
    nothing = {"threshold": None, "bad_accepted": 0, "accepted": 0, "risk_upper": 0.0, "local_share": 0.0}
    return found.model_copy(update={**nothing, "status": status, "sentence": sentence, "labels_needed": needed})


def _believable(found: Certificate, evidence: "LabelEvidence", cases: DraftArrays) -> Certificate:
    """Withhold the threshold of labels that are unfinished, not random, or that promise nothing."""
    if evidence.missing and found.n_labels:
        return withheld(
            found, "in_progress", in_progress_sentence(found, evidence.missing), found.n_labels + evidence.missing
        )
    if found.status != "too_few_labels" and not looks_random(cases, found.floor):
        return withheld(found, "not_random", NOT_RANDOM)
    if found.status != "certified" or found.promise.risk == "selective":
        return found
    if found.local_share <= found.promise.alpha + 1e-12:
        return withheld(found, "vacuous", empty_sentence(found))
    if not _is_better_than_chance(found, cases):
        return withheld(found, "vacuous", no_better_sentence(found))
    return found


@dataclass(frozen=True, eq=False)
class LabelEvidence:
    """Label counts at candidate thresholds, from strict to permissive."""

    threshold: Floats
    """Descending."""
    local: Ints
    """Drafts at or over each threshold."""
    labels: Ints
    """Labelled ones among them."""
    bad: Ints
    """Unacceptable ones among those."""
    drafts: int
    """All drafts, with and without a score."""
    drawn_from: int
    """Drafts among which labels were drawn: all, or those at or over the floor."""
    drawn: int
    """Labels of these."""
    drawn_bad: int
    """Unacceptable ones among them."""
    is_floored: bool
    order: LabelOrder
    """The labels in turn, as seen from each threshold."""
    sampling: Sampling

    @property
    def missing(self) -> int:
        """Labels that a design still needs before its test says anything."""
        if self.sampling.stopping == "may_stop" or self.sampling.planned is None:
            return 0
        return max(0, self.sampling.planned - self.drawn)

    def at(self, rows: Ints) -> "LabelEvidence":
        """Select some of the thresholds."""
        moving = ("threshold", "local", "labels", "bad")
        return replace(self, **{name: getattr(self, name)[rows] for name in moving}, order=self.order.at(rows))

    def at_levels(self, levels: tuple[float, ...]) -> "LabelEvidence":
        """Select for each share of drafts the most permissive threshold that keeps no more of them local."""
        most = np.searchsorted(self.local, round_down(np.asarray(levels) * self.drafts), side="right") - 1
        return self.at(np.unique(most[most >= 0]))

    def thinned(self, most: int) -> "LabelEvidence":
        """Thin the thresholds to at most this many, evenly spread and with both ends."""
        rows = np.linspace(0, len(self.threshold) - 1, min(most, len(self.threshold)))
        return self.at(np.round(rows).astype(np.int64))


def _answer(
    candidates: LabelEvidence, judged: LabelEvidence, everything: LabelEvidence, promise: Promise, floor: float | None
) -> Certificate:
    """Test the candidates in turn; if none passes, judge the score by `judged`."""
    fewest = test_of(everything, promise).fewest()
    has_scores = bool(everything.local.any())
    if everything.drawn < fewest or (has_scores and not len(candidates.threshold)):
        needed = max(fewest, everything.drawn + 1)
        return _none(
            everything, promise, floor, "too_few_labels", too_few_sentence(promise, everything.drawn, needed), needed
        )
    test = test_of(candidates, promise)
    last = int(np.count_nonzero(np.logical_and.accumulate(test.passed()))) - 1
    # Keep nothing local unless at least one labelled draft that would stay is acceptable.
    if last >= 0 and candidates.bad[last] < candidates.labels[last]:
        return _certified(candidates.at(np.array([last])), promise, floor)
    return _refused(judged, promise, floor)


def _certified(one: LabelEvidence, promise: Promise, floor: float | None) -> Certificate:
    labels, bad, local = int(one.labels[0]), int(one.bad[0]), int(one.local[0])
    test = test_of(one, promise)
    counted = promise.scope == "this_run" and int(test.labels[0]) == int(test.population[0])
    return Certificate(
        status="certified",
        promise=promise,
        threshold=float(one.threshold[0]),
        floor=floor,
        n_labels=one.drawn,
        bad_accepted=bad,
        risk_upper=float(test.uppers()[0]),
        local_share=local / one.drafts,
        accepted=labels,
        bad=one.drawn_bad,
        sentence=certified_sentence(promise, one.drawn, labels, bad, local, one.drafts, counted),
    )


def _refused(judged: LabelEvidence, promise: Promise, floor: float | None) -> Certificate:
    """Explain why no threshold is certified although there are enough labels."""
    test = test_of(judged, promise)
    if not judged.local.any():
        return _none(judged, promise, floor, "escalate_all", NONE_REACHES)
    if (test.lower() > promise.alpha).all():
        return _none(judged, promise, floor, "score_too_weak", too_weak_sentence(promise))
    rates, limits = test.rates(), promise.alpha / test.scale
    hopeful = np.flatnonzero((rates < limits) & (judged.bad < judged.labels))
    if not len(hopeful) or (promise.scope == "this_run" and judged.drawn == judged.drawn_from):
        return _none(judged, promise, floor, "escalate_all", unsupported_sentence(promise))
    needed = [_labels_in_all(test, int(row), float(rates[row]), float(limits[row])) for row in hopeful]
    least = min((labels for labels in needed if labels is not None), default=None)
    return _none(judged, promise, floor, "not_certifiable", not_yet_sentence(promise, judged.drawn, least), least)


@dataclass(frozen=True, eq=False)
class ExactTest:
    """One test per threshold. The risk is `scale` times the share of bad drafts, which `labels` sample."""

    evidence: LabelEvidence
    promise: Promise

    @property
    def of_all(self) -> bool:
        """True if bad accepted drafts count as a share of all labels, not of those at or over the threshold."""
        return self.promise.risk == "marginal" and not self.evidence.is_floored

    @property
    def labels(self) -> Ints:
        """Size of the sample."""
        return np.full_like(self.evidence.labels, self.evidence.drawn) if self.of_all else self.evidence.labels

    @property
    def population(self) -> Ints:
        """Size of the population that was sampled."""
        return np.full_like(self.evidence.local, self.evidence.drafts) if self.of_all else self.evidence.local

    @property
    def scale(self) -> Floats:
        """Share of all drafts that the population is, for the marginal risk; 1 for the selective one."""
        if self._is_unscaled:
            return np.ones(len(self.evidence.local))
        return np.asarray(self.evidence.local / max(self.evidence.drafts, 1))

    @property
    def _is_unscaled(self) -> bool:
        return self.of_all or self.promise.risk == "selective"

    def passed(self, bad: Ints | None = None, labels: Ints | None = None) -> Bools:
        """Test the promise at each threshold, with the actual labels or with hypothetical counts."""
        bad = self.evidence.bad if bad is None else bad
        labels = self.labels if labels is None else labels
        if self.promise.scope == "this_run":
            most = round_down(self.promise.alpha * self.population / np.maximum(self.scale, np.finfo(float).tiny))
            return few_enough(bad, labels, self.population, most, self.promise.delta)
        if not self._is_unscaled:
            reached, drafts = self.evidence.local, self.evidence.drafts
            tail = product_tail(bad, labels, reached, drafts, self.promise.alpha)
            return np.asarray(tail <= self.promise.delta, bool)
        return below_limit(bad, labels, self.promise.alpha, self.promise.delta)

    def upper(self, row: int) -> float:
        """Upper bound of the risk at one threshold."""
        bad, labels = int(self.evidence.bad[row]), int(self.labels[row])
        population, delta = int(self.population[row]), self.promise.delta
        if self.promise.scope == "this_run":
            most = most_bad(bad, labels, population, delta)
            return float(self.scale[row]) * most / max(population, 1)
        if not self._is_unscaled:
            return product_upper(bad, labels, population, self.evidence.drafts, delta)
        return float(upper_bound(bad, labels, delta))

    def uppers(self) -> Floats:
        """Upper bound of the risk at each threshold."""
        return np.array([self.upper(row) for row in range(len(self.evidence.threshold))])

    def could_pass(self) -> Bools:
        """True where a threshold passes if none of its labels is bad, which is known before any is drawn."""
        expected = self.evidence.drawn * self.evidence.local // max(self.evidence.drawn_from, 1)
        return self.passed(np.zeros_like(expected), expected)

    def lower(self) -> Floats:
        """Lower bounds of the risk, with the share of drafts that reach the threshold taken as exact."""
        return np.asarray(self.scale * lower_bound(self.evidence.bad, self.labels, self.promise.delta))

    def rates(self) -> Floats:
        """Share of bad drafts in the sample, shrunk slightly towards one half: never 0, defined without labels."""
        return np.asarray((self.evidence.bad + 0.5) / (self.labels + 1))

    def fewest(self) -> int:
        """Fewest labels with which any threshold can pass, if none is bad."""
        most_local = int(self.evidence.local.max(initial=0))
        of_local = self.promise.risk == "selective" and most_local > 0
        population = most_local if of_local else self.evidence.drawn_from
        if self.promise.scope == "future_runs":
            least = fewest_labels(self.promise.alpha, self.promise.delta)
        else:
            most = int(round_down(self.promise.alpha * (population if of_local else self.evidence.drafts)))
            least = self._fewest_of(population, most)
        return ceil(least * self.evidence.drawn_from / population) if of_local else least

    def _fewest_of(self, population: int, most: int) -> int:
        """Find the smallest flawless sample that shows that the population holds at most `most` bad drafts."""
        delta = self.promise.delta
        return 1 + bisect(range(1, population), False, key=lambda n: bool(few_enough(0, n, population, most, delta)))


class BettingTest(ExactTest):
    """The same promises, tested by betting: valid whenever labelling stops."""

    @cached_property
    def planned(self) -> Floats:
        """Labels expected at each threshold when the design is finished."""
        whole = float(self.evidence.sampling.planned or self.evidence.drawn)
        if self.of_all:
            return np.full(len(self.evidence.local), whole)
        return np.asarray(np.maximum(whole * self.evidence.local / max(self.evidence.drawn_from, 1), 1.0))

    @cached_property
    def _bets(self) -> Floats:
        limits = self.promise.alpha / np.maximum(self.scale, np.finfo(float).tiny)
        return bet_sizes(limits, self.planned, self.promise.delta)

    @cached_property
    def _order(self) -> LabelOrder:
        order = self.evidence.order
        return LabelOrder(np.ones_like(order.counts), order.bad) if self.of_all else order

    @cached_property
    def _shares(self) -> ReachedShares | None:
        return None if self._is_unscaled else shares_reached(self.evidence.local, self.evidence.drafts)

    def passed(self, bad: Ints | None = None, labels: Ints | None = None) -> Bools:
        """Test the promise at each threshold, with the actual labels or with this many of which none is bad."""
        order, delta = self._order, self.promise.delta
        if bad is not None:
            sizes = self.labels if labels is None else labels
            good = np.arange(int(sizes.max(initial=0))) < sizes[:, np.newaxis]
            order = LabelOrder(good, np.zeros_like(good))
        if self.promise.scope == "this_run":
            most = round_down(self.promise.alpha * self.population / np.maximum(self.scale, np.finfo(float).tiny))
            return wealth_of_finite(order, self.population, most + 1, self._bets) >= (1 - _ROUNDING) / delta
        limits = np.full(len(self.evidence.local), self.promise.alpha)
        return tail(order, limits, self._bets, self._shares) <= delta + _ROUNDING

    def uppers(self) -> Floats:
        """Upper bound of the risk at each threshold, from the largest wealth so far."""
        if self.promise.scope == "future_runs":
            return upper_limit(self._order, self._bets, self.promise.delta, self._shares)
        low, high = self.evidence.bad - 1, self.population.copy()
        while (low + 1 < high).any():
            middle = (low + high) // 2
            largest = wealth_of_finite(self._order, self.population, middle + 1, self._bets)
            passes = largest >= (1 - _ROUNDING) / self.promise.delta
            low, high = np.where(passes, low, middle), np.where(passes, middle, high)
        return np.asarray(self.scale * high / np.maximum(self.population, 1))

    def upper(self, row: int) -> float:
        """Upper bound of the risk at one threshold."""
        return float(self.uppers()[row])

    def could_pass(self) -> Bools:
        """True where a threshold passes if none of the planned labels is bad."""
        return self.passed(np.zeros_like(self.evidence.bad), self.planned.astype(np.int64))

    def fewest(self) -> int:
        """Fewest labels with which any threshold can pass, if none is bad."""
        if self.promise.scope == "this_run":
            return super().fewest()
        whole = self.evidence.sampling.planned or self.evidence.drawn
        most_local = int(self.evidence.local.max(initial=0))
        if self.promise.risk == "marginal" or not most_local:
            return fewest_to_bet(self.promise.alpha, max(1, whole), self.promise.delta)
        part = most_local / max(1, self.evidence.drawn_from)
        return ceil(fewest_to_bet(self.promise.alpha, max(1, int(whole * part)), self.promise.delta) / part)


def test_of(evidence: LabelEvidence, promise: Promise) -> ExactTest:
    """Return the test that was declared for these labels."""
    return (BettingTest if evidence.sampling.stopping == "may_stop" else ExactTest)(evidence, promise)


def _labels_in_all(test: ExactTest, row: int, rate: float, limit: float) -> int | None:
    """Estimate the labels to draw to certify a threshold whose true risk equals the estimate; `None`: too many."""
    wanted = labels_to_certify(rate, limit, test.promise.delta)
    if wanted is None:
        return None
    evidence = test.evidence
    drawn = wanted if test.of_all else ceil(wanted * evidence.drawn_from / int(evidence.local[row]))
    most = evidence.drawn_from if test.promise.scope == "this_run" else drawn
    return max(evidence.drawn + 1, min(drawn, most))


def _none(
    evidence: LabelEvidence,
    promise: Promise,
    floor: float | None,
    status: CalibrationStatus,
    sentence: str,
    needed: int | None = None,
) -> Certificate:
    return Certificate(
        status=status,
        promise=promise,
        threshold=None,
        floor=floor,
        n_labels=evidence.drawn,
        bad_accepted=0,
        risk_upper=0.0,
        local_share=0.0,
        bad=evidence.drawn_bad,
        labels_needed=needed,
        sentence=sentence,
    )


def count_labels(cases: DraftArrays, sampling: Sampling, threshold: float | None = None) -> LabelEvidence:
    """Count labels at every distinct score at or over the floor, or at one threshold.

    Args:
        cases: drafts, some of them labelled.
        sampling: of the labels; only those from its floor on count.
        threshold: the only candidate; every distinct score unless given.

    Raises:
        InputError: the threshold is under the floor.
    """
    floor = sampling.floor
    if threshold is not None and floor is not None and threshold < floor:
        raise InputError(
            f"Labels were drawn from a score of {floor:g} on and do not cover a threshold of {threshold:g}. "
            "Test a higher one, or label below."
        )
    eligible = np.ones(len(cases), bool) if floor is None else cases.accepted(floor)
    usable = cases.is_labelled & eligible
    scores = cases.score[eligible & ~np.isnan(cases.score)]
    candidates = np.unique(scores)[::-1] if threshold is None else np.array([threshold])
    turns = np.flatnonzero(usable)[np.argsort(cases.turn[usable], kind="stable")]
    reached = cases.score[turns] >= candidates[:, np.newaxis]
    return LabelEvidence(
        threshold=candidates,
        local=_reaching(candidates, scores),
        labels=_reaching(candidates, cases.score[usable]),
        bad=_reaching(candidates, cases.score[usable & (cases.label == 0)]),
        drafts=len(cases),
        drawn_from=int(np.count_nonzero(eligible)),
        drawn=int(np.count_nonzero(usable)),
        drawn_bad=int(np.count_nonzero(usable & (cases.label == 0))),
        is_floored=floor is not None,
        order=LabelOrder(reached, reached & (cases.label[turns] == 0)),
        sampling=sampling,
    )


def _reaching(candidates: Floats, scores: Floats) -> Ints:
    known = np.sort(scores[~np.isnan(scores)])
    return np.asarray(len(known) - np.searchsorted(known, candidates, side="left"), np.int64)


def label_floor(cases: DraftArrays) -> float | None:
    """Return the lowest labelled score if labels drawn among all drafts would rarely all reach it; else `None`.

    For labels that arrive without their design. Both rules of a certificate hold for labels drawn among all
    drafts, so taking such labels for floored ones once in a hundred times costs coverage and nothing else.
    """
    labelled = cases.rank[cases.is_labelled]
    if not len(labelled):
        return None
    lowest = float(labelled.min())
    below, drafts, labels = int(np.count_nonzero(cases.rank < lowest)), len(cases), len(labelled)
    missed = special.gammaln([drafts - below + 1, drafts - labels + 1, drafts - below - labels + 1, drafts + 1])
    return lowest if below and missed[0] + missed[1] - missed[2] - missed[3] < np.log(_CHANCE) else None


def looks_random(cases: DraftArrays, floor: float | None) -> bool:
    """Test that labelled and unlabelled scores above the floor look alike (two-sample KS, p of 0.01 or more)."""
    eligible = cases.rank >= (-np.inf if floor is None else floor)
    labelled, others = cases.rank[eligible & cases.is_labelled], cases.rank[eligible & ~cases.is_labelled]
    if not len(labelled) or not len(others):
        return True
    # The exact distribution of large samples takes a second and gives the same two digits.
    method = "auto" if len(labelled) < _EXACT_KS else "asymp"
    return bool(stats.ks_2samp(labelled, others, method=method).pvalue >= _CHANCE)


def _is_better_than_chance(found: Certificate, cases: DraftArrays) -> bool:
    """Check that the certificate owes something to the score or to the drafts, not to the luck of few labels.

    One of three is enough: so few drafts are bad that the score need not choose; it separates; or the labels show that
    most of what stays local is good. A random score passes for 1 draw in 100 where half of all drafts are bad.
    """
    most_are_good = stats.binom.cdf(found.bad_accepted, found.accepted, 0.5) < _LUCK
    few_are_bad = found.bad <= found.promise.alpha * found.n_labels
    return few_are_bad or bool(most_are_good) or separates(cases, found.floor)


def separates(cases: DraftArrays, floor: float | None) -> bool:
    """Test that acceptable drafts score higher than unacceptable ones (Mann-Whitney, one-sided, p under 0.005)."""
    usable = cases.is_labelled & ~np.isnan(cases.score) & (cases.rank >= (-np.inf if floor is None else floor))
    good, bad = (cases.score[usable & (cases.label == kind)] for kind in (1, 0))
    if not len(good) or not len(bad) or np.ptp(cases.score[usable]) == 0:
        return False
    return bool(stats.mannwhitneyu(good, bad, alternative="greater").pvalue < _LUCK)


def certified_sentence(
    promise: Promise, labels: int, accepted: int, bad: int, local: int, drafts: int, counted: bool
) -> str:
    """Put the guarantee into words, with its sample and the other risk beside it.

    Args:
        promise: that holds.
        labels: that count.
        accepted: labelled drafts that stay local, at least 1.
        bad: unacceptable ones among them.
        local: drafts that stay local.
        drafts: in all.
        counted: whether every draft that the promise covers is labelled, so that nothing is left to chance.
    """
    stays = f"{percent(local / drafts)} stay local."
    if counted:
        marginal = f"Of the {drafts:,} personas of this run {bad:,} are unacceptable local drafts"
        selective = f"Of the {local:,} drafts of this run that stay local {bad:,} are unacceptable"
        return f"{marginal if promise.risk == 'marginal' else selective}: all are labelled. {stays}"
    basis = f"(n = {count(labels, 'label')}, {bad:,} bad accepted)"
    observed = precise_percent(bad / accepted)
    beside = f"Of the labelled drafts that stay local {bad:,} of {accepted:,} are unacceptable ({observed})."
    confidence, alpha = precise_percent(promise.confidence), precise_percent(promise.alpha)
    holds = f"With {confidence} confidence at most {alpha} of {_promised(promise)}"
    return f"{holds} {basis}; {stays} {beside}"


def in_progress_sentence(found: Certificate, missing: int) -> str:
    """Explain that a design which was declared to be labelled to its end is not at its end."""
    return (
        f"In progress: {count(missing, 'text')} of {found.n_labels + missing:,} still have no label. This design was"
        " declared to be labelled to its end, so it promises nothing before that."
    )


def empty_sentence(found: Certificate) -> str:
    """Explain that so few drafts stay local that the promise says nothing about them."""
    bad = f" Of the {count(found.accepted, 'labelled draft')} that would stay local {found.bad_accepted:,} are bad."
    return (
        f"The promise is empty: only {percent(found.local_share)} would stay local, so at most"
        f" {precise_percent(found.promise.alpha)} would hold even if every local draft were bad.{bad}"
    )


def no_better_sentence(found: Certificate) -> str:
    """Explain that the score is not known to choose better drafts than a coin does."""
    return (
        f"The promise is empty: {percent(found.local_share)} could stay local, but the labels do not show that the"
        f" score separates good from bad drafts. {found.bad_accepted:,} of {found.accepted:,} labelled local drafts are"
        f" bad, and {found.bad:,} of all {found.n_labels:,}: any drafts picked at random would do as well."
    )


def too_few_sentence(promise: Promise, labels: int, needed: int) -> str:
    """Explain that even flawless labels would be too few."""
    return (
        f"Too few labels: at least {needed} are needed to promise {precise_percent(promise.alpha)} with"
        f" {precise_percent(promise.confidence)} confidence, and there {'is' if labels == 1 else 'are'} {labels}."
        f" Label {needed - labels} more; until then escalate everything."
    )


def not_yet_sentence(promise: Promise, labels: int, needed: int | None) -> str:
    """Explain that the estimate is good enough but the labels are too few."""
    more = (
        "The risk is so close to the limit that no practical number of labels is enough: allow a larger risk"
        if needed is None
        else f"About {needed:,} labels drawn in the same way are probably enough, if the estimate is right"
    )
    return (
        f"Not certifiable yet: {count(labels, 'label')} suggest a risk below {precise_percent(promise.alpha)}, but do"
        f" not show it with {precise_percent(promise.confidence)} confidence. {more}. Until then escalate everything."
    )


def too_weak_sentence(promise: Promise) -> str:
    """Explain that more labels will not help."""
    whole = "of everything" if promise.risk == "marginal" else "of the drafts that stay local"
    what = "would be unacceptable local drafts" if promise.risk == "marginal" else "would be unacceptable"
    return (
        f"The score is too weak for this promise: with {precise_percent(promise.confidence)} confidence more than"
        f" {precise_percent(promise.alpha)} {whole} {what} at every threshold that keeps 10 % or more local. Escalate"
        " everything, allow a larger risk, or improve the drafts."
    )


def unsupported_sentence(promise: Promise) -> str:
    """Explain that even the estimates keep the promise at no threshold."""
    return (
        f"Escalate everything: at every threshold that keeps 10 % or more local, the labels suggest a risk of"
        f" {precise_percent(promise.alpha)} or more, or hold no acceptable draft. Allow a larger risk, or improve the"
        " drafts."
    )


def precise_percent(fraction: float) -> str:
    """Format a share in per cent with the digits that a chosen risk needs: `10 %`, `2.5 %`."""
    return f"{100 * fraction:.3g} %"


def _promised(promise: Promise) -> str:
    match promise.scope, promise.risk:
        case "this_run", "marginal":
            return "the personas of this run are unacceptable local drafts"
        case "this_run", _:
            return "the drafts of this run that stay local are unacceptable"
        case _, "marginal":
            return "the personas from this setup would be unacceptable local drafts"
    return "the drafts that this setup keeps local would be unacceptable"
