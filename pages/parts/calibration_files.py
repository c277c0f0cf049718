"""Calibration files: save the calibration on screen, import one, and audit one of another study on these runs."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import access, ui
from pipeline.domain.calibration import StoredCalibration, parse_calibration
from pipeline.errors import PersonaError
from pipeline.text.wording import escape_markdown, file_name, label, percent, score

if TYPE_CHECKING:
    from pipeline.calibration.calibration_result import CalibrationResult
    from pipeline.domain.calibration import CalibrationFile

_MOST_MB = 1


def files_popover(result: "CalibrationResult") -> None:
    """Draw saving, importing and auditing; built when opened."""
    with st.popover(
        "Calibration file", icon=":material/verified_user:", key="files", on_change="rerun", width="stretch"
    ) as opened:
        if not opened.open:
            return
        _save(result)
        if access.is_viewer():
            return
        _import()
        _audits(result)


def _save(result: "CalibrationResult") -> None:
    from pipeline.results.calibration import calibration_file

    file = calibration_file(result)
    st.download_button(
        "Save this calibration",
        file.to_json(),
        file_name(f"{file.id}.json"),
        "application/json",
        icon=":material/download:",
        on_click=_remember,
        args=(file,),
        help="Its answer, labels and setup in one file, for `persona generate --calibration` and for other studies. "
        "It holds no text of the study.",
    )


def _remember(file: "CalibrationFile") -> None:
    if not access.is_viewer():
        ui.services().store.save_calibration(file, datetime.now(UTC))


def _import() -> None:
    upload = st.file_uploader("Import a calibration (json)", "json", key="calibration", max_upload_size=_MOST_MB)
    if upload is None or not st.button("Import calibration", type="primary"):
        return
    try:
        file = parse_calibration(upload.getvalue(), upload.name)
    except PersonaError as error:
        ui.problem(error)
        return
    ui.services().store.save_calibration(file, datetime.now(UTC), is_imported=True)
    st.success(f"Imported {escape_markdown(file.id)}. It is listed on Runs.", icon=":material/check:")


def _audits(result: "CalibrationResult") -> None:
    """Offer an audit of each certified calibration of another study on these runs."""
    others = [
        one
        for one in ui.services().store.calibrations()
        if one.file.summary.threshold is not None
        and one.file.identity
        and one.file.identity.study != result.newest.study_id
    ]
    if not others:
        return
    st.markdown("**Does a calibration of another study hold here?**")
    chosen = st.selectbox("Calibration", others, format_func=_line, label_visibility="collapsed")
    margin = st.number_input(
        "Margin (%)", 0, 50, 5, key="margin", help="Declared now: a risk up to the promise and this much more passes."
    )
    probes = st.number_input("Probe labels", 5, 200, 20, key="probes")
    if chosen and st.button("Draw the probes", icon=":material/shuffle:"):
        _draw(result, chosen.file, margin / 100, probes)


def _draw(result: "CalibrationResult", file: "CalibrationFile", margin: float, probes: int) -> None:
    from pipeline.calibration.audit import audit_settings
    from pipeline.calibration.design import draw_from

    store, ids = ui.services().store, [run.id for run in result.runs]
    try:
        design = draw_from(result.runs, audit_settings(file, margin, probes))
    except PersonaError as error:
        ui.problem(error)
        return
    design_id = store.save_design(ids, design, f"Audit of {file.id}", datetime.now(UTC))
    st.switch_page(ui.LABEL, query_params={"design": design_id})


def _line(one: StoredCalibration) -> str:
    found = one.file.summary
    model = one.file.identity.local_model if one.file.identity else "unknown model"
    return f"{label(one.id)} · {label(model)} · threshold {score(found.threshold)}, at most {percent(found.alpha)}"


def saved_calibrations() -> None:
    """List the calibrations that were saved or imported; nothing without any."""
    found = ui.services().store.calibrations()
    if not found:
        return
    with st.expander(f"Calibrations ({len(found):,})", icon=":material/verified_user:"):
        names = {study.id: study.name for study in ui.services().store.studies()}
        for one in found:
            _row(one, names)


def _row(one: StoredCalibration, names: dict[str, str]) -> None:
    identity, summary = one.file.identity, one.file.summary
    study = label(names[identity.study]) if identity and identity.study in names else None
    facts = [
        "imported" if one.is_imported else "saved here",
        ui.when(one.saved_at),
        f"study {study or 'not in this database'}",
        f"drafts by {identity.local_model}" if identity else "labels without runs",
        f"{summary.n_labels:,} labels",
    ]
    answer = f"use {score(summary.threshold)}" if summary.threshold is not None else summary.status.replace("_", " ")
    said = escape_markdown(" · ".join(facts))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**{escape_markdown(one.id)}** · {escape_markdown(answer)}  \n:small[:gray[{said}]]", width="stretch"
        )
        st.download_button(
            "Download",
            one.file.to_json(),
            file_name(f"{one.id}.json"),
            key=f"file {one.id}",
            on_click="ignore",
            type="tertiary",
        )
        if not access.is_viewer():
            st.button("Delete", key=f"delete {one.id}", type="tertiary", on_click=_delete, args=(one.id,))


def _delete(calibration_id: str) -> None:
    ui.services().store.delete_calibration(calibration_id)
