"""The part of Calibrate that follows the slider: histogram, figures and one section of the chosen threshold.

A fragment: moving the slider reruns this file only, on computed figures. Charts get new data under the same names, so
that the browser moves marks instead of drawing charts.
"""

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import access, figures, share, threshold_sections, ui
from pipeline.domain.units import MICROS
from pipeline.text.wording import escape_markdown, percent, score

if TYPE_CHECKING:
    from pipeline.calibration.calibration_result import CalibrationResult
    from pipeline.calibration.threshold_effects import ThresholdEffect

NO_BREAK = "\u00a0"
AT_KEY, TYPED_KEY = "at", "typed"
"""Keys of the slider, whose value is in the address, and of the field to type a threshold."""


@st.fragment
def slider_and_figures(result: "CalibrationResult") -> None:
    """Draw the slider and everything that depends on the threshold."""
    from pipeline.calibration.calibration_result import place_of

    threshold = st.slider(
        "Threshold",
        0.0,
        1.0,
        _start(result),
        0.01,
        format="%.2f",
        key=AT_KEY,
        bind="query-params",
        label_visibility="collapsed",
    )
    place = place_of(threshold)
    _cut_here(result, result.positions[place])
    threshold_sections.section(result, place)


def _start(result: "CalibrationResult") -> float:
    """Return the initial threshold: the certified one, else that of the newest run."""
    certified = result.certificate.threshold
    return round(result.newest.config.quality_threshold if certified is None else certified, 2)


def actions(result: "CalibrationResult") -> None:
    """Draw the actions on the threshold; outside the fragment, because this row is the slowest in the browser."""
    from pipeline.results.calibration import verdict_of

    with st.container(horizontal=True, gap="small"):
        with st.popover("Type a threshold", icon=":material/keyboard:"):
            st.number_input(
                "Threshold",
                0.0,
                1.0,
                None,
                0.01,
                format="%.2f",
                key=TYPED_KEY,
                on_change=_typed,
                placeholder="0 to 1",
                width=150,
            )
        certified = result.certificate.threshold
        if certified is not None:
            st.button(
                f"Certified: {score(certified)}",
                icon=":material/verified:",
                on_click=_move,
                args=(certified,),
                help="Moves the slider to the lowest threshold that the labels certify.",
            )
        if not access.is_viewer() and st.button(
            "Use this threshold",
            # The action of the answer and no other stands out.
            type="primary" if verdict_of(result).action == "use" else "secondary",
            icon=":material/arrow_forward:",
            help="Opens Configure with this threshold and budget, and with the study and settings of the newest run.",
        ):
            _use(result, float(st.session_state.get(AT_KEY, _start(result))))
        _report(result)
        _how_to_read(result)


def _report(result: "CalibrationResult") -> None:
    # Built when opened, for the threshold of that moment.
    with st.popover("Report", icon=":material/description:", key="report", on_change="rerun") as opened:
        if opened.open:
            share.calibration_button(result, float(st.session_state.get(AT_KEY, _start(result))))


def _typed() -> None:
    _move(st.session_state[TYPED_KEY])
    st.session_state[TYPED_KEY] = None


def _move(threshold: float | None) -> None:
    if threshold is not None:
        st.session_state[AT_KEY] = round(threshold, 2)


def _use(result: "CalibrationResult", threshold: float) -> None:
    run, budget = result.newest, result.terms.budget_micros
    changed = {
        "quality_threshold": threshold,
        "max_cost": None if budget is None else budget / MICROS,
        "escalation_order": result.terms.order,
        # Without a frontier a threshold decides nothing.
        "enabled": True,
        "skip_frontier": False,
    }
    st.session_state[ui.STUDY_KEY] = run.study_id
    ui.use_config(run.config.model_copy(update=changed))
    ui.go(ui.CONFIGURE)


# --- what it cuts ----------------------------------------------------------------------------------


def _cut_here(result: "CalibrationResult", here: "ThresholdEffect") -> None:
    """Draw the histogram, and the figures as one text: every element that a move sends again is redrawn."""
    from pipeline.results.calibration import describe_threshold, threshold_tiles
    from pipeline.results.charts.calibration import threshold_histogram

    pool = result.pool
    view = threshold_histogram(pool.cases, pool.every_label, here, result.certificate.threshold, dark=figures.is_dark())
    # Without its heading, so that the bars are right below the slider.
    figures.draw(view, "cut")
    rug = " Ticks below are labels: grey acceptable, red triangles unacceptable." if result.labels else ""
    # A figure stays on one line with its unit.
    lines = [
        f"| {escape_markdown(one.label)} | **{escape_markdown(one.value).replace(' ', NO_BREAK)}** "
        f"| {unbroken(one.note)} |"
        for one in threshold_tiles(result, here)
    ]
    finding = (
        f"**{escape_markdown(view.title)}.** {escape_markdown(describe_threshold(result, here))} "
        f":small[:gray[{escape_markdown(view.subtitle)}.{rug}]]"
    )
    st.markdown(
        "\n".join([finding, "", f"| At {score(min(here.threshold, 1.0))} | | |", "| :-- | --: | :-- |", *lines])
    )


def unbroken(text: str) -> str:
    """Escape text, and keep every number on one line with its per cent sign."""
    return escape_markdown(text).replace(" %", f"{NO_BREAK}%")


def answer(result: "CalibrationResult") -> None:
    """Show the one verdict: what to do with these drafts, and why."""
    from pipeline.results.calibration import verdict_of

    found = verdict_of(result)
    text = f"**{escape_markdown(found.headline)}** {escape_markdown(found.sentence)}"
    if found.is_clear:
        st.success(text, icon=":material/verified:")
    elif result.labels is None:
        st.info(text, icon=":material/visibility:")
    else:
        st.warning(text, icon=":material/do_not_disturb_on:")
    if access.is_viewer() or found.action not in ("label", "explore"):
        return
    design = result.labels.design.id if result.labels else None
    st.page_link(
        ui.LABEL,
        label="Label drafts",
        icon=":material/checklist:",
        query_params={"design": design} if design and found.action == "label" else None,
    )


def _how_to_read(result: "CalibrationResult") -> None:
    """Explain the charts and their figures in words."""
    confidence = percent(result.terms.promise.confidence)
    lines = [
        "**Histogram**: every bar counts drafts of similar score. Drafts right of the line stay local, the others are "
        "refined.",
        "**Cost**: the further right the threshold, the more drafts are refined. The band is the estimated part, not "
        "yet paid for. Where the line is over the budget, the money runs out before all of them are refined.",
    ]
    if result.labels is not None:
        lines.insert(
            1,
            "**Risk**: further right, more drafts stay local. The dashed line is the estimated risk, the solid one its "
            f"upper bound with {confidence} confidence. A bound under the limit is not enough: stops that are not "
            "certified are grey, because a bound that was picked among many breaks its promise more often.",
        )
    if result.exchange is not None:
        by = (
            "Quality comes from the labels."
            if result.exchange.measure == "labels"
            else "Quality is the score, because no texts of the frontier are labelled: it shows what refining changes, "
            "not whether the score is right."
        )
        lines.append(
            f"**Cost and quality**: {by} Up and left is better. Filled grey points are simpler rules with the same "
            "money; hollow ones know the answer in advance and cannot be reached. A threshold is worth it where it "
            "lies above fixed ratio."
        )
    with st.popover("How to read this", icon=":material/help:"):
        st.markdown("\n".join(f"- {line}" for line in lines))
