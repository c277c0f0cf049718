"""Words, stems, numbers and sentences of a text, for scoring, evidence, drafting and clustering.

Pure functions on strings, no model, no state but a cache of stems. Every function takes any string, however
long or strange, and runs in time linear in its length. Sentences are cut by position, so that what is shown
as evidence stands in the source letter by letter; only tokens are normalised, and number words become digits.

Four lists of English words go with it: fillers and stop words, which carry no claim; negations, which turn one around;
and generic words, with which anything can be retold. Whether a study contains "explains" or "various" says nothing
about whether a claim is true, so generic words weigh less than the others.
"""

import itertools
import re
import threading
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

import snowballstemmer

_SCRIPTS = (
    ("russian", re.compile("[Ѐ-ӿ]")),
    ("arabic", re.compile("[؀-ۿ]")),
    ("greek", re.compile("[Ͱ-Ͽ]")),
    ("hindi", re.compile("[ऀ-ॿ]")),
    ("cjk", re.compile("[぀-ヿ㐀-䶿一-鿿가-힣\u0e00-\u0e7f]")),
)
_UNSPACED = "぀-ヿ㐀-䶿一-鿿가-힣\u0e00-\u0e7f"
_TOKEN = re.compile(
    rf"(?P<number>\d+(?:[.,:]\d+)*(?:(?:st|nd|rd|th)\b)?)|(?P<unspaced>[{_UNSPACED}]+)"
    rf"|(?P<word>(?:(?![{_UNSPACED}])[^\W\d_]|[\u0300-\u036f\u064b-\u0652\u0900-\u0dff])+\d*"
    rf"(?:'(?:(?![{_UNSPACED}])[^\W\d_])+)*)"
)
_APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ`´", "'"))
_MARK = re.compile(r"\[[A-Za-z][^\[\]\n]{0,30}\]")
_SPEECH = re.compile(r"\b(?:you know|i mean|sort of|kind of)\b")
_VULGAR = re.compile(r"(?<=\d)(?=[¼-¾⅐-⅞])")
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

ONES = tuple(
    re.findall(
        r"\w+",
        """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
        seventeen eighteen nineteen""",
    )
)
"""In order, so that a word's place is its value."""
TENS = tuple(re.findall(r"\w+", "twenty thirty forty fifty sixty seventy eighty ninety"))

_SMALL = {word: value for value, word in enumerate(ONES)} | {word: 10 * value for value, word in enumerate(TENS, 2)}
_LARGE = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_ORDINALS = {
    word: value
    for value, word in enumerate(
        re.findall(
            r"\w+",
            """third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth
            sixteenth seventeenth eighteenth nineteenth""",
        ),
        3,
    )
} | {word.removesuffix("y") + "ieth": 10 * value for value, word in enumerate(TENS, 2)}
"""`first` and `second` stay words alone: they are adverbs and moments more often than numbers. The others are written
like the numbers they count to, because `July 25` and `the 25th of July` are one day."""
_LAST_ORDINALS = _ORDINALS | {"first": 1, "second": 2}
_PARTS = {"half": 2, "quarter": 4} | {word: value for word, value in _ORDINALS.items() if value <= 10}
_MANY_PARTS = {f"{word}s": value for word, value in _PARTS.items() if word != "half"}
_OF_A_WHOLE = frozenset(re.findall(r"\w+", "of the a an my our your his her its their as more less to and or than"))
"""Words after `a third` that make it a part; before any other word it is the one after the second."""
_CENTURIES = {"eighteen": 1800, "nineteen": 1900}
_JOINING = {"to", "or"}
_STARTS = (
    _SMALL.keys() - {"one"}
    | _LARGE.keys()
    | _ORDINALS.keys()
    | _PARTS.keys()
    | _MANY_PARTS.keys()
    | {"hundred", "point"}
)
_FIRST_WORDS = _SMALL.keys() | _LARGE.keys() | _ORDINALS.keys() | {"hundred", "half", "a"}
"""Words that begin a number; digits do too."""

_DIGIT = re.compile(r"\d")
_DIGITS = re.compile(r"\d{1,15}(?:\.\d{1,6})?", re.ASCII)
SPLIT_DECIMAL = re.compile(
    r"(?:(?<=[\w,;] )|(?<=[£$€¥(]))\d{1,3}\. \d{1,2}(?![\w.,:/])|(?m:^)\d{1,3}\. \d{1,2}(?= ?(?:%|per ?cent|\Z))"
)
"""`98. 7`, as PDF files and speech-to-text write it; a number that begins a line may count the lines."""
_FRACTION = re.compile(r"(?<![\d.,:/⁄])(?:(\d{1,3}) )?(\d{1,2})[/⁄](\d{1,3})(?![\d/⁄.,])")
_BY_SPACES = re.compile(r"(?<![\d.,:'/])(?<!\d )\d{1,3}(?: \d{3})++(?!['\d])(?! \d)")
_BY_COMMAS = re.compile(r"(?<![\d.,:])(?<!\d, )\d{1,3}(?:, \d{3})++(?!\d)(?!,? (?:and |or )?\d| ?%| per ?cent)")
_BY_APOSTROPHES = re.compile(r"(?<![\d.,:'])\d{1,3}(?:'\d{3})++(?!['\d])")
_SCALED = re.compile(
    r"(?:(?P<sign>[£$€¥]) ?|(?<![\w.,:]))(?:(?P<low>\d{1,4}(?:[.,]\d{1,3})?) ?(?:-|–|—|to) ?[£$€¥]?)?"
    r"(?P<number>\d{1,4}(?:[.,]\d{1,3})?)(?P<gap> ?)(?P<scale>k|mn|bn|m|b)(?![\w'])"
)
_SCALES = {"k": 10**3, "m": 10**6, "mn": 10**6, "b": 10**9, "bn": 10**9}
_ENGLISH_GROUPS = re.compile(r"\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d+)?")
_GERMAN_GROUPS = re.compile(r"\d{1,3}(?:\.\d{3})+,\d+|\d{1,3}(?:\.\d{3}){2,}")


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


def words_of(listed: str) -> frozenset[str]:
    """A set of words written as one string with spaces."""
    return frozenset(listed.split())


FILLERS = words_of("um uh er erm eh ah hm hmm mm mhm oh yeah yep okay ok basically literally")
"""Hesitations that a quote may drop without being wrong."""

NEGATIONS = words_of("not no never none nobody nothing nowhere neither nor without cannot hardly barely")
"""Kept as content words: dropping them would make a claim and its opposite the same."""

STOP_WORDS = words_of(
    """a about above after again all also although am an and another any are as at be became because been before
    being below between both but by came can come could did do does doing done down during each either else etc even
    ever every few for from further get gets getting go goes going gone got had has have having he her here hers
    herself him himself his how however i if in into is it its itself just kind less let lot lots made make makes
    making many may me might more most much must my myself now of off often on once one ones only onto or other
    others our ours ourselves out over own perhaps put quite rather really said same say says she should since so
    some something sort still such take takes taking than that the their theirs them themselves then there these
    they thing things this those though through thus to too towards under until up upon us very via was we well were
    what when where whether which while who whom whose why will with within would yes yet you your yours yourself
    actually like maybe mean gonna wanna gotta
    """
)
"""English words that carry no claim of their own; fillers such as `like` and `actually` included."""

FUNCTION_WORDS: dict[str, frozenset[str]] = {
    language: words_of(words)
    for language, words in {
        "german": """der die das und ist nicht ich zu den mit ein eine einen sich auf für von dem dass es wir sie auch
            aber wenn mir mich war habe hat wird oder wie man noch schon bei so im am als an aus nach""",
        "french": """le la les des est et je ne pas que qui une un pour dans ce il elle nous vous sur avec mais plus du
            au aux mon ma mes c'est j'ai on sont se son sa ses comme ou par""",
        "spanish": """el la los las de que y en un una por con no se es lo para mi me pero como más su al del le cuando
            muy yo está son ya o si sin""",
        "italian": """il la le gli di che e è un una per con non mi si sono ho ma come più del della nel anche al lo
            ha io questo da quando se""",
        "portuguese": """o a os as de que e em um uma por com não se é para mas como mais eu meu minha do da no na ao
            muito está ou já quando""",
        "dutch": """de het een en is niet ik van dat op te in met voor zijn maar om ook aan er je als bij dan wel
            naar mijn was heb we ze nog""",
        "swedish": "och att det är jag inte en ett som på för med av har men om så vi den till kan när min mitt",
        "danish": "og at det er jeg ikke en et som på for med af har men om så vi den til kan når min mit",
        "norwegian": "og at det er jeg ikke en et som på for med av har men om så vi den til kan når min mitt",
        "finnish": "ja on ei että se en minä mutta kun oli niin olen ole mitä tai jos minun",
        "polish": "i w nie się na jest że do to z jak ale mam mnie po co tak za od dla już mi",
        "turkish": "ve bir bu için çok de da ama ne ben daha gibi kadar var yok değil",
    }.items()
}
"""The commonest words of other languages, by Snowball's name: to recognise a language and to leave out."""

FOREIGN_NEGATIONS = words_of("nicht kein keine nie ne pas jamais no nunca sin non mai não niet geen inte ikke ei")
"""Function words of other languages that are kept, because they turn a statement around."""

GENERIC = frozenset(
    map(
        stem,
        words_of(
            """
    accord achieve across act active actual add addition address affect agree aim allow already alternative
    always announce annoyed answer apart appear apply appreciate approach appropriate area arise around arrange
    ask aspect aspire assist associate assure attempt attend attention available average aware away back bad
    base basic become begin behavior behaviour belief believe benefit best better big both break brief bring
    broad build busy call capable care carefully carry case cause certain challenge change check choice choose
    claim clear close collect combine comment common communicate complete complex compose comprise concern
    conclude conduct confirm connect consequence consider consist constant contact contain context continue
    contribute control conversation converse convey correct cover create currently customer day deal decide
    decision define deliver demand depend describe design desire despite detail determine develop difference
    different difficult directly discover discuss display driven due effect effective effort elaborate eliminate
    emphasize enable encounter encourage end engage enjoy enough ensure entire especially essential establish
    estimate evaluate eventually everyone evident exact examine example excellent except exchange exist expect
    experience explain explore express extend extra face fact fail fairly familiar favor favour feature feel few
    final find fine first focus follow force form former forward free frequent friendly frustrated frustration
    full fun function further future gain general generally generate give goal good great group grow guarantee
    hand handle happen help highlight hold hope huge idea identify immediate impact important improve include
    increase indicate individual inform initial inquire inquiry intend interest introduce invite involve issue
    item job join keen keep key kind know lack large last late later lead learn leave left less let level likely
    limit line list listen live local long look lose lot main maintain major make manage matter maybe meet
    member mention minor miss moment month motivated move must name nature near necessary need new next nice
    normal note notice number obtain obvious occasion occur offer often old open opinion opportunity option
    order organize outcome outline overall own part particular party pass pay people perfect perform person
    personal persons place plan play please plenty point popular position positive possible potential prefer
    preference present pretty prevent previous primary prior prioritize priority problem process produce product
    promise promote propose prospective provide purchase purpose pursue question quick range reach ready real
    realize reason receive recent recognize recommend reduce refer regard regular regularly relevant rely remain
    remark remember remind remove reply report represent request require respond response rest result return
    reveal right role run same satisfy save scene seek seem select sense serve service set several share short
    show significant similar simple simply situation small solution solve sometimes speak special specific spend
    stand start state stay step stick still stop strong struggle subject subsequent succeed suggest suitable
    support sure surprise take talk task tell tend term thank think thought thus time today together tool top
    topic total toward tried true trust try turn type typical typically understand unique unsure use user usual
    usually utilize value variety various view visit wait want way week well whole wide willing wish wonder word
    work world worried worry worth write year
    """
        ),
    )
)


def tokens(text: str) -> list[str]:
    """Every word and number in order, lower case, in one normal form.

    Curly apostrophes, full-width letters and composed accents are unified (NFKC), marks such as
    `[inaudible]` are dropped, `1,000` and `1 000` are `1000`, `4.90` is `4.9` and `£4.1m` `4100000`. Scripts
    without spaces give character bigrams. An empty text gives an empty list.
    """
    return list(_cached_tokens(text)) if len(text) <= _WORTH_KEEPING else _read_tokens(text)


@lru_cache(maxsize=1 << 14)
def _cached_tokens(text: str) -> tuple[str, ...]:
    """A claim is looked at by several rules one after the other."""
    return tuple(_read_tokens(text))


def _read_tokens(text: str) -> list[str]:
    # In normal form 3½ would be thirty-one halves.
    apart = _VULGAR.sub(" ", text)
    plain = join_digits(_MARK.sub(" ", unicodedata.normalize("NFKC", apart).translate(_APOSTROPHES)).lower())
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
    """Return the content stems of an English text: see `content`."""
    return list(_cached_stems(text)) if len(text) <= _WORTH_KEEPING else content(tokens(text))


@lru_cache(maxsize=1 << 14)
def _cached_stems(text: str) -> tuple[str, ...]:
    """Every draft of a study reads the same sentences."""
    return tuple(content(tokens(text)))


def content(words: list[str], language: str = "english") -> list[str]:
    """Return the content of a text: its tokens as stems, without stop words and fillers, negations kept, in order.

    English number words become numbers (`forty-one` is `41`, `a third` `0.333`), every English negation `not`.

    Args:
        words: the tokens of any text.
        language: a Snowball language as `language_of` names it; one that Snowball lacks leaves words whole.
    """
    if language == "english":
        words = fold_numbers(words)
    stemmed = (stem(word, language) for word in words)
    return [word for word in stemmed if word]


def without_fillers(words: list[str]) -> list[str]:
    """The same tokens without hesitations, for comparing what was said with how it is quoted."""
    plain = _SPEECH.sub(" ", " ".join(words)).split()
    return [word for word in plain if word not in FILLERS]


def is_number(token: str) -> bool:
    """Return whether a token or stem is a number."""
    return token[:1].isdigit()


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Start and end of every sentence in the text, without the white space around it.

    A sentence ends at `.`, `!`, `?` before white space, at their full-width forms and at a newline, but not
    inside a number that a space has split (`98. 7`). A run of more than 60 words is cut every 40, so that no
    sentence is too long to be shown as evidence.
    """
    spans: list[tuple[int, int]] = []
    start = 0
    inside = {match.start() + match.group().index(".") for match in SPLIT_DECIMAL.finditer(text)}
    for match in _END.finditer(text):
        if match.start() in inside:
            continue
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


def _number(token: str) -> str:
    token = "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in token)
    return plain_number(token)


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


def join_digits(text: str) -> str:
    """A text with the parts of each number together: `1 000 000`, `235, 000`, `98. 7`, `£4.1m`, `3 1/2`.

    Args:
        text: in lower case and normal form.
    """
    if not _DIGIT.search(text):
        return text
    text = _FRACTION.sub(_as_decimal, text)
    text = SPLIT_DECIMAL.sub(lambda found: found.group().replace(" ", ""), text)
    text = _BY_SPACES.sub(lambda found: found.group().replace(" ", ""), text)
    text = _BY_APOSTROPHES.sub(lambda found: found.group().replace("'", ""), text)
    text = _BY_COMMAS.sub(_without_commas, text)
    return _SCALED.sub(_scaled, text)


def plain_number(digits: str) -> str:
    """Digits with separators in one form: `1,000` is `1000`, `2,50` is `2.5`, `1.000.000` is `1000000`.

    Times stay as they are; an ordinal is its number, but `1st` and `2nd` are the words `first` and `second`.
    """
    if digits[-1].isalpha():
        return {"1st": "first", "2nd": "second"}.get(digits) or plain_number(digits[:-2])
    if _ENGLISH_GROUPS.fullmatch(digits):
        digits = digits.replace(",", "")
    elif _GERMAN_GROUPS.fullmatch(digits):
        digits = digits.replace(".", "")
    digits = digits.replace(",", ".")
    return digits.rstrip("0").rstrip(".") if digits.count(".") == 1 and ":" not in digits else digits


def fold_numbers(words: list[str]) -> list[str]:
    """English number words as digits: `two hundred and ten` is `210`, `two and a half` `2.5`, `a third` `0.333`.

    A lone `one` stays a word: it is a pronoun more often than a number. Folding twice changes nothing.
    """
    if _STARTS.isdisjoint(words):
        return words
    folded: list[str] = []
    position = 0
    while position < len(words):
        word = words[position]
        found = _number_at(words, position) if word in _FIRST_WORDS or word[:1].isdigit() else None
        if found is None:
            folded.append(word)
            position += 1
        else:
            _scale_range(folded, found)
            folded.append(found.text)
            position = found.end
    return folded


class _Number(NamedTuple):
    text: str
    end: int
    """One past its last word."""
    scale: int = 1
    """Factor that its last word multiplied it by."""


def _number_at(words: list[str], start: int) -> _Number | None:
    """The number that begins at a word; `None` when none begins there, or only a pronoun."""
    word = words[start]
    part = _part_at(words, start)
    if part:
        value, end, scale = _scaled_up(words, Decimal(part.text), part.end)
        return _Number(_written(value), end, scale)
    if word in _ORDINALS:
        value, end = Decimal(_ORDINALS[word]), start + 1
    elif word in _SMALL or word == "hundred":
        value, end = _spoken(words, start)
    elif _DIGITS.fullmatch(word):
        value, end = Decimal(word), start + 1
    elif word in _LARGE and words[max(start - 1, 0) : start] == ["a"]:
        value, end = Decimal(1), start
    else:
        return None
    if end == start and word not in _LARGE:
        return None
    if end < len(words) and words[end] in _LAST_ORDINALS and word in _SMALL and value % 10 == 0 and value:
        last = _LAST_ORDINALS[words[end]]
        if last < 10:
            value, end = value + last, end + 1
    value, end, scale = _grown(words, value, end)
    lone = end - start == 1 and (word == "one" or word[0].isdigit())
    return None if lone else _Number(_written(value), end, scale)


def _grown(words: list[str], value: Decimal, end: int) -> tuple[Decimal, int, int]:
    """A number with what follows it: `point five`, `and a half`, `thousand`."""
    value, end = _with_decimals(words, value, end)
    if words[end : end + 1] == ["and"] and words[end + 1 : end + 2] not in ([], ["half"]):
        part = _part_at(words, end + 1, closed=False)
        if part and Decimal(part.text) < 1 and value == int(value):
            value, end = value + Decimal(part.text), part.end
    return _scaled_up(words, value, end)


def _scaled_up(words: list[str], value: Decimal, end: int) -> tuple[Decimal, int, int]:
    """A number with the words that multiply it: `two million`."""
    scale = 1
    while end < len(words) and words[end] in _LARGE:
        scale, end = min(scale * _LARGE[words[end]], _LARGE["trillion"]), end + 1
    return value * scale, end, scale


def _spoken(words: list[str], start: int) -> tuple[Decimal, int]:
    """The whole number that some words begin with, and where it ends; it ends at `start` when there is none."""
    total, current, position = 0, 0, start
    if words[start] in _CENTURIES and _SMALL.get("".join(words[start + 1 : start + 2]), 0) >= 10:
        current, position = _CENTURIES[words[start]], start + 1
    elif words[start : start + 2] == ["twenty", "twenty"]:
        current, position = 2000, start + 1
    while position < len(words):
        word = words[position]
        if word in _SMALL and _fits(current, _SMALL[word]):
            current += _SMALL[word]
        elif word == "hundred" and (0 < current < 20 or words[start - 1 : position] == ["a"]):
            current = max(current, 1) * 100
        elif word in _LARGE and current > 0 and (total or _goes_on(words, position)) and not total % _LARGE[word]:
            if total and total < _LARGE[word]:
                break
            total, current = total + current * _LARGE[word], 0
        elif word != "and" or total + current < 100 or not _SMALL.keys() & words[position + 1 : position + 2]:
            break
        position += 1
    return Decimal(total + current), position


def _goes_on(words: list[str], position: int) -> bool:
    """Return whether a number continues after `thousand`: the last word of one multiplies all before it."""
    after = words[position + 1 : position + 2] + words[position + 2 : position + 3]
    return bool(after) and (after[0] in _SMALL or (after[0] == "and" and after[1:2] != [] and after[1] in _SMALL))


def _part_at(words: list[str], start: int, closed: bool = True) -> _Number | None:
    """Parse a fraction: `a third`, `two thirds`, `half of`; the word after `a third` decides whether it is one.

    Args:
        words: of a text.
        start: where it begins.
        closed: whether the word after it is checked; `three and a half` needs none.
    """
    first, after = words[start], words[start + 1 : start + 2]
    if first == "half" and (after in (["a"], ["an"]) or (after and after[0] in _OF_A_WHOLE)) and "past" not in after:
        scaled = words[start + 1 : start + 2] == ["a"] and words[start + 2 : start + 3]
        if scaled and scaled[0] in _LARGE:
            return _Number(_written(Decimal(_LARGE[scaled[0]]) / 2), start + 3)
        return _Number("0.5", start + 1)
    count = 1 if first in ("a", "one") else _SMALL.get(first, 0)
    if not after or not count:
        return None
    if count == 1 and after[0] in _PARTS:
        follows = words[start + 2 : start + 3]
        if closed and follows and follows[0] not in _OF_A_WHOLE:
            return None
        return _Number(_written(Decimal(1) / _PARTS[after[0]]), start + 2)
    if 1 < count < 10 and after[0] in _MANY_PARTS and count < _MANY_PARTS[after[0]]:
        return _Number(_written(Decimal(count) / _MANY_PARTS[after[0]]), start + 2)
    return None


def _fits(current: int, value: int) -> bool:
    """Return whether `thirty` may be followed by `four`, or `two hundred` by `ten`, in one number."""
    return current % 100 == 0 or (current % 100 >= 20 and current % 10 == 0 and 0 < value < 10)


def _with_decimals(words: list[str], value: Decimal, position: int) -> tuple[Decimal, int]:
    digits = []
    if words[position : position + 1] == ["point"]:
        for word in words[position + 1 : position + 5]:
            if _SMALL.get(word, 10) > 9:
                break
            digits.append(str(_SMALL[word]))
    if not digits or value != int(value):
        return value, position
    return value + Decimal(f"0.{''.join(digits)}"), position + 1 + len(digits)


def _scale_range(folded: list[str], found: _Number) -> None:
    """Give the low end of `two to three million` the scale of its high end."""
    at = len(folded) - 1
    if found.scale == 1 or at < 0:
        return
    if folded[at] in _JOINING or (folded[at] == "and" and at >= 2 and folded[at - 2] == "between"):
        at -= 1
    if at >= 0 and _DIGITS.fullmatch(folded[at]) and Decimal(folded[at]) * found.scale < Decimal(found.text):
        folded[at] = _written(Decimal(folded[at]) * found.scale)


def _written(value: Decimal) -> str:
    text = f"{value.quantize(Decimal('0.001')):f}" if value != int(value) else f"{int(value)}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _as_decimal(found: re.Match[str]) -> str:
    whole, above, below = (int(part or 0) for part in found.groups())
    if not 0 < above < below:
        return found.group()
    return _written(Decimal(whole) + Decimal(above) / below)


def _without_commas(found: re.Match[str]) -> str:
    groups = found.group().split(", ")
    # `120, 130, 140` lists three numbers.
    return "".join(groups) if len(groups) == 2 or "000" in groups else found.group()


def _scaled(found: re.Match[str]) -> str:
    scale = found["scale"]
    if scale in ("m", "b") and not found["sign"]:
        return found.group()  # 5 m may be metres
    if scale == "k" and found["gap"] and not found["sign"]:
        return found.group()
    parts = [part for part in (found["low"], found["number"]) if part]
    return " ".join(_written(Decimal(part.replace(",", ".")) * _SCALES[scale]) for part in parts)
