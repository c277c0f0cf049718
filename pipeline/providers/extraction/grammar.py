"""English grammar rules that turn first-person speech into third-person sentences.

Contractions are written out, a verb gets its third-person form, first-person pronouns become third-person
ones. Where a sentence is beyond these rules the answer is `None`: a claim left out is better than a broken
one. Verbs and their forms come from the lemminflect dictionary, read at first use (0.3 s); it ignores
the sentence, so a word that can be a noun and a verb is both.
"""

import re
from functools import lru_cache

from pipeline.text.tokens import STOP_WORDS

_HAS_AFTER = (
    "(?:just |not |never |always |only |already |probably )?"
    "(?:been|got|gone|had|done|become|taken|come|made|given|started|stopped|worked|run|learned|failed|lied|dropped)"
)
_IS_AFTER = (
    "too|so|not|never|always|already|still|a|the|off|on|down|up|back|going|getting|doing|coming|working|running|trying|"
    "being|asking|locked|stuck|broken|dead|shut|closed|finished"
)
_ADJECTIVE = "good|bad|cold|warm|hot|open|empty|full|free|late|ready|low|high|quiet|busy|right|wrong|asleep|awake|away"
_NOUN_AFTER = r"(?:a|an|the|my|our|no|some|any|two|three|four|five|six|ten|one|\d+)\b"
_EXPANSIONS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), full)
    for pattern, full in (
        (r"\b(i)'m\b", r"\1 am"),
        (r"\b(i|you|we|they)'ve\b", r"\1 have"),
        (r"\b(would|could|should|might|must)'ve\b", r"\1 have"),
        (r"\b(you|we|they)'re\b", r"\1 are"),
        (r"\b(\w+)'ll\b", r"\1 will"),
        (r"\bcan't\b", "cannot"),
        (r"\bwon't\b", "will not"),
        (r"\bshan't\b", "shall not"),
        (r"\bain't\b", "is not"),
        (r"\b(\w+)n't\b", r"\1 not"),
        (rf"\b(it|that|he|she|there|what|who|where|nobody|somebody|everybody|one)'s (?={_HAS_AFTER})\b", r"\1 has "),
        (r"\b(it|that|he|she|there|what|who|where|how|here|nobody|somebody|everybody|everything|one)'s\b", r"\1 is"),
        (r"\b(problem|trouble|thing|difficulty)'s (?=that\b)", r"\1 is "),
        (r"\b(\w+)'s (?=(?:been|gone|got|had|failed)\b)", r"\1 has "),
        (rf"\b(\w+)'s (?=(?:{_IS_AFTER})\b)", r"\1 is "),
        (rf"\b(\w+)'s (?=(?:{_ADJECTIVE})(?:$|[,.]| (?:and|or|for|at|in|on|when|enough)\b))", r"\1 is "),
        (rf"\b(i|you|he|she|it|we|they)'d (?={_NOUN_AFTER})", r"\1 had "),
        (r"\blet's\b", "let us"),
        (r"'?\bcause\b(?= (?:i|it|he|she|we|they|you|the|that|there)\b)", "because"),
        (r"\bgonna\b", "going to"),
        (r"\bwanna\b", "want to"),
        (r"\bgotta\b", "have to"),
    )
)
_MAY_EXPAND = re.compile(r"'|\b(?:gonna|wanna|gotta|cause)\b", re.IGNORECASE)
_WOULD_OR_HAD = re.compile(
    r"\b(I|you|he|she|it|we|they|that|there|who)'d\b( (?:\w+ly|just|never|always|only|still))? (\w+)"
)

_MODALS = frozenset(("can", "could", "will", "would", "must", "should", "shall", "might", "may", "cannot", "ought"))
_BASE_IS_PAST = frozenset(
    ("put", "set", "let", "cut", "shut", "hit", "read", "cost", "quit", "hurt", "spread", "split")
)
_PAST_SIGNS = re.compile(
    r"\b(?:was|were|had|did|ago|yesterday|last (?:week|month|year|winter|night)|in (?:19|20)\d\d)\b"
)
_ADVERBS = frozenset(
    """always never just only still usually often sometimes also even probably mostly normally rarely hardly seldom ever
    actually really quite rather then not almost already simply soon now nearly once both all""".split()  # noqa: SIM905
)
_PRONOUNS = {
    "i": "they", "we": "they", "me": "them", "us": "them", "my": "their", "our": "their", "mine": "theirs",
    "ours": "theirs", "myself": "themselves", "ourselves": "themselves", "your": "their", "yours": "theirs",
    "yourself": "themselves", "yourselves": "themselves",
}  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_QUOTED = re.compile(r"[\"“][^\"”]*[\"”]")

_NOT_IN_THE_DICTIONARY = frozenset(
    """two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
    nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand first second third unless beside nor
    against without whenever wherever whatever anything nothing everything anybody everybody nobody somebody anyone
    everyone someone ourselves yourselves cannot not no never toward till per app apps website websites webpage tv
    offline wifi podcast podcasts smartphone smartphones screenshot screenshots login logins blog blogs gps pdf csv tech
    dropdown onboarding sustainability analytics online upload uploads chatbot chatbots dashboard dashboards backup
    username spreadsheet workflow workflows freelancer coworking stats rota rotas wellbeing
    api apis audiobook audiobooks autocomplete autofill backend barcode barista biometrics bluetooth captcha cashback
    codebase contactless dataset datasets ebook ebooks flatmate flatmates fridge fridges frontend github gp hashtag
    hoover hotspot inbox iphone javascript lab labs meds multitask nhs passcode paywall pdfs playlist playlists popup
    popups selfie signup sql stakeholder stakeholders tab tabs takeaway teatime telly touchscreen uninstall unsubscribe
    url urls usb vlog webcam widget widgets""".split()  # noqa: SIM905
)
"""Words of everyday English that the dictionary of 2008 lacks."""

COMMON_VERBS = frozenset(
    """look go have get put sit turn press check write read come try make take run set keep open close shut walk watch
    drive ring call phone text print compare copy""".split()  # noqa: SIM905
)
"""Verbs of everyday routines that are verbs even where they could be nouns."""


def expand(text: str) -> str:
    """Write contractions out: `can't` is `cannot`, `it's gone` is `it has gone`."""
    if not _MAY_EXPAND.search(text):
        return text
    for pattern, full in _EXPANSIONS:
        text = pattern.sub(full, text)
    return _WOULD_OR_HAD.sub(_would_or_had, text)


def third_person(clause: str) -> str | None:
    """Rewrite a first-person clause in the third person, without the subject when the speaker is the subject.

    `I check my app before I get up` gives `checks their app before they get up`.

    Args:
        clause: one cleaned clause without contractions.

    Returns:
        The clause, or `None` when the result would be wrong or ambiguous: the verb is unknown, or the clause
        already has another `they`.
    """
    words = clause.split()
    if not words or words[0].lower() not in ("i", "we"):
        return pronouns(clause)
    at = 1
    while at < len(words) - 1 and _is_adverb(words[at]):
        at += 1
    if at >= len(words) - 1:
        return None
    if words[at] == "do" and words[at + 1] != "not":
        follows = next((word for word in words[at + 1 :] if not _is_adverb(word)), "")
        if is_base(follows):
            del words[at]  # `I do read it`: the stress does not outlive the voice
            return third_person(" ".join(words))
    verb = _conjugate(words[at].rstrip(","), clause)
    if verb is None:
        return None
    tail = words[at][len(words[at].rstrip(",")) :]
    helps = verb == "is" or (verb in ("has", "does") and (words[at + 1] == "not" or is_participle(words[at + 1])))
    rest = words[at + 1 :]
    if verb != words[at]:
        rest = _conjugate_conjuncts(rest, bare=not helps)
    spoken = pronouns(" ".join(rest))
    if spoken and rest[0] in ("I", "We"):
        spoken = f"{spoken[0].lower()}{spoken[1:]}"
    return None if spoken is None else " ".join([*words[1:at], verb + tail, spoken]).strip()


def pronouns(text: str) -> str | None:
    """Rewrite first- and second-person pronouns as third-person ones with their verbs; quoted words stay.

    Returns:
        The text, or `None` when it already has another `they`, which would be ambiguous.
    """
    spans = [match.span() for match in _QUOTED.finditer(text)]
    words = [match for match in _WORD.finditer(text) if not any(a <= match.start() < b for a, b in spans)]
    lower = [match.group().lower() for match in words]
    addressed = any(word.startswith("you") and word != "young" for word in lower)
    own = any(word in _PRONOUNS and not word.startswith("you") for word in lower)
    others = any(word in ("they", "them", "their") for word in lower)
    if (own and addressed) or (others and (own or addressed)):
        return None
    parts, end = [], 0
    for index, match in enumerate(words):
        parts += [text[end : match.start()], _replacement(lower, index, match.group())]
        end = match.end()
    return "".join([*parts, text[end:]])


def _would_or_had(match: re.Match[str]) -> str:
    subject, adverb, verb = match.group(1), match.group(2) or "", match.group(3)
    had = (
        verb == "better"
        or not (is_verb(verb) or adverb)
        or (is_participle(verb) and not (is_base(verb) and verb not in ("had", "become", "come")))
    )
    return f"{subject} {'had' if had else 'would'}{adverb} {verb}"


def _is_adverb(word: str) -> bool:
    return word.lower() in _ADVERBS or (word.endswith("ly") and not is_base(word))


def _conjugate(verb: str, clause: str) -> str | None:
    """Return the third-person singular of a verb after `they` or `I`; `None` when it is no verb."""
    if verb in ("am", "are", "have", "do"):
        return {"am": "is", "are": "is", "have": "has", "do": "does"}[verb]
    if verb in ("was", "were"):
        return "was"
    if verb in _MODALS or verb in ("had", "did", "used"):
        return verb
    if verb in _BASE_IS_PAST:
        told = _PAST_SIGNS.search(clause) or any(
            # `a little bit` is no story of biting.
            is_past(word) and not is_base(word) and word != "bit"
            for word in clause.split()
        )
        return verb if told else present(verb)
    if is_past(verb):
        return verb
    return present(verb) if is_base(verb) else None


def _conjugate_conjuncts(words: list[str], bare: bool) -> list[str]:
    """Conjugate verbs joined by `and`, `or`, `but`, `then` to a present-tense verb in the same form.

    Args:
        words: what follows the first verb.
        bare: whether joined verbs without a subject of their own may be changed too.
    """
    done: list[str] = []
    at = 0
    while at < len(words):
        word, left = words[at], words[at - 1].rstrip(",") if at else ""
        if left in ("and", "but", "or", "then") and word in ("I", "we") and at + 1 < len(words):
            verb = None if _is_subordinate(words[:at]) else _conjugate(words[at + 1], " ".join(words))
            if verb is not None and verb not in _MODALS:
                done.append(verb)
                at += 2
                continue
        elif bare and (left in ("and", "or", "then") or _lists_verbs(words, at)) and _joins(words, at):
            word = present(word)
        bare = bare and word not in ("to", *_MODALS)
        done.append(word)
        at += 1
    return done


def _joins(words: list[str], at: int) -> bool:
    """Return whether the word after a conjunction is a verb of the same subject and not a noun of a list."""
    word = words[at]
    if not word.islower() or not is_base(word) or word in _ADVERBS or _earlier_subject(words[:at]):
        return False
    follows = words[at + 1] if at + 1 < len(words) else ""
    object_follows = follows in ("it", "the", "a", "my", "them", "him", "her", "that", "on", "off", "up", "down", "to")
    return word in COMMON_VERBS or not is_noun(word) or (object_follows and follows not in ("on", "up", "down", "to"))


def _is_subordinate(words: list[str]) -> bool:
    """Return whether a clause such as `because …` has begun, to which a joined `and I …` then belongs."""
    return any(word in ("because", "when", "if", "while", "that", "so", "since", "until", "unless") for word in words)


def _lists_verbs(words: list[str], at: int) -> bool:
    """Return whether a verb follows a comma, as in `shuts the doors, rings her sister and goes to bed`."""
    return at > 0 and words[at - 1].endswith(",") and words[at] in COMMON_VERBS


def _earlier_subject(words: list[str]) -> bool:
    """Return whether another clause began since the first verb, so that a later verb is not the speaker's."""
    return any(word.rstrip(",") in ("I", "we", "you", "he", "she", "they", "that", "which", "who") for word in words)


def _replacement(lower: list[str], index: int, word: str) -> str:
    plain = lower[index]
    before = lower[index - 1] if index else ""
    of_speaker = before in ("i", "we", "you") or _after_adverb(lower, index)
    if plain in ("am", "was") and of_speaker:
        return "are" if plain == "am" else "were"
    if plain == "you":
        swapped = "they" if _is_subject(lower, index) else "them"
    elif plain == "me" and lower[index + 1 : index + 2] == ["own"]:
        swapped = "their"
    elif plain in _PRONOUNS:
        swapped = _PRONOUNS[plain]
    else:
        return word
    return swapped.capitalize() if index == 0 and word[0].isupper() else swapped


def _after_adverb(lower: list[str], index: int) -> bool:
    return index >= 2 and lower[index - 1] in _ADVERBS and lower[index - 2] in ("i", "we")


def _is_subject(lower: list[str], index: int) -> bool:
    after = next((word for word in lower[index + 1 :] if word not in _ADVERBS), "")
    if after in ("to", "in", "on", "at", "for", "with", "the", "a", "an", "that", "when", "if", "and", "or"):
        return False
    return after in _MODALS or after in ("are", "were", "have", "had", "do", "did") or is_base(after) or is_past(after)


def load_dictionaries() -> None:
    """Read the dictionaries of word forms, which otherwise the first look-up does: half a second of processor time."""
    is_past("went")


@lru_cache(maxsize=1 << 14)
def is_base(word: str) -> bool:
    """Return whether a word can be the plain form of a verb."""
    word = word.lower()
    return word in COMMON_VERBS or word in _lemmas(word)


@lru_cache(maxsize=1 << 14)
def is_verb(word: str) -> bool:
    """Return whether a word is any form of a verb."""
    return bool(_lemmas(word.lower()))


@lru_cache(maxsize=1 << 14)
def is_past(word: str) -> bool:
    """Return whether a word can be the past form of a verb."""
    return _is_form(word.lower(), "VBD")


@lru_cache(maxsize=1 << 14)
def is_participle(word: str) -> bool:
    """Return whether a word can be the past participle of a verb."""
    return _is_form(word.lower(), "VBN")


@lru_cache(maxsize=1 << 14)
def present(verb: str) -> str:
    """Return the third-person form of a plain verb: `check` gives `checks`, `have` gives `has`."""
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
    """Return whether a word can be a noun."""
    from lemminflect import getAllLemmas

    return "NOUN" in getAllLemmas(word)


@lru_cache(maxsize=1 << 14)
def is_word(word: str) -> bool:
    """Return whether the dictionary has a word, or it is one that it lacks: a number, a particle, a newer word."""
    from lemminflect import getAllLemmas

    word = word.lower()
    return word in STOP_WORDS or word in _NOT_IN_THE_DICTIONARY or bool(getAllLemmas(word))
