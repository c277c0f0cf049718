"""`persona calibrate --audit`: does a calibration of another study hold here?"""

import argparse
import json
from typing import TYPE_CHECKING

from pipeline.cli._options import open_store, say
from pipeline.domain.config import Settings
from pipeline.errors import InputError

if TYPE_CHECKING:
    from pipeline.calibration.audit import AuditResult
    from pipeline.domain.calibration import CalibrationFile
    from pipeline.domain.labels import StoredDesign
    from pipeline.store import Store


def audit_calibration(options: argparse.Namespace, settings: Settings) -> int:
    """Draw the probes of an audit, or judge their labels; a table of labelled probes is judged at once.

    Returns:
        0, or 1 if the calibration does not hold.
    """
    from pipeline.domain.calibration import read_calibration_file

    file = read_calibration_file(options.audit)
    found, design = _of_table(options, file), None
    if found is None:
        found, design = _of_runs(open_store(options, settings), options, file)
    if options.json:
        document = {"schema": "persona.audit/1", "calibration": file.id, "design": design, **found.model_dump()}
        say(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        say(found.sentence)
        if design and not found.labels:
            say(f"Label the texts of design {design} on the page Label, then give this command again.", aside=True)
    return int(found.outcome == "fail")


def _of_table(options: argparse.Namespace, file: "CalibrationFile") -> "AuditResult | None":
    from pipeline.calibration.audit import MARGIN, audit, audit_terms, promise_of
    from pipeline.calibration.table import read_cases

    if not options.csv:
        return None
    margin = MARGIN if options.margin is None else options.margin
    return audit(read_cases(options.csv), promise_of(file), audit_terms(file, margin))


def _of_runs(store: "Store", options: argparse.Namespace, file: "CalibrationFile") -> "tuple[AuditResult, str]":
    from pipeline.calibration.audit import audit
    from pipeline.calibration.labels import label_set
    from pipeline.calibration.pooled_drafts import pool_drafts
    from pipeline.calibration.threshold_effects import on_stops

    stored = _design(store, options, file)
    labels = label_set(stored, store.labels(stored.id), store.label_history(stored.id))
    pool = pool_drafts(store.scores(stored.run_ids), labels=labels)
    settings = stored.design.settings
    if settings.audit is None:
        raise InputError(f"--design: {stored.id} was not drawn for an audit. Leave it out to draw one.")
    return audit(on_stops(pool.cases), settings.promise, settings.audit, pool.sampling.planned), stored.id


def _design(store: "Store", options: argparse.Namespace, file: "CalibrationFile") -> "StoredDesign":
    """Return the audit of this calibration on these runs; drawn if there is none."""
    from pipeline.calibration.audit import MARGIN, PROBES, audit_settings
    from pipeline.calibration.design import draw_from
    from pipeline.domain.units import SystemClock

    ids = list(dict.fromkeys(store.find_run(text) for text in options.run))
    runs = store.scores(ids)
    for summary in store.designs(runs[0].study_id):
        stored = store.design(summary.id) if set(summary.run_ids) == set(ids) else None
        terms = stored.design.settings.audit if stored else None
        if stored and terms and terms.calibration == file.id:
            if options.margin not in (None, terms.margin):
                raise InputError(f"--margin: this audit was declared with a margin of {terms.margin:g}.")
            return stored
    settings = audit_settings(file, MARGIN if options.margin is None else options.margin, options.probes or PROBES)
    name = f"Audit of {file.id}"
    return store.design(store.save_design(ids, draw_from(runs, settings), name, SystemClock().now()))
