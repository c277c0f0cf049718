"""Score the support of one claim by the words of a study: 0 (no participant said anything like it) to 1.

Lexical and deterministic: it sees words, numbers, names and their neighbourhood, not meaning. A claim that
swaps who did what to whom passes; a negation that was turned is only noticed when the sentence it was turned
in is clearly the same. The figures behind the constants are printed by `benchmarks/score_validity.py` and
`benchmarks/persona_stress.py`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import LCSseq

from pipeline.domain.study import Participant
from pipeline.scoring.index import SourceView
from pipeline.scoring.polarity import disagree, fewest_shared, is_negated, read_signs, shared
from pipeline.text.tokens import GENERIC, content, fold_numbers, is_number, tokens

Floats = NDArray[np.float64]

LONGEST_CLAIM = 20_000
"""Characters of a claim or quote that are read: what is longer is no claim."""

_CANDIDATES = 5
_GENERIC_WEIGHT = 0.5
_WINDOW, _WHOLE, _PAIRS = 0.4, 0.35, 0.25
_WITHOUT_FACTS = 0.3
"""Factor on the support of a claim none of whose numbers and names were said."""
_UNHEARD_NEGATION = 0.75
_OPPOSITE = 0.3
_KNEE, _HIGH = 0.675, 0.9
"""Knee of the scale, and the support there. Words that are nearly all there leave little to tell claims apart
by, so the last tenth is spread over what is left, in words and in their order; nothing is cut off."""
_WORTH_SHOWING = 0.2
_CAPITALISED = re.compile(r"(?P<before>^|[.!?:\"“‘(\n]\s*)?(?P<word>[^\W\d_][\w'’]*)")


@dataclass(frozen=True)
class Claim:
    """A statement cut into what can be looked up."""

    words: tuple[str, ...]
    stems: tuple[str, ...]
    facts: frozenset[str]
    """Stems that must not be wrong: numbers, and words capitalised inside a sentence."""
    is_goal: bool
    """True for a wish, false for a statement of fact."""

    @classmethod
    @lru_cache(maxsize=1 << 14)
    def of(cls, text: str, language: str, is_goal: bool = False) -> "Claim":
        """Read a claim, however strange, up to 20,000 characters; one without a content word has no stems."""
        text = text[:LONGEST_CLAIM]
        words = fold_numbers(tokens(text))
        stems = content(words, language)
        names = {stem for word in _names(text) for stem in content(tokens(word), language)}
        return cls(tuple(words), tuple(stems), frozenset(names | set(filter(is_number, stems))), is_goal)

    @cached_property
    def weights(self) -> dict[str, float]:
        """Every stem once with its weight. Weights by rarity separated no set of labelled claims better."""
        return {term: _GENERIC_WEIGHT if term in GENERIC else 1.0 for term in self.stems}

    def best_sentences(self, view: SourceView, most: int) -> list[int]:
        """The sentences of a view with words of the claim, best first; none when no participant used a word of it."""
        return view.search(sorted({view.number_of(term) for term in self.stems} - {-1}), most)


@dataclass(frozen=True)
class Evidence:
    """Evidence found for a claim."""

    support: float
    sentences: tuple[int, int] | None
    """The best sentences of the view, first and one past the last; `None` when no word was found."""
    flags: tuple[str, ...] = ()
    participant: Participant | None = None
    """Participant whose stated facts it rests on, when it does not rest on a sentence."""
    factor: float = 1.0
    """Factor on the support of the claim for wrong numbers and names, and for disagreement about yes and no."""
    unjudged: float | None = None
    """The support before a judge or verifier changed it."""


def find(claim: Claim, view: SourceView) -> Evidence:
    """The support of a claim before any cap, and the sentences it rests on."""
    known = _known(claim, view)
    if not known:
        return Evidence(0.0, None)
    said = view.count_pairs(_known_pairs(claim, known))
    return _weighed(claim, known, said, view.search(list(known.values()), _CANDIDATES), view)


def find_at(claim: Claim, sentence: int, view: SourceView) -> Evidence:
    """The support of a claim before any cap, with a given sentence of the view as its source."""
    known, there = _known(claim, view), (sentence, sentence + 1)
    if not known:
        return Evidence(0.0, there)
    said = view.count_pairs(_known_pairs(claim, known))
    return replace(_weighed(claim, known, said, [sentence], view), sentences=there)


def find_alone(claim: Claim, together: Evidence, view: SourceView, enough: float) -> list[tuple[Participant, Evidence]]:
    """The participants in focus whose own words give a claim enough support, each with what was found.

    Args:
        claim: the claim.
        together: what was found for it over all of them.
        view: of several participants.
        enough: support. Who has not said enough of the words to reach it is passed over before anything is weighed.
    """
    known = _known(claim, view)
    terms, couples = list(known), _known_pairs(claim, known)
    said, paired = view.said_by(list(known.values())), view.paired_by(couples)
    scores = view.scores(list(known.values()))
    weights = np.array([claim.weights[term] for term in terms])
    share = weights @ said / sum(claim.weights.values())
    wanted = max(len(claim.stems) - 1, 0)
    bigrams = paired / wanted if wanted else share
    # The best window never holds more of a claim than everything that one person said.
    most = ((_WINDOW + _WHOLE) * share + _PAIRS * bigrams) / _KNEE * _HIGH
    likely = np.flatnonzero((share > 0) & (most >= enough))
    found = []
    # A denial by another participant takes nothing from the words of the one who says it.
    is_denied = "polarity" in together.flags
    best = int(view.person[together.sentences[0]]) if together.sentences and not is_denied else -1
    for person in likely.tolist():
        if person == best and said[:, person].all() and paired[person] == paired.max() == len(couples):
            found.append((view.participants[person], together))  # the others added nothing to it
            continue
        own = {term: known[term] for term, there in zip(terms, said[:, person].tolist(), strict=True) if there}
        evidence = _weighed(claim, own, int(paired[person]), view.best_of(person, scores, _CANDIDATES), view)
        if evidence.support >= enough:
            found.append((view.participants[person], evidence))
    return found


def _known(claim: Claim, view: SourceView) -> dict[str, int]:
    """Return the stems of a claim that were said, with their places."""
    return {term: place for term in claim.weights if (place := view.number_of(term)) >= 0}


def _known_pairs(claim: Claim, known: dict[str, int]) -> list[tuple[int, int]]:
    return [(known[left], known[right]) for left, right in pairwise(claim.stems) if left in known and right in known]


def _weighed(claim: Claim, known: dict[str, int], said: int, ranked: Sequence[int], view: SourceView) -> Evidence:
    """The evidence in some sentences.

    Args:
        claim: the claim.
        known: its stems that were said by those whose words count.
        said: how many of its pairs of neighbouring stems they said.
        ranked: their best sentences, best first.
        view: the sentences.
    """
    weights = claim.weights
    total = sum(weights.values())
    best, covered = _best_window(ranked, known, weights, view)
    window, whole = covered / total, sum(weights[term] for term in known) / total
    bigrams = said / (len(claim.stems) - 1) if len(claim.stems) > 1 else window
    facts = sum(fact in known for fact in claim.facts) / len(claim.facts) if claim.facts else 1.0
    support = _WINDOW * window + _WHOLE * whole + _PAIRS * bigrams
    heard = _WITHOUT_FACTS + (1 - _WITHOUT_FACTS) * facts
    support *= heard
    factor, flags = _polarity(claim, best, ranked, set(known.values()), view)
    shown = _shown(best, known, weights, view)
    return Evidence(_on_scale(support * factor, claim, best, view), shown, flags, factor=heard * factor)


class ClaimSummary(NamedTuple):
    """Several claims in two numbers."""

    mean: float
    lowest_mean: float
    """Of the lowest quarter."""
    lowest: int
    """Number of claims in that quarter, rounded up."""


def summary(supports: Sequence[tuple[float, float]]) -> ClaimSummary | None:
    """The mean support of all claims and of the lowest quarter; `None` without a claim.

    Args:
        supports: support and weight of each claim.
    """
    if not supports:
        return None
    lowest = sorted(supports)[: -(-len(supports) // 4)]
    return ClaimSummary(_mean(supports), _mean(lowest), len(lowest))


def summed_up(supports: Sequence[tuple[float, float]]) -> float:
    """Faithfulness of several claims: `.5 * mean + .5 * mean of the lowest quarter`; no claim at all is 0.

    The lowest quarter makes one invented goal show; the minimum would punish every further claim.

    Args:
        supports: support and weight of each claim.
    """
    parts = summary(supports)
    return 0.5 * parts.mean + 0.5 * parts.lowest_mean if parts else 0.0


def _mean(supports: Sequence[tuple[float, float]]) -> float:
    return sum(support * weight for support, weight in supports) / sum(weight for _, weight in supports)


def _best_window(
    ranked: Sequence[int], known: dict[str, int], weights: dict[str, float], view: SourceView
) -> tuple[int, float]:
    best, most = ranked[0], 0.0
    for sentence in ranked:
        there = view.terms_between(*view.window(sentence))
        covered = sum(weights[term] for term, place in known.items() if place in there)
        if covered > most:
            best, most = sentence, covered
    return best, most


def _on_scale(raw: float, claim: Claim, best: int, view: SourceView) -> float:
    """Raw support on the scale from 0 to 1, strictly increasing; over .9 the order of words counts, too."""
    if raw <= _KNEE:
        return raw / _KNEE * _HIGH
    in_order = _order(claim.words, view.words_between(*view.window(best)))
    return _HIGH + (1 - _HIGH) * (raw - _KNEE) / (1 - _KNEE) * in_order


def _order(words: Sequence[str], said: Sequence[str]) -> float:
    """Share of a claim's words, function words among them, that were said in the same order."""
    return LCSseq.similarity(words, said) / len(words)


def _shown(best: int, known: dict[str, int], weights: dict[str, float], view: SourceView) -> tuple[int, int]:
    """The best sentence, with a neighbour in the same segment where that carries a fifth of the claim more."""
    enough = _WORTH_SHOWING * sum(weights.values())
    covered = view.terms_between(best, best + 1)
    first, last = best, best + 1
    segment = view.segment_of(best).id
    for neighbour in (best - 1, best + 1):
        if not 0 <= neighbour < len(view) or view.segment_of(neighbour).id != segment:
            continue
        there = view.terms_between(neighbour, neighbour + 1) - covered
        if sum(weights[term] for term, place in known.items() if place in there) >= enough:
            first, last, covered = min(first, neighbour), max(last, neighbour + 1), covered | there
    return first, last


def _polarity(
    claim: Claim, best: int, ranked: Sequence[int], places: set[int], view: SourceView
) -> tuple[float, tuple[str, ...]]:
    """Return the factor on the support for disagreement about yes and no, and the flag for it."""
    if view.language != "english":
        return 1.0, ()
    claimed = read_signs(claim.words, claim.is_goal)
    agreeing = opposing = 0
    for sentence in ranked:
        # Signs are read only where enough is shared; a pair of opposites shares no stem of its own.
        if len(places & view.terms_between(sentence, sentence + 1)) + 1 < fewest_shared(claimed):
            continue
        said = read_signs(tuple(view.words_between(sentence, sentence + 1)))
        if disagree(claimed, said, fewest_shared(claimed)):
            opposing = max(opposing, shared(claimed, said))
        else:
            agreeing = max(agreeing, shared(claimed, said))
    if opposing and opposing >= agreeing:
        return _OPPOSITE, ("polarity",)
    if is_negated(claim.words) and not is_negated(view.words_between(*view.window(best))):
        return _UNHEARD_NEGATION, ()
    return 1.0, ()


def _names(text: str) -> list[str]:
    found = [(match.group("word"), match.group("before") is None) for match in _CAPITALISED.finditer(text)]
    capitalised = [word for word, inside in found if inside and word[0].isupper()]
    return capitalised if len(capitalised) <= max(len(found) / 2, 1) else []
