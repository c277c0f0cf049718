"""Runs: which runs do I have?

The database searches, sorts and pages; one page is drawn. Filters, page and marked runs (`?chosen=a,b`) are in the
address; marks hold across pages and searches.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

import streamlit as st

from app import main
from pages.parts import access, calibration_files, run_actions, runs_trend, share, ui
from pages.parts.table import Bars, TableColumn, TableRow, keep_in_address, page_turner, shown_page, table
from pipeline.domain.comparison import FEWEST, MOST
from pipeline.domain.experiment import Experiment
from pipeline.domain.run import ShownStatus
from pipeline.store.run_list import BINS, RUN_ORDERS, ListedRun, RunChoice, RunFacets, RunOrder, RunPage
from pipeline.text.wording import count, escape_markdown, label, score, usd

if TYPE_CHECKING:
    from datetime import date

_PER_PAGE = 25
_MARKS_KEY = "runs_marked"
"""Session key of the ids of the marked runs, for a return by the menu."""
_MONEY = {"real": False, "simulated": True}


def page() -> None:
    """List runs a page at a time, with actions on the marked ones."""
    ui.header("Runs", "Which runs do I have?")
    store = ui.services().store
    if not access.is_viewer():
        store.purge_removed(datetime.now(UTC))
        run_actions.offer_undo(store.removed_runs())
    facets = store.run_facets()
    if not facets.statuses:
        _no_run_yet()
        return
    _list(facets)
    calibration_files.saved_calibrations()
    runs_trend.show_trend()


# Nested fragments: a mark redraws neither search nor header, a search does not redraw the header.
@st.fragment
def _list(facets: RunFacets) -> None:
    _found(_choice(facets))


@st.fragment
def _found(choice: RunChoice) -> None:
    store = ui.services().store
    page = shown_page(choice)
    found = store.run_page(choice.model_copy(update={"page": page}))
    if not found.fitting:
        st.info(_nothing_fits(choice), icon=":material/search_off:")
        return
    if not found.runs:  # the page of the address is past the last one
        page, found = 1, store.run_page(choice)
    actions = st.container(horizontal=True, vertical_alignment="center", gap="small")
    experiments = store.experiments_of([run.id for run in found.runs])
    marked = table(
        [column for column in _COLUMNS if experiments or column.title != "Experiment"],
        [TableRow(run.id, run.name, _cells(run, experiments)) for run in found.runs],
        key="runs",
        marked=_marked(),
        several=True,
        alt=f"Table of {count(len(found.runs), 'run')}, {choice.order} first.",
        order=choice.order,
        descending=_DESCENDING,
        on_sort=_sort,
        on_open=_open,
    )
    if st.session_state.get("sort", choice.order) != choice.order:
        st.rerun()  # a head was clicked, and the order stands above this fragment
    chosen = _chosen(marked, found.runs, choice.archived)
    _foot(found, choice, page, chosen)
    with actions:
        run_actions.show_run_actions(chosen)
        if _out_of_sight(found, chosen):
            st.button("Unmark all", type="tertiary", on_click=_remember, args=([],))
        share.importer()


def _no_run_yet() -> None:
    with st.container(border=True):
        st.markdown("**No run yet.** Every run will be listed here with its settings, its scores and its cost.")
        if access.is_viewer():
            return
        st.page_link(
            ui.CONFIGURE,
            label="Configure the first run",
            icon=":material/tune:",
            query_params=ui.address(ui.CONFIGURE),
        )
        share.importer()


def _nothing_fits(choice: RunChoice) -> str:
    where = "No archived run matches" if choice.archived else "No run matches"
    return f"{where} this search. Remove a word or a filter."


# --- search and filters ----------------------------------------------------------------------------


def _choice(facets: RunFacets) -> RunChoice:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        words = st.text_input(
            "Search",
            type="search",
            placeholder="Search name, study, model, tag …",
            live="0ms",
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
    return choice.model_copy(update={"words": words or "", "order": order, "page_size": _PER_PAGE})


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
    model = st.selectbox(
        "Model",
        facets.models,
        index=None,
        placeholder="All models",
        format_func=label,
        key="model",
        bind="query-params",
    )
    statuses: Sequence[ShownStatus] = st.pills(
        "Status",
        facets.statuses,
        selection_mode="multi",
        format_func=escape_markdown,
        key="status",
        bind="query-params",
    )
    money = None
    if facets.has_simulated and facets.has_real:
        money = st.selectbox(
            "Money", list(_MONEY), index=None, placeholder="Real and simulated", key="money", bind="query-params"
        )
    since = st.date_input("Started from", None, key="since", bind="query-params")
    until = st.date_input("Started until", None, key="until", bind="query-params")
    archived = st.toggle(
        f"Archived runs ({facets.archived:,})", key="archived", bind="query-params", disabled=not facets.archived
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
    """Return the start of a day in the reader's time zone."""
    return datetime.combine(day + timedelta(days=days), time(), ui.viewer_zone()) if day else None


# --- the marks -------------------------------------------------------------------------------------


def _marked() -> list[str]:
    linked = st.query_params.get("chosen")
    return list(st.session_state.get(_MARKS_KEY, ())) if linked is None else linked.split(",")


def _chosen(marked: Sequence[str], here: Sequence[ListedRun], archived: bool) -> list[ListedRun]:
    """Return the marked runs: first those on other pages, then those on this one, from top to bottom."""
    shown = [run.id for run in here]
    away = ui.services().store.listed_runs([run_id for run_id in marked if run_id not in shown])
    # Runs that were archived or unarchived are no longer in this list.
    chosen = [run for run in away if run.archived == archived] + [run for run in here if run.id in marked]
    _remember([run.id for run in chosen])
    return chosen


def _remember(run_ids: Sequence[str]) -> None:
    """Save the marks in the session and in the address."""
    st.session_state[_MARKS_KEY] = list(run_ids)
    keep_in_address("chosen", ",".join(run_ids))


# --- the table -------------------------------------------------------------------------------------


_COLUMNS = (
    TableColumn("Run", 180, orders=("name",)),
    TableColumn("Status", 120),
    TableColumn(
        "Score", 60, help="Mean of the delivered personas.", is_number=True, orders=("best score", "worst score")
    ),
    TableColumn("Local", 86, help="Personas with the text of their local draft.", orders=("most local",)),
    TableColumn("Spent", 112, help="sim. stands for simulated: not charged.", orders=("dearest",)),
    TableColumn("Threshold", 90, is_number=True),
    TableColumn("Started", 102, orders=("newest", "oldest")),
    TableColumn("Study", 130),
    TableColumn("Draft scores", 110, help=f"Scored drafts in {BINS} bins from 0 (left) to 1 (right)."),
    TableColumn("Tags", 110),
    TableColumn("Experiment", 150),
    TableColumn("Drafts by", 110),
    TableColumn("Refined by", 150),
    TableColumn("Note"),
)
_DESCENDING: tuple[RunOrder, ...] = ("newest", "best score", "most local", "dearest", "longest")


def _sort(order: str) -> None:
    st.session_state["sort"] = order


def _open(run_id: str) -> None:
    ui.use_run(run_id)
    ui.go(ui.RESULTS)


def _cells(run: ListedRun, experiments: Mapping[str, Experiment]) -> list[str | Bars]:
    of = experiments.get(run.id)
    return [
        f"{'★ ' if run.pinned else ''}{label(run.name, 80)}",
        run.shown_status.removeprefix("completed ") if run.undone else run.shown_status,
        score(run.mean_score),
        f"{run.local} of {run.personas}" if run.personas else "",
        f"{usd(run.spent_micros)}{' sim.' if run.simulated else ''}",
        score(run.threshold),
        ui.when(run.created_at).partition(",")[0],
        run.study_name,
        _scores(run.drafts_by_score),
        ", ".join(label(tag, 30) for tag in run.tags),
        # No column without an experiment: it is wide, and most lists have none.
        *([of.name if of else ""] if experiments else ()),
        "builtin" if run.local_provider == "builtin" else run.local_model,
        run.frontier_model,
        run.note,
    ]


def _scores(bins: Sequence[int]) -> Bars:
    used = [at for at, drafts in enumerate(bins) if drafts]
    if not used:
        return Bars((), "")
    return Bars(bins, f"{count(sum(bins), 'draft')}, scores {used[0] / BINS:.2f} to {(used[-1] + 1) / BINS:.2f}")


def _out_of_sight(found: RunPage, chosen: Sequence[ListedRun]) -> int:
    return len({run.id for run in chosen} - {run.id for run in found.runs})


def _foot(found: RunPage, choice: RunChoice, page: int, chosen: Sequence[ListedRun]) -> None:
    shown = (
        count(found.total, "run")
        if found.fitting == found.total
        else f"{found.fitting:,} of {count(found.total, 'run')}"
    )
    elsewhere = _out_of_sight(found, chosen)
    may = "" if access.is_viewer() else "one to change it, "
    how = f"Click a run to open it. Mark {may}{FEWEST} to {MOST} to compare them."
    if elsewhere:
        how = f"**{count(elsewhere, 'marked run')} {'is' if elsewhere == 1 else 'are'} not on this page.**"
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(f"{shown}. {how}", width="content")
        page_turner(choice, page, -(-found.fitting // choice.page_size))


ui.show_page(page, main)
