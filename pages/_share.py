"""What can be taken away from a run, and what can be brought in: files are made only when they are asked for."""

import json
from datetime import UTC, datetime
from functools import partial

import streamlit as st

from pages import _figures, _ui
from pipeline import analysis, export
from pipeline.bundle import without_source
from pipeline.bundle_file import read_bundle, write_bundle
from pipeline.errors import PersonaError
from pipeline.models import FinalPersona, RunRecord
from pipeline.words import count

_MOST_MB = 200


@st.fragment
def exports(run: RunRecord) -> None:
    """The export menu of a run: files for people, for another installation, for other programs."""
    mark = " (simulated)" if run.simulated else ""
    with_words = st.toggle(
        "With words of the study",
        key=f"words {run.id}",
        help="Report: quotes of personas and the sources of their claims. Bundle: all text of the study, and what was "
        "sent to models. Without it a bundle's personas keep their own quotes.",
    )
    if run.status != "running":
        _file(f"Report{mark}", f"{run.id}.html", partial(_report, run, with_words), ":material/description:")
        _file(
            "Bundle for another installation",
            f"{run.id}.zip",
            partial(_bundle, run, with_words),
            ":material/folder_zip:",
        )
    if run.personas:
        _file(f"Posters{mark}", f"{run.id} posters.html", partial(_posters, run), ":material/co_present:")
    _file(f"Charts as PNG and SVG{mark}", f"{run.id} charts.zip", partial(_charts, run), ":material/image:")
    _file(f"Everything as JSON{mark}", f"{run.id}.json", partial(_json, run))
    _file(f"Personas as Markdown{mark}", f"{run.id}.md", partial(export.personas_markdown, run))
    _file(f"Persona table as CSV{mark}", f"{run.id}.csv", lambda: _figures.csv(run, analysis.persona_table(run)))
    _file("Configuration as YAML", f"{run.id}.yaml", run.config.to_yaml)


def poster_button(run: RunRecord, final: FinalPersona, key: str) -> None:
    """A persona as one landscape page, to print or to show."""
    st.download_button(
        "Poster",
        lambda: _posters(run, final),
        f"{run.id} poster.html",
        icon=":material/co_present:",
        type="tertiary",
        on_click="ignore",
        key=f"poster {key}",
        help="One landscape page, to show or to print. Opens in any browser.",
    )


def importer() -> None:
    """Takes in a bundle; then its first run is opened."""
    file = st.file_uploader("Bundle of runs (zip)", type="zip", key="bundle", max_upload_size=_MOST_MB)
    if file is None or not st.button("Import", type="primary", icon=":material/download:"):
        return
    try:
        taken = _ui.services().store.import_bundle(read_bundle(file.getvalue(), file.name), datetime.now(UTC))
    except PersonaError as error:
        _ui.problem(error)
        return
    _ui.forget_studies()
    if taken.runs:
        _ui.use_run(taken.runs[0])
        _ui.go(_ui.RESULTS)
    st.info(f"{count(len(taken.known), 'run')} of this bundle are here already. Nothing was changed.")


def _file(label: str, name: str, data: object, icon: str | None = None) -> None:
    st.download_button(label, data, name, on_click="ignore", width="stretch", key=f"export {name}", icon=icon)  # type: ignore[arg-type]


def _report(run: RunRecord, with_words: bool) -> str:
    from pipeline.report import run_report

    return run_report(run, _ui.study(run.study_id), with_source=with_words)


def _posters(run: RunRecord, final: FinalPersona | None = None) -> str:
    from pipeline.report import posters

    return posters(run, [final] if final else run.personas)


def _charts(run: RunRecord) -> bytes:
    from pipeline.report.images import chart_files

    return chart_files(run)


def _bundle(run: RunRecord, with_words: bool) -> bytes:
    bundle = _ui.services().store.bundle([run.id])
    return write_bundle(bundle if with_words else without_source(bundle), datetime.now(UTC))


def _json(run: RunRecord) -> str:
    return json.dumps(export.run_document(run), indent=2, ensure_ascii=False)
