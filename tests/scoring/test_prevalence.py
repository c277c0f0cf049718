import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.domain.bundle import _without_quotes
from pipeline.domain.config import Weights
from pipeline.domain.persona import SUPPORTED_FROM, Assessment, ClaimSupport, Persona
from pipeline.domain.study import Study
from pipeline.results.cards import cards
from pipeline.results.evidence import said_by
from pipeline.results.export import run_document
from pipeline.scoring import Scorer
from pipeline.scoring.faithfulness import Claim, find, find_alone
from pipeline.scoring.index import StudyIndex
from tests.factories import make_draft, make_final, make_run
from tests.scoring.studies import study_of

SAID = {
    "P1": "Q: And?\nI check the boiler every morning before work.\nThe bill in December frightened me.",
    "P2": "Q: And?\nEvery morning I check the boiler, before work.\nI print the weekly report.",
    "P3": "Q: And?\nI never look at the weekly report.\nMy daughter sets the timer for the towel rail.",
}
FACTS = {"P1": {"age": "41", "location": "Leeds"}, "P2": {"age": "41"}, "P3": {"age": "60"}}
HABIT = "Checks the boiler every morning before work"


@pytest.fixture(scope="module")
def study() -> Study:
    return study_of(SAID, FACTS)


def assessed(study: Study, persona: Persona, focus: tuple[str, ...] | None = ("P1", "P2", "P3")) -> Assessment:
    return Scorer(StudyIndex.build(study), Weights()).assess(persona, focus)


def only(study: Study, focus: tuple[str, ...] | None = ("P1", "P2", "P3"), **parts: object) -> ClaimSupport:
    (claim,) = assessed(study, Persona.model_validate({"id": "p", "name": "Jo", **parts}), focus).claims
    return claim


def test_everybody_who_says_so_is_counted_with_their_own_sentence(study: Study) -> None:
    claim = only(study, behaviours=(HABIT,))
    assert [one.participant for one in claim.supporters] == ["P1", "P2"]
    assert claim.of == 3
    assert claim.supporters[1].quote == "Every morning I check the boiler, before work."
    assert said_by(claim) == "2 of 3 said so"


def test_a_claim_put_together_from_two_people_is_nobodys_alone(study: Study) -> None:
    claim = only(study, behaviours=("Frightened by the bill in December and never looks at the weekly report",))
    assert claim.support >= SUPPORTED_FROM
    assert claim.supporters == ()
    assert said_by(claim) == "none of 3 said so alone"


def test_facts_are_counted_by_what_the_data_states(study: Study) -> None:
    claim = only(study, demographics={"age": "41"})
    assert [one.participant for one in claim.supporters] == ["P1", "P2"]
    assert said_by(claim) == "2 of 3 state it"


def test_a_quote_is_counted_for_who_said_it(study: Study) -> None:
    claim = only(study, quotes=("The bill in December frightened me.",))
    assert [one.participant for one in claim.supporters] == ["P1"]


def test_nobody_is_counted_where_the_focus_is_not_known(study: Study) -> None:
    claim = only(study, None, behaviours=(HABIT,))
    assert (claim.supporters, claim.of, said_by(claim)) == ((), None, "")


def test_a_persona_that_mostly_rests_on_one_person_says_so(study: Study) -> None:
    persona = Persona(
        id="p",
        name="Jo",
        behaviours=(HABIT, "Prints the weekly report"),
        pain_points=("Was frightened by the bill in December", "The daughter sets the timer for the towel rail"),
    )
    (text,) = [found.text for found in assessed(study, persona).findings if found.kind == "one_voice"]
    assert text == "3 of 4 supported statements rest on one person each, of 3 in focus."
    assert not [found for found in assessed(study, persona, ("P1",)).findings if found.kind == "one_voice"]


def test_the_document_of_a_run_names_supporters_and_times(study: Study) -> None:
    timed = study.model_copy(
        update={"segments": tuple(part.model_copy(update={"at": 751.0}) for part in study.segments)}
    )
    persona = Persona(id="p", name="Jo", behaviours=(HABIT,))
    final = make_final(make_draft(0, 0.8), "kept_local").model_copy(update={"assessment": assessed(timed, persona)})
    run = make_run([0.8]).model_copy(update={"personas": (final,)})
    (claim,) = run_document(run)["personas"][0]["evidence"]
    assert (claim["supporters"], claim["of"], claim["at"]) == (["P1", "P2"], 3, "00:12:31")
    assert claim["said_by"][1]["at"] == "00:12:31"


def test_a_card_counts_and_lists_who_said_so(study: Study) -> None:
    persona = Persona(id="p", name="Jo", behaviours=(HABIT,))
    draft = make_draft(0, 0.8)
    final = make_final(draft, "kept_local").model_copy(
        update={"persona": persona, "assessment": assessed(study, persona)}
    )
    run = make_run([0.8]).model_copy(update={"personas": (final,)})
    (card,) = cards(run, [final], study)
    (claim,) = card.groups[0].claims
    assert claim.people == "2 of 3 said so"
    assert [saying.who for saying in claim.supporters] == ["P1", "P2"]


def test_a_bundle_without_words_keeps_the_count_and_drops_the_sentences(study: Study) -> None:
    bare = _without_quotes(assessed(study, Persona(id="p", name="Jo", behaviours=(HABIT,))))
    assert [(one.participant, one.quote) for one in bare.claims[0].supporters] == [("P1", None), ("P2", None)]


WORDS = "check boiler morning work bill december print weekly report daughter timer towel never 41 Leeds".split()  # noqa: SIM905


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=8))
@example(["weekly", "report"])  # one says it, another denies it
def test_support_alone_is_what_the_person_alone_gets_and_never_more_than_all(words: list[str]) -> None:
    index = StudyIndex.build(study_of(SAID, FACTS))
    view = index.view(["P1", "P2", "P3"])
    claim = Claim.of(" ".join(words), "english")
    if not claim.stems:
        return
    found = find(claim, view)
    together = found.support
    for person, evidence in find_alone(claim, found, view, 0.0):
        alone = find(claim, index.view([person.id])).support
        # Rarity ranks sentences, and differs with who is in focus: among equally good ones another may be the best,
        # which is told by the order of words, the last tenth of the scale.
        assert evidence.support == pytest.approx(alone, abs=0.1)
        assert "polarity" in find(claim, view).flags or evidence.support <= together + 0.1
