"""What the chosen attempts add up to: six figures, real and simulated money apart."""

from collections.abc import Sequence

import streamlit as st

from pages.parts import figures
from pipeline.domain.calls import CallTotals, Latency
from pipeline.domain.run import Stage
from pipeline.text.wording import MISSING, count, escape_markdown, milliseconds, usd

STAGES: dict[Stage, str] = {
    "draft": "drafting",
    "embed": "embedding",
    "judge": "judging",
    "count": "counting tokens",
    "refine": "refining",
}


def show(total: CallTotals, latencies: Sequence[Latency]) -> None:
    with st.grid(3, min_column_width=190, gap="small"):
        figures.tile("Attempts", f"{total.attempts:,}", _ends(total), "Every request to a model, repeated ones too.")
        figures.tile(
            f"Settled{_mark(total)}",
            usd(total.simulated_settled_micros if _is_simulated(total) else total.settled_micros),
            _beside(total, total.simulated_settled_micros, count(total.paid, "paid attempt")),
            "What the attempts cost that have ended. A lost one is charged at its reservation.",
        )
        figures.tile(
            f"Reserved{_mark(total)}",
            usd(total.simulated_reserved_micros if _is_simulated(total) else total.reserved_micros),
            _beside(total, total.simulated_reserved_micros, f"{total.in_flight or 'none'} waiting"),
            "Worst case of the attempts that wait for an answer.",
        )
        figures.tile(
            "Tokens in", f"{total.input_tokens:,}", f"{total.cached_tokens or 'none'} of them from a cache", _TOKENS
        )
        figures.tile("Tokens out", f"{total.output_tokens:,}", "hidden reasoning included", _TOKENS)
        _latency(latencies)
    spent = [
        usd(micros, simulated)
        for micros, simulated in ((total.elsewhere_micros, False), (total.simulated_elsewhere_micros, True))
        if micros
    ]
    if spent:
        st.caption(
            escape_markdown(
                f"{' and '.join(spent)} of imported runs is not in these amounts: it was spent where they were made. "
                "Their attempts and tokens are counted."
            )
        )


_TOKENS = "As the providers report them; estimated where they report none. builtin uses none."


def _ends(total: CallTotals) -> str:
    ends = {
        "answered": total.answered,
        "unusable": total.unusable,
        "failed": total.failed,
        "lost": total.lost,
        "waiting": total.in_flight,
    }
    return " · ".join(f"{number:,} {word}" for word, number in ends.items() if number) or "none fits"


def _is_simulated(total: CallTotals) -> bool:
    return total.has_simulated and not total.has_real


def _mark(total: CallTotals) -> str:
    return " (simulated)" if _is_simulated(total) else ""


def _beside(total: CallTotals, simulated_micros: int, note: str) -> str:
    """The small print of an amount: what is simulated stands beside real money, never in it."""
    both = total.has_real and simulated_micros
    return f"and {usd(simulated_micros, simulated=True)} · {note}" if both else note


def _latency(latencies: Sequence[Latency]) -> None:
    """Refining first: the stages have other models and other times, so they are not mixed."""
    told = [
        f"{STAGES[latency.stage]} {milliseconds(latency.median_ms)}, p95 {milliseconds(latency.p95_ms)}, "
        f"n = {latency.n:,}"
        for latency in latencies[::-1]
    ]
    figures.tile(
        "Median latency",
        milliseconds(latencies[-1].median_ms) if latencies else MISSING,
        " · ".join(told) or "no attempt has ended",
        "From sending to the answer or the error, per stage. 95 % took no longer than p95.",
    )
