"""Which words are verbs and what their forms are, from the lemminflect dictionary.

The dictionary is read at first use (0.3 s); it knows nothing of the sentence, so a word that can be a noun
and a verb is both.
"""

from functools import lru_cache

COMMON_VERBS = frozenset(
    """look go have get put sit turn press check write read come try make take run set keep open close shut walk watch
    drive ring call phone text print compare copy""".split()  # noqa: SIM905
)
"""Verbs of everyday routines that are verbs even where they could be nouns."""


def opens_with_verb(text: str) -> bool:
    """Whether a text without subject begins with a plain verb: `Log the cycles` does, `Range on` does not."""
    first, _, rest = text.lower().partition(" ")
    if not is_base(first) or not rest:
        return False
    return (
        first in COMMON_VERBS
        or not is_noun(first)
        or rest.startswith(("the ", "my ", "our ", "a ", "it ", "them ", "one "))
    )


@lru_cache(maxsize=1 << 14)
def is_base(word: str) -> bool:
    """Whether a word can be the plain form of a verb."""
    word = word.lower()
    return word in COMMON_VERBS or word in _lemmas(word)


@lru_cache(maxsize=1 << 14)
def is_verb(word: str) -> bool:
    """Whether a word is any form of a verb."""
    return bool(_lemmas(word.lower()))


@lru_cache(maxsize=1 << 14)
def is_past(word: str) -> bool:
    """Whether a word can be the past form of a verb."""
    return _is_form(word.lower(), "VBD")


@lru_cache(maxsize=1 << 14)
def is_participle(word: str) -> bool:
    """Whether a word can be the past participle of a verb."""
    return _is_form(word.lower(), "VBN")


@lru_cache(maxsize=1 << 14)
def present(verb: str) -> str:
    """The third-person form of a plain verb: `check` gives `checks`, `have` gives `has`."""
    from lemminflect import getInflection

    if verb in ("am", "are", "be"):
        return "is"
    return str(getInflection(verb, "VBZ")[0])


def _is_form(word: str, tag: str) -> bool:
    from lemminflect import getInflection

    return any(word in getInflection(lemma, tag) for lemma in _lemmas(word))


@lru_cache(maxsize=1 << 14)
def _lemmas(word: str) -> tuple[str, ...]:
    from lemminflect import getAllLemmas

    found = getAllLemmas(word)
    return (*found.get("VERB", ()), *found.get("AUX", ()))


@lru_cache(maxsize=1 << 14)
def is_noun(word: str) -> bool:
    """Whether a word can be a noun."""
    from lemminflect import getAllLemmas

    return "NOUN" in getAllLemmas(word)
