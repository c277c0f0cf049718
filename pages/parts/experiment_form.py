"""The form for a new experiment: drafts, values and budget, with its cells and their cost before it is paid."""

from datetime import UTC, datetime

import streamlit as st

from pages.parts import experiment as experiment_part
from pages.parts import providers as providers_part
from pages.parts import ui
from pages.parts.table import markdown_table
from pipeline.domain.config import DEFAULT_FRONTIER_MODEL
from pipeline.domain.experiment import Cell
from pipeline.domain.run import RunRecord
from pipeline.domain.units import MICROS
from pipeline.errors import PersonaError
from pipeline.hybrid.forecast import forecast_run
from pipeline.hybrid.preflight import Plan
from pipeline.jobs.experiment import plan_experiment
from pipeline.jobs.grid import Grid, cells_of, parse_grid
from pipeline.providers import names
from pipeline.text.wording import MISSING, count, escape_markdown, label, score, usd

_THRESHOLDS = [f"{step / 20:.2f}" for step in range(21)]
_ORDERS = {"worst_first": "worst first", "best_first": "best first"}
_WHERE = "New experiment"
_OFFERED = 100
"""Number of newest runs offered."""


@st.fragment
def show_experiment_form() -> None:
    """Draw the form, its cells with their cost, and the Run button."""
    store = ui.services().store
    ended = [run for run in store.run_names(_OFFERED) if run.status != "running" and run.personas]
    # A branch has the drafts of the run it began with, which is the one to choose.
    branches = set(store.branches([run.id for run in ended]))
    runs = {run.id: run for run in ended if run.id not in branches}
    if not runs:
        st.markdown("An experiment needs the drafts of a run, and there is none yet.")
        st.page_link(ui.CONFIGURE, label="Configure the first run", icon=":material/tune:")
        return
    run_id = st.selectbox(
        "Drafts of",
        list(runs),
        format_func=lambda key: f"{label(runs[key].name)} · {ui.when(runs[key].created_at)} · {label(key)}",
        help="All choices use these drafts: nothing is drafted or scored again.",
    )
    source = ui.run(run_id)
    try:
        grid = _grid(source)
        cells = cells_of(grid, source.config, _WHERE)
    except PersonaError as error:
        ui.problem(error)
        return
    reason = _cost(grid, cells, source)
    if st.button(
        f"Run {count(len(cells), 'choice')}",
        type="primary",
        icon=":material/science:",
        disabled=bool(reason),
        help=escape_markdown(reason) or "One after another in the background; closing this page does not stop them.",
    ):
        _start(grid, source)


def _grid(source: RunRecord) -> Grid:
    """Read the grid from the fields."""
    config = source.config
    name = st.text_input("Name", f"Thresholds and models on {label(source.study_name, 40)}", max_chars=120)
    left, right = st.columns(2, gap="medium")
    usual = [score(max(0.0, min(1.0, config.quality_threshold + step))) for step in (-0.02, 0.0, 0.02)]
    with left:
        thresholds = st.multiselect(
            "Quality thresholds",
            sorted({*_THRESHOLDS, *usual}),
            default=list(dict.fromkeys(usual)),
            accept_new_options=True,
            key=f"experiment_thresholds_{source.id}",
            help="Scores (0 to 1) from which a draft is kept as it is. Type any other value.",
        )
        orders = st.multiselect(
            "Refinement order",
            list(_ORDERS),
            default=[config.escalation_order],
            format_func=lambda order: _ORDERS[order],
            key=f"experiment_orders_{source.id}",
        )
    with right:
        providers = names("frontier")
        provider = st.selectbox(
            "Refined by",
            providers,
            index=providers.index(config.frontier_provider),
            format_func=lambda key: providers_part.FRONTIER_WORDS.get(key, label(key)),
            key=f"experiment_provider_{source.id}",
        )
        models = _models(source, provider)
        budget = st.number_input(
            "Budget of all choices together (USD)",
            min_value=0.0,
            value=5.0,
            step=0.5,
            format="%.2f",
            placeholder="no cap",
            key="experiment_budget",
            help="Reserved before each call over all choices, so never exceeded. Empty means no cap.",
        )
    values = {
        "quality_threshold": [_number(text) for text in thresholds],
        "frontier_model": models,
        "escalation_order": orders,
    }
    # A setting with one value is not varied: it would be a column of the same word.
    alone = {name: tried[0] for name, tried in values.items() if len(tried) == 1 and name != "quality_threshold"}
    values = {name: tried for name, tried in values.items() if name not in alone}
    common = {"frontier_provider": provider, **alone}
    grid = {"experiment": name, "from_drafts": source.id, "max_cost": budget, "hybrid": common, "grid": values}
    return parse_grid(grid, _WHERE)


def _models(source: RunRecord, provider: str) -> list[str]:
    config = source.config.model_copy(update={"frontier_provider": provider})
    seen = providers_part.health(provider, "frontier", config)
    usual = DEFAULT_FRONTIER_MODEL[provider]
    own = source.config.frontier_model if provider == source.config.frontier_provider else usual
    return st.multiselect(
        "Frontier models",
        list(dict.fromkeys([own, usual, *seen.models])),
        default=[own],
        format_func=lambda model: label(model, 120),
        accept_new_options=True,
        key=f"experiment_models_{source.id}_{provider}",
        help="Paid models that refine the drafts under the threshold. Type any other name.",
    )


def _number(text: str) -> float | str:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return text  # the grid says what is wrong with it


def _cost(grid: Grid, cells: tuple[Cell, ...], source: RunRecord) -> str:
    """Show the cells with their cost; return the reason why they cannot run, empty without one."""
    rows = []
    expected: int | None = 0
    worst = 0
    simulated = False
    private = ui.services().store.is_private(source.study_id)
    for number, cell in enumerate(cells, start=1):
        planned = providers_part.plan_or_error(cell.config, drafting=False, private=private)
        if not isinstance(planned, Plan) or planned.missing == "frontier_unavailable":
            reason = planned.reason if isinstance(planned, Plan) else str(planned)
            ui.problem(f"Choice {number} ({cell.label}) cannot be run. {reason}")
            return reason
        seen = forecast_run(cell.config, planned, drafts=source)
        simulated = seen.simulated
        worst += seen.worst_micros
        expected = None if expected is None or seen.expected_micros is None else expected + seen.expected_micros
        local = MISSING if seen.stays_local is None else f"{seen.stays_local} of {cell.config.count}"
        stays = escape_markdown(local)
        likely = MISSING if seen.expected_micros is None else usd(seen.expected_micros)
        money = [escape_markdown(likely), escape_markdown(usd(seen.worst_micros))]
        rows.append([str(number), escape_markdown(cell.label), stays, *money])
    budget = None if grid.max_cost is None else round(grid.max_cost * MICROS)
    most = worst if budget is None else min(worst, budget)
    limit = "by estimate up to" if budget is None else "at most"
    known = expected is not None
    likely_words = f"expected {usd(min(expected or 0, most), simulated)}" if known else "what is likely is not known"
    sentence = (
        f"{count(len(cells), 'run')} on the {count(len(source.drafts), 'draft')} of {label(source.name, 60)}; "
        f"{limit} {usd(most, simulated)} in all, {likely_words}."
    )
    st.markdown(f"**{escape_markdown(sentence)}**", width=900)
    with st.expander("The choices"):
        st.markdown(markdown_table(["Choice", "Settings", "Stay local", "Expected", "At most"], rows))
    return ""


def _start(grid: Grid, source: RunRecord) -> None:
    try:
        experiment = plan_experiment(
            grid,
            source,
            ui.settings(),
            ui.cache_folder(),
            datetime.now(UTC),
            private=ui.services().store.is_private(source.study_id),
        )
        experiment_part.start_experiment(experiment)
    except PersonaError as error:
        ui.problem(error)
        return
    st.query_params["experiment"] = experiment.id
    st.rerun()
