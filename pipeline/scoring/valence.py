"""Detect complaint or praise in an English statement: words of trouble and of liking, turned around by a negation."""

from pipeline.text.tokens import NEGATIONS, stem, words_of

_REACH = 5
"""Words after a negation that it turns around."""
_SHORT_REACH = 3

_TROUBLE = words_of(
    """trouble issue problem difficulty difficult worry complaint complain hassle wrong bad fault fail failure error
    mistake hate dislike fear afraid scare scared frighten annoy annoying annoyed frustrate frustrated frustrating
    confuse confused confusing confusion slow slowly late delay delayed wait lose lost loss break broke broken crash
    stuck hard expensive overpay waste wasted lack miss missing forget forgot struggle stress
    tired exhausted exhausting pain hurt noise noisy useless unclear unsure uncertain unreliable unfair
    impossible unable stop refuse block lock locked hidden hide ignore ignored interrupt panic scold nightmare nuisance
    mess ugly angry upset sad lonely guilty ashamed embarrassed burden risk danger dangerous damage leak fall drop
    expire overwrite mislead wary doubt distrust mistrust suffer shame guess jargon blame dread queue only too few
    fewer despite alone outage fee nobody twice worse worst"""
)
_LIKING = words_of(
    """love enjoy appreciate happy glad pleased satisfied delighted brilliant great excellent perfect wonderful
    fantastic amazing helpful useful friendly patient clear simple easy easily quick quickly fast smoothly fine
    nice pleasant comfortable convenient reliable grateful thankful impressed well good better best like fun
    straightforward quiet"""
)
_TROUBLED = frozenset(map(stem, _TROUBLE)) - {""} | {"too", "only", "few", "nobody"}
_LIKED = frozenset(map(stem, _LIKING)) - {""} | {"like", "likes", "well"}
_TURNS = NEGATIONS | words_of("without few little nobody nothing hardly rarely seldom")
_DEGREES = words_of("too only few fewer")
_TURNED_BACK = words_of("but though although unless except until however yet")


def praises(words: list[str]) -> bool:
    """Return whether a statement says only good of something, or that there is no trouble; neither is no praise.

    Args:
        words: its tokens in lower case.
    """
    good = bad = left = 0
    for at, word in enumerate(words):
        if word in _TURNED_BACK:
            left = 0
        if word in _TURNS or word.endswith("n't") or word == "not":
            # A negation with nothing of either kind after it is a lack.
            left = _SHORT_REACH if word == "without" else _REACH
            bad += not _is_turned(words, at)
            continue
        troubled, liked = _is(word, _TROUBLED), _is(word, _LIKED)
        if word in _DEGREES:
            bad += not left or word == "only"
            troubled = False
        bad += (troubled and not left) or (liked and left > 0)
        good += (liked and not left) or (troubled and left > 0)
        left = max(left - 1, 0)
    return good > 0 and bad == 0


def is_trouble(word: str) -> bool:
    """Return whether a word names a trouble: `miss`, `fails`, `late`."""
    return _is(word, _TROUBLED)


def _is_turned(words: list[str], at: int) -> bool:
    after = words[at + 1 : at + 1 + _REACH]
    return any(_is(word, _TROUBLED) or _is(word, _LIKED) for word in after if word not in _DEGREES)


def _is(word: str, known: frozenset[str]) -> bool:
    return word in known or stem(word) in known
