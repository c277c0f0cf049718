"""Runs: which runs do I have?

Searching, sorting and paging are the database's; what is drawn is one page. The filters are in the address, and so is
what is chosen when another page leads here (`?chosen=a,b`). Marks hold on all pages of one selection.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

import streamlit as st

from pages import _access, _run_actions, _share, _ui
from pipeline.experiment import Experiment
from pipeline.models import RunStatus
from pipeline.run_choice import RUN_ORDERS, ListedRun, RunChoice, RunFacets, RunPage
from pipeline.words import MISSING, count, label, usd

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

_ROW_PX, _HEAD_PX = 36, 38
_PER_PAGE = 25
_SHOWN_KEY = "runs_shown"
"""Of the session: which selection was shown last."""
_MOST_DIGITS = 7
_MONEY = {"real": False, "simulated": True}


def page() -> None:
    """The chosen runs, a page at a time, and what can be done with those that are marked."""
    _ui.header("Runs", "Which runs do I have?")
    store = _ui.services().store
    if not _access.is_viewer():
        store.purge_removed(datetime.now(UTC))
        _run_actions.offer_undo(store.removed_runs())
    facets = store.run_facets()
    if not facets.statuses:
        _no_run_yet()
        return
    choice = _choice(facets)
    actions = st.container(horizontal=True, vertical_alignment="center", gap="small")
    found = store.run_page(choice)
    if not found.fitting:
        st.info(_nothing_fits(choice), icon=":material/search_off:")
        return
    if not found.runs:  # the page of the address is behind the last one
        found = store.run_page(choice := choice.model_copy(update={"page": 1}))
    chosen = _table(found, choice, store.experiments_of([run.id for run in found.runs]))
    _foot(found, choice, chosen)
    with actions:
        _run_actions.show(chosen)
        _share.importer()


def _no_run_yet() -> None:
    with st.container(border=True):
        st.markdown("**No run yet.** Every run will be listed here with its settings, its scores and its cost.")
        if _access.is_viewer():
            return
        st.page_link(
            _ui.CONFIGURE,
            label="Configure the first run",
            icon=":material/tune:",
            query_params=_ui.address(_ui.CONFIGURE),
        )
        _share.importer()


def _nothing_fits(choice: RunChoice) -> str:
    where = "No archived run fits" if choice.archived else "No run fits"
    return f"{where} this search. Take a word or a filter away."


# --- what is looked for ----------------------------------------------------------------------------


def _choice(facets: RunFacets) -> RunChoice:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        words = st.text_input(
            "Search",
            type="search",
            placeholder="Search name, study, model, tag …",
            live="200ms",
            key="search",
            bind="query-params",
            label_visibility="collapsed",
            width=320,
        )
        order = st.selectbox(
            "Sort",
            RUN_ORDERS,
            format_func="Sort: {}".format,
            key="sort",
            bind="query-params",
            label_visibility="collapsed",
            width=190,
        )
        with st.popover("Filter", icon=":material/filter_alt:"):
            choice = _filtered(facets)
    choice = choice.model_copy(update={"words": words or "", "order": order, "page_size": _PER_PAGE})
    return choice.model_copy(update={"page": _page(choice)})


def _filtered(facets: RunFacets) -> RunChoice:
    study = st.selectbox(
        "Study",
        list(facets.studies),
        index=None,
        placeholder="All studies",
        format_func=lambda study_id: label(facets.studies.get(study_id, study_id)),
        key="study_shown",
        bind="query-params",
    )
    model = st.selectbox("Model", facets.models, index=None, placeholder="All models", key="model", bind="query-params")
    statuses: Sequence[RunStatus] = st.pills(
        "Status", facets.statuses, selection_mode="multi", key="status", bind="query-params"
    )
    money = None
    if facets.has_simulated and facets.has_real:
        money = st.selectbox(
            "Money", list(_MONEY), index=None, placeholder="Real and simulated", key="money", bind="query-params"
        )
    since = st.date_input("Started from", None, key="since", bind="query-params")
    until = st.date_input("Started until", None, key="until", bind="query-params")
    archived = st.toggle(
        f"Archived runs ({facets.archived})", key="archived", bind="query-params", disabled=not facets.archived
    )
    return RunChoice(
        study_id=study,
        model=model,
        statuses=tuple(statuses),
        simulated=_MONEY[money] if money else None,
        since=_midnight(since),
        until=_midnight(until, days=1),
        archived=bool(archived and facets.archived),
    )


def _midnight(day: "date | None", days: int = 0) -> datetime | None:
    """When a day begins for the reader."""
    return datetime.combine(day + timedelta(days=days), time(), _ui.viewer_zone()) if day else None


def _page(choice: RunChoice) -> int:
    """The page that is shown: page 3 of another selection would be a page that nobody asked for."""
    key = _key("page", choice)
    if key in st.session_state:
        return int(st.session_state[key])
    asked = st.query_params.get("page", "") if st.session_state.get(_SHOWN_KEY, key) == key else ""
    return max(1, int(asked)) if asked.isdecimal() and len(asked) < _MOST_DIGITS else 1


def _key(what: str, choice: RunChoice) -> str:
    """The name of something that belongs to this selection, on all of its pages."""
    return f"{what} {hash(choice.model_copy(update={'page': 1}))}"


# --- the table -------------------------------------------------------------------------------------


def _table(found: RunPage, choice: RunChoice, experiments: Mapping[str, Experiment]) -> list[ListedRun]:
    """The table; returns the runs that are marked: first those on other pages, then those of this one."""
    key, here = _key("marks", choice), [run.id for run in found.runs]
    asked = st.query_params.get("chosen", "").split(",")
    marks: list[str] = st.session_state.get(key, [run_id for run_id in here if run_id in asked])
    state = st.dataframe(
        _rows(found.runs, experiments),
        height=_HEAD_PX + _ROW_PX * len(found.runs) + 2,
        row_height=_ROW_PX,
        hide_index=True,
        placeholder=MISSING,
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": [place for place, run_id in enumerate(here) if run_id in marks]}},
        # Another selection of runs is another table: a remembered row number would choose a stranger.
        key=f"runs {hash(tuple(here))}",
        column_config={
            "Run": st.column_config.TextColumn(width=200),
            "Status": st.column_config.TextColumn(width=95),
            "Draft scores": st.column_config.BarChartColumn(
                width=110, y_min=0, color="#0072B2", help="Scored drafts in 20 bins from 0 (left) to 1 (right)."
            ),
            "Mean score": st.column_config.NumberColumn(
                format="%.2f", width=85, help="Of the delivered personas; n is beside it."
            ),
            "n": st.column_config.NumberColumn(width=40, help="Delivered personas."),
            "Spent": st.column_config.TextColumn(width=140),
            "Threshold": st.column_config.NumberColumn(format="%.2f", width=75),
            "Started": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm", timezone=_ui.viewer_zone().key),
        },
        alt=f"Table of {count(len(found.runs), 'run')}, {choice.order} first.",
    )
    away = _ui.services().store.listed_runs([run_id for run_id in marks if run_id not in here])
    # What was archived or brought back from the archive is not in this list any more.
    chosen = [run for run in away if run.archived == choice.archived]
    chosen += [found.runs[row] for row in state["selection"]["rows"] if row < len(here)]
    st.session_state[key] = [run.id for run in chosen]
    return chosen


def _foot(found: RunPage, choice: RunChoice, chosen: Sequence[ListedRun]) -> None:
    pages = -(-found.fitting // choice.page_size)
    shown = (
        count(found.total, "run") if found.fitting == found.total else f"{found.fitting} of {count(found.total, 'run')}"
    )
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        elsewhere = len({run.id for run in chosen} - {run.id for run in found.runs})
        how = "Mark runs at the left of the table: one to open or change it, 2 to 8 to compare them."
        if elsewhere:
            how = f"**{count(elsewhere, 'run')} marked on other pages.**"
        st.caption(f"{shown}. {how}")
        if pages > 1:
            st.pagination(pages, default=choice.page, key=_key("page", choice))
    st.session_state[_SHOWN_KEY] = _key("page", choice)
    if choice.page > 1:
        st.query_params["page"] = str(choice.page)
    else:
        st.query_params.pop("page", None)


def _rows(runs: Sequence[ListedRun], experiments: Mapping[str, Experiment]) -> "pd.DataFrame":
    """One row per run, in the given order; texts do nothing, on screen or downloaded."""
    import pandas as pd

    from pipeline.analysis import inert

    # Without one, no column: it is wide, and most lists have none.
    of = {"Experiment": [label(experiments[run.id].name, 60) if run.id in experiments else "" for run in runs]}
    table = pd.DataFrame(
        {
            "Run": [f"{'📌 ' if run.pinned else ''}{label(run.name, 80)}" for run in runs],
            "Status": [run.status for run in runs],
            "Draft scores": [list(run.drafts_by_score) or None for run in runs],
            "Mean score": [run.mean_score for run in runs],
            "n": [run.personas for run in runs],
            "Kept local": [f"{run.kept_local} of {run.personas}" if run.personas else MISSING for run in runs],
            "Spent": [usd(run.spent_micros, run.simulated) for run in runs],
            "Threshold": [run.threshold for run in runs],
            "Tags": [", ".join(label(tag, 30) for tag in run.tags) for run in runs],
            **(of if experiments else {}),
            "Study": [label(run.study_name) for run in runs],
            "Drafts by": [label(_drafter(run)) for run in runs],
            "Refined by": [label(run.frontier_model) for run in runs],
            "Started": [run.created_at for run in runs],
            "Note": [label(run.note, 120) for run in runs],
        }
    )
    return inert(table)


def _drafter(run: ListedRun) -> str:
    return "builtin" if run.local_provider == "builtin" else run.local_model


page()
