"""Export and import of runs; files are built only on request."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Literal

import streamlit as st

from pages.parts import access, figures, ui
from pipeline.domain.bundle import without_source
from pipeline.domain.comparison import Comparison
from pipeline.domain.config import from_environment
from pipeline.domain.run import FinalPersona, RunRecord
from pipeline.errors import PersonaError
from pipeline.results import export, tables
from pipeline.store import Store
from pipeline.store.bundle_file import read_bundle, write_bundle
from pipeline.text.wording import count, escape_markdown, file_name

if TYPE_CHECKING:
    from pipeline.calibration.calibration_result import CalibrationResult

_MOST_MB = 200


@st.fragment
def exports(run: RunRecord) -> None:
    """Draw the export menu of a run: files for people, for another installation, for other programs."""
    mark = " (simulated)" if run.simulated else ""
    with_words = _words_switch(
        f"words {run.id}",
        [run],
        "Report: quotes of personas and the sources of their claims. Bundle: all text of the study, what was sent "
        "to models, and the notes of raters. Without it, personas keep their own quotes, and labels their verdicts.",
    )
    if run.status != "running":
        store = ui.services().store
        _file(f"Report{mark}", f"{run.id}.html", partial(_report, store, run, with_words), ":material/description:")
        _file(
            "Bundle for another installation",
            f"{run.id}.zip",
            partial(_bundle, store, [run.id], with_words),
            ":material/folder_zip:",
        )
        _documents(run, with_words, mark)
    if run.personas:
        _file(f"Posters{mark}", f"{run.id} posters.html", partial(_posters, run), ":material/co_present:")
    _file(f"Charts as PNG and SVG{mark}", f"{run.id} charts.zip", partial(_charts, run), ":material/image:")
    _file(f"Everything as JSON{mark}", f"{run.id}.json", partial(_json, run))
    _file(f"Personas as Markdown{mark}", f"{run.id}.md", partial(export.personas_markdown, run))
    _file(f"Persona table as CSV{mark}", f"{run.id}.csv", lambda: figures.csv(run, tables.persona_table(run)))
    _file("Configuration as YAML", f"{run.id}.yaml", run.config.to_yaml)


def _documents(run: RunRecord, with_words: bool, mark: str) -> None:
    """Draw slides, documents and tables for other tools."""
    store = ui.services().store
    _file(
        f"Slides (PowerPoint){mark}", f"{run.id}.pptx", partial(_slides, store, run, with_words), ":material/slideshow:"
    )
    _file(f"Document (Word){mark}", f"{run.id}.docx", partial(_word, store, run, with_words), ":material/article:")
    from pipeline.results.report.pdf import NO_BROWSER, printing_browser

    if printing_browser():
        _file(
            f"PDF of the report{mark}",
            f"{run.id}.pdf",
            partial(_pdf, store, run, with_words),
            ":material/picture_as_pdf:",
        )
    else:
        st.caption(f"PDF of the report: {escape_markdown(NO_BROWSER)}")
    _file(
        f"Statements as CSV for boards{mark}",
        f"{run.id} cards.csv",
        partial(_cards, store, run, with_words, "csv"),
        ":material/dashboard:",
    )
    _file(
        f"Statements as JSON for design tools{mark}",
        f"{run.id} cards.json",
        partial(_cards, store, run, with_words, "json"),
        ":material/data_object:",
    )

    if with_words:
        _file("Codes for QDA tools (.qdpx)", f"{run.id}.qdpx", partial(_codes, store, run, "qdpx"), ":material/label:")
        _file("Codes as Taguette CSV", f"{run.id} taguette.csv", partial(_codes, store, run, "csv"), ":material/label:")


@st.fragment
def comparison_exports(runs: Sequence[RunRecord], saved: Comparison | None) -> None:
    """Draw the export menu of a comparison: a report, and a bundle of the runs and the saved comparison."""
    mark = " (simulated)" if any(run.simulated for run in runs) else ""
    name = saved.id if saved else "comparison"
    with_words = _words_switch(
        "words of the comparison",
        runs,
        "Report: quotes of personas. Bundle: all text of the studies, what was sent to models, and the notes "
        "of raters.",
    )
    if any(run.status == "running" for run in runs):
        st.caption("Available when all of these runs have ended.")
        return
    _file(f"Report{mark}", f"{name}.html", partial(_comparison, runs, saved, with_words), ":material/description:")
    slides = partial(_comparison_slides, runs, saved)
    _file(f"Slides (PowerPoint){mark}", f"{name}.pptx", slides, ":material/slideshow:")
    ids = [run.id for run in runs]
    bundle = partial(_bundle, ui.services().store, ids, with_words)
    _file("Bundle for another installation", f"{name}.zip", bundle, ":material/folder_zip:")


def _words_switch(key: str, runs: Sequence[RunRecord], meaning: str) -> bool:
    """Draw the switch for words of the study; off for viewers, and for studies that never leave this machine."""
    if access.is_viewer():
        return False
    store = ui.services().store
    private = any(store.is_private(study_id) for study_id in {run.study_id for run in runs})
    reason = "This study never leaves this machine. The switch is on Upload."
    asked = st.toggle("With words of the study", key=key, disabled=private, help=reason if private else meaning)
    return asked and not private


def calibration_button(result: "CalibrationResult", threshold: float) -> None:
    """Draw the download of the report of one threshold."""
    st.download_button(
        "Report of this threshold",
        partial(_calibration, result, threshold),
        f"threshold {threshold:.2f}.html",
        icon=":material/description:",
        on_click="ignore",
        # Without a key it would be a new button at each threshold, rebuilt in the browser.
        key="threshold report",
        help="The promise at this threshold, its cost and the reasons, in one file that opens in any browser.",
    )


def poster_button(run: RunRecord, final: FinalPersona) -> None:
    """Draw the download of a persona as one landscape page, to print or to show."""
    st.download_button(
        "Download poster",
        lambda: _posters(run, final),
        file_name(f"{run.id} poster.html"),
        icon=":material/download:",
        type="primary",
        on_click="ignore",
        help="One file that opens in any browser.",
    )


def importer() -> None:
    """Draw the import of a bundle, which opens its first run."""
    if access.is_viewer():
        return
    with st.popover("Import", icon=":material/upload:"):
        file = st.file_uploader("Bundle of runs (zip)", type="zip", key="bundle", max_upload_size=_MOST_MB)
        if st.button("Import bundle", type="primary", disabled=file is None) and file is not None:
            _take_in(file.name, file.getvalue())


def _take_in(name: str, data: bytes) -> None:
    try:
        taken = ui.services().store.import_bundle(read_bundle(data, name), datetime.now(UTC))
    except PersonaError as error:
        ui.problem(error)
        return
    ui.forget_studies()
    if taken.runs:
        st.session_state[ui.RUN_KEY] = taken.runs[0]
        ui.go(ui.RESULTS)
    known = f"the bundle has {count(len(taken.known), 'run')}, already in this database"
    st.info(f"{count(taken.labels, 'label')} imported; {known}." if taken.labels else f"Nothing changed: {known}.")


def _file(label: str, name: str, data: object, icon: str | None = None) -> None:
    st.download_button(
        label, data, file_name(name), on_click="ignore", width="stretch", key=f"export {name}", icon=icon
    )  # type: ignore[arg-type]


# The store is passed in, because a file is built outside any session, when its button is clicked.


def _report(store: Store, run: RunRecord, with_words: bool) -> str:
    from pipeline.results.report import run_report

    return run_report(run, store.study(run.study_id), with_source=with_words)


def _slides(store: Store, run: RunRecord, with_words: bool) -> bytes:
    from pipeline.results.report.brand import brand_of
    from pipeline.results.report.slides import run_slides

    return run_slides(run, store.study(run.study_id), with_source=with_words, brand=brand_of(from_environment()))


def _comparison_slides(runs: Sequence[RunRecord], saved: Comparison | None) -> bytes:
    from pipeline.results.report.brand import brand_of
    from pipeline.results.report.slides import comparison_slides

    said = {"title": saved.title, "note": saved.note} if saved else {}
    return comparison_slides(runs, brand=brand_of(from_environment()), **said)


def _word(store: Store, run: RunRecord, with_words: bool) -> bytes:
    from pipeline.results.report.brand import brand_of
    from pipeline.results.report.word import run_document_file

    brand = brand_of(from_environment())
    return run_document_file(run, store.study(run.study_id), with_source=with_words, brand=brand)


def _pdf(store: Store, run: RunRecord, with_words: bool) -> bytes:
    from pipeline.results.report.pdf import printed

    return printed(_report(store, run, with_words))


def _codes(store: Store, run: RunRecord, form: Literal["qdpx", "csv"]) -> bytes | str:
    from pipeline.results.export_codes import qdpx_project, taguette_table

    study = store.study(run.study_id)
    return qdpx_project(study, run) if form == "qdpx" else taguette_table(study, run)


def _cards(store: Store, run: RunRecord, with_words: bool, form: Literal["csv", "json"]) -> str:
    from pipeline.results.export_cards import cards_csv, cards_document

    study = store.study(run.study_id)
    if form == "csv":
        return cards_csv(run, study, with_source=with_words)
    return json.dumps(cards_document(run, study, with_source=with_words), indent=2, ensure_ascii=False)


def _posters(run: RunRecord, final: FinalPersona | None = None) -> str:
    from pipeline.results.report import posters

    return posters(run, [final] if final else run.shown)


def _charts(run: RunRecord) -> bytes:
    from pipeline.results.report.run import chart_files

    return chart_files(run)


def _comparison(runs: Sequence[RunRecord], saved: Comparison | None, with_words: bool) -> str:
    from pipeline.results.report import comparison_report

    said = {"title": saved.title, "note": saved.note, "annotations": saved.annotations} if saved else {}
    return comparison_report(runs, with_source=with_words, **said)


def _calibration(result: "CalibrationResult", threshold: float) -> str:
    from pipeline.results.report import calibration_report

    return calibration_report(result, threshold)


def _bundle(store: Store, run_ids: Sequence[str], with_words: bool) -> bytes:
    bundle = store.bundle(run_ids)
    return write_bundle(bundle if with_words else without_source(bundle), datetime.now(UTC))


def _json(run: RunRecord) -> str:
    return json.dumps(export.run_document(run), indent=2, ensure_ascii=False)
