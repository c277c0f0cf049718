"""The calibration run: the gain of refining every kept draft, and the button that measures it."""

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import access, figures, providers, ui
from pipeline.domain.config import HybridConfig
from pipeline.domain.scores import RunScores
from pipeline.errors import PersonaError
from pipeline.hybrid.forecast import SeenDrafts, forecast_cost
from pipeline.text.wording import count, escape_markdown, label, usd

if TYPE_CHECKING:
    from pipeline.calibration.calibration_result import CalibrationResult
    from pipeline.hybrid.preflight import Plan


def show_refining(result: "CalibrationResult", place: int) -> None:
    """Show the known gain of refining these drafts, and offer to measure the rest."""
    st.header("Would refining have helped?", anchor=False)
    _what_is_known(result, min(result.positions[place].threshold, 1.0))
    if _running(result):
        _under_way(result)
    elif access.is_viewer():
        return
    elif result.imputed or result.pool.by_score is None:
        with st.container(border=True):
            _offer(result)
    else:
        st.caption("Every one of these drafts has been refined once: its cost and its gain are measured.")


def _running(result: "CalibrationResult") -> list[str]:
    """Return the runs on these drafts that have not ended."""
    store = ui.services().store
    ids = store.branches([run.id for run in result.runs])
    return [run_id for run_id, status, _ in store.run_states(ids) if status == "running"]


@st.fragment(run_every="2s")
def _under_way(result: "CalibrationResult") -> None:
    """Show a notice while runs last; redraw the page with their results when they have ended."""
    running = _running(result)
    if not running:
        st.rerun()
    st.info("A run on these drafts is under way. Its results appear here when it has ended.")
    st.page_link(ui.RESULTS, label="Watch it", icon=":material/visibility:", query_params={"run": running[0]})


def _what_is_known(result: "CalibrationResult", threshold: float) -> None:
    from pipeline.calibration.score_validity import gains, gains_text
    from pipeline.results.charts.tradeoff import who_gains

    found, known = gains(result.pool, threshold), result.pool.by_score
    if found is None or known is None:
        st.caption("None of these drafts has been refined, so nothing is known yet.")
        return
    st.markdown(escape_markdown(gains_text(found, threshold)))
    with st.container(border=True):
        figures.chart(
            "Which drafts gain from refining",
            who_gains(known.label.tolist(), known.frontier_label.tolist(), dark=figures.is_dark()),
            "gains",
            file=result.newest.id,
            simulated=result.simulated,
        )
        st.caption(
            "Each dot is a draft: its score, and how much refining raised it. Where the refined text scored lower, the "
            "draft was delivered and the gain is 0. If dots on the right are as high as those on the left, the score "
            "does not tell which drafts gain from refining."
        )


def _offer(result: "CalibrationResult") -> None:
    from pipeline.calibration.score_validity import calibration_config

    run = result.newest
    st.markdown(
        f"**Calibration run**: refine all {count(len(run.kept), 'kept draft')} of {escape_markdown(label(run.name))}"
    )
    st.caption(
        "Drafts over the threshold too, so that before and after are known for each. Nothing is drafted or scored "
        "again. A draft that scores 1 stays as it is, because no text can score more."
    )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        budget: float | None = st.number_input(
            "Budget (USD)",
            0.0,
            None,
            run.config.max_cost,
            0.5,
            format="%.2f",
            placeholder="no cap",
            width=160,
            key=f"calibration budget {run.id}",
        )
        config = calibration_config(run.config, budget)
        planned = providers.plan_or_error(config)
        reason = _why_not(planned)
        if st.button(
            "Refine all of them",
            icon=":material/science:",
            disabled=bool(reason),
            help=escape_markdown(reason) or "Starts in the background; closing this page does not stop it.",
        ):
            _start(run, config)
    st.caption(escape_markdown(reason or _expected(config, planned, len(run.kept))))


def _why_not(planned: "Plan | PersonaError") -> str:
    if isinstance(planned, PersonaError):
        return str(planned)
    return "" if planned.frontier else planned.reason


def _expected(config: HybridConfig, planned: "Plan | PersonaError", drafts: int) -> str:
    """Describe its cost, from the price of the model and the usual length of a refinement."""
    if isinstance(planned, PersonaError):
        return ""
    money = forecast_cost(config.model_copy(update={"count": drafts}), planned.pricer, SeenDrafts(1.0, None, ""))
    cost, mark = f"about {usd(money.expected_micros or 0, planned.simulated)}", " at most"
    limit = "no cap" if config.max_cost is None else f"{usd(money.worst_micros, planned.simulated)}{mark}"
    return f"{count(drafts, 'refinement')} by {config.frontier_model}: {cost}, {limit}."


def _start(run: RunScores, config: HybridConfig) -> None:
    try:
        run_id = ui.services().worker.branch(run.id, config, ui.settings(), f"{run.name} · calibration run")
    except PersonaError as error:
        ui.problem(error)
        return
    ui.use_run(run_id)
    ui.go(ui.RESULTS)
