"""Compare: what changed between these runs, and was it worth it?

The address holds what is compared: `?runs=a,b` or `?comparison=…` for a saved one. Somebody who opens such a link
reads the title and the note first.
"""

from collections.abc import Sequence

import streamlit as st

from pages import _compare_charts, _compare_runs
from pages.parts import compare_figures, compare_personas, compare_saved, experiment, share, ui
from pipeline.domain.comparison import FEWEST, MOST, Comparison
from pipeline.domain.run import RunRecord
from pipeline.text.wording import count, escape_markdown, label

_QUESTION = "What changed between these runs, and was it worth it?"


def page() -> None:
    """The comparison of the address, or what there is to compare."""
    ui.header("Compare", _QUESTION)
    saved = compare_saved.of_the_address()
    asked = _compare_runs.asked(saved)
    runs = _compare_runs.load(asked)
    gone = [run_id for run_id in asked if run_id not in {run.id for run in runs}]
    if gone:
        ui.problem(f"{', '.join(label(run_id) for run_id in gone)}: not in this database, or deleted meanwhile.")
    if not FEWEST <= len(runs) <= MOST:
        _nothing_to_compare(len(runs))
        return
    if saved:
        _what_to_know(saved)
    with st.container(horizontal=True, gap="small"):
        with st.container(width="content"):  # a fragment alone would take the whole line
            _compare_runs.chooser(runs)
        compare_saved.save_form(runs, saved)
        compare_saved.link(runs, saved)
        with st.popover("Export", icon=":material/download:"):
            share.comparison_exports(runs, saved)
        experiment.link([run.id for run in runs])
    _compared(runs, saved)


def _nothing_to_compare(given: int) -> None:
    with st.container(border=True):
        if given > MOST:
            st.markdown(f"**{given} runs are too many to be read side by side.** Choose {FEWEST} to {MOST} of them.")
        else:
            st.markdown(
                f"**Choose {FEWEST} to {MOST} runs.** What differs between them will be here, and whether it is "
                "more than chance."
            )
        _compare_runs.choice([])
        st.page_link(ui.RUNS, label="Or mark them in the list of runs", icon=":material/list_alt:")
    compare_saved.saved_ones()


def _what_to_know(saved: Comparison) -> None:
    st.header(escape_markdown(label(saved.title, 200)), anchor=False)
    if paragraphs := [escape_markdown(line) for line in saved.note.split("\n") if line.strip()]:
        st.markdown("\n\n".join(paragraphs), width=720)


def _compared(runs: Sequence[RunRecord], saved: Comparison | None) -> None:
    compare_figures.runs_in_brief(runs, saved.annotations if saved else {})
    compare_figures.what_differs(runs)
    compare_figures.differences(runs)
    _compare_charts.show(runs)
    if any(run.personas for run in runs):
        compare_personas.show(runs)
    else:
        st.info(f"None of these {count(len(runs), 'run')} has a persona yet.", icon=":material/inbox:")


ui.show(page)
