"""Bundles with labels: whoever takes one in can certify with them, and nothing is counted twice."""

import io
import json
import subprocess
import sys
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.calibration.design import draw_design
from pipeline.calibration.drift import setup_of
from pipeline.domain.bundle import Bundle, without_source
from pipeline.domain.labels import DesignSettings, DraftKey
from pipeline.errors import InputError, StoreError
from pipeline.store import Store
from pipeline.store.bundle_file import read_bundle, write_bundle
from tests.store.test_bundle import NOW, edit, filled, repacked


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return filled(tmp_path / "from.db")[0]


@pytest.fixture
def empty(tmp_path: Path) -> Store:
    return Store(tmp_path / "empty.db")


def labelled(store: Store, run_ids: list[str], name: str = "First draw") -> str:
    """A design over these runs, in which two people have labelled."""
    scores = {DraftKey(run_id, f"draft-{number:03}"): 0.5 for run_id in run_ids for number in (1, 2)}
    design = draw_design(scores, setup_of(store.run(run_ids[0])), DesignSettings(floor_percentile=0))
    design_id = store.save_design(run_ids, design, name, NOW)
    for place, rater in enumerate(("Zoe", "Ana")):
        store.save_label(design_id, place, rater, "acceptable", "As she said", NOW + timedelta(minutes=1))
    return design_id


def through_a_file(bundle: Bundle) -> Bundle:
    return read_bundle(write_bundle(bundle, NOW), "x.zip")


def test_designs_and_labels_come_out_as_they_went_in(store: Store, empty: Store):
    run_id = store.runs()[0].id
    design_id = labelled(store, [run_id])
    bundle = store.bundle([run_id])
    assert through_a_file(bundle) == bundle
    assert empty.import_bundle(through_a_file(bundle), NOW).labels == 2
    assert empty.design(design_id) == store.design(design_id)
    assert empty.labels(design_id) == store.labels(design_id)
    assert empty.designs() == store.designs()
    assert empty.bundle([run_id]) == bundle


def test_importing_labels_twice_changes_nothing(store: Store, empty: Store):
    run_id = store.runs()[0].id
    design_id = labelled(store, [run_id])
    empty.import_bundle(store.bundle([run_id]), NOW)
    empty.save_label(design_id, 0, "Zoe", "unacceptable", "On second thoughts", NOW)
    before = empty.labels(design_id)
    assert empty.import_bundle(store.bundle([run_id]), NOW).labels == 0
    assert empty.labels(design_id) == before


def test_labels_made_since_the_last_bundle_are_added(store: Store, empty: Store):
    run_id = store.runs()[0].id
    design_id = labelled(store, [run_id])
    empty.import_bundle(store.bundle([run_id]), NOW)
    store.save_label(design_id, 1, "Zoe", "unsure", "", NOW)
    taken = empty.import_bundle(store.bundle([run_id]), NOW)
    assert (taken.runs, taken.known, taken.labels) == ((), (run_id,), 1)
    assert empty.labels(design_id) == store.labels(design_id)


def test_design_over_several_runs_travels_only_with_all_of_them(tmp_path: Path, store: Store):
    first, second = store.runs()[0].id, filled(tmp_path / "from.db")[1]
    own, both = labelled(store, [first]), labelled(store, [first, second], "Both")
    assert [found.stored.id for found in store.bundle([first]).designs] == [own]
    assert [found.stored.id for found in store.bundle([first, second]).designs] == [own, both]


def test_notes_stay_behind_with_the_words_of_the_study_and_names_of_raters_do_not(store: Store, empty: Store):
    run_id = store.runs()[0].id
    design_id = labelled(store, [run_id])
    bare = through_a_file(without_source(store.bundle([run_id])))
    assert b"As she said" not in b"".join(_members(write_bundle(bare, NOW)).values())
    empty.import_bundle(bare, NOW)
    assert [(found.rater, found.note) for found in empty.labels(design_id)] == [("Zoe", ""), ("Ana", "")]
    store.import_bundle(bare, NOW)
    assert [found.note for found in store.labels(design_id)] == ["As she said", "As she said"]


def test_design_that_is_here_and_draws_other_texts_is_refused(store: Store, empty: Store):
    run_id = store.runs()[0].id
    labelled(store, [run_id])
    bundle = store.bundle([run_id])
    empty.import_bundle(bundle, NOW)
    found = bundle.designs[0]
    tasks = tuple(task.model_copy(update={"draft_id": "draft-002"}) for task in found.stored.design.tasks)
    design = found.stored.design.model_copy(update={"tasks": tasks})
    forged = found.model_copy(update={"stored": found.stored.model_copy(update={"design": design})})
    with pytest.raises(StoreError, match="other content"):
        empty.import_bundle(bundle.model_copy(update={"designs": (forged,)}), NOW)


def test_bundle_of_the_first_format_is_still_read(store: Store):
    run_id = store.runs()[0].id
    bundle = store.bundle([run_id])

    def as_before(members: dict[str, bytes]) -> None:
        manifest = json.loads(members["manifest.json"]) | {"format": "persona.bundle/1"}
        del manifest["designs"]
        members["manifest.json"] = json.dumps(manifest).encode()

    assert read_bundle(repacked(write_bundle(bundle, NOW), as_before), "x.zip") == bundle


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda design: design["labels"][0].update(place=99), "no task 99"),
        (lambda design: design["labels"].append(design["labels"][0]), "the same label occurs twice"),
        (lambda design: design["labels"][0].update(verdict="fine"), "verdict"),
        (lambda design: design["labels"][0].update(labelled_at="2026-03-02T09:30:00"), "no time zone"),
        (lambda design: design["stored"].update(id="design-0"), "differs from its manifest"),
        (lambda design: design["stored"].update(run_ids=["run-0"]), "not one that it was drawn from"),
        (lambda design: design["stored"]["design"].update(tasks=[]), "no task"),
        (lambda design: design["stored"]["design"]["setup"].update(study_id="study-2"), "lacks a run or the study"),
        (lambda design: design["stored"]["design"]["tasks"][0].update(draft_id="draft-9"), "lacks a draft"),
    ],
)
def test_changed_design_is_refused_in_a_sentence(store: Store, change, sentence: str):
    run_id = store.runs()[0].id
    design_id = labelled(store, [run_id])
    data = write_bundle(store.bundle([run_id]), NOW)
    member = f"designs/{design_id}.json"
    design = json.loads(_members(data)[member])
    change(design)
    with pytest.raises(InputError, match=sentence):
        read_bundle(repacked(data, edit(member, **design), honest=True), "x.zip")


@pytest.mark.slow
def test_opening_a_store_and_reading_bundles_loads_no_statistics():
    code = "import sys, pipeline.store, pipeline.store.bundle_file; print({'numpy', 'scipy'} & {*sys.modules} != set())"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"


def _members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
