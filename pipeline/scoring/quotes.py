"""Find quotes in the study: fuzzy to hesitations and punctuation, strict on words.

True quotes, lightly cleaned, reach .74 and more of the ratio's range; invented ones stay under .67, so the
support between them runs from 0 to 1.
"""

import re

from rapidfuzz import fuzz

from pipeline.scoring.faithfulness import LONGEST_CLAIM, Evidence
from pipeline.scoring.index import SourceView
from pipeline.text.tokens import content, fold_numbers, tokens, without_fillers

MIN_TOKENS = 4
"""Shorter quotes can be found anywhere and are not counted."""

_FOUND_FROM, _FOUND_RANGE = 0.65, 0.25
_CANDIDATES = 5
_ELLIPSIS = re.compile(r"\.\.\.+|…|\[…\]")
_LONGEST = 400


def is_scorable(quote: str) -> bool:
    """Return whether a quote is long enough for a match in the study to mean something."""
    return len(tokens(quote[:LONGEST_CLAIM])) >= MIN_TOKENS


def find_quote(quote: str, view: SourceView) -> Evidence:
    """Return how literally a quote stands in the words in focus.

    A quote shortened with an ellipsis is looked up part by part and counts by the length of its parts.

    Returns:
        Support 1 for verbatim, 0 for invented; the sentences where its longest part was found.
    """
    parts = [part for part in map(_plain, _ELLIPSIS.split(quote[:LONGEST_CLAIM])) if len(part) >= MIN_TOKENS] or [
        _plain(quote[:LONGEST_CLAIM])
    ]
    found = [(_find_part(part[:_LONGEST], view), len(part)) for part in parts]
    length = sum(weight for _, weight in found)
    if not length:
        return Evidence(0.0, None)
    longest = max(found, key=lambda item: item[1])[0]
    return Evidence(sum(evidence.support * weight for evidence, weight in found) / length, longest.sentences)


def _plain(text: str) -> list[str]:
    return fold_numbers(without_fillers(tokens(text)))


def _find_part(words: list[str], view: SourceView) -> Evidence:
    places = {view.number_of(stem) for stem in content(words, view.language)} - {-1}
    wanted = " ".join(words)
    best, span = 0.0, None
    for sentence in view.search(sorted(places), _CANDIDATES):
        reach = 10 + len(words)
        first = int(view.offset[sentence]) - reach
        there = " ".join(without_fillers(view.words_at(first, int(view.offset[sentence + 1]) + reach)))
        # `partial_ratio` would also look for a short source inside a long quote.
        matcher = fuzz.ratio if len(there) < len(wanted) else fuzz.partial_ratio
        ratio = matcher(wanted, there) / 100
        if ratio > best:
            best, span = ratio, _spoken_in(wanted, sentence, view)
        if ratio == 1:
            break
    return Evidence(min(max((best - _FOUND_FROM) / _FOUND_RANGE, 0.0), 1.0), span)


def _spoken_in(wanted: str, sentence: int, view: SourceView) -> tuple[int, int]:
    """The sentences around one that hold the quote: neighbours in the same segment that are part of it."""
    first, last = sentence, sentence + 1
    here = view.segment_of(sentence).id
    while first > 0 and view.segment_of(first - 1).id == here and _is_part(first - 1, wanted, view):
        first -= 1
    while last < len(view) and view.segment_of(last).id == here and _is_part(last, wanted, view):
        last += 1
    return first, last


def _is_part(sentence: int, wanted: str, view: SourceView) -> bool:
    words = " ".join(without_fillers(view.words_between(sentence, sentence + 1)))
    return len(words) > 8 and fuzz.partial_ratio(words, wanted) >= 80 and len(words) <= len(wanted)
