"""The figures of a comparison in words, the same on screen, in reports and in a terminal."""

from collections.abc import Callable
from typing import Protocol

from pipeline.calibration.bounds import Interval
from pipeline.results.compare_runs import Figure, Measure
from pipeline.text.wording import MISSING, milliseconds, score, share, signed, usd


class Spender(Protocol):
    """A run, or whatever else has spent money."""

    @property
    def simulated(self) -> bool:
        """Whether nobody was paid."""


TITLES: dict[Measure, str] = {
    "score": "Mean score",
    "local_share": "Local share",
    "cost_micros": "Cost per persona",
    "answer_ms": "Answer time per persona",
}

MEANINGS: dict[Measure, str] = {
    "score": "Overall score of the delivered texts, 0 to 1.",
    "local_share": "Personas that are delivered with the text of their local draft.",
    "cost_micros": "What was spent on the delivered personas, failed attempts included. Money that all drafts cost "
    "together is in the run's spending.",
    "answer_ms": "Time that models took to answer about a persona, all attempts together. Drafting is left out where "
    "one of the runs was given its drafts.",
}

HOW = (
    "Differences are from A, each with its own 95 % interval: it would hold the true difference in 95 of 100 such "
    "comparisons. Where it holds 0 there is no clear difference; that is not proof that there is none, and among many "
    "intervals some miss by chance."
)
"""What to know before the intervals are read."""


def figure_value(figure: Figure, run: Spender) -> str:
    """The value itself: `0.86`, `40 % · 4 of 10`, `$0.0076 (simulated)`, `1.5 s`."""
    if figure.value is None:
        return MISSING
    match figure.measure:
        case "score":
            return score(figure.value)
        case "local_share":
            return share(round(figure.value * figure.n), figure.n)
        case "cost_micros":
            return usd(round(figure.value), run.simulated)
        case "answer_ms":
            return milliseconds(figure.value)


def figure_difference(figure: Figure, run: Spender) -> str:
    """The difference with its interval: `+0.04 [−0.01 to +0.09]`; empty where there is none."""
    return difference_words(figure.measure, figure.difference, run) if figure.difference else ""


def difference_words(measure: Measure, found: Interval, run: Spender) -> str:
    """A difference with its interval: `−20 [−50 to +14] points`."""
    say, mark = _SAID[measure], " (simulated)" if run.simulated else ""
    unit = {"local_share": " points", "cost_micros": mark}.get(measure, "")
    return f"{say(found.value)} [{say(found.low)} to {say(found.high)}]{unit}"


def figure_basis(figure: Figure) -> str:
    """What the difference rests on, or why there is none; empty for the run that the others differ from."""
    if figure.why_not:
        return figure.why_not
    if figure.difference is None:
        return ""
    return f"same {figure.pairs} drafts" if figure.paired else f"n = {figure.n}, other drafts"


def _signed_points(value: float) -> str:
    points = round(value * 100)
    return f"{'+' if points > 0 else '−' if points else ''}{abs(points)}"


def _signed_usd(value: float) -> str:
    return f"+{usd(round(value))}" if round(value) > 0 else usd(round(value))


def _signed_time(value: float) -> str:
    size = milliseconds(abs(value))
    return f"{'−' if value < 0 else '+'}{size}" if round(value) else size


_SAID: dict[Measure, Callable[[float], str]] = {
    "score": signed,
    "local_share": _signed_points,
    "cost_micros": _signed_usd,
    "answer_ms": _signed_time,
}
