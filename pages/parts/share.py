"""Export and import of runs; files are built only on request."""

import json
from base64 import b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import access, figures, ui
from pipeline.domain.bundle import without_source
from pipeline.domain.comparison import Comparison
from pipeline.domain.config import from_environment
from pipeline.domain.remarks import RunRemarks, Subject
from pipeline.domain.run import FinalPersona, RunRecord
from pipeline.errors import PersonaError
from pipeline.results import export, tables
from pipeline.results.export_check import (
    KIND_WORDS,
    FoundIdentifier,
    IdentifierChoice,
    checked,
    choice_words,
    identifiers_in,
    leaving,
    travelling,
)
from pipeline.results.export_files import FileForm, run_file
from pipeline.store import Store
from pipeline.store.bundle_file import read_bundle, write_bundle
from pipeline.text.spreadsheet import inert_cell
from pipeline.text.wording import count, escape_markdown, file_name, label

if TYPE_CHECKING:
    from pipeline.calibration.calibration_result import CalibrationResult

_MOST_MB, _MENU_PX, _MOST_LISTED = 50, 420, 200
"""Largest bundle, width of the menu, identifiers listed in it."""
_POSTER_PX = 470
"""Height of the preview of a poster."""


@st.fragment
def exports(run: RunRecord) -> None:
    """Draw the export menu of a run: files for people, for another installation, for other programs."""
    mark = " (simulated)" if run.simulated else ""
    with_words = _words_switch(f"words {run.id}", [run])
    _file("Configuration as YAML", f"{run.id}.yaml", run.config.to_yaml)
    choice = _identifiers([run], with_words)
    if choice is None:
        return
    with_notes = _notes_switch(run)
    store = ui.services().store
    plain = partial(_plain, run, with_words, choice)
    if run.status != "running":
        made = partial(_made, store, run, with_words, choice, with_notes=with_notes)
        _file(f"Report{mark}", f"{run.id}.html", partial(made, "html"), ":material/description:")
        bundle = partial(_bundle, store, [run.id], with_words, choice, with_notes=with_notes)
        _file("Bundle for another installation", f"{run.id}.zip", bundle, ":material/folder_zip:")
        _documents(run, made, with_words, mark)
    if run.personas:
        _file(f"Posters{mark}", f"{run.id} posters.html", lambda: _posters(plain()), ":material/co_present:")
    _file(f"Charts as PNG and SVG{mark}", f"{run.id} charts.zip", lambda: _charts(plain()), ":material/image:")
    _file(f"Everything as JSON{mark}", f"{run.id}.json", partial(_json, store, run, with_words, choice))
    _file(f"Personas as Markdown{mark}", f"{run.id}.md", lambda: export.personas_markdown(plain()))
    _file(f"Persona table as CSV{mark}", f"{run.id}.csv", lambda: figures.csv(run, tables.persona_table(plain())))


_DOCUMENTS: tuple[tuple[FileForm, str, str, str], ...] = (
    ("pptx", "Slides (PowerPoint)", ".pptx", ":material/slideshow:"),
    ("docx", "Document (Word)", ".docx", ":material/article:"),
    ("pdf", "PDF of the report", ".pdf", ":material/picture_as_pdf:"),
    ("cards_csv", "Statements as CSV for boards", " cards.csv", ":material/dashboard:"),
    ("cards_json", "Statements as JSON for design tools", " cards.json", ":material/data_object:"),
)
_CODES: tuple[tuple[FileForm, str, str, str], ...] = (
    ("qdpx", "Codes for QDA tools (.qdpx)", ".qdpx", ":material/label:"),
    ("taguette", "Codes as Taguette CSV", " taguette.csv", ":material/label:"),
)
"""Form, title, end of the file name, icon. Codes consist of passages of the study."""


def _documents(run: RunRecord, made: Callable[[FileForm], bytes], with_words: bool, mark: str) -> None:
    """Draw slides, documents and tables for other tools."""
    from pipeline.results.report.pdf import NO_BROWSER, printing_browser

    for form, title, ending, icon in _DOCUMENTS:
        if form == "pdf" and not printing_browser():
            st.caption(f"PDF of the report: {escape_markdown(NO_BROWSER)}")
        else:
            _file(f"{title}{mark}", f"{run.id}{ending}", partial(made, form), icon)
    if with_words:
        for form, title, ending, icon in _CODES:
            _file(title, f"{run.id}{ending}", partial(made, form), icon)


@st.fragment
def comparison_exports(runs: Sequence[RunRecord], saved: Comparison | None) -> None:
    """Draw the export menu of a comparison: a report, and a bundle of the runs and the saved comparison."""
    mark = " (simulated)" if any(run.simulated for run in runs) else ""
    name = saved.id if saved else "comparison"
    with_words = _words_switch("words of the comparison", runs)
    if any(run.status == "running" for run in runs):
        st.caption("Available when all of these runs have ended.")
        return
    choice = _identifiers(runs, with_words, saved)
    if choice is None:
        return
    store = ui.services().store
    with_notes = saved is not None and _comments_switch(saved)
    report = partial(_comparison, store, runs, saved, with_words, choice, with_notes=with_notes)
    _file(f"Report{mark}", f"{name}.html", report, ":material/description:")
    slides = partial(_comparison_slides, runs, saved, with_words, choice)
    _file(f"Slides (PowerPoint){mark}", f"{name}.pptx", slides, ":material/slideshow:")
    bundle = partial(_bundle, store, [run.id for run in runs], with_words, choice, with_notes=with_notes)
    _file("Bundle for another installation", f"{name}.zip", bundle, ":material/folder_zip:")


_WITH_WORDS = (
    "Travels: personas with their quotes, the sources of their claims, and in a bundle all text of the study, what was "
    "sent to models, and the notes of raters."
)
_WITHOUT_WORDS = (
    "Travels: personas without their quotes, scores, costs and settings. No words of the study, no request and no "
    "answer. Statements of a persona may still be close to what a participant said."
)


def _words_switch(key: str, runs: Sequence[RunRecord]) -> bool:
    """Draw the switch for words of the study, and say what travels; off for viewers and private studies."""
    asked = False
    if not access.is_viewer():
        store = ui.services().store
        private = any(store.is_private(study_id) for study_id in {run.study_id for run in runs})
        reason = "This study never leaves this machine. The switch is on Upload." if private else None
        asked = st.toggle("With words of the study", key=key, disabled=private, help=reason) and not private
    st.caption(_WITH_WORDS if asked else _WITHOUT_WORDS, width=_MENU_PX)
    return asked


def _notes_switch(run: RunRecord) -> bool:
    """Ask analysts whether notes, tags and comments travel, where there are any."""
    store = ui.services().store
    if access.is_viewer() or store.run_remarks(run.id) == RunRemarks():
        return False
    return _travel_switch(f"notes {run.id}", "With notes, tags and comments")


def _comments_switch(saved: Comparison) -> bool:
    if access.is_viewer() or not ui.services().store.comments(Subject("comparison", saved.id)):
        return False
    return _travel_switch(f"comments {saved.id}", "With comments")


def _travel_switch(key: str, words: str) -> bool:
    return st.toggle(
        escape_markdown(words), key=key, help="In the report, the PDF and the bundle. They may quote a participant."
    )


def _identifiers(
    runs: Sequence[RunRecord], with_words: bool, saved: Comparison | None = None
) -> IdentifierChoice | None:
    """List identifiers of people in what would travel, and ask what happens to them; `None` until it is decided."""
    store = ui.services().store
    found = ui.cached(f"identifiers {with_words}", runs, partial(_found, store, runs, with_words))
    if saved:
        found += identifiers_in(saved)
    return ask_about(found, f"identifiers {' '.join(run.id for run in runs)} {with_words}")


def ask_about(found: Sequence[FoundIdentifier], key: str) -> IdentifierChoice | None:
    """Ask what happens to identifiers of people; without any they would be replaced, `None` means undecided."""
    if not found:
        return "replace"
    st.warning(escape_markdown(choice_words(found)), icon=":material/contact_mail:", width=_MENU_PX)
    rows = [
        {"Found": inert_cell(label(one.text)), "Kind": KIND_WORDS[one.kind], "Place": inert_cell(label(one.place, 120))}
        for one in found[:_MOST_LISTED]
    ]
    st.dataframe(rows, hide_index=True, height=200, alt="Identifiers of people, with their places")
    if len(found) > _MOST_LISTED:
        st.caption(f"{len(found) - _MOST_LISTED:,} more are not listed.")
    chosen = st.segmented_control("In the files they are", ["replaced", "left as they are"], key=key)
    if chosen is None:
        st.caption("Choose one of them to get the files, or close this menu.")
        return None
    return "replace" if chosen == "replaced" else "leave"


def _found(store: Store, runs: Sequence[RunRecord], with_words: bool) -> tuple[FoundIdentifier, ...]:
    if any(run.status == "running" for run in runs):
        return identifiers_in(*(travelling(run, with_words=with_words) for run in runs))
    bundle = store.bundle([run.id for run in runs])
    return identifiers_in(bundle if with_words else without_source(bundle))


def _plain(run: RunRecord, with_words: bool, choice: IdentifierChoice) -> RunRecord:
    (found,) = checked([travelling(run, with_words=with_words)], choice)
    return found


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
    with_words = _words_switch(f"words of the poster {run.id}", [run])
    alone = run.model_copy(update={"personas": (final,), "edited": (), "drafts": (), "warnings": ()})
    poster = travelling(alone, with_words=with_words)
    choice = ask_about(identifiers_in(poster), f"identifiers {run.id} {final.draft_id} {with_words}")
    if choice is None:
        return
    page = _posters(*checked([poster], choice))
    # A data address is an origin of its own, and the page itself forbids scripts: nothing in it reaches the app.
    st.iframe(f"data:text/html;base64,{b64encode(page.encode()).decode()}", height=_POSTER_PX)
    st.download_button(
        "Download poster",
        page,
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
        st.caption("Larger bundles: `persona import FILE` on the command line.")
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


def _file(title: str, name: str, data: object, icon: str | None = None) -> None:
    st.download_button(
        title, data, file_name(name), on_click="ignore", width="stretch", key=f"export {name}", icon=icon
    )  # type: ignore[arg-type]


# The store is passed in, because a file is built outside any session, when its button is clicked.


def _made(
    store: Store, run: RunRecord, with_words: bool, choice: IdentifierChoice, form: FileForm, *, with_notes: bool
) -> bytes:
    (remarks,) = checked([store.run_remarks(run.id) if with_notes else RunRemarks()], choice)
    shown, study = leaving(run, store.study(run.study_id), with_words=with_words, choice=choice)
    return run_file(form, shown, study, with_source=with_words, settings=from_environment(), remarks=remarks)


def _comparison_slides(
    runs: Sequence[RunRecord], saved: Comparison | None, with_words: bool, choice: IdentifierChoice
) -> bytes:
    from pipeline.results.report.brand import brand_of
    from pipeline.results.report.slides import comparison_slides

    shown, said = _compared(runs, saved, with_words, choice)
    notes = {"title": said.title, "note": said.note} if said else {}
    return comparison_slides(shown, brand=brand_of(from_environment()), **notes)


def _compared(
    runs: Sequence[RunRecord], saved: Comparison | None, with_words: bool, choice: IdentifierChoice
) -> tuple[list[RunRecord], Comparison | None]:
    shown = checked([*(travelling(run, with_words=with_words) for run in runs), *([saved] if saved else [])], choice)
    return (shown[:-1], shown[-1]) if saved else (shown, None)


def _posters(run: RunRecord) -> str:
    from pipeline.results.report import posters

    return posters(run, run.shown)


def _charts(run: RunRecord) -> bytes:
    from pipeline.results.report.run import chart_files

    return chart_files(run)


def _comparison(
    store: Store,
    runs: Sequence[RunRecord],
    saved: Comparison | None,
    with_words: bool,
    choice: IdentifierChoice,
    *,
    with_notes: bool,
) -> str:
    from pipeline.results.report import comparison_report

    shown, said = _compared(runs, saved, with_words, choice)
    notes = {"title": said.title, "note": said.note, "annotations": said.annotations} if said else {}
    found = [one.comment for one in store.comments(Subject("comparison", saved.id))] if saved and with_notes else []
    return comparison_report(shown, with_source=with_words, comments=checked(found, choice), **notes)


def _calibration(result: "CalibrationResult", threshold: float) -> str:
    from pipeline.results.report import calibration_report

    return calibration_report(result, threshold)


def _bundle(
    store: Store, run_ids: Sequence[str], with_words: bool, choice: IdentifierChoice, *, with_notes: bool
) -> bytes:
    bundle = store.bundle(run_ids, with_remarks=with_notes)
    (found,) = checked([bundle if with_words else without_source(bundle)], choice)
    return write_bundle(found, datetime.now(UTC))


def _json(store: Store, run: RunRecord, with_words: bool, choice: IdentifierChoice) -> str:
    study = [store.study(run.study_id)] if with_words else []
    document = export.run_document(*checked([travelling(run, with_words=with_words), *study], choice))
    return json.dumps(document, indent=2, ensure_ascii=False)
