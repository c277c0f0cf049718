"""Match the personas of two runs, and find the claims in which they differ.

Personas of the same draft match, whichever model wrote the delivered text. The others are matched by their words:
stems weighed by rarity, and the assignment with the greatest total similarity.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from math import log

import numpy as np
from scipy.optimize import linear_sum_assignment

from pipeline.calibration.draft_arrays import Floats
from pipeline.domain.base import Frozen
from pipeline.domain.run import FinalPersona, RunRecord
from pipeline.results.compare_runs import shares_drafts
from pipeline.results.evidence import LISTS, MarkedClaim, claim_groups
from pipeline.text.likeness import SAME_CLAIM, claim_likeness
from pipeline.text.tokens import content, language_of, tokens

_LIKE = 0.15
"""Cosine under which two personas do not match: personas of different people stay below it."""

_SUPPORT_MOVED = 0.05
_LONGEST = 20_000


class Match(Frozen):
    """Two matched personas, or one without a counterpart."""

    first: FinalPersona | None
    second: FinalPersona | None
    similarity: float | None
    """Cosine of their words, 0 to 1; `None` where there is only one."""
    same_draft: bool = False


class ClaimPair(Frozen):
    """A claim that both personas make."""

    first: MarkedClaim
    second: MarkedClaim

    @property
    def support_moved(self) -> bool:
        """True if the study supports one wording clearly better than the other."""
        if self.first.mark != self.second.mark:
            return True
        if self.first.support is None or self.second.support is None:
            return False
        return abs(self.first.support.support - self.second.support.support) >= _SUPPORT_MOVED


class ClaimDifference(Frozen):
    """One list of two matched personas."""

    field: str
    title: str
    only_first: tuple[MarkedClaim, ...]
    only_second: tuple[MarkedClaim, ...]
    both: tuple[ClaimPair, ...]


def match_personas(first: RunRecord, second: RunRecord) -> tuple[Match, ...]:
    """Match personas; each occurs once: pairs first, in the order of the first run, then the unmatched."""
    old, new = first.shown, second.shown
    likeness = _likeness(old, new)
    pairs: dict[int, tuple[int, bool]] = {}
    if shares_drafts(first, second):
        places = {final.draft_id: place for place, final in enumerate(new)}
        pairs = {at: (places[final.draft_id], True) for at, final in enumerate(old) if final.draft_id in places}
    taken = {other for other, _ in pairs.values()}
    rows = [at for at in range(len(old)) if at not in pairs]
    columns = [at for at in range(len(new)) if at not in taken]
    for row, column in _assigned(likeness[np.ix_(rows, columns)]):
        pairs[rows[row]] = (columns[column], False)
    taken = {other for other, _ in pairs.values()}
    found = [
        Match(first=old[at], second=new[other], similarity=float(likeness[at, other]), same_draft=same)
        for at, (other, same) in sorted(pairs.items())
    ]
    found += [Match(first=final, second=None, similarity=None) for at, final in enumerate(old) if at not in pairs]
    found += [Match(first=None, second=final, similarity=None) for at, final in enumerate(new) if at not in taken]
    return tuple(found)


def claim_differences(first: FinalPersona, second: FinalPersona) -> tuple[ClaimDifference, ...]:
    """Compare two personas list by list: claims of one only, of the other only, of both. Skips empty lists."""
    groups = [{group.field: group.claims for group in claim_groups(final)} for final in (first, second)]
    titles = LISTS | {"demographics": "Facts"}
    differences = (
        _difference(field, title, groups[0].get(field, ()), groups[1].get(field, ())) for field, title in titles.items()
    )
    return tuple(one for one in differences if one.only_first or one.only_second or one.both)


def _difference(field: str, title: str, first: Sequence[MarkedClaim], second: Sequence[MarkedClaim]) -> ClaimDifference:
    """Pair claims greedily, the most similar first."""
    ranked = sorted(
        (
            (claim_likeness(one.text, other.text), -at, -to)
            for at, one in enumerate(first)
            for to, other in enumerate(second)
        ),
        reverse=True,
    )
    pairs: dict[int, int] = {}
    for alike, at, to in ranked:
        if alike >= SAME_CLAIM and -at not in pairs and -to not in pairs.values():
            pairs[-at] = -to
    return ClaimDifference(
        field=field,
        title=title,
        only_first=tuple(claim for at, claim in enumerate(first) if at not in pairs),
        only_second=tuple(claim for at, claim in enumerate(second) if at not in pairs.values()),
        both=tuple(ClaimPair(first=first[at], second=second[to]) for at, to in sorted(pairs.items())),
    )


def _assigned(likeness: Floats) -> Iterator[tuple[int, int]]:
    for row, column in zip(*linear_sum_assignment(likeness, maximize=True), strict=True):
        if likeness[row, column] >= _LIKE:
            yield int(row), int(column)


def _likeness(first: Sequence[FinalPersona], second: Sequence[FinalPersona]) -> Floats:
    """Compute the cosine of every persona of the first run with every one of the second."""
    texts = [_said(final)[:_LONGEST] for final in (*first, *second)]
    language = language_of(" ".join(texts)[:_LONGEST])
    counts = [Counter(content(tokens(text), language)) for text in texts]
    spread = Counter(stem for count in counts for stem in count)
    numbers = {stem: place for place, stem in enumerate(spread)}
    vectors = np.zeros((len(texts), max(1, len(numbers))))
    for row, count in enumerate(counts):
        for stem, times in count.items():
            vectors[row, numbers[stem]] = (1 + log(times)) * log(1 + len(texts) / spread[stem])
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors /= np.where(length == 0, 1.0, length)
    likeness: Floats = np.clip(vectors[: len(first)] @ vectors[len(first) :].T, 0.0, 1.0)
    return likeness


def _said(final: FinalPersona) -> str:
    persona = final.persona
    lists = (getattr(persona, field) for field in LISTS)
    return "\n".join([persona.tagline, *persona.demographics.values(), *(text for items in lists for text in items)])
