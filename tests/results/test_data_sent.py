import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.config import HybridConfig
from pipeline.domain.run import ModelCall, RunRecord
from pipeline.domain.study import Document, Participant, Segment, Study
from pipeline.hybrid.redaction import Redactor
from pipeline.providers.lines import segment_line
from pipeline.results.data_sent import (
    Outbound,
    describe_shipment,
    outbound,
    outbound_notes,
    payload_parts,
    payloads_text,
)
from tests.factories import make_call, make_run

TEXTS = {
    "d1.1": ("P03", "My name is Bernard Osei, write to bernard@example.org."),
    "d1.2": ("P03", "Yes."),
    "d1.3": ("P03", "Yes."),
    "d2.1": ("P07", "Bernard told me about it."),
    "d2.2": ("P07", "Nobody asked me."),
}


def make_study() -> Study:
    segments = [
        Segment(id=key, document=key[:2], participant=who, role="participant", text=text, where=f"turn {key[-1]}")
        for key, (who, text) in TEXTS.items()
    ]
    people = (
        Participant(id="P03", name="Bernard Osei", documents=("d1",), words=10),
        Participant(id="P07", documents=("d2",), words=8),
    )
    documents = tuple(Document(id=name, name=f"{name}.txt", kind="interview", words=9) for name in ("d1", "d2"))
    return Study(id="study-1", name="s", documents=documents, participants=people, segments=tuple(segments))


STUDY = make_study()


def prompt_of(*ids: str, redact: bool = True) -> str:
    lines = "\n".join(segment_line(segment) for key in ids for segment in STUDY.segments if segment.id == key)
    prompt = f"Improve this.\n\nMaterial:\n{lines}"
    return Redactor(STUDY).redact(prompt) if redact else prompt


def sent(number: int, *ids: str, redact: bool = True, **changes: object) -> ModelCall:
    payload = json.dumps({"model": "m", "prompt": prompt_of(*ids, redact=redact)}, ensure_ascii=False)
    return make_call(number).model_copy(update={"payload": payload, **changes})


def run_of(*calls: ModelCall, simulated: bool = False, **settings: object) -> RunRecord:
    run = make_run([0.9], extra_calls=calls, simulated=simulated)
    return run.model_copy(update={"config": HybridConfig.model_validate(run.config.model_dump() | settings)})


def words(found: Outbound) -> str:
    shipments = [part for shipment in found.shipments for part in describe_shipment(shipment, found.study_segments)]
    return " ".join((*outbound_notes(found), *shipments))


def test_a_run_inside_this_program_sent_nothing():
    found = outbound(run_of(make_call(0, simulated=True), simulated=True), STUDY)
    assert (found.shipments, found.left) == ((), False)
    assert words(found) == "Nothing left this machine: every model of this run works inside this program."


def test_redacted_excerpts_are_found_again_and_named_by_their_participants():
    found = outbound(run_of(sent(0, "d1.1", "d2.1"), sent(1, "d2.1")), STUDY)
    (shipment,) = found.shipments
    assert [(item.segment.id, item.requests) for item in shipment.segments] == [("d1.1", 1), ("d2.1", 2)]
    assert (shipment.participants, shipment.requests, shipment.untraced) == (("P03", "P07"), 2, 0)
    assert "bernard" not in payloads_text(run_of(sent(0, "d1.1", "d2.1"))).lower()
    assert "2 requests went to anthropic claude-sonnet-5-5: " in words(found)
    assert "with 2 of the 5 segments of the study, from P03 and P07." in words(found)
    assert "names of participants were replaced" in words(found)


def test_words_sent_as_they_stand_are_found_and_it_is_said_that_nothing_was_replaced():
    found = outbound(run_of(sent(0, "d1.1", redact=False), redact=False), STUDY)
    assert [item.segment.id for item in found.shipments[0].segments] == ["d1.1"]
    assert "nothing was replaced" in words(found)


def test_a_line_that_two_segments_share_counts_as_often_as_it_was_sent():
    once, twice = outbound(run_of(sent(0, "d1.2")), STUDY), outbound(run_of(sent(0, "d1.2", "d1.3")), STUDY)
    assert [item.segment.id for item in once.shipments[0].segments] == ["d1.2"]
    assert [item.segment.id for item in twice.shipments[0].segments] == ["d1.2", "d1.3"]


def test_an_excerpt_that_fits_no_segment_is_counted_and_said():
    stranger = Segment(id="x", document="x", participant="P99", role="participant", text="Elsewhere.", where="1")
    payload = json.dumps({"prompt": f"Material:\n{segment_line(stranger)}"})
    found = outbound(run_of(sent(0).model_copy(update={"payload": payload})), STUDY)
    assert found.shipments[0].untraced == 1
    assert "1 further excerpt could not be traced" in words(found)


@pytest.mark.parametrize(
    ("address", "place", "left"),
    [
        (None, "unknown", True),
        ("http://127.0.0.1:8000/v1", "here", False),
        ("localhost:8000/v1", "here", False),
        ("http://[::1]:8000/v1", "here", False),
        ("https://vllm.example.org/v1", "away", True),
    ],
)
def test_a_local_server_is_on_this_machine_only_where_the_record_says_so(address, place, left):
    call = sent(0, "d1.1", redact=False, stage="draft", provider="ollama", cost_micros=0)
    found = outbound(run_of(call, local_base_url=address), STUDY)
    assert (found.shipments[0].place, found.left, found.shipments[0].redacted) == (place, left, False)
    assert words(found).startswith("Nothing left this machine.") != left


def test_a_request_without_an_answer_may_have_arrived():
    found = outbound(run_of(sent(0, "d1.1", status="lost"), sent(1, "d1.1")), STUDY)
    assert found.shipments[0].unanswered == 1
    assert "1 of them had no answer; it may still have arrived." in words(found)


def test_a_request_whose_tokens_were_counted_has_left_the_machine():
    counted = sent(0, "d1.1", cost_micros=0).model_copy(update={"stage": "count"})
    found = outbound(run_of(counted, sent(1, "d1.1")), STUDY)
    assert [(shipment.stage, shipment.place, shipment.redacted) for shipment in found.shipments] == [
        ("count", "away", True),
        ("refine", "away", True),
    ]
    assert found.shipments[0].segments == found.shipments[1].segments
    assert "to count their tokens" in words(found)


def test_payloads_are_kept_word_for_word_under_the_call_they_belong_to():
    call = sent(0, "d2.2")
    assert payloads_text(run_of(make_call(1), call)).splitlines() == [
        "=== draft-001.refine.1 · anthropic claude-sonnet-5-5 · ok · 2026-03-02 09:30:00 UTC ===",
        call.payload,
    ]
    assert payloads_text(run_of(make_call(1))) == ""


@given(st.text(max_size=200))
def test_a_payload_of_any_shape_can_be_looked_at(payload):
    assert isinstance(payload_parts(payload), dict)
    call = make_call(0).model_copy(update={"payload": payload})
    assert outbound(run_of(call), STUDY).study_segments == len(STUDY.segments)
