"""A promise about the share of bad texts, and the exact test of it at each threshold."""

from bisect import bisect
from dataclasses import dataclass
from math import ceil

import numpy as np

from pipeline.calibration.bounds import (
    below_limit,
    few_enough,
    fewest_labels,
    lower,
    most_bad,
    product_tail,
    product_upper,
    upper,
    whole,
)
from pipeline.calibration.cases import Bools, Floats, Ints
from pipeline.calibration.evidence import Evidence
from pipeline.domain.labels import Promise


@dataclass(frozen=True, eq=False)
class ExactTest:
    """One test per threshold. The risk is `scale` times the share of bad ones that `labels` are a sample of."""

    evidence: Evidence
    promise: Promise

    @property
    def of_all(self) -> bool:
        """Whether bad accepted drafts are a share of all labels, and not of those at or over the threshold."""
        return self.promise.risk == "marginal" and not self.evidence.is_floored

    @property
    def labels(self) -> Ints:
        """Size of the sample."""
        return np.full_like(self.evidence.labels, self.evidence.drawn) if self.of_all else self.evidence.labels

    @property
    def population(self) -> Ints:
        """Drafts that the sample stands for."""
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
        """Where the promise can be given, with the labels there are or with others that there might be."""
        bad = self.evidence.bad if bad is None else bad
        labels = self.labels if labels is None else labels
        if self.promise.scope == "this_run":
            most = whole(self.promise.alpha * self.population / np.maximum(self.scale, np.finfo(float).tiny))
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
        return float(upper(bad, labels, delta))

    def lower(self) -> Floats:
        """Lower bounds of the risk, with the share of drafts that reach the threshold taken as it is."""
        return np.asarray(self.scale * lower(self.evidence.bad, self.labels, self.promise.delta))

    def rates(self) -> Floats:
        """Share of bad ones in the sample, drawn a little towards one half: never 0, and defined without labels."""
        return np.asarray((self.evidence.bad + 0.5) / (self.labels + 1))

    def fewest(self) -> int:
        """Labels in all under which no threshold can pass, not even if none is bad."""
        most_local = int(self.evidence.local.max(initial=0))
        of_local = self.promise.risk == "selective" and most_local > 0
        population = most_local if of_local else self.evidence.drawn_from
        if self.promise.scope == "future_runs":
            least = fewest_labels(self.promise.alpha, self.promise.delta)
        else:
            most = int(whole(self.promise.alpha * (population if of_local else self.evidence.drafts)))
            least = self._fewest_of(population, most)
        return ceil(least * self.evidence.drawn_from / population) if of_local else least

    def _fewest_of(self, population: int, most: int) -> int:
        """The smallest sample without a bad one that shows a population to hold no more bad ones than `most`."""
        delta = self.promise.delta
        return 1 + bisect(range(1, population), False, key=lambda n: bool(few_enough(0, n, population, most, delta)))
