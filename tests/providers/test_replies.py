import contextlib
import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.run import Usage
from pipeline.errors import InputError
from pipeline.providers import Reply
from pipeline.providers.replies import UnreadableReply, persona_reader, persona_schema, read_persona, read_personas
from pipeline.providers.worked_example import ANSWER

GOOD = {
    "name": "Ada",
    "tagline": "Wants warmth",
    "demographics": {"age": "34", "occupation": "teacher", "location": "", "household": ""},
    "background": "",
    "goals": ["Know what tonight costs"],
    "pain_points": [],
    "behaviours": [],
    "motivations": [],
    "quotes": [],
}


def test_good_answer_becomes_a_persona_with_our_id_and_without_empty_facts() -> None:
    persona = read_persona(json.dumps({**GOOD, "id": "evil"}), "persona-001")
    assert persona.id == "persona-001"
    assert persona.demographics == {"age": "34", "occupation": "teacher"}


@pytest.mark.parametrize("wrap", ["```json\n{}\n```", "Here you are:\n{}\nEnjoy!", "  {}  "])
def test_answer_wrapped_in_talk_is_still_read(wrap: str) -> None:
    assert read_persona(wrap.replace("{}", json.dumps(GOOD)), "p").name == "Ada"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "empty"),
        ("<html>busy</html>", "not JSON"),
        (json.dumps(GOOD)[:-20], "not JSON"),
        ('{"name": ["x"]}', "not a persona"),
        (json.dumps({**GOOD, "name": " "}), "no name"),
        (json.dumps({**GOOD, "goals": [""]}), "no goal, pain point"),
        ("[" * 100_000, "nested more than 40 levels deep"),
    ],
)
def test_answer_that_is_no_persona_is_refused_with_the_reason(text: str, complaint: str) -> None:
    with pytest.raises(UnreadableReply, match=complaint):
        read_persona(text, "p")


@pytest.mark.parametrize(("stop", "complaint"), [("length", "output cap"), ("refusal", "declined")])
def test_cut_off_and_refused_answers_are_not_read_at_all(stop: str, complaint: str) -> None:
    reply = Reply.model_validate({"text": json.dumps(GOOD), "usage": Usage(), "stop": stop, "model": "m"})
    with pytest.raises(UnreadableReply, match=complaint):
        persona_reader("p")(reply)


SAID = {"participant": "P01", "lines": {"1": "I print it every Monday.", "2": 'It is "plain".'}}
PROMPT = f"Material:\n{json.dumps(SAID)}\n\nTask: …"


def quotes_of(*quotes: object, prompt: str = PROMPT) -> tuple[str, ...]:
    text = json.dumps({**GOOD, "quotes": quotes})
    return persona_reader("p")(Reply(text=text, usage=Usage(), stop="complete", model="m", prompt=prompt)).quotes


def test_number_of_a_line_becomes_its_words() -> None:
    assert quotes_of(2, 1) == ('It is "plain".', "I print it every Monday.")
    assert quotes_of("[1]") == ("I print it every Monday.",)


def test_number_without_a_line_is_no_quote_and_a_repeated_one_counts_once() -> None:
    assert quotes_of(1, 7, 1) == ("I print it every Monday.",)


def test_words_instead_of_a_number_stay_for_the_score_to_check() -> None:
    assert quotes_of("I never said this.") == ("I never said this.",)


def test_answer_to_a_prompt_without_numbered_lines_keeps_its_quotes() -> None:
    assert quotes_of("I print it.", "7", prompt='{"participant": "P01", "text": "I print it."}') == ("I print it.", "7")


def test_answer_that_repeats_the_example_of_the_prompt_is_no_persona() -> None:
    with pytest.raises(UnreadableReply, match="repeats the example"):
        read_persona(json.dumps(ANSWER), "p")


@given(st.text())
def test_any_text_is_a_persona_or_a_reason(text: str) -> None:
    with contextlib.suppress(UnreadableReply):
        assert read_persona(text, "p").name


def test_schema_is_closed_free_of_references_and_fits_a_good_answer() -> None:
    schema = persona_schema()
    jsonschema.validate(GOOD, schema)
    assert "$ref" not in json.dumps(schema)
    assert set(schema["required"]) == set(schema["properties"])  # type: ignore[arg-type]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**GOOD, "extra": 1}, schema)


def test_control_characters_of_a_model_are_dropped() -> None:
    assert read_persona(json.dumps({**GOOD, "name": "A\x00d\x1ba"}), "p").name == "Ada"


def test_personas_file_may_hold_one_a_list_or_entries_of_a_run(tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    for content in (GOOD, [GOOD], [{"persona": {**GOOD, "id": "persona-001"}, "focus": ["P01"], "outcome": "refined"}]):
        file.write_text(json.dumps(content))
        (draft,) = read_personas(file)
        assert (draft.persona.name, draft.id) == ("Ada", "persona-001")
    assert draft.focus == ("P01",)


@pytest.mark.parametrize("text", ["", "[]", "3", '["x"]', '[{"name": "x", "goals": 3}]', "[{}]", "\x00\x00"])
def test_file_without_a_persona_is_an_input_error_naming_the_file(tmp_path: Path, text: str) -> None:
    file = tmp_path / "p.json"
    file.write_text(text)
    with pytest.raises(InputError, match=r"p\.json"):
        read_personas(file)
