"""The sections below the figures of Calibrate, one at a time, so that a move redraws one chart, not four.

At most four, each named by the question that it answers.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import calibration_run, figures, ui
from pipeline.domain.units import MICROS
from pipeline.errors import InputError
from pipeline.results.charts.style import ChartView, MovingView
from pipeline.text.wording import count, escape_markdown, file_name, percent, percent_range, score, usd

if TYPE_CHECKING:
    from pipeline.calibration.calibration_result import CalibrationResult
    from pipeline.calibration.certificate import Certificate
    from pipeline.calibration.threshold_effects import Tradeoff


SECTION_KEY = "show"
"""Key of the section chooser, whose value is in the address."""


def section(result: "CalibrationResult", place: int) -> None:
    """Draw the section chooser and the chosen section.

    Args:
        result: the computed results.
        place: of the threshold among the positions of the result.
    """
    found = _sections(result)
    names = list(found)
    if st.session_state.get(SECTION_KEY, names[0]) not in found:
        # Chosen with other runs or labels, which had this section.
        del st.session_state[SECTION_KEY]
    chosen = st.segmented_control(
        "Shown below",
        names,
        default=names[0],
        required=True,
        key=SECTION_KEY,
        bind="query-params",
        label_visibility="collapsed",
    )
    found[chosen or names[0]](result, place)


def _sections(result: "CalibrationResult") -> dict[str, Callable[["CalibrationResult", int], None]]:
    """Return the sections that these drafts and labels allow, the most useful first."""
    everything = {
        "Is it safe?": (result.labels is not None, _safe),
        "What does it cost?": (True, _cost_and_table),
        "Is the score any good?": (bool(result.bins), _score),
        "Does refining help?": (True, _refining),
    }
    return {name: show for name, (is_there, show) in everything.items() if is_there}


def _safe(result: "CalibrationResult", place: int) -> None:
    """Show the risk of each threshold, and the test of a threshold fixed beforehand."""
    from pipeline.results.calibration import answer_at

    st.markdown(f"**{escape_markdown(answer_at(result, result.positions[place]))}**")
    _risk(result, place)
    if st.toggle("Kinds of drafts that stay local", key="slices"):
        _slices(result, place)
    _own_threshold(result, place)


def _slices(result: "CalibrationResult", place: int) -> None:
    """List the share of bad drafts by kind of document, group of people and number of people."""
    from pipeline.calibration.slices import slices
    from pipeline.results.coverage import document_kinds

    found = slices(result, place, document_kinds(ui.study(result.newest.study_id)))
    if not found:
        st.caption("Fewer than two kinds of drafts with at least five labels stay local here.")
        return
    rows = [
        {
            "by": one.kind,
            "kind": one.name,
            "bad": f"{one.bad} of {one.labels}",
            "share": percent(one.share),
            "interval": percent_range(one.low, one.high),
            "worse than the rest": "yes" if one.stands_out else "",
        }
        for one in found
    ]
    st.dataframe(rows, hide_index=True, alt="Share of bad drafts that stay local, by kind of draft")
    st.caption(
        f"Labelled drafts that stay local. Intervals are corrected for the {len(found)} kinds: all of them hold "
        "together in 95 of 100 draws. The promise holds for the average, not for each kind."
    )


def _cost_and_table(result: "CalibrationResult", place: int) -> None:
    """Show the cost of each threshold, and every figure as a table."""
    _cost(result, place)
    if not result.bins and st.toggle("Drafts behind the bars", key="behind"):
        _behind_the_bars(result, place)
    if st.toggle("Every threshold as a table", key="table"):
        _every_threshold(result, place)


def _score(result: "CalibrationResult", place: int) -> None:
    """Show how well the score tells good from bad, and the drafts where it is wrong."""
    _worth(result, place)
    _disagreements(result)
    if st.toggle("Drafts behind the bars", key="behind"):
        _behind_the_bars(result, place)


def _refining(result: "CalibrationResult", place: int) -> None:
    """Show what refining gains, what its money buys, and what simpler rules would do with it."""
    from pipeline.calibration.verdict import refining_does_not_help

    if no_gain := refining_does_not_help(result):
        st.markdown(f"**Refining does not help here.** {escape_markdown(no_gain)}")
    calibration_run.show_refining(result, place)
    _quality(result, place)
    if result.exchange is not None:
        _simpler_rules(result, place)


_MOST_TEXTS = 50
"""Drafts listed behind the bars."""


def _behind_the_bars(result: "CalibrationResult", place: int) -> None:
    """List the drafts of a range of scores, at first those around the threshold, with label and text."""
    from pipeline.results.calibration import drafts_between

    at = min(result.positions[place].threshold, 1.0)
    ends = (round(max(0.0, at - 0.04), 2), round(min(1.0, at + 0.04), 2))
    low, high = st.slider("Scores from and to", 0.0, 1.0, ends, 0.01, format="%.2f", key=f"behind {at:.2f}")
    found = drafts_between(result, low, high)
    if not found:
        st.caption(f"No draft scores from {score(low)} to {score(high)}.")
        return
    runs = {key: ui.run(key) for key in {one.key.run_id for one in found[:_MOST_TEXTS]}}
    texts = {(key, item.draft.id): item.draft.persona for key, run in runs.items() for item in run.drafts}
    rows = []
    for one in found[:_MOST_TEXTS]:
        persona = texts[one.key.run_id, one.key.draft_id]
        rows.append(
            {
                "score": one.score,
                "side": "stays local" if one.score >= at else "is refined",
                "label": one.label,
                "text": ". ".join(part for part in (persona.name, persona.tagline, persona.background) if part),
                "open": f"/results?run={one.key.run_id}",
            }
        )
    st.dataframe(
        rows,
        hide_index=True,
        column_config={"open": st.column_config.LinkColumn("open", display_text="run on Results")},
        alt="Drafts of these scores with their labels and texts",
    )
    if len(found) > len(rows):
        st.caption(f"The {len(rows)} highest of {count(len(found), 'draft')}. Narrow the range to see others.")


def _disagreements(result: "CalibrationResult") -> None:
    """List labelled drafts where score and label disagree most; each opens its card on Results."""
    from pipeline.results.calibration import score_and_label_disagree

    rows = score_and_label_disagree(result)
    st.header("Where score and label disagree", anchor=False)
    if not rows:
        st.caption("No unacceptable draft scores higher than an acceptable one.")
        return
    st.dataframe(
        [
            {
                "score": row.score,
                "label": row.label,
                "draft": row.key.draft_id,
                "open": f"/results?run={row.key.run_id}",
            }
            for row in rows
        ],
        hide_index=True,
        column_config={"open": st.column_config.LinkColumn("open", display_text="card on Results")},
        alt="Labelled drafts with a high score and a bad label, and with a low score and a good one",
    )


def _risk(result: "CalibrationResult", place: int) -> None:
    from pipeline.results.charts.calibration import risk_curve

    alpha, certified = result.terms.promise.alpha, result.certificate.threshold
    here, dark = result.positions[place], figures.is_dark()
    _chart("Risk", risk_curve(result.positions, here, alpha, certified, dark=dark))


def _cost(result: "CalibrationResult", place: int) -> None:
    from pipeline.results.charts.calibration import cost_by_threshold

    here, budget, dark = result.positions[place], result.terms.budget_micros, figures.is_dark()
    _chart("Cost", cost_by_threshold(result.positions, here, budget, simulated=result.simulated, dark=dark))


def _quality(result: "CalibrationResult", place: int) -> None:
    from pipeline.results.charts.tradeoff import cost_quality

    if result.exchange is not None:
        view = cost_quality(result.exchange, place, simulated=result.simulated, dark=figures.is_dark())
        _chart("Cost and quality", view)


def _chart(topic: str, view: ChartView | MovingView) -> None:
    # Few elements: every element that a move sends again is redrawn.
    after = f" :small[:gray[{escape_markdown(view.subtitle)}]]" if view.subtitle else ""
    st.markdown(f"**{topic}: {escape_markdown(view.title)}.**{after}")
    figures.draw(view, topic)


def _every_threshold(result: "CalibrationResult", _place: int) -> None:
    import pandas as pd

    from pipeline.results.calibration import is_certified
    from pipeline.text import spreadsheet

    mark = " (simulated)" if result.simulated else ""
    rows = [
        {
            "threshold": one.threshold,
            "stays_local": one.local,
            "local_share": one.local_share,
            f"cost_usd{mark}": None if one.cost_micros is None else one.cost_micros / MICROS,
            "saving": one.saving.value if one.saving else None,
            "certified": is_certified(result, one),
            "bad_share": one.bad.estimate if one.bad else None,
            "bad_share_bound": one.bad.bound if one.bad else None,
            "over_budget": one.over_budget,
            "quality": one.quality,
        }
        for one in result.positions
    ]
    frame = pd.DataFrame(rows)
    st.dataframe(frame, hide_index=True, alt="Every threshold with its figures")
    st.download_button(
        "Download CSV",
        lambda: spreadsheet.csv_text(frame),
        file_name(f"{result.newest.id} thresholds.csv"),
        icon=":material/download:",
        on_click="ignore",
    )


def _worth(result: "CalibrationResult", place: int) -> None:
    """Show how well the score tells good drafts from bad, in words and bars cut at the threshold."""
    from pipeline.calibration.score_validity import reliability
    from pipeline.results.charts.tradeoff import reliability_bars

    at = result.positions[place].threshold
    bins = reliability(result.pool.for_reliability, at)
    st.header("Is the score any good?", anchor=False)
    st.markdown(escape_markdown(result.worth.sentence))
    with st.container(border=True):
        figures.chart(
            "Share of good drafts by score",
            reliability_bars(bins, at, dark=figures.is_dark()),
            "reliability",
            file=result.newest.id,
            simulated=result.simulated,
        )
        st.caption(
            "Labelled drafts in groups of about equal size, cut at the threshold, low scores left. The bars of a "
            "useful score rise; the black lines are 95 % intervals. AUROC is how often a good draft scores higher than "
            "a bad one: 0.5 is chance, 1 is always."
        )


def _own_threshold(result: "CalibrationResult", _place: int) -> None:
    """Test one threshold chosen before any label was seen: the most powerful test there is."""
    st.header("Does my own threshold hold?", anchor=False)
    st.caption(
        "A threshold that was fixed before any label was seen needs no search, and so fewer labels. Test only one: "
        "trying several until one passes breaks the guarantee."
    )
    with st.form("own threshold", border=False):
        own = st.number_input("Threshold fixed beforehand", 0.0, 1.0, 0.7, 0.01, format="%.2f", width=220)
        declared = st.checkbox("It was fixed before any of these drafts was labelled.")
        pressed = st.form_submit_button("Test it")
    if pressed and not declared:
        st.info("Only a threshold that was fixed beforehand can be tested in this way.", icon=":material/info:")
    elif pressed and own is not None:
        _tested(result, round(own, 2))


def _tested(result: "CalibrationResult", threshold: float) -> None:
    try:
        found: Certificate = result.test(threshold)
    except InputError as error:
        ui.problem(error)
        return
    sentence = f"{score(threshold)}: {found.sentence}"
    if found.status == "certified":
        st.success(escape_markdown(sentence), icon=":material/verified:")
    else:
        st.warning(escape_markdown(sentence), icon=":material/do_not_disturb_on:")


def _simpler_rules(result: "CalibrationResult", place: int) -> None:
    """Show this threshold beside simpler rules, with intervals."""
    st.header("Is it better than simpler rules?", anchor=False)
    if result.exchange is not None:
        _compared(result, result.exchange, min(result.positions[place].threshold, 1.0))


def _compared(result: "CalibrationResult", exchange: "Tradeoff", threshold: float) -> None:
    from pipeline.calibration.threshold_effects import CONTROL_WORDS, compare_controls
    from pipeline.results.charts.tradeoff import CONTROL_NAMES

    found = compare_controls(exchange.cases, threshold)
    if found is None:
        st.caption("No draft has both texts and a known cost.")
        return
    mark = " (simulated)" if result.simulated else ""
    scale = result.terms.personas / found.drafts
    rows = [
        {
            "Rule": CONTROL_NAMES[one.name],
            "What it does": CONTROL_WORDS[one.name],
            f"Cost{mark}": usd(round(one.cost_micros * scale)),
            "Quality": f"{one.quality:.2f}",
            "Threshold is ahead by": f"{one.ahead.value:+.3f} ({one.ahead.low:+.3f} to {one.ahead.high:+.3f})",
        }
        for one in found.controls
        if exchange.measure == "labels" or one.name != "oracle"
    ]
    st.markdown(
        f"At {score(threshold)}, on {count(found.drafts, 'draft')} with both texts known: quality "
        f"**{found.quality:.2f}** for {escape_markdown(usd(round(found.cost_micros * scale), result.simulated))} a run."
    )
    st.dataframe(rows, hide_index=True, alt="This threshold against simpler rules")
    st.caption(
        "An interval that contains 0 means no clear difference. A threshold chosen with these labels looks 1 to 3 "
        "points better here than it will be."
    )
    if exchange.measure == "labels":
        _recovered(result, threshold)


def _recovered(result: "CalibrationResult", threshold: float) -> None:
    from pipeline.calibration.score_validity import recovery

    found = recovery(result.pool.cases, threshold)
    st.markdown(escape_markdown(found.sentence))
    if found.pgr is not None and found.apgr is not None and found.cpt50 is not None and found.cpt80 is not None:
        st.caption(
            f"At this threshold {percent(found.pgr)} of that advantage is recovered (PGR); {percent(found.apgr)} on "
            f"average over all shares (APGR; an uninformative score has 50 %). Half of it takes "
            f"{percent(found.cpt50)} of the drafts, four fifths {percent(found.cpt80)} (CPT)."
        )
