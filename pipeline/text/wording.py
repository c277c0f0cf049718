"""Format numbers, outcomes and untrusted text, the same on screen, in reports and in a terminal.

One function makes untrusted text safe for each kind of place: `escape_markdown` for everything that Streamlit reads as
Markdown (bodies, labels, helps, captions, toasts, titles, options of radio buttons, pills and segments), `label` for
plain text on one line (options of select boxes, placeholders, axes, legends and tooltips of charts), `file_name` for
downloads, `printable` for terminals. `tests/test_safe_text.py` finds calls that went past them.

Pure functions on plain values. A value that cannot be computed is a dash, never a zero.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from pipeline.domain.run import CallStatus, Outcome
from pipeline.domain.units import MICROS

_SCIENTIFIC_FROM = 1e15
"""Dollars from which on digits are no longer counted by anybody: `$1e+300`."""

_LONGEST_TAIL = 18
"""Characters kept at the end of a name that is cut: `0.70 · #12` and a year, or the ending of a file."""

MISSING = "–"
"""Stands for a value that cannot be computed."""

OUTCOME_WORDS: dict[Outcome, str] = {
    "kept_local": "kept local",
    "local_only": "local only",
    "refined": "refined",
    "refine_not_better": "draft was better",
    "budget_exhausted": "budget used up",
    "refine_unparsable": "answer unreadable",
    "refine_failed": "frontier error",
    "frontier_unavailable": "no frontier",
    "cancelled": "cancelled",
}
"""Two or three words per outcome, in the order in which charts and tables list them."""

CALL_WORDS: dict[CallStatus, str] = {
    "in_flight": "waiting",
    "ok": "answered",
    "truncated": "cut off",
    "refused": "refused",
    "unparsable": "unreadable",
    "failed": "failed",
    "lost": "lost",
}
"""One word or two per status of an attempt, in the order in which lists offer them."""

CALL_MEANING: dict[CallStatus, str] = {
    "in_flight": "Sent, and no answer yet. Its worst case is reserved.",
    "ok": "Answered, and the answer could be read.",
    "truncated": "The answer was cut off at its longest allowed length.",
    "refused": "The model declined to answer.",
    "unparsable": "An answer came, and it could not be read as a persona.",
    "failed": "The provider gave an error and charged nothing.",
    "lost": "Sent, and nobody knows what became of it: charged at its reservation.",
}
"""The status of an attempt explained, one sentence each."""

# Everything that Markdown, its tables, LaTeX or Streamlit's directives give a meaning to.
_MARKDOWN = re.compile(r"([!#$&()*+\-.:<=>\[\\\]^_`{|}~])")

# Emoji and icon names, addresses, e-mails, arrows and dashes are recognised after escapes have been resolved, so
# that only a character in between keeps them text: a word joiner has no width and allows no line break.
_LATE_MEANING = re.compile(
    r":(?=[\w+/-]+:)|(?<=http):(?=//)|(?<=https):(?=//)|(?<=www)(?=\.)|(?<=\S)(?=@\S)|(?<=[-<>~])(?=[-=>])", re.I
)
_JOINER = "\u2060"


# Overrides and isolates of the writing direction reach over the text that follows them. Right-to-left letters need
# none of them to be read.
_DIRECTION = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def clock(seconds: float | None) -> str | None:
    """A place in a recording: `00:12:31`; `None` where there is none."""
    if seconds is None:
        return None
    whole = int(seconds)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"


_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Controls of both sets, line separators, marks and commands of the writing direction."""


_NOT_IN_FILE_NAMES = re.compile(r"[^\w .()-]")


def usd(micros: int, simulated: bool = False) -> str:
    """Format money: three significant digits under a dollar (`$0.0201`), two decimals above (`$1,234.50`).

    Args:
        micros: amount in micro-USD.
        simulated: whether no money was paid; the amount is then labelled so.
    """
    sign, amount = ("−" if micros < 0 else ""), abs(micros) / MICROS
    if micros == 0:
        text = "0"
    elif amount >= _SCIENTIFIC_FROM:
        text = f"{amount:.3g}"
    elif amount >= 0.9995:
        text = f"{amount:,.2f}"
    else:
        text = f"{float(f'{amount:.3g}'):.6f}".rstrip("0").ljust(len("0.00"), "0")
    return f"{sign}${text}{' (simulated)' if simulated else ''}"


def score(value: float | None) -> str:
    """A score between 0 and 1 with two decimals; a dash when there is none."""
    return MISSING if value is None else f"{value:.2f}"


def signed(value: float) -> str:
    """A difference of scores with its sign and two decimals: `+0.15`, `−0.09`, `0.00`."""
    text = f"{abs(value):.2f}"
    return text if text == "0.00" else f"{'−' if value < 0 else '+'}{text}"


def percent(fraction: float) -> str:
    """A fraction as a whole per cent: `40 %`, `−12 %`."""
    whole = round(fraction * 100)
    return f"{'−' if whole < 0 else ''}{abs(whole)} %"


def percent_range(low: float, high: float) -> str:
    """Return an interval of fractions: `62 % to 95 %`; one number where both ends round to the same."""
    ends = dict.fromkeys((percent(low), percent(high)))
    return " to ".join(ends)


def share(part: int, whole: int) -> str:
    """A share with its counts: `40 % · 4 of 10`; a dash when there is nothing to share."""
    return f"{percent(part / whole)} · {part} of {whole}" if whole else MISSING


def duration(seconds: float) -> str:
    """A length of time: `0.4 s`, `12 s`, `1 min 12 s`, `2 h 5 min`. Zero parts are left out."""
    if seconds < 9.95:
        return f"{max(seconds, 0.0):.1f}".removesuffix(".0") + " s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    parts = (f"{hours} h", f"{minutes} min") if hours else (f"{minutes} min", f"{rest} s")
    return " ".join(part for part in parts if not part.startswith("0 "))


def milliseconds(time_ms: float) -> str:
    """The time a call took: `4 ms` under a second, `1.5 s` and more above; see `duration`."""
    return f"{time_ms:.0f} ms" if time_ms < 999.5 else duration(time_ms / 1000)


def count(number: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun: `1 persona`, `5 personas`, `1,200 segments`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def listed(words: Sequence[str]) -> str:
    """Words as they stand in a sentence: `P03`, `P03 and P07`, `P03, P07 and P12`; empty for none."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def label(text: str, longest: int = 60) -> str:
    """A name on one line that can stand beside other text, and is unable to turn its direction.

    A long one is cut in the middle, because names differ at their ends.

    Args:
        text: untrusted; still to be escaped where it meets Markdown.
        longest: characters; the rest becomes an ellipsis.
    """
    plain = " ".join(undirected(text).split())
    if len(plain) <= longest:
        return plain
    tail = min(longest // 3, _LONGEST_TAIL)
    return f"{plain[: longest - 1 - tail].rstrip()}…{plain[len(plain) - tail :].lstrip()}"


def passage(text: str, longest: int) -> str:
    """Words of a study on one line, unable to turn their direction; long ones are cut at their end.

    Args:
        text: untrusted; still to be escaped where it meets Markdown.
        longest: characters; the rest becomes an ellipsis.
    """
    plain = " ".join(undirected(text).split())
    return plain if len(plain) <= longest else f"{plain[: longest - 1].rstrip()}…"


def file_name(text: str) -> str:
    """A name for a download: letters, digits, spaces and `-_.()`, on every system a file in the folder of downloads.

    Args:
        text: untrusted, with the ending; cut in front of it after 120 characters. Empty names become `persona`.
    """
    stem, dot, ending = _NOT_IN_FILE_NAMES.sub("_", label(text, 2000)).lstrip(". ").rpartition(".")
    return f"{(stem or ending)[:120].rstrip(' .') or 'persona'}{dot and stem and '.'}{ending[:12] if stem else ''}"


def undirected(text: str) -> str:
    """Untrusted text without the invisible characters that change the direction of writing by command.

    Arabic and Hebrew need none of them: each letter has its own direction.
    """
    return _DIRECTION.sub("", text)


def printable(text: str) -> str:
    """Untrusted text as it may be written to a terminal: nothing in it moves the cursor or turns the writing.

    Line feeds and tabs stay. What is taken out is written as an escape, as JSON and Python write it, so that it can be
    seen; a JSON document with such escapes is the same document.
    """
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def escape_markdown(text: str) -> str:
    """Text of a file or a model, so that Streamlit's Markdown shows every character of it and does nothing.

    Escapes emphasis, links, images, headings, lists, tables, HTML, LaTeX, colour and badge directives, icons
    and emoji names, and keeps addresses from becoming links. White space, line breaks included, becomes single
    spaces, because indentation and empty lines mean something too.
    """
    guarded = _LATE_MEANING.sub(lambda found: f"{found.group()}{_JOINER}", " ".join(undirected(text).split()))
    return _MARKDOWN.sub(r"\\\1", guarded)


class Tile(NamedTuple):
    """One figure with its small print; plain text, to be escaped where it is shown."""

    label: str
    value: str
    note: str
    """Its n and interval, or the reason why there is none."""
    meaning: str = ""
    """Explanation of the figure, where the label is not enough."""
