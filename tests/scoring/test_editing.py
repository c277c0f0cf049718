"""Edits of personas on a really drafted run: words, supports, sources, people."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.domain.bundle import without_words
from pipeline.domain.edits import Edit
from pipeline.domain.run import FinalPersona, RunRecord
from pipeline.domain.study import Study
from pipeline.errors import InputError
from pipeline.scoring.editing import PersonaEditor
from pipeline.scoring.index import StudyIndex
from pipeline.sources import load_paths
from pipeline.store import Store
from tests.pages.runs import finished_run

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
EXAMPLE = Path(__file__).parents[2] / "data" / "hearthwise"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, RunRecord, StudyIndex]:
    """The example study, a run on it with the persona of most goals first, and its index."""
    database = tmp_path_factory.mktemp("edit") / "persona.db"
    study = load_paths([EXAMPLE], "Hearthwise")
    run = Store(database).run(finished_run(database, study=study, count=4, quality_threshold=0.5))
    fullest = sorted(run.personas, key=lambda final: -len(final.persona.goals))
    return study, run.model_copy(update={"personas": tuple(fullest)}), StudyIndex.build(study)


def edit(made: tuple[Study, RunRecord, StudyIndex], run: RunRecord | None = None, **asked: object) -> FinalPersona:
    base = run or made[1]
    first = base.shown[0]
    wanted = Edit.model_validate({"persona": first.draft_id, "field": "goals", **asked})
    after = PersonaEditor(made[2], base).apply(wanted, "Ann", NOW)[wanted.persona]
    assert after is not None
    return after


def support(final: FinalPersona, field: str, text: str) -> float:
    return next(claim.support for claim in final.assessment.claims if (claim.field, claim.text) == (field, text))


def test_a_changed_claim_gets_a_support_of_its_own_and_the_others_keep_theirs(made) -> None:
    old = made[1].personas[0]
    after = edit(made, action="text", text=old.persona.goals[0], new="Win the regional chess tournament in Minsk")
    assert after.persona.goals[0] == "Win the regional chess tournament in Minsk"
    assert support(after, "goals", after.persona.goals[0]) < 0.4
    assert any(finding.kind == "unsupported_claim" for finding in after.assessment.findings)
    others = [claim for claim in old.assessment.claims if claim.text != old.persona.goals[0]]
    assert [claim for claim in after.assessment.claims if claim.field != "goals" or claim in others] == others
    assert after.assessment.scores.overall < old.assessment.scores.overall


def test_an_edited_persona_keeps_its_outcome_and_the_text_that_was_delivered(made) -> None:
    old = made[1].personas[0]
    after = edit(made, action="text", field="name", new="Nora")
    assert (after.outcome, after.reason, after.cost_micros) == (old.outcome, old.reason, old.cost_micros)
    assert after.edited is not None
    assert (after.edited.original, after.edited.by, after.edited.changes) == (old.persona, ("Ann",), 1)
    assert after.edited.original_assessment == old.assessment


def test_added_claim_counts_the_people_who_say_so(made) -> None:
    study, run, _ = made
    people = run.people_of(run.shown[0])
    said = next(one.text for one in study.segments if one.participant in people and len(one.text.split()) > 12)
    after = edit(made, action="add", field="pain_points", new=" ".join(said.split()[:9]))
    claim = next(one for one in after.assessment.claims if one.text == " ".join(said.split()[:9]))
    assert claim.of == len(people)
    assert claim.support > 0.4


def test_rejected_claim_is_gone_from_the_text_and_remembered(made) -> None:
    text = made[1].personas[0].persona.goals[0]
    after = edit(made, action="reject", text=text)
    assert text not in after.persona.goals
    assert [place.text for place in after.edited.rejected] == [text]


def test_moved_claim_takes_its_pin_and_its_source_along(made) -> None:
    run, first = made[1], made[1].personas[0]
    text = first.persona.goals[0]
    pinned = edit(made, action="pin", text=text)
    once = run.model_copy(update={"edited": (pinned, *run.personas[1:])})
    moved = edit(made, once, persona=first.draft_id, action="move", text=text, new="behaviours")
    assert moved.persona.behaviours[-1] == text
    assert [(place.field, place.text) for place in moved.edited.pinned] == [("behaviours", text)]


def test_chosen_source_is_shown_and_decides_the_support(made) -> None:
    run = made[1]
    first = run.personas[0]
    text = first.persona.goals[0]
    options = PersonaEditor(made[2], run).best_sources(first.draft_id, "goals", text)
    assert 1 < len(options) <= 5
    last = options[-1]
    after = edit(made, action="source", text=text, segment=last.segment, quote=last.quote)
    claim = next(one for one in after.assessment.claims if one.text == text)
    assert (claim.segment, claim.quote) == (last.segment, last.quote)
    before = next(one for one in first.assessment.claims if one.text == text)
    assert claim.supporters == before.supporters


def test_source_from_another_participant_adds_that_participant(made) -> None:
    run, first = made[1], made[1].personas[0]
    people = set(run.people_of(first))
    editor = PersonaEditor(made[2], run)
    found = editor.search(first.draft_id, "goals", first.persona.goals[0], "the app is heating")
    other = next(one for one in found if not one.in_focus)
    after = edit(made, action="source", text=first.persona.goals[0], segment=other.segment, quote=other.quote)
    assert set(after.edited.people) == people | {other.participant}
    assert {claim.of for claim in after.assessment.claims} == {len(people) + 1}


def test_sentence_that_nobody_said_is_refused_as_a_source(made) -> None:
    text = made[1].personas[0].persona.goals[0]
    with pytest.raises(InputError, match="not a sentence of this study"):
        edit(made, action="source", text=text, segment=made[0].segments[0].id, quote="An invented sentence.")


def test_merge_unites_claims_and_people_and_finds_duplicates(made) -> None:
    run = made[1]
    first, second = run.personas[:2]
    echo = f"{first.persona.goals[0].rstrip('.')} now"
    twin = second.model_copy(
        update={"persona": second.persona.model_copy(update={"goals": (echo, *second.persona.goals)})}
    )
    both = run.model_copy(update={"edited": (first, twin, *run.personas[2:])})
    editor = PersonaEditor(made[2], both)
    assert next(one.kept for one in editor.duplicates(first.draft_id, second.draft_id)) == first.persona.goals[0]
    wanted = Edit(action="merge", persona=first.draft_id, other=second.draft_id)
    after = editor.apply(wanted, "Ann", NOW)
    merged = after[first.draft_id]
    assert after[second.draft_id] is None
    assert set(merged.edited.people) == {*run.people_of(first), *run.people_of(second)}
    assert echo not in merged.persona.goals
    assert set(second.persona.quotes) <= set(merged.persona.quotes)
    assert len(merged.assessment.claims) > len(first.assessment.claims)


def test_split_gives_every_claim_to_somebody_and_everybody_to_one_side(made) -> None:
    run = made[1]
    first = next(final for final in run.personas if len(run.people_of(final)) > 1)
    people = run.people_of(first)
    wanted = Edit(action="split", persona=first.draft_id, people=people[:1])
    after = PersonaEditor(made[2], run).apply(wanted, "Ann", NOW)
    stays, leaves = after.values()
    assert (leaves.edited.people, stays.edited.people) == (people[:1], people[1:])
    for field in ("goals", "pain_points", "behaviours", "motivations", "quotes"):
        kept = {*getattr(stays.persona, field), *getattr(leaves.persona, field)}
        assert kept == set(getattr(first.persona, field))
    assert (leaves.cost_micros, stays.cost_micros) == (0, first.cost_micros)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"action": "text", "text": "never written", "new": "x"}, "was changed"),
        ({"action": "add", "new": "  "}, "needs words"),
        ({"action": "text", "field": "name", "new": ""}, "needs a name"),
        ({"action": "merge", "other": "draft-9999"}, "no persona"),
        ({"action": "split", "people": ()}, "Choose some"),
        ({"action": "add", "field": "hobbies", "new": "x"}, "not a list"),
    ],
)
def test_change_that_makes_no_sense_is_refused_with_its_remedy(made, asked, sentence) -> None:
    with pytest.raises(InputError, match=sentence):
        edit(made, **asked)


def test_study_without_its_words_cannot_be_edited_against(made) -> None:
    with pytest.raises(InputError, match="words of this study were left out"):
        PersonaEditor(StudyIndex.build(without_words(made[0])), made[1])
