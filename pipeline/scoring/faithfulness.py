"""How far the words of a study carry one claim: 0 (nobody said anything like it) to 1.

Lexical and deterministic: it sees words, numbers, names and their neighbourhood, not meaning. A claim that
swaps who did what to whom passes; a negation that was turned is only noticed when the sentence it was turned
in is clearly the same. The figures behind the constants are printed by `benchmarks/score_validity.py` and
`benchmarks/persona_stress.py`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from pipeline.domain.study import Participant
from pipeline.scoring.index import SourceView
from pipeline.scoring.polarity import disagree, fewest_shared, is_negated, read_signs, shared
from pipeline.text.tokens import GENERIC, content, fold_numbers, is_number, tokens

LONGEST_CLAIM = 20_000
"""Characters of a claim or quote that are read: what is longer is no claim."""

_CANDIDATES = 5
_GENERIC_WEIGHT = 0.5
_WINDOW, _WHOLE, _PAIRS = 0.4, 0.35, 0.25
_WITHOUT_FACTS = 0.3
"""What is left of the support of a claim none of whose numbers and names were said."""
_UNHEARD_NEGATION = 0.75
_OPPOSITE = 0.3
_CERTAIN = 0.75
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
    """Whether it says what somebody wants to be so, rather than what is so."""

    @classmethod
    def of(cls, text: str, language: str, is_goal: bool = False) -> "Claim":
        """Read a claim, however strange, up to 20,000 characters; one without a content word has no stems."""
        text = text[:LONGEST_CLAIM]
        words = fold_numbers(tokens(text))
        stems = content(words, language)
        names = {stem for word in _names(text) for stem in content(tokens(word), language)}
        return cls(tuple(words), tuple(stems), frozenset(names | set(filter(is_number, stems))), is_goal)

    def best_sentences(self, view: SourceView, most: int) -> list[int]:
        """The sentences of a view with words of the claim, best first; none when nobody used a word of it."""
        return view.search(sorted({view.number_of(term) for term in self.stems} - {-1}), most)


@dataclass(frozen=True)
class Evidence:
    """What was found for a claim."""

    support: float
    sentences: tuple[int, int] | None
    """The best sentences of the view, first and one past the last; `None` when no word was found."""
    flags: tuple[str, ...] = ()
    participant: Participant | None = None
    """Whose stated facts it rests on, when it does not rest on a sentence."""
    factor: float = 1.0
    """What wrong numbers and names, and disagreement about yes and no, leave of any support for the claim."""
    unjudged: float | None = None
    """The support before a judge changed it."""


def find(claim: Claim, view: SourceView) -> Evidence:
    """The support of a claim before any cap, and the sentences it rests on."""
    places = {term: view.number_of(term) for term in claim.stems}
    # Weights by rarity separated no set of labelled claims better than equal ones.
    weights = {term: _GENERIC_WEIGHT if term in GENERIC else 1.0 for term in places}
    known = {term: place for term, place in places.items() if place >= 0}
    total = sum(weights.values())
    if not known:
        return Evidence(0.0, None)
    ranked = view.search(list(known.values()), _CANDIDATES)
    best, covered = _best_window(ranked, known, weights, view)
    window, whole = covered / total, sum(weights[term] for term in known) / total
    pairs = list(pairwise(claim.stems))
    said = view.count_pairs([(known[left], known[right]) for left, right in pairs if left in known and right in known])
    bigrams = said / len(pairs) if pairs else window
    facts = sum(fact in known for fact in claim.facts) / len(claim.facts) if claim.facts else 1.0
    support = _WINDOW * window + _WHOLE * whole + _PAIRS * bigrams
    heard = _WITHOUT_FACTS + (1 - _WITHOUT_FACTS) * facts
    support *= heard
    factor, flags = _polarity(claim, best, ranked, set(known.values()), view)
    shown = _shown(best, known, weights, view)
    return Evidence(min(support * factor / _CERTAIN, 1.0), shown, flags, factor=heard * factor)


class ClaimSummary(NamedTuple):
    """Several claims in two numbers."""

    mean: float
    lowest_mean: float
    """Of the lowest quarter."""
    lowest: int
    """How many claims that quarter holds, rounded up."""


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
    """What disagreement about yes and no leaves of the support, and the flag for it."""
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
