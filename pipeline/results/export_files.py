"""Files of one run, by their form; the library of a form is imported when a file of it is made."""

import json
from typing import Literal

from pipeline.domain.config import Settings
from pipeline.domain.remarks import RunRemarks
from pipeline.domain.run import RunRecord
from pipeline.domain.study import Study

FileForm = Literal["html", "pptx", "docx", "pdf", "cards_csv", "cards_json", "qdpx", "taguette"]


def run_file(
    form: FileForm,
    run: RunRecord,
    study: Study,
    *,
    with_source: bool,
    settings: Settings,
    remarks: RunRemarks = RunRemarks(),  # noqa: B008 - immutable
) -> bytes:
    """Return a file of a run and its study, as `export_check.leaving` gives them.

    Args:
        form: of the file. `qdpx` and `taguette` consist of passages of the study, whatever `with_source` says.
        run: as it may leave.
        study: its own.
        with_source: whether the other files quote the study.
        remarks: notes, tags and comments that may be in the report.
        settings: with the brand of slides and documents.

    Raises:
        ConfigError: the brand cannot be read, or there is no browser to print a PDF.
    """
    match form:
        case "html":
            return _bytes(_report(run, study, with_source, remarks))
        case "pdf":
            from pipeline.results.report.pdf import printed

            return printed(_report(run, study, with_source, remarks))
        case "pptx":
            from pipeline.results.report.brand import brand_of
            from pipeline.results.report.slides import run_slides

            return run_slides(run, study, with_source=with_source, brand=brand_of(settings))
        case "docx":
            from pipeline.results.report.brand import brand_of
            from pipeline.results.report.word import run_document_file

            return run_document_file(run, study, with_source=with_source, brand=brand_of(settings))
        case "qdpx":
            from pipeline.results.export_codes import qdpx_project

            return qdpx_project(study, run)
        case "taguette":
            from pipeline.results.export_codes import taguette_table

            return _bytes(taguette_table(study, run))
        case "cards_csv":
            from pipeline.results.export_cards import cards_csv

            return _bytes(cards_csv(run, study, with_source=with_source))
        case "cards_json":
            from pipeline.results.export_cards import cards_document

            document = cards_document(run, study, with_source=with_source)
            return _bytes(json.dumps(document, indent=2, ensure_ascii=False))


def _report(run: RunRecord, study: Study, with_source: bool, remarks: RunRemarks) -> str:
    from pipeline.results.report import run_report

    return run_report(run, study, with_source=with_source, remarks=remarks)


def _bytes(text: str) -> bytes:
    # Half of a surrogate pair can stand in a file of the user's; it has no bytes in UTF-8.
    return text.encode("utf-8", "replace")
