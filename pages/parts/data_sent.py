"""Show what left this machine in a run: in sentences, as a list of segments, and as a download."""

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import ui
from pipeline.domain.run import ProviderPlace, RunRecord
from pipeline.domain.study import Study
from pipeline.results.data_sent import Outbound, Shipment, describe_shipment, outbound, outbound_notes, payloads_text
from pipeline.text.wording import count, escape_markdown, file_name

if TYPE_CHECKING:
    import pandas as pd

_TABLE_PX = 320

_ICONS: dict[ProviderPlace, str] = {
    "away": ":orange[:material/outbound:]",
    "unknown": ":orange[:material/help:]",
    "here": ":green[:material/computer:]",
}


def panel(run_id: str) -> None:
    """Show what left this machine in one run."""
    run = ui.run(run_id)
    study = ui.study(run.study_id)
    found = _found(run, study)
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown("**What left this machine**", width="content")
            if found.shipments:
                _download(run)
        icon = ":orange[:material/info:]" if found.left else ":green[:material/lock:]"
        for remark in outbound_notes(found):
            st.markdown(f"{icon} {escape_markdown(remark)}")
        for shipment in found.shipments:
            _shipment(shipment, found.study_segments, study)


def _shipment(shipment: Shipment, study_segments: int, study: Study) -> None:
    headline, details = describe_shipment(shipment, study_segments)
    with st.container(gap="xsmall"):
        st.markdown(f"{_ICONS[shipment.place]} {escape_markdown(headline)}")
        st.caption(escape_markdown(details))
        _segments(shipment, study)


def _found(run: RunRecord, study: Study) -> Outbound:
    if run.finished_at is None:
        return outbound(run, study)
    return _finished(ui.services().store.path, run.id, run.finished_at.isoformat(), run, study)


# A finished run changes only when resumed, which gives it another end time.
@st.cache_resource(max_entries=8, show_spinner="Tracing what was sent …")
def _finished(_database: Path, run_id: str, ended: str, _run: RunRecord, _study: Study) -> Outbound:
    return outbound(_run, _study)


def _download(run: RunRecord) -> None:
    st.download_button(
        "All of it as text",
        lambda: payloads_text(run),
        file_name(f"{run.id} payloads.txt"),
        icon=":material/download:",
        on_click="ignore",
    )


def _segments(shipment: Shipment, study: Study) -> None:
    """List the segments of one shipment, drawn only when opened."""
    if not shipment.segments:
        return
    title = f"{count(len(shipment.segments), 'segment')} sent to {escape_markdown(shipment.provider)}"
    opened = st.expander(title, icon=":material/format_quote:", on_change="rerun", key=f"sent {shipment.stage}")
    with opened:
        if opened.open:
            st.caption(
                "As in the study; in the requests, details that identify participants were replaced."
                if shipment.redacted
                else "As they were sent."
            )
            st.dataframe(
                _rows(shipment, study),
                height=_TABLE_PX,
                row_height=68,
                hide_index=True,
                column_config={
                    "Participant": st.column_config.TextColumn(width=90),
                    "Text": st.column_config.TextColumn(width=440),
                    "Requests": st.column_config.NumberColumn(width=80, help="Requests that contained it."),
                },
                alt=f"Table of {count(len(shipment.segments), 'segment')} that were sent: speaker, text and place.",
            )


def _rows(shipment: Shipment, study: Study) -> "pd.DataFrame":
    import pandas as pd

    from pipeline.text.spreadsheet import inert

    names = {document.id: document.name for document in study.documents}
    rows = [
        (
            sent.segment.participant or "",
            sent.segment.text,
            names[sent.segment.document],
            sent.segment.where,
            sent.requests,
        )
        for sent in shipment.segments
    ]
    return inert(pd.DataFrame(rows, columns=["Participant", "Text", "File", "Place", "Requests"]))
