"""The start of labelling: earlier designs, a new draw, and labels from a file.

Labels from a file join the design that the file names, or are kept apart from all designs drawn here.
"""

from collections import Counter
from datetime import UTC, datetime

import streamlit as st

from pages.parts import threshold_data, ui
from pages.parts.label_card import RATER_KEY
from pipeline.calibration.design import LabelPlan, minutes_for, plan_labels
from pipeline.calibration.label_files import LabelFile, made_elsewhere, new_labels, read_labels
from pipeline.domain.labels import DesignSettings, DesignSummary, Promise, Risk, Scope, Stopping
from pipeline.domain.study import Study
from pipeline.errors import PersonaError
from pipeline.sources import SourceFile
from pipeline.text.wording import count, escape_markdown, label, percent, score

_FIRST_SHOWN = 5
"""Designs listed at first, the newest."""

_ALL_KEY = "all designs"
"""Session key: all designs are listed."""

RISKS: dict[Risk, str] = {
    "marginal": "among everything delivered",
    "selective": "among what stays local",
}
SCOPES: dict[Scope, str] = {
    "future_runs": "future runs like these",
    "this_run": "these drafts only",
}


STOPPING: dict[Stopping, str] = {"may_stop": "I may stop early", "label_all": "I label all of them"}


def leave() -> None:
    """Return to the list of designs."""
    st.query_params.pop("design", None)
    st.rerun()


def enter(design_id: str) -> None:
    """Open the cards of a design."""
    st.query_params["design"] = design_id
    st.rerun()


# --- drawn before ----------------------------------------------------------------------------------


@st.fragment
def open_designs(study_id: str) -> None:
    """List the designs of a study, newest first; draw nothing without any."""
    designs = ui.services().store.designs(study_id)
    if not designs:
        return
    st.header("Designs", anchor=False)
    shown = designs if st.session_state.get(_ALL_KEY) else designs[:_FIRST_SHOWN]
    for design in shown:
        with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"design {design.id}"):
            _design(design)
    if len(shown) < len(designs):
        st.button(f"All {len(designs)} designs", icon=":material/expand_more:", type="tertiary", on_click=_show_all)


def _show_all() -> None:
    st.session_state[_ALL_KEY] = True


def _design(design: DesignSummary) -> None:
    kind = "" if design.is_drawn else " :gray-badge[made elsewhere]"
    said = ", ".join(f"{escape_markdown(name)} {n:,} of {design.tasks:,}" for name, n in design.labelled.items())
    facts = f"{said or count(design.tasks, 'text')} · {count(len(design.run_ids), 'run')}"
    st.markdown(
        f"**{escape_markdown(label(design.name))}**{kind}  \n"
        f":small[:gray[{facts} · drawn {ui.when(design.created_at)}]]",
        width="stretch",
    )
    if st.button("Open", key=f"open {design.id}", icon=":material/arrow_forward:"):
        enter(design.id)


@st.fragment
def delete_popover(design_id: str, name: str) -> None:
    """Draw the deletion of a design, with the number of labels deleted with it."""
    # Counted when opened, because others may be labelling.
    with st.popover(
        "Delete", key="delete design", icon=":material/delete:", type="tertiary", on_change="rerun"
    ) as opened:
        if not opened.open:
            return
        labels = count(len(ui.services().store.labels(design_id)), "label")
        st.markdown(f"Deletes **{escape_markdown(label(name))}** and {labels} for good.")
        if st.button("Delete design and labels", type="primary"):
            ui.services().store.delete_design(design_id, datetime.now(UTC))
            leave()


# --- a new draw ------------------------------------------------------------------------------------


def new_design(study: Study) -> None:
    """Draw the settings of a new design, its size, and the button that fixes it."""
    st.header("Draw texts to label", anchor=False)
    runs = ui.services().store.run_names(threshold_data.MOST_RUNS, study.id)
    ended = [run for run in runs if run.status != "running" and run.personas]
    if ended:
        _new_design({run.id: f"{label(run.name)} · {ui.when(run.created_at)}" for run in ended})
        return
    with st.container(border=True):
        st.markdown("**This study has no finished run yet.** Labels are given to texts of a run.")
        st.page_link(ui.CONFIGURE, label="Configure a run", icon=":material/tune:")


@st.fragment
def _new_design(runs: dict[str, str]) -> None:
    """Draw the fields on the left and the resulting plan on the right; `runs` holds names by id."""
    sides = st.grid(2, min_column_width=360, gap="medium")
    with sides.cell():
        current = st.session_state.get(ui.RUN_KEY)
        chosen = st.multiselect(
            "Runs",
            list(runs),
            default=[current if current in runs else next(iter(runs))],
            format_func=lambda run_id: runs[run_id],
            help="Several runs of one setup give more drafts to draw from.",
        )
        settings = _settings()
    with sides.cell(), st.container(border=True):
        _draw(chosen, settings)


def _settings() -> DesignSettings:
    labels = st.number_input(
        "Texts",
        1,
        2000,
        50,
        help="For the certificate: drawn at random at or over the floor. Where there are fewer drafts, all of them.",
    )
    # In closed popovers their fields are not on the page: each takes the browser several milliseconds per change.
    with st.container(horizontal=True, gap="small"):
        with st.popover("Limit", icon=":material/handshake:"):
            promise = _promise()
        with st.popover("Floor and seed", icon=":material/casino:"):
            floor = st.number_input(
                "Floor (% under it)",
                0,
                95,
                40,
                step=5,
                help="Drafts with the lowest scores go to the frontier anyway. Leaving them out saves labels for the "
                "others.",
            )
            seed = st.number_input("Seed", 0, 2**31, 0, help="The same seed draws the same texts again.")
    stopping = st.segmented_control(
        "Declared before the first label",
        list(STOPPING),
        default="may_stop",
        format_func=STOPPING.__getitem__,
        required=True,
        help="Stop early: the guarantee holds whenever you stop and however often you look; it keeps a little less "
        "local. Label all: the exact test, which says nothing before the last label.",
    )
    st.caption(
        f"At most {percent(promise.alpha)} bad {RISKS[promise.risk]}, with {percent(promise.confidence)} confidence, "
        f"for {SCOPES[promise.scope]}. The lowest {floor:d} % are left out; seed {seed:d}."
    )
    return DesignSettings(
        promise=promise, labels=labels, floor_percentile=floor / 100, seed=seed, stopping=stopping or "may_stop"
    )


def _promise() -> Promise:
    alpha = st.number_input("Bad at most (%)", 1, 90, 10, help="Alpha: what the certificate promises.")
    confidence = st.number_input("Confidence (%)", 50, 99, 90, help="How sure the promise is, over random draws.")
    risk = st.selectbox("Bad texts are counted", list(RISKS), format_func=RISKS.__getitem__)
    scope = st.selectbox("The promise applies to", list(SCOPES), format_func=SCOPES.__getitem__)
    return Promise(alpha=alpha / 100, confidence=confidence / 100, risk=risk, scope=scope)


def _draw(run_ids: list[str], settings: DesignSettings) -> None:
    """Draw the plan of the design and its button."""
    try:
        planned = plan_labels(threshold_data.scores(run_ids), settings)
    except PersonaError as error:
        ui.problem(error)
        return
    _what_it_takes(planned)
    with (
        st.popover("Draw these texts", icon=":material/shuffle:", type="primary"),
        st.form("draw", border=False, width=360),
    ):
        rater = st.text_input("Your name", value=st.session_state.get(RATER_KEY, ""), max_chars=80)
        name = st.text_input("Name of the design", placeholder="First labels", max_chars=120)
        st.caption(
            "Drawing fixes runs, floor, promise, seed and the rater whose labels count. They cannot be changed "
            "afterwards: choosing them once labels are known would break the promise."
        )
        if not st.form_submit_button("Draw and begin", type="primary"):
            return
        if not rater.strip():
            st.warning("Type your name first: labels belong to a person.", icon=":material/person:")
            return
    st.session_state[RATER_KEY] = rater.strip()
    name = name.strip() or "First labels"
    declared = planned.design.settings.model_copy(update={"rater": rater.strip()})
    design = planned.design.model_copy(update={"settings": declared})
    enter(ui.services().store.save_design(run_ids, design, name, datetime.now(UTC)))


def _what_it_takes(planned: LabelPlan) -> None:
    design, texts, certified = planned.design, len(planned.design.tasks), planned.certificate_texts
    drawn = f"All {certified:,}" if certified == design.eligible else f"{certified:,} of the {design.eligible:,}"
    numbers = Counter(task.purpose for task in design.tasks)
    parts = {
        "reliability": f"under {score(design.floor)}, to see what the score is worth",
        "comparison": "by the frontier, mixed in unmarked",
        "agreement": "shown twice, to measure agreement",
    }
    lines = [f"**{count(texts, 'text')} to label, about {count(minutes_for(texts), 'minute')}**", ""]
    lines.append(f"- {drawn} kept drafts that score {score(design.floor)} or more, for the certificate")
    lines += [f"- {numbers[purpose]:,} {words}" for purpose, words in parts.items() if numbers[purpose]]
    promise = design.settings.promise
    said = (
        f"“at most {percent(promise.alpha)} bad {RISKS[promise.risk]}, with {percent(promise.confidence)} confidence”"
    )
    if planned.is_enough:
        lines += ["", f"At least **{planned.needed or 0:,}** of them are needed for {said}, if none is bad."]
        if promise.risk == "marginal" and planned.needed_selective:
            lines[-1] += f" The same for what stays local would take {planned.needed_selective:,}."
    st.markdown("\n".join(lines))
    if not planned.is_enough:
        st.warning(
            f"{said} needs at least {planned.needed or 0:,} drafts at or over the floor, and this draw has"
            f" {planned.certificate_texts:,}. Choose more runs, a lower floor, or promise less.",
            icon=":material/info:",
        )


@st.fragment
def labels_from_file(study_id: str) -> None:
    """Draw the import of labels from a file."""
    with st.expander(
        "Labels from a file", icon=":material/upload_file:", on_change="rerun", key="labels from a file"
    ) as opened:
        if not opened.open:
            return
        st.caption(
            "A CSV exported on this page goes back into its design. Any other file needs the columns `draft` and "
            "`verdict` (or `label`), and `run` for several runs. It is kept apart, because labels of drafts that were "
            "not drawn at random certify nothing."
        )
        upload = st.file_uploader("File with labels", "csv", label_visibility="collapsed", max_upload_size=5)
        if upload is None:
            return
        try:
            file = read_labels(SourceFile(name=upload.name, data=upload.getvalue()), datetime.now(UTC))
            _offer_labels(file, study_id)
        except PersonaError as error:
            ui.problem(error)


def _offer_labels(file: LabelFile, study_id: str) -> None:
    store = ui.services().store
    known = {design.id: design for design in store.designs()}
    design = known.get(file.design_id or "")
    if design is not None and design.is_drawn:
        st.markdown(f"{count(len(file.rows), 'label')} of the design **{escape_markdown(label(design.name))}**.")
        if st.button("Add to this design", type="primary"):
            store.save_labels(design.id, new_labels(file, store.design(design.id), store.labels(design.id)))
            enter(design.id)
        return
    named = {row.run_id for row in file.rows}
    runs = {run.id: run.name for run in store.run_names(100, study_id) if run.personas}
    st.markdown(f"{count(len(file.rows), 'label')} made elsewhere.")
    chosen = st.multiselect(
        "Of which runs?",
        list(runs),
        [run for run in runs if run in named],
        format_func=lambda run_id: label(runs[run_id]),
    )
    if chosen and st.button("Keep apart from drawn designs", type="primary"):
        made = made_elsewhere(file, store.scores(chosen))
        design_id = store.save_design(chosen, made.design, file.name, datetime.now(UTC))
        store.save_labels(design_id, made.labels)
        st.rerun()
