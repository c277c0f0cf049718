"""The compared runs in brief, their different settings, and the differences of their results.

All of it as text and tables, so that it can be read aloud, copied and printed.
"""

from collections.abc import Mapping, Sequence

import streamlit as st

from pages.parts import ui
from pages.parts.table import markdown_table
from pipeline.domain.comparison import LETTERS
from pipeline.domain.run import RunRecord
from pipeline.results.compare_runs import (
    HOW,
    MEANINGS,
    TITLES,
    ComparedFigure,
    Setting,
    cautions,
    compared_figures,
    figure_basis,
    figure_difference,
    figure_value,
    settings_of,
)
from pipeline.results.figures import run_figures
from pipeline.text.wording import MISSING, count, duration, escape_markdown, label, usd

_NO_BREAK = "\u00a0"

_CELL = 48
"""Characters of a setting that fit into a table on a narrow page."""


def runs_in_brief(runs: Sequence[RunRecord], annotations: Mapping[str, str]) -> None:
    """Show a card per run: its letter, its name as a link, its facts and its annotation."""
    with st.grid(min(len(runs), 4), min_column_width=220, gap="small"):
        for letter, run in zip(LETTERS, runs, strict=False):
            with st.container(border=True, height="stretch", gap="xxsmall"):
                _run_in_brief(letter, run, annotations.get(run.id, ""))


def _run_in_brief(letter: str, run: RunRecord, annotation: str) -> None:
    name = escape_markdown(label(run.name))
    st.page_link(ui.RESULTS, label=f"**{letter}** · {name}", query_params={"run": run.id})
    status = run.shown_status
    color, icon = ui.STATUS[status]
    badges = [f":{color}-badge[{icon} {escape_markdown(status)}]"] if status != "completed" else []
    badges += [":violet-badge[:material/science: simulated]"] if run.simulated else []
    summed = run_figures(run)
    facts = [
        label(run.study_name, 40),
        count(summed.personas, "persona"),
        f"{usd(summed.spent_micros)} spent",
        *([f"took {duration(summed.seconds)}"] if summed.seconds is not None else []),
        ui.when(run.created_at),
    ]
    lines = [" ".join([*badges, f":small[:gray[{escape_markdown(' · '.join(facts))}]]"])]
    lines += [f"*{escape_markdown(label(annotation, 300))}*"] if annotation else []
    st.markdown("\n\n".join(lines))


def what_differs(runs: Sequence[RunRecord]) -> None:
    """Show the settings that differ, with the others in an expander. Reasons against comparing come first."""
    for sentence in cautions(runs):
        st.warning(escape_markdown(sentence), icon=":material/warning:")
    settings = settings_of(runs)
    differing = [setting for setting in settings if setting.differs]
    st.header("What differs", anchor=False)
    if differing:
        _settings_table(differing, LETTERS[: len(runs)])
    else:
        st.markdown("Nothing: these runs have the same settings on the same study.")
    same = [setting for setting in settings if not setting.differs]
    with st.expander(
        f"{count(len(same), 'setting')} they have in common", on_change="rerun", key="in common"
    ) as opened:
        if opened.open:
            _settings_table([setting.model_copy(update={"values": setting.values[:1]}) for setting in same], ("all",))


def _settings_table(settings: Sequence[Setting], columns: Sequence[str]) -> None:
    rows = [[setting.name.replace("_", " "), *setting.values] for setting in settings]
    cells = [[escape_markdown(label(cell, _CELL)) for cell in row] for row in rows]
    st.markdown(markdown_table(["Setting", *columns], cells))


def differences(runs: Sequence[RunRecord]) -> None:
    """Show quality, local share, cost and time of every run, with the difference from the first one."""
    st.header("Results", anchor=False)
    letters = {run.id: (letter, run) for letter, run in zip(LETTERS, runs, strict=False)}
    found = ui.cached("figures", runs, lambda: compared_figures(runs))
    # In the heading where it holds for all runs, else beside each amount.
    all_simulated = all(run.simulated for run in runs)
    with st.grid(2, min_column_width=380, gap="small"):
        for measure, title in TITLES.items():
            with st.container(border=True, height="stretch", gap="xsmall"):
                mark = " (simulated)" if all_simulated and measure == "cost_micros" else ""
                st.markdown(f"**{title}{mark}**", help=MEANINGS[measure])
                own = [figure for figure in found if figure.measure == measure]
                rows = [_row(figure, *letters[figure.run_id], marked=not all_simulated) for figure in own]
                basis = f":small[:gray[{escape_markdown(_basis(own, letters))}]]"
                st.markdown(f"{markdown_table(['Run', 'Value', 'Against A'], rows)}\n\n{basis}")
    st.caption(HOW, width=720)


def _row(figure: ComparedFigure, letter: str, run: RunRecord, *, marked: bool) -> list[str]:
    difference = escape_markdown(figure_difference(figure, run, marked=marked))
    against = (
        f"**{escape_markdown(figure.word)}**  {difference}"
        if difference
        else ("baseline" if letter == "A" else MISSING)
    )
    value = escape_markdown(figure_value(figure, run, marked=marked))
    # Values stay on one line, except money that is marked as simulated, which is too long for it.
    return [
        f"**{escape_markdown(letter)}**",
        value if marked and figure.measure == "cost_micros" else value.replace(" ", _NO_BREAK),
        against,
    ]


def _basis(figures_of_runs: Sequence[ComparedFigure], letters: Mapping[str, tuple[str, RunRecord]]) -> str:
    """Describe the basis of the differences, grouping runs with the same basis."""
    letters_by_basis: dict[str, list[str]] = {}
    for figure in figures_of_runs[1:]:
        letters_by_basis.setdefault(figure_basis(figure), []).append(letters[figure.run_id][0])
    return "; ".join(f"{', '.join(named)}: {basis}" for basis, named in letters_by_basis.items())
