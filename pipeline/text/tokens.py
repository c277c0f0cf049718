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
from functools import lru_cache
from typing import Any

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
_LARGE = {"thousand": 1000, "million": 1_000_000}
_SPOKEN = frozenset((*_SMALL, "hundred")) - {"one"}


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


def fold_numbers(words: list[str]) -> list[str]:
    """English number words as digits: `two hundred and ten` is `210`, `two point five` is `2.5`.

    A lone `one` stays a word: it is a pronoun more often than a number.
    """
    if _SPOKEN.isdisjoint(words):
        return words
    folded: list[str] = []
    position = 0
    while position < len(words):
        begins = words[position] in _SMALL or words[position] == "hundred"
        value, end = _spoken_number(words, position) if begins else (None, position)
        if value is None or (end - position == 1 and words[position] == "one"):
            folded.append(words[position])
            position += 1
        else:
            folded.append(value)
            position = end
    return folded


def _spoken_number(words: list[str], start: int) -> tuple[str | None, int]:
    """The number that begins at a word, and where it ends; `None` when none begins there."""
    total, current, position = 0, 0, start
    while position < len(words):
        word = words[position]
        if word in _SMALL and _fits(current, _SMALL[word]):
            current += _SMALL[word]
        elif word == "hundred" and (0 < current < 10 or words[start - 1 : position] == ["a"]):
            current = max(current, 1) * 100
        elif word in _LARGE and current > 0 and total < _LARGE[word]:
            total, current = total + current * _LARGE[word], 0
        elif word != "and" or total + current < 100 or not _SMALL.keys() & words[position + 1 : position + 2]:
            break
        position += 1
    return _with_decimals(str(total + current), words, position) if position > start else (None, start)


def _fits(current: int, value: int) -> bool:
    """Whether `thirty` may be followed by `four`, or `two hundred` by `ten`, in one number."""
    return current % 100 == 0 or (current % 100 >= 20 and current % 10 == 0 and 0 < value < 10)


def _with_decimals(whole: str, words: list[str], position: int) -> tuple[str, int]:
    digits = []
    if words[position : position + 1] == ["point"]:
        for word in words[position + 1 : position + 5]:
            if _SMALL.get(word, 10) > 9:
                break
            digits.append(str(_SMALL[word]))
    return (f"{whole}.{''.join(digits)}", position + 1 + len(digits)) if digits else (whole, position)
