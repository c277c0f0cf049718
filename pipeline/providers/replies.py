"""Parse a model's text into a persona, or raise an error with the reason.

The text is untrusted: it may be fenced, cut off, off-schema, or hold control characters. Nothing is
invented to fill a gap; a persona without a name or without a single claim is refused.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, JsonValue, ValidationError

from pipeline.domain.config import explain_validation
from pipeline.domain.persona import CLAIM_LISTS, Persona
from pipeline.domain.run import Draft
from pipeline.domain.untrusted import Bounds, Refused, check_json, parse_json, read_file
from pipeline.errors import InputError, PersonaError
from pipeline.providers import Reply
from pipeline.providers.lines import read_lines
from pipeline.providers.loops import repeated_end
from pipeline.providers.worked_example import CLAIMS, copied_claims

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_LINE_NUMBER = re.compile(r"\[?([0-9]{1,6})\]?")
_FENCE = re.compile(r"^\s*```[a-zA-Z]*\n|\n?```\s*$")


REPLY = Bounds(max_bytes=1_000_000, max_nodes=5_000, max_items=200)
"""Of one answer of a model: the longest that can be asked for, 64,000 tokens, has a third of these characters."""
PERSONAS = Bounds(max_bytes=20_000_000, max_nodes=200_000, max_items=5_000)
"""Of one file of personas."""


class UnreadableReply(PersonaError):
    """A model answered, but not with a persona; the message says what was wrong with the text.

    Attributes:
        partial: the persona in an answer that was cut off, from the fields that were complete; `None` when they are too
            few to be one.
    """

    def __init__(self, message: str, partial: Persona | None = None) -> None:
        super().__init__(message)
        self.partial = partial


class LoopingReply(UnreadableReply):
    """A model repeated the same words until it was cut off; another seed and a repeat penalty may end that."""


def _clean(value: object) -> object:
    """Turn numbers into text and nulls into empty text; remove control characters."""
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return _CONTROL.sub("", value).strip() if isinstance(value, str) else value


def _clean_list(value: object) -> object:
    """Turn a null list into an empty one."""
    return [] if value is None else value


ReplyLine = Annotated[str, BeforeValidator(_clean)]
Lines = Annotated[list[ReplyLine], BeforeValidator(_clean_list)]


class Demographics(BaseModel):
    """Facts that most of them share, or a range for the age; an empty string where the material states none."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    age: ReplyLine = ""
    occupation: ReplyLine = ""
    location: ReplyLine = ""
    household: ReplyLine = ""


class PersonaReply(BaseModel):
    """The JSON a model is asked for, in the order in which it shall think; its docstrings become the outline."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    quotes: Lines = []
    """numbers of two or three lines that speak for these people."""
    pain_points: Lines = []
    """things that frustrate them: three to five, one sentence each."""
    goals: Lines = []
    """aims they want to achieve: three to five, one sentence each."""
    behaviours: Lines = []
    """things they habitually do: three to five, one sentence each."""
    motivations: Lines = []
    """reasons why they do it: two to four, one sentence each."""
    background: ReplyLine = ""
    """two or three sentences, only what the material states."""
    demographics: Demographics = Demographics()
    """age, occupation, location, household: what most of them share, or a range; "" where it is not stated."""
    tagline: ReplyLine = ""
    """one short sentence that tells this persona from others."""
    name: ReplyLine
    """an invented first name; never the name of a participant."""


def outline() -> str:
    """Describe the fields of an answer for a prompt: a server turns a schema into a grammar, no model reads it."""
    fields = PersonaReply.model_json_schema()["properties"]
    lines = [f'- "{name}": {field["description"]}' for name, field in fields.items()]
    return "\n".join(["Answer with one JSON object with these keys, in this order:", *lines])


def persona_schema() -> dict[str, JsonValue]:
    """The closed JSON schema of an answer: every key required, none added, no references, no limits.

    Providers differ in what they accept; this is the subset that all of them do. Quotes are numbers of lines.
    """
    texts: dict[str, JsonValue] = {name: {"type": "string"} for name in Demographics.model_fields}
    kinds: dict[str, JsonValue] = {"quotes": {"type": "array", "items": {"type": "integer"}}}
    kinds |= {name: {"type": "array", "items": {"type": "string"}} for name in _LIST_LENGTHS if name != "quotes"}
    kinds["demographics"] = _closed(texts)
    return _closed({name: kinds.get(name, {"type": "string"}) for name in PersonaReply.model_fields})


def _closed(fields: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {"type": "object", "properties": fields, "required": [*fields], "additionalProperties": False}


_LIST_LENGTHS = {"quotes": (1, 3), "pain_points": (2, 5), "goals": (2, 5), "behaviours": (2, 5), "motivations": (1, 4)}
"""Fewest and most items, for grammars: without a limit, small models repeat one item up to the output cap."""
_LONGEST = {"background": 600, "tagline": 140, "name": 30}
_LONGEST_ITEM, _LONGEST_FACT = 200, 80
"""Characters."""


def local_persona_schema(lines: int) -> dict[str, JsonValue]:
    """The schema with limits on lists, texts and line numbers, for local servers, which turn it into a grammar.

    Args:
        lines: numbered lines of the prompt; without any there is nothing to quote.
    """
    schema = persona_schema()
    fields: Any = schema["properties"]
    for name, (fewest, most) in _LIST_LENGTHS.items():
        fields[name].update(minItems=fewest, maxItems=most, items={"type": "string", "maxLength": _LONGEST_ITEM})
    number: dict[str, JsonValue] = {"type": "integer", "minimum": 1, "maximum": max(1, lines)}
    fields["quotes"].update(items=number, minItems=min(1, lines), maxItems=min(_LIST_LENGTHS["quotes"][1], lines))
    for name, longest in _LONGEST.items():
        fields[name]["maxLength"] = longest
    for fact in fields["demographics"]["properties"].values():
        fact["maxLength"] = _LONGEST_FACT
    return schema


JudgeVerdict = Literal["supported", "contradicted", "not_found"]


class JudgeReply(BaseModel):
    """Verdict of a judge on one statement, in the order in which it shall think: the words first."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    span: ReplyLine = ""
    """The words of one passage that decide, copied exactly; empty when there are none."""
    verdict: JudgeVerdict


def judge_schema() -> dict[str, JsonValue]:
    """The closed JSON schema of `JudgeReply`."""
    schema = JudgeReply.model_json_schema()
    fields: dict[str, JsonValue] = {}
    for name, field in schema["properties"].items():
        fields[name] = {key: value for key, value in field.items() if key not in ("title", "default")}
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def read_judgement(reply: Reply) -> JudgeReply:
    """Parse the judgement in a reply.

    Raises:
        UnreadableReply: refused, cut off, not JSON, or of another shape.
    """
    _refuse_unfinished(reply)
    try:
        return JudgeReply.model_validate(_json(reply.text))
    except ValidationError as error:
        raise UnreadableReply(f"The answer is not a judgement: {explain_validation(error)}"[:500]) from error


def persona_reader(persona_id: str) -> Callable[[Reply], Persona]:
    """Return a function that parses a reply as the persona with this id, or raises `UnreadableReply`."""

    def read(reply: Reply) -> Persona:
        lines = read_lines(reply.prompt)
        try:
            _refuse_unfinished(reply)
        except UnreadableReply as error:
            error.partial = partial_persona(reply.text, persona_id, lines) if reply.stop == "length" else None
            raise
        return read_persona(reply.text, persona_id, lines)

    return read


def _refuse_unfinished(reply: Reply) -> None:
    if reply.stop == "refusal":
        raise UnreadableReply(f"{reply.model} declined to answer.")
    if reply.stop != "length":
        return
    if words := repeated_end(reply.text):
        raise LoopingReply(f"{reply.model} got into a loop: its answer ends in {_shown(words)} again and again.")
    raise UnreadableReply(f"{reply.model} was cut off at the output cap. Raise max_output_tokens in the configuration.")


def _shown(words: str) -> str:
    """Return the beginning of a repeated text in quotation marks, from a word onwards."""
    return repr(" ".join(words.split())[:60])


def _json(text: str) -> JsonValue:
    """The JSON value in a model's text, whatever stands around it."""
    if len(text) > REPLY.max_bytes:
        raise UnreadableReply(f"The answer has {len(text):,} characters, and {REPLY.max_bytes:,} are read.")
    body = _FENCE.sub("", text).strip()
    if not body:
        raise UnreadableReply("The answer was empty.")
    start, end = body.find("{"), body.rfind("}")
    if 0 <= start < end:
        body = body[start : end + 1]
    try:
        check_json(body.encode("utf-8", "replace"), REPLY)
        values: JsonValue = json.loads(body)
    except Refused as error:
        raise UnreadableReply(f"The answer {error}.") from error
    except (ValueError, RecursionError) as error:
        raise UnreadableReply(f"The answer is not JSON; it begins {body[:60]!r}.") from error
    return values


def read_persona(text: str, persona_id: str, lines: Mapping[int, str] = MappingProxyType({})) -> Persona:
    """Parse the persona in a model's answer.

    Args:
        text: of the model.
        persona_id: assigned by us.
        lines: the numbered lines of its prompt. A quote that is a number becomes the words of that line, and is left
            out where there is no such line; other quotes stay as they are, and the score looks them up in the study.

    Raises:
        UnreadableReply: empty, not JSON, of another shape, or without a name or any claim.
    """
    try:
        reply = PersonaReply.model_validate(_json(text))
    except ValidationError as error:
        raise UnreadableReply(f"The answer is not a persona: {explain_validation(error)}"[:500]) from error
    lists = {field: tuple(dict.fromkeys(item for item in getattr(reply, field) if item)) for field in CLAIM_LISTS}
    lists["quotes"] = tuple(_quotes(reply.quotes, lines))
    if not reply.name:
        raise UnreadableReply("The answer has no name.")
    if copied_claims(claim for field in CLAIMS for claim in lists[field]) > 1:
        raise UnreadableReply("The answer repeats the example in the instructions: the model is too small for them.")
    if not any(lists.values()):
        raise UnreadableReply("The answer states no goal, pain point, behaviour, motivation or quote.")
    return Persona(
        id=persona_id,
        name=reply.name,
        tagline=reply.tagline,
        demographics={key: value for key, value in reply.demographics.model_dump().items() if value},
        background=reply.background,
        **lists,
    )


_LEAST_LISTS = 2
"""Lists of claims that an answer must have finished before it was cut off, to be worth a look."""


def partial_persona(text: str, persona_id: str, lines: Mapping[int, str] = MappingProxyType({})) -> Persona | None:
    """Return the persona in an answer that was cut off: its complete fields, each item of a list once.

    A name that had not been reached is replaced by `Persona` and the number; nothing else is filled in. `None` when
    fewer than two lists of claims are complete.
    """
    try:
        values = _json(_complete_part(text))
        reply = PersonaReply.model_validate({"name": "", **(values if isinstance(values, dict) else {})})
    except (UnreadableReply, ValidationError):
        return None
    fields = (*CLAIM_LISTS, "quotes")
    lists = {field: list(dict.fromkeys(item for item in getattr(reply, field) if item)) for field in fields}
    if sum(bool(lists[field]) for field in CLAIM_LISTS) < _LEAST_LISTS:
        return None
    name = reply.name or f"Persona {persona_id.rpartition('-')[2].lstrip('0')}".strip()
    whole = reply.model_copy(update={**lists, "name": name})
    try:
        return read_persona(whole.model_dump_json(), persona_id, lines)
    except UnreadableReply:  # it repeats the example of the prompt
        return None


def _complete_part(text: str) -> str:
    """Return the object that a text begins, closed after its last complete value; empty when it has none."""
    start, depth, end, in_string, escaped = text.find("{"), 0, 0, False, False
    for place, sign in enumerate(text[start:] if start >= 0 else "", start=start):
        if in_string:
            in_string, escaped = escaped or sign != '"', sign == "\\" and not escaped
        elif sign == '"':
            in_string = True
        elif sign in "[{":
            depth += 1
        elif sign in "]}":
            depth -= 1
            end = place + 1 if depth == 1 else end
        elif sign == "," and depth == 1:
            end = place
    return text[start:end] + "}" if end else ""


def _quotes(quotes: Sequence[str], lines: Mapping[int, str]) -> Iterator[str]:
    for quote in dict.fromkeys(quotes):
        number = _LINE_NUMBER.fullmatch(quote) if lines else None
        words = lines.get(int(number[1]), "") if number else quote
        if words:
            yield words


def read_personas(path: Path) -> tuple[Draft, ...]:
    """Read personas from a JSON file: one, or a list, bare or as in a run's document; unknown keys are ignored.

    An entry may carry `focus`, the ids of the participants it is drawn from; ids are assigned where missing.

    Raises:
        InputError: the file is missing, is not JSON, holds none, or an entry is not a persona.
    """
    try:
        values = parse_json(read_file(path, PERSONAS.max_bytes), PERSONAS)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}).") from error
    except Refused as error:
        raise InputError(f"{error.about(str(path))}. Expected one persona or a list of them.") from error
    entries = values if isinstance(values, list) else [values]
    if not entries:
        raise InputError(f"{path}: holds no persona.")
    return tuple(_entry(entry, f"{path}: entry {number}", number) for number, entry in enumerate(entries, start=1))


def _entry(entry: JsonValue, where: str, number: int) -> Draft:
    if not isinstance(entry, dict):
        raise InputError(f"{where} is a {type(entry).__name__}. Expected a persona: an object with a name and goals.")
    content = entry["persona"] if isinstance(entry.get("persona"), dict) else entry
    known = {
        key: value
        for key, value in content.items()  # type: ignore[union-attr]
        if key in Persona.model_fields and value is not None
    }
    identity = str(known.pop("id", "") or entry.get("id") or f"persona-{number:03}")
    try:
        persona = Persona.model_validate({**known, "id": identity})
        return Draft.model_validate({"id": identity, "persona": persona, "focus": entry.get("focus") or ()})
    except ValidationError as error:
        raise InputError(f"{where} is not a persona: {explain_validation(error)}") from error
