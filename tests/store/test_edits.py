"""Edits in the store: rows are appended, undo is a row, and personas stand as the latest row in force says."""

import sqlite3
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.domain.bundle import without_source
from pipeline.domain.edits import Edit
from pipeline.domain.run import ClaimPlace, Editing, FinalPersona
from pipeline.errors import InputError, StoreError
from pipeline.store import Store
from pipeline.store.bundle_file import read_bundle, write_bundle
from tests.factories import STARTED
from tests.pages.runs import finished_run


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "persona.db")


@pytest.fixture
def run_id(store: Store) -> str:
    return finished_run(store.path)


def renamed(final: FinalPersona, name: str) -> FinalPersona:
    changes = (final.edited.changes if final.edited else 0) + 1
    editing = Editing(
        by=("Ann",),
        at=STARTED,
        changes=changes,
        people=("P01",),
        rejected=(ClaimPlace(field="goals", text="x"),),
        original=final.persona,
        original_assessment=final.assessment,
    )
    return final.model_copy(update={"persona": final.persona.model_copy(update={"name": name}), "edited": editing})


def save(store: Store, run_id: str, after: Mapping[str, FinalPersona | None], seen: int | None = None) -> int:
    edit = Edit(action="text", persona=next(iter(after)), field="name", new="new")
    return store.add_edit(run_id, edit, after, "Ann", STARTED, store.revision(run_id) if seen is None else seen)


def test_edit_changes_what_is_shown_and_not_what_was_delivered(store: Store, run_id: str) -> None:
    before = store.run(run_id)
    first = before.personas[0]
    scores = store.scores([run_id])
    save(store, run_id, {first.draft_id: renamed(first, "Nora")})
    after = store.run(run_id)
    assert after.personas == before.personas
    assert [final.persona.name for final in after.shown if final.edited] == ["Nora"]
    assert (len(after.shown), after.revision) == (len(before.personas), 1)
    assert store.scores([run_id]) == scores  # calibration knows nothing of it


def test_undo_is_another_row_and_brings_back_each_state_in_turn(store: Store, run_id: str) -> None:
    first = store.run(run_id).personas[0]
    save(store, run_id, {first.draft_id: renamed(first, "One")})
    save(store, run_id, {first.draft_id: renamed(store.run(run_id).shown[0], "Two")})
    names = []
    for _ in range(2):
        store.undo_edit(run_id, first.draft_id, "Ben", STARTED + timedelta(hours=1))
        names.append(next(one for one in store.run(run_id).shown if one.draft_id == first.draft_id).persona.name)
    assert names == ["One", first.persona.name]
    assert [row.edit.action for row in store.edit_rows(run_id)] == ["text", "text", "undo", "undo"]
    with pytest.raises(InputError, match="no change"):
        store.undo_edit(run_id, first.draft_id, "Ben", STARTED)


def test_merged_persona_is_gone_until_the_merge_is_undone(store: Store, run_id: str) -> None:
    first, second = store.run(run_id).personas
    save(store, run_id, {first.draft_id: renamed(first, "Both"), second.draft_id: None})
    assert [final.persona.name for final in store.run(run_id).shown] == ["Both"]
    store.undo_edit(run_id, first.draft_id, "Ann", STARTED)
    assert store.run(run_id).shown == store.run(run_id).personas


def test_edit_that_a_later_merge_used_is_undone_after_the_merge(store: Store, run_id: str) -> None:
    first, second = store.run(run_id).personas
    save(store, run_id, {second.draft_id: renamed(second, "Alone")})
    save(store, run_id, {second.draft_id: renamed(second, "Again"), first.draft_id: renamed(first, "Twin")})
    save(store, run_id, {first.draft_id: renamed(first, "Later")})
    with pytest.raises(InputError, match="Undo the later change"):
        store.undo_edit(run_id, second.draft_id, "Ann", STARTED)


def test_edit_of_a_persona_that_another_person_changed_meanwhile_is_refused(store: Store, run_id: str) -> None:
    first, second = store.run(run_id).personas
    save(store, run_id, {first.draft_id: renamed(first, "One")})
    with pytest.raises(StoreError, match="Ann changed this persona meanwhile"):
        save(store, run_id, {first.draft_id: renamed(first, "Two")}, seen=0)
    save(store, run_id, {second.draft_id: renamed(second, "Other")}, seen=0)


def test_row_of_the_history_cannot_be_altered(store: Store, run_id: str) -> None:
    first = store.run(run_id).personas[0]
    save(store, run_id, {first.draft_id: renamed(first, "One")})
    with sqlite3.connect(store.path) as db, pytest.raises(sqlite3.IntegrityError, match="never altered"):
        db.execute("UPDATE edits SET author = 'Eve'")


def test_edits_travel_in_a_bundle_and_add_up(store: Store, run_id: str, tmp_path: Path) -> None:
    first = store.run(run_id).personas[0]
    other = Store(tmp_path / "other.db")
    save(store, run_id, {first.draft_id: renamed(first, "One")})
    sent = read_bundle(write_bundle(store.bundle([run_id]), STARTED), "a.zip")
    assert other.import_bundle(sent, STARTED).edits == 1
    save(store, run_id, {first.draft_id: renamed(store.run(run_id).shown[0], "Two")})
    again = read_bundle(write_bundle(store.bundle([run_id]), STARTED), "b.zip")
    assert other.import_bundle(again, STARTED).edits == 1
    assert other.run(run_id).shown == store.run(run_id).shown
    assert other.import_bundle(again, STARTED).edits == 0
    assert other.import_bundle(without_source(again), STARTED).edits == 0


def test_bundle_that_was_edited_in_another_way_is_refused_whole(store: Store, run_id: str, tmp_path: Path) -> None:
    first = store.run(run_id).personas[0]
    other = Store(tmp_path / "other.db")
    other.import_bundle(store.bundle([run_id]), STARTED)
    save(store, run_id, {first.draft_id: renamed(first, "Here")})
    edit = Edit(action="text", persona=first.draft_id, field="name", new="There")
    other.add_edit(run_id, edit, {first.draft_id: renamed(first, "There")}, "Ben", STARTED, 0)
    with pytest.raises(StoreError, match="edited differently"):
        other.import_bundle(store.bundle([run_id]), STARTED)


def test_bundle_without_words_has_none_of_the_edited_sources(store: Store, run_id: str) -> None:
    first = store.run(run_id).personas[0]
    save(store, run_id, {first.draft_id: renamed(first, "One")})
    (shared,) = without_source(store.bundle([run_id])).runs
    claims = shared.edits[0].after[first.draft_id]
    assert claims is not None
    assert all(claim.quote is None for claim in claims.assessment.claims)
    assert all(claim.quote is None for claim in claims.edited.original_assessment.claims)
