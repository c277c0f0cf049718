"""What became of the kept drafts: how many stayed local, how many the frontier wrote, how many went wrong?"""

import altair as alt
import pandas as pd

from pipeline.domain.run import RunRecord
from pipeline.results import tables
from pipeline.results.charts import style
from pipeline.results.charts.style import ChartView
from pipeline.text.wording import count

_NARROW = 350
"""Pixels that the narrowest page leaves to the bar; what is written into it must fit there."""


def outcome_bar(run: RunRecord) -> ChartView:
    """One horizontal bar of the finished personas, a part per outcome: local first, failures last."""
    table = tables.outcome_mix(run)
    if table.empty:
        return style.nothing("No persona has an outcome yet", table)
    total = int(table["personas"].sum())
    parts = ", ".join(f"{number} {words}" for words, number in zip(table["words"], table["personas"], strict=True))
    title = f"{count(total, 'persona')}: {parts}"
    words = f"One bar, divided by outcome, n = {total}. {title}."
    frame = _placed(table, total)
    return ChartView(
        style.finish([_bar(frame, total), _labels(frame)], 170, words), title, words, table, f"n = {total}"
    )


def _placed(table: pd.DataFrame, total: int) -> pd.DataFrame:
    """The mix with the extent of each part (start, end, middle), its legend, and what is written into it."""
    end = table["personas"].cumsum()
    pairs = list(zip(table["words"], table["personas"], strict=True))
    return table.assign(
        start=end - table["personas"],
        end=end,
        middle=end - table["personas"] / 2,
        low=0.0,
        high=1.0,
        legend=[f"{words} · {number}" for words, number in pairs],
        inside=[_inside(words, number, total) for words, number in pairs],
        ink=table["outcome"].map(style.ink_on),
    )


def _inside(words: str, number: int, total: int) -> str:
    """What fits into a part of the bar on a narrow page: words and number, the number, or nothing."""
    room, both = _NARROW * number / total, f"{words} {number}"
    if room >= 8 * len(both):
        return both
    return str(number) if room >= 10 * len(str(number)) else ""


def _bar(frame: pd.DataFrame, total: int) -> alt.Chart:
    chart: alt.Chart = (
        alt.Chart(frame)
        .mark_rect(strokeWidth=1.5)
        .encode(
            alt.X("start:Q", title=f"Personas (n = {total})", scale=style.unit(total), axis=style.whole_numbers(total)),
            alt.X2("end:Q"),
            alt.Y("low:Q", axis=None, scale=alt.Scale(domain=[-0.1, 1.1], nice=False)),
            alt.Y2("high:Q"),
            *style.outcome_colours(dict(zip(frame["outcome"], frame["legend"], strict=True)), "legend"),
            tooltip=[
                alt.Tooltip("words:N", title="Outcome"),
                alt.Tooltip("personas:Q", title="Personas"),
                alt.Tooltip("share:Q", title="Share", format=".0%"),
                alt.Tooltip("meaning:N", title="Meaning"),
            ],
        )
    )
    return chart


def _labels(frame: pd.DataFrame) -> alt.Chart:
    marked = alt.Chart(frame).mark_text(fontSize=style.TEXT + 1, fontWeight="bold")
    place = (alt.X("middle:Q"), alt.YDatum(0.5))
    labels: alt.Chart = marked.encode(*place, alt.Text("inside:N"), alt.Color("ink:N", scale=None))
    return labels
