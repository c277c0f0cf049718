"""Cut long turns at sentence ends into segments of at most 120 words, and count words.

Joining the pieces of a turn with single spaces gives the turn back (scripts without spaces: with nothing between).
"""

import re
from collections.abc import Iterator

MAX_WORDS = 120
"""Words of one segment: about the longest quote a person reads at a glance."""

# A Chinese or Japanese character counts as a word; a run of 200 characters without a space is cut, so that
# no segment is longer than some 24,000 characters.
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_LONGEST = 200
_WORD = re.compile(rf"[{_CJK}]|[^\s{_CJK}]{{1,{_LONGEST}}}")
_HAS_CJK = re.compile(f"[{_CJK}]")
_SENTENCE_END = re.compile(r"""[.!?…]["'”’)\]]*$|[。！？]$""")
_CLAUSE_END = re.compile(r"[,;:—–、，]$")


def count_words(text: str) -> int:
    """Words between white space; Chinese and Japanese characters count one each."""
    if text.isascii() or not _HAS_CJK.search(text):
        words = text.split()
        if len(text) <= _LONGEST or max(map(len, words), default=0) <= _LONGEST:
            return len(words)
    return sum(1 for _ in _WORD.finditer(text))


def split_text(text: str, max_words: int = MAX_WORDS) -> list[str]:
    """The text in order, in pieces of at most `max_words` words; empty text gives no piece.

    A piece ends at the last sentence end that fits; without one in its second half, at the last clause end;
    without that, at the word limit. One pass over the words.
    """
    return [text[start:end].strip() for start, end in spans(text, max_words)]


def spans(text: str, max_words: int = MAX_WORDS) -> Iterator[tuple[int, int]]:
    """Yield the start and end position in the text of each piece of `split`."""
    words = [match.span() for match in _WORD.finditer(text)]
    first = 0
    while first < len(words):
        last = min(first + max_words, len(words))
        if last < len(words):
            last = _best_end(text, words, first, last)
        yield words[first][0], words[last - 1][1]
        first = last


def _best_end(text: str, words: list[tuple[int, int]], first: int, limit: int) -> int:
    for pattern in (_SENTENCE_END, _CLAUSE_END):
        for end in range(limit, (first + limit) // 2, -1):
            start, stop = words[end - 1]
            if pattern.search(text[start:stop]):
                return end
    return limit
