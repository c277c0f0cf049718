"""Compare: what changed between these runs, and was it worth it?

The address names the runs: `?runs=a,b`, or `?comparison=…` for a saved comparison, whose title and note come first.
Charts show scores overlaid and run by run, the mix, and money on one axis.
"""

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any, get_args

import streamlit as st

from app import main
from pages.parts import compare_figures, compare_personas, compare_saved, experiment, figures, share, ui
from pages.parts.questionnaire import compare_perceptions
from pages.parts.remarks import show_comments
from pages.parts.ui import cached
from pipeline.domain.comparison import FEWEST, MOST, Comparison
from pipeline.domain.remarks import Subject
from pipeline.domain.run import RunRecord
from pipeline.results.charts.comparison import Texts, cost_lines, mix_rows, score_overlay, score_rows
from pipeline.results.charts.style import ChartView, MovingView
from pipeline.store.run_list import RunName
from pipeline.text.wording import count, escape_markdown, label, score

_QUESTION = "What changed between these runs, and was it worth it?"

_OFFERED = 100
"""Number of newest runs offered; older ones are found on Runs."""


def page() -> None:
    """Show the comparison of the address, or offer runs to compare."""
    ui.header("Compare", _QUESTION)
    saved = compare_saved.comparison_of_address()
    asked = asked_runs(saved)
    runs = load_runs(asked)
    gone = [run_id for run_id in asked if run_id not in {run.id for run in runs}]
    if gone:
        ui.problem(f"{', '.join(label(run_id) for run_id in gone)}: not in this database, or deleted.")
    if not FEWEST <= len(runs) <= MOST:
        _nothing_to_compare(len(runs))
        return
    if saved:
        _what_to_know(saved)
    with st.container(horizontal=True, gap="small"):
        with st.container(width="content"):  # a fragment alone would take the whole line
            run_chooser(runs)
        compare_saved.save_form(runs, saved)
        compare_saved.link_of_comparison(runs, saved)
        with st.popover("Export", icon=":material/download:"):
            share.comparison_exports(runs, saved)
        experiment.experiment_link([run.id for run in runs])
    _compared(runs, saved)
    compare_perceptions(runs)
    if saved:
        show_comments(Subject("comparison", saved.id))


def _nothing_to_compare(given: int) -> None:
    with st.container(border=True):
        if given > MOST:
            st.markdown(f"**{given} runs are too many to read side by side.** Choose {FEWEST} to {MOST} of them.")
        else:
            st.markdown(
                f"**Choose {FEWEST} to {MOST} runs.** You will see here how they differ, and whether it is "
                "more than chance."
            )
        run_choice([])
        st.page_link(ui.RUNS, label="Or mark them in the list of runs", icon=":material/list_alt:")
    compare_saved.list_saved()


def _what_to_know(saved: Comparison) -> None:
    st.header(escape_markdown(label(saved.title, 200)), anchor=False)
    if paragraphs := [escape_markdown(line) for line in saved.note.split("\n") if line.strip()]:
        st.markdown("\n\n".join(paragraphs), width=720)


def _compared(runs: Sequence[RunRecord], saved: Comparison | None) -> None:
    compare_figures.runs_in_brief(runs, saved.annotations if saved else {})
    compare_figures.what_differs(runs)
    compare_figures.differences(runs)
    comparison_charts(runs)
    if any(run.personas for run in runs):
        compare_personas.show_persona_pairs(runs)
    else:
        st.info(f"None of these {count(len(runs), 'run')} has a persona yet.", icon=":material/inbox:")


def asked_runs(saved: Comparison | None) -> list[str]:
    """Return the run ids of the address, else those of the saved comparison; each once."""
    given = [run_id for part in st.query_params.get_all("runs") for run_id in part.replace(",", " ").split()]
    return list(dict.fromkeys(given or (saved.run_ids if saved else ())))


def load_runs(run_ids: Sequence[str]) -> list[RunRecord]:
    """Load the runs in this order, without missing ones. Ended runs are cached."""
    if len(run_ids) > MOST:
        run_ids = run_ids[: MOST + 1]
    store = ui.services().store
    return [ui.record(run) for run in store.listed_runs(run_ids)]


@st.fragment
def run_chooser(runs: Sequence[RunRecord]) -> None:
    """Draw the choice of other runs, filled when opened."""
    with st.popover("Change runs", icon=":material/edit:", on_change="rerun", key="change runs") as change:
        if change.open:
            run_choice(runs)


def run_choice(chosen: Sequence[RunRecord]) -> None:
    """Draw a form with the runs to compare; the first one is the baseline."""
    names = {run.id: _run_name(run, run.threshold) for run in ui.services().store.run_names(_OFFERED)}
    names |= {run.id: _run_name(run, run.config.quality_threshold) for run in chosen if run.id not in names}
    alike = Counter(names.values())
    names = {run_id: f"{name} · {label(run_id)}" if alike[name] > 1 else name for run_id, name in names.items()}
    if len(names) < FEWEST:
        st.caption(f"There {'is one run' if names else 'is no run yet'}, and a comparison needs {FEWEST}.")
        st.page_link(ui.CONFIGURE, label="Configure a run", icon=":material/tune:")
        return
    with st.form("runs to compare", border=False):
        ids = st.multiselect(
            "Runs, the baseline first",
            list(names),
            [run.id for run in chosen],
            format_func=names.__getitem__,
            max_selections=MOST,
            key=f"compared {' '.join(run.id for run in chosen)}",
        )
        if st.form_submit_button("Compare", type="primary"):
            if len(ids) < FEWEST:
                st.caption(f"Choose at least {FEWEST}.")
            else:
                st.query_params.from_dict({"runs": ",".join(ids)})
                st.rerun()


def _run_name(run: RunName | RunRecord, threshold: float) -> str:
    return f"{label(run.name, 50)} · {score(threshold)} · {ui.when(run.created_at)}"


def comparison_charts(runs: Sequence[RunRecord]) -> None:
    """Show four charts in two columns, or one where the page is narrow."""
    _score_charts(runs)
    with st.grid(2, min_column_width=380, gap="small"):
        with st.container(border=True, height="stretch"):
            mix = figures.cached_chart("mix", runs, partial(mix_rows, runs))
            _chart("Local and frontier", runs, mix.view, "mix", mix.spec)
        with st.container(border=True, height="stretch"):
            _cost_chart(runs)


@st.fragment
def _score_charts(runs: Sequence[RunRecord]) -> None:
    slot = st.container()
    texts = st.segmented_control(
        "Scores of",
        get_args(Texts),
        default="delivered texts",
        required=True,
        key="texts",
        bind="query-params",
        label_visibility="collapsed",
    )
    dark = figures.is_dark()
    with slot, st.grid(2, min_column_width=380, gap="small"):
        for name, draw in {"scores overlaid": score_overlay, "scores run by run": score_rows}.items():
            view = cached(f"{name} {texts} {dark}", runs, partial(draw, runs, texts, dark=dark))
            with st.container(border=True, height="stretch"):
                _chart(name.capitalize(), runs, view, name)


@st.fragment
def _cost_chart(runs: Sequence[RunRecord]) -> None:
    slot = st.container()
    by = figures.cost_over()
    with slot:
        lines = figures.cached_chart(f"cost {by}", runs, partial(cost_lines, runs, by))
        _chart("Cumulative cost", runs, lines.view, "cost", lines.spec)


def _chart(
    topic: str,
    runs: Sequence[RunRecord],
    view: ChartView | MovingView,
    name: str,
    spec: dict[str, Any] | None = None,
) -> None:
    simulated = all(run.simulated for run in runs)  # else each row of the data marks its own run
    figures.chart(topic, view, name, file="comparison", simulated=simulated, on_demand=True, spec=spec)


ui.show_page(page, main)
