"""Cards of personas as plain text: everything a reader needs, and nothing that is markup or long enough to harm."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.persona import ClaimSupport, Finding
from pipeline.domain.run import AssessedDraft, FinalPersona, RunRecord
from pipeline.domain.study import Document, Segment, Study
from pipeline.results.cards import Card, CardClaim, cards
from tests.factories import make_persona, make_run

_SAID = "Well. I just want to know what tonight is going to cost me. That is all."
_QUOTE = "I just want to know what tonight is going to cost me."


def _study(said: str = _SAID) -> Study:
    told = (("interviewer", "What do you want?"), ("participant", said), ("participant", "And heat."))
    segments = tuple(
        Segment(id=f"d1.{number}", document="d1", participant="P1", role=role, text=text, where=f"turn {number}")
        for number, (role, text) in enumerate(told, start=1)
    )
    document = Document(id="d1", name="anna.txt", kind="interview transcript", words=20)
    return Study(id="s", name="s", documents=(document,), participants=(), segments=segments)


def _withheld(study: Study) -> Study:
    return study.model_copy(update={"segments": tuple(s.model_copy(update={"text": ""}) for s in study.segments)})


def _claim(field: str, text: str, support: float, segment: str | None = "d1.2") -> ClaimSupport:
    return ClaimSupport(field=field, text=text, support=support, document=None, segment=segment, quote=_QUOTE)


def _run(*claims: ClaimSupport, **run: object) -> RunRecord:
    made = make_run([0.8, 0.4], refined={1: 0.9}, **run)
    first = made.personas[0]
    assessment = first.assessment.model_copy(update={"claims": claims})
    return made.model_copy(update={"personas": (first.model_copy(update={"assessment": assessment}), made.personas[1])})


def _card(run: RunRecord, study: Study) -> Card:
    return cards(run, run.personas[:1], study)[0]


def _of(card: Card, title: str) -> CardClaim:
    return next(group.claims[0] for group in card.groups if group.title == title)


def test_a_claim_brings_the_words_behind_it_with_what_was_said_around_them() -> None:
    claim = _of(_card(_run(_claim("goals", "Know what tonight costs", 0.83)), _study()), "Goals")
    assert claim.said == ("Supported: support 0.83.",)
    assert claim.source is not None
    assert [turn.text for turn in claim.source.before] == ["What do you want?"]
    assert [turn.speaker for turn in claim.source.before] == ["Interviewer"]
    assert claim.source.words == ("Well.", _QUOTE, "That is all.")
    assert [turn.text for turn in claim.source.after] == ["And heat."]
    assert claim.source.place == "anna.txt · turn 2"


def test_words_that_are_not_in_the_segment_leave_it_unmarked() -> None:
    claim = _of(_card(_run(_claim("goals", "Know what tonight costs", 0.83)), _study("Something else.")), "Goals")
    assert claim.source is not None
    assert claim.source.words == ("Something else.", "", "")


def test_a_claim_without_a_source_says_so() -> None:
    claim = _of(_card(_run(_claim("goals", "Know what tonight costs", 0.1, None)), _study()), "Goals")
    assert (claim.mark, claim.word, claim.source) == ("not_found", "not found", None)
    assert claim.said == ("Not found: support 0.10.", "No source in the study.")


def test_a_study_without_its_words_leaves_the_place() -> None:
    claim = _of(_card(_run(_claim("goals", "Know what tonight costs", 0.83)), _withheld(_study())), "Goals")
    assert claim.source is None
    assert claim.said[1].endswith("Their place: anna.txt · turn 2.")


@pytest.mark.parametrize(("support", "word"), [(0.95, "verbatim"), (0.5, "near a quote"), (0.1, "not found")])
def test_quotes_are_told_by_how_near_they_are_to_what_was_said(support: float, word: str) -> None:
    quote = make_persona().quotes[0]
    claim = _of(_card(_run(_claim("quotes", quote, support)), _study()), "Quotes")
    assert claim.word == word
    assert claim.said[0].startswith(word.capitalize())


def test_a_statement_that_was_not_scored_says_why_and_is_counted() -> None:
    card = _card(_run(_claim("goals", "Know what tonight costs", 0.83)), _study())
    assert _of(card, "Pain points").said == ("Too short to be checked against the study.",)
    assert card.marks == (("supported", 1, "supported"), ("unscored", 6, "not scored"))


def test_a_card_says_where_its_text_comes_from_and_what_it_cost() -> None:
    run = _run(simulated=True)
    local, refined = sorted(cards(run, run.personas, _study()), key=lambda card: card.origin == "frontier")
    assert (local.origin, local.simulated, local.compared) == ("local", False, False)
    assert (refined.origin, refined.simulated, refined.compared) == ("frontier", True, True)
    assert local.foot.endswith("Drawn from P01. Cost: nothing.")
    assert refined.foot.endswith("Cost: $0.02 (simulated).")


def test_only_findings_that_the_marks_do_not_tell_are_listed() -> None:
    run = _run()
    found = (Finding(kind="unsupported_claim", text="told"), Finding(kind="near_duplicate", text="look"))
    first = run.personas[0]
    final = first.model_copy(update={"assessment": first.assessment.model_copy(update={"findings": found})})
    assert cards(run, [final], _study())[0].findings == ("look",)


def test_a_text_without_a_score_has_a_dash_and_an_empty_bar() -> None:
    run = make_run([None], outcomes={0: "budget_exhausted"})
    card = _card(run, _study())
    assert card.score == "–"
    assert (card.parts[0].value, card.parts[0].fraction) == ("–", 0.0)


@given(st.text(max_size=4000))
def test_whatever_a_model_writes_cards_are_short_and_turn_no_direction(text: str) -> None:
    lists = dict.fromkeys(("goals", "pain_points", "behaviours", "motivations", "quotes"), (text, text))
    run = _run()
    hostile = make_persona(name=text, tagline=text, background=text, demographics={text: text}, **lists)
    final = run.personas[0].model_copy(update={"persona": hostile, "reason": text})
    card = cards(run, [final], _study(text or "x"))[0]
    assert len(card.name) <= 60
    assert not set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069") & set(
        json.dumps(card.model_dump(), ensure_ascii=False)
    )


def test_a_very_long_segment_is_cut_around_the_words_that_matter() -> None:
    long = f"{'before ' * 2000}{_QUOTE}{' after' * 2000}"
    claim = _of(_card(_run(_claim("goals", "Know what tonight costs", 0.83)), _study(long)), "Goals")
    assert claim.source is not None
    before, marked, after = claim.source.words
    assert marked == _QUOTE
    assert before.startswith("…")
    assert after.endswith("…")
    assert len(before) + len(after) < 2000


def test_drafts_that_are_gone_from_the_record_leave_the_card_whole() -> None:
    run = _run()
    gone: tuple[AssessedDraft, ...] = ()
    finals: tuple[FinalPersona, ...] = run.personas
    assert [card.id for card in cards(run.model_copy(update={"drafts": gone}), finals, _study())] == [
        final.draft_id for final in finals
    ]


def test_the_front_of_a_card_has_what_most_people_said_and_no_facts() -> None:
    run = _run(
        _claim("goals", "Know what tonight costs", 0.83),
        _claim("pain_points", "The bill comes too late", 0.95),
        _claim("behaviours", "Checks the app every morning", 0.1),
        _claim("quotes", "I just want to know what tonight is going to cost me.", 1.0),
        _claim("demographics.age", "41", 1.0),
    )
    card = _card(run, _study())
    assert [one.text for one in card.strongest] == [
        "The bill comes too late",
        "Know what tonight costs",
        "“I just want to know what tonight is going to cost me.”",
    ]
    assert card.size == "7 statements"
