"""How far the words of a study carry one claim: 0 (nobody said anything like it) to 1.

Lexical and deterministic: it sees words, numbers, names and their neighbourhood, not meaning. A claim that
swaps who did what to whom passes; a negation that was turned is only noticed when the sentence it was turned
in is clearly the same. The figures behind every constant are printed by `benchmarks/`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.index import SourceView
from pipeline.text import content, fold_numbers, is_number, tokens

_CANDIDATES = 5
_CAPITALISED = re.compile(r"(?P<before>^|[.!?:\"“‘(\n]\s*)?(?P<word>[^\W\d_][\w'’]*)")


@dataclass(frozen=True)
class Claim:
    """A statement cut into what can be looked up."""

    text: str
    words: tuple[str, ...]
    stems: tuple[str, ...]
    facts: frozenset[str]
    """Stems that must not be wrong: numbers, and words capitalised inside a sentence."""

    @classmethod
    def of(cls, text: str, language: str) -> "Claim":
        """Read a claim, however strange; one without a content word has no stems."""
        words = fold_numbers(tokens(text))
        stems = content(words, language)
        names = {stem for word in _names(text) for stem in content(tokens(word), language)}
        return cls(text, tuple(words), tuple(stems), frozenset(names | set(filter(is_number, stems))))


@dataclass(frozen=True)
class Evidence:
    """What was found for a claim."""

    support: float
    sentences: tuple[int, int] | None
    """The best sentences of the view, first and one past the last; `None` when no word was found."""
    flags: tuple[str, ...] = ()


def find(claim: Claim, view: SourceView) -> Evidence:
    """The support of a claim before any cap, and the sentences it rests on."""
    weights, places = _weigh(claim.stems, view)
    total = sum(weights.values())
    known = {term: place for term, place in places.items() if place >= 0}
    if not known:
        return Evidence(0.0, None)
    covered, best = _best_window(known, weights, view)
    whole = sum(weights[term] for term in known) / total
    window = covered / total
    pairs = list(zip(claim.stems, claim.stems[1:], strict=False))
    bound = [left in known and right in known and view.has_pair(known[left], known[right]) for left, right in pairs]
    bigrams = sum(bound) / len(pairs) if pairs else window
    facts = sum(fact in known for fact in claim.facts) / len(claim.facts) if claim.facts else 1.0
    support = (0.4 * window + 0.3 * whole + 0.3 * bigrams) * (0.4 + 0.6 * facts)
    return Evidence(support, best)


def _weigh(stems: Sequence[str], view: SourceView) -> tuple[dict[str, float], dict[str, int]]:
    places = {term: view.number_of(term) for term in stems}
    return {term: view.idf(place) for term, place in places.items()}, places


def _best_window(
    known: dict[str, int], weights: dict[str, float], view: SourceView
) -> tuple[float, tuple[int, int] | None]:
    best, span = 0.0, None
    for sentence in view.search(list(known.values()), _CANDIDATES):
        first, last = view.window(sentence)
        there = view.terms_between(first, last)
        covered = sum(weights[term] for term, place in known.items() if place in there)
        if covered > best:
            best, span = covered, (sentence, sentence + 1)
    return best, span


def _names(text: str) -> list[str]:
    found = [(match.group("word"), match.group("before") is None) for match in _CAPITALISED.finditer(text)]
    capitalised = [word for word, inside in found if inside and word[0].isupper()]
    return capitalised if len(capitalised) <= max(len(found) / 2, 1) else []
