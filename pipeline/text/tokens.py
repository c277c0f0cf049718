"""What words, stems, numbers and sentences a text holds, whoever asks: scoring, evidence, drafting, clustering.

Pure functions on strings, no model, no state but a cache of stems. Every function takes any string, however
long or strange, and runs in time linear in its length. Sentences are cut by position, so that what is shown
as evidence stands in the source letter by letter; only tokens are normalised.
"""

import itertools
import re
import threading
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import snowballstemmer

from pipeline.lexicon import FILLERS, FOREIGN_NEGATIONS, FUNCTION_WORDS, NEGATIONS, STOP_WORDS
from pipeline.numerals import fold_numbers

_SCRIPTS = (
    ("russian", re.compile("[Ѐ-ӿ]")),
    ("arabic", re.compile("[؀-ۿ]")),
    ("greek", re.compile("[Ͱ-Ͽ]")),
    ("hindi", re.compile("[ऀ-ॿ]")),
    ("cjk", re.compile("[぀-ヿ㐀-䶿一-鿿가-힣\u0e00-\u0e7f]")),
)
_UNSPACED = "぀-ヿ㐀-䶿一-鿿가-힣\u0e00-\u0e7f"
_TOKEN = re.compile(
    rf"(?P<number>\d+(?:[.,:]\d+)*)|(?P<unspaced>[{_UNSPACED}]+)"
    rf"|(?P<word>(?:(?![{_UNSPACED}])[^\W\d_]|[\u0300-\u036f\u064b-\u0652\u0900-\u0dff])+\d*"
    rf"(?:'(?:(?![{_UNSPACED}])[^\W\d_])+)*)"
)
_APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ`´", "'"))
_MARK = re.compile(r"\[[A-Za-z][^\[\]\n]{0,30}\]")
_SPEECH = re.compile(r"\b(?:you know|i mean|sort of|kind of)\b")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_END = re.compile(r"(?<![.!?])[.!?]++[\"'”’)\]]*+(?=\s)|[。！？]+|\n+")
_SPACED_WORD = re.compile(r"\S+")

_WORTH_KEEPING = 1000
_SURELY_ENGLISH = 0.3
_LONGEST_WORD = 60
_LONGEST_RUN = 60
_RUN_CUT = 40
_LONGEST_SENTENCE = 1200
_SHORT = 120

_stemming = threading.Lock()
"""Snowball stemmers keep the word they work on in themselves; assessments may run on several threads."""


def tokens(text: str) -> list[str]:
    """Every word and number in order, lower case, in one normal form.

    Curly apostrophes, full-width letters and composed accents are unified (NFKC), marks such as
    `[inaudible]` are dropped, `1,000` is `1000` and `4.90` is `4.9`. Scripts without spaces give character
    bigrams. An empty text gives an empty list.
    """
    return list(_cached_tokens(text)) if len(text) <= _WORTH_KEEPING else _read_tokens(text)


@lru_cache(maxsize=4096)
def _cached_tokens(text: str) -> tuple[str, ...]:
    """A claim is looked at by several rules one after the other."""
    return tuple(_read_tokens(text))


def _read_tokens(text: str) -> list[str]:
    plain = _MARK.sub(" ", unicodedata.normalize("NFKC", text).translate(_APOSTROPHES)).lower()
    found: list[str] = []
    for match in _TOKEN.finditer(plain):
        token = match.group()
        if match.lastgroup == "word":
            found.append(token[:_LONGEST_WORD])
        elif match.lastgroup == "number":
            found.append(_number(token[:_LONGEST_WORD]))
        else:
            found.extend(_bigrams(token))
    return found


def stems(text: str) -> list[str]:
    """What an English text is about: see `content`."""
    return content(tokens(text))


def content(words: list[str], language: str = "english") -> list[str]:
    """What a text is about: its tokens as stems, without stop words and fillers, negations kept, in order.

    English number words become numbers (`forty-one` is `41`) and every English negation becomes `not`.

    Args:
        words: the tokens of any text.
        language: a Snowball language as `language_of` names it; one that Snowball lacks leaves words whole.
    """
    if language == "english":
        words = fold_numbers(words)
    stemmed = (stem(word, language) for word in words)
    return [word for word in stemmed if word]


@lru_cache(maxsize=1 << 17)
def stem(token: str, language: str = "english") -> str:
    """One token's stem; empty for a stop word or a filler, `not` for an English negation."""
    if token[0].isdigit():
        return token
    if language == "english":
        if token.endswith("n't"):
            return "not"
        token = token.split("'")[0]
        if token in NEGATIONS:
            return "not"
        if token in STOP_WORDS or token in FILLERS or len(token) < 2:
            return ""
    else:
        token = token.rsplit("'")[-1]
        if token in FUNCTION_WORDS.get(language, ()) and token not in FOREIGN_NEGATIONS:
            return ""
    return _snowball(token, language)


def without_fillers(words: list[str]) -> list[str]:
    """The same tokens without hesitations, for comparing what was said with how it is quoted."""
    plain = _SPEECH.sub(" ", " ".join(words)).split()
    return [word for word in plain if word not in FILLERS]


def is_number(token: str) -> bool:
    """Whether a token or stem is a number."""
    return token[:1].isdigit()


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Start and end of every sentence in the text, without the white space around it.

    A sentence ends at `.`, `!`, `?` before white space, at their full-width forms and at a newline. A run
    of more than 60 words is cut every 40, so that no sentence is too long to be shown as evidence.
    """
    spans: list[tuple[int, int]] = []
    start = 0
    for match in _END.finditer(text):
        spans.extend(_pieces(text, start, match.end()))
        start = match.end()
    spans.extend(_pieces(text, start, len(text)))
    return spans


def sentences(text: str) -> list[str]:
    """The sentences of a text, each as it stands there."""
    return [text[start:end] for start, end in sentence_spans(text)]


def language_of(text: str) -> str:
    """The language a text is written in, as Snowball names it.

    Decided by script, else by the share of function words among the first 4,000 words. `english` when
    nothing speaks for another language: short and odd texts are not worth a warning.
    """
    sample = text[:40_000]
    letters = sum(map(str.isalpha, sample))
    for name, script in _SCRIPTS:
        if letters and len(script.findall(sample)) > 0.4 * letters:
            return name
    words = tokens(sample)[:4000]
    english = sum(word in STOP_WORDS or word in NEGATIONS for word in words)
    if english > _SURELY_ENGLISH * len(words):
        return "english"
    shares = {name: sum(word in common for word in words) for name, common in FUNCTION_WORDS.items()}
    best = max(shares, key=lambda name: (shares[name], name))
    return best if shares[best] >= 3 and shares[best] > english else "english"


def shortened(text: str) -> str:
    """A text on one line, cut with an ellipsis when it is longer than 120 characters."""
    plain = " ".join(text[: 4 * _SHORT].split())
    return plain if len(plain) <= _SHORT else plain[: _SHORT - 3] + "..."


@lru_cache(maxsize=32)
def _stemmer(language: str) -> Any:
    """The stemmer of a language; `None` where the library has none."""
    try:
        return snowballstemmer.stemmer(language)
    except KeyError:
        return None


def _snowball(token: str, language: str) -> str:
    stemmer = _stemmer(language)
    if stemmer is None:
        return token
    with _stemming:
        return str(stemmer.stemWord(token))


def _number(token: str) -> str:
    token = "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in token)
    token = token.replace(",", "") if _THOUSANDS.fullmatch(token) else token.replace(",", ".")
    return token.rstrip("0").rstrip(".") if token.count(".") == 1 and ":" not in token else token


def _bigrams(run: str) -> Iterator[str]:
    if len(run) == 1:
        yield run
    for left, right in itertools.pairwise(run):
        yield left + right


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    words = [match.span() for match in _SPACED_WORD.finditer(text, start, end)]
    step = _RUN_CUT if len(words) > _LONGEST_RUN else _LONGEST_RUN
    for first in range(0, len(words), step):
        left, right = words[first][0], words[min(first + step, len(words)) - 1][1]
        for cut in range(left, right, _LONGEST_SENTENCE):
            yield cut, min(cut + _LONGEST_SENTENCE, right)
