"""Requests of a run that left this machine: recipient, size, and the participants whose words they held.

Pure functions on the record of a run and its study. Excerpts are found in the recorded payloads, line by line as they
were written into the prompt, not guessed from settings; excerpts that match no segment are counted and reported.
"""

import json
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Sequence
from datetime import UTC

from pydantic import JsonValue, TypeAdapter, ValidationError

from pipeline.domain.base import Frozen
from pipeline.domain.bundle import WITHHELD
from pipeline.domain.run import ModelCall, ProviderPlace, RunRecord, Stage
from pipeline.domain.study import Segment, Study
from pipeline.hybrid.redaction import REPLACED, Redactor
from pipeline.providers._errors import is_loopback
from pipeline.providers.lines import json_line, quotable_lines, read_excerpts, segment_line
from pipeline.providers.verification import as_data, passage_lines
from pipeline.text.tokens import sentence_spans
from pipeline.text.wording import count, listed

_EXCERPT = '{"participant": "'
_ITS_TEXT = '", "text": "'
_ANSWERED = ("ok", "truncated", "refused", "unparsable")
_JSON: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])


class SentSegment(Frozen):
    """A segment of the study whose words were sent."""

    segment: Segment
    requests: int
    """Number of requests that held it; a repeated attempt counts again."""


class Shipment(Frozen):
    """All requests of one stage to one model outside this program."""

    stage: Stage
    provider: str
    model: str
    place: ProviderPlace
    """As recorded with the requests. For older ones `away` unless the run's settings place the server on this
    machine; `unknown` where only the environment at that time could tell."""
    requests: int
    unanswered: int
    """Requests without an answer so far; they may or may not have arrived."""
    characters: int
    """Of all requests, as recorded, instructions and schema included."""
    segments: tuple[SentSegment, ...]
    """In reading order."""
    participants: tuple[str, ...]
    """Ids of those whose words were sent, in order of their first segment."""
    untraced: int
    """Excerpts that match no segment of the study as it would be sent today."""
    redacted: bool
    """True if names and contact details of participants were replaced before sending."""


class Outbound(Frozen):
    """Everything a run sent out of this program."""

    shipments: tuple[Shipment, ...]
    """Those that left the machine first."""
    study_segments: int
    withheld: bool = False
    """True if the run was imported without its payloads."""

    @property
    def left(self) -> bool:
        """True if anything left, or may have left, this machine."""
        return self.withheld or any(shipment.place != "here" for shipment in self.shipments)


def outbound(run: RunRecord, study: Study) -> Outbound:
    """Summarise the recorded payloads of a run; providers inside this program have none."""
    sent: dict[tuple[Stage, str, str, ProviderPlace], list[ModelCall]] = defaultdict(list)
    for call in run.calls:
        if call.payload and call.payload != WITHHELD:
            sent[call.stage, call.provider, call.model, _place(call, run)].append(call)
    shipments = [_shipment(calls, run, study) for calls in sent.values()]
    order: tuple[ProviderPlace, ...] = ("away", "unknown", "here")
    return Outbound(
        shipments=tuple(sorted(shipments, key=lambda shipment: order.index(shipment.place))),
        study_segments=len(study.segments),
        withheld=any(call.payload == WITHHELD for call in run.calls),
    )


def outbound_notes(found: Outbound) -> tuple[str, ...]:
    """Return sentences to show before the shipments; empty if the shipments are enough."""
    if found.withheld:
        return ("This run was imported without the words of its study, so its requests are not known here.",)
    if not found.shipments:
        return ("Nothing left this machine: every model of this run works inside this program.",)
    return () if found.left else ("Nothing left this machine.",)


def describe_shipment(shipment: Shipment, study_segments: int) -> tuple[str, str]:
    """Describe a shipment: a headline with its size and recipient, and details."""
    where = {"away": "", "here": " on this machine", "unknown": " on this machine or another"}
    names = shipment.participants
    named = names if len(names) <= 8 else (*names[:7], f"{len(names) - 7} others")
    people = f", from {listed(named)}" if names else ""
    headline = (
        f"{count(shipment.requests, 'request')} went to {shipment.provider} {shipment.model}{where[shipment.place]}: "
        f"{shipment.characters:,} characters, with {len(shipment.segments):,} of the {study_segments:,} segments of "
        f"the study{people}."
    )
    return headline, " ".join(_details(shipment))


def payloads_text(run: RunRecord) -> str:
    """Join every recorded payload of a run, word for word; empty when there is none."""
    parts = [
        f"=== {call.id} · {call.provider} {call.model} · {call.status} ·"
        f" {call.started_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC ===\n{call.payload}\n"
        for call in run.calls
        if call.payload
    ]
    return "\n".join(parts)


def payload_parts(payload: str) -> dict[str, JsonValue]:
    """Parse a recorded payload into its named parts; empty when it is not a JSON object."""
    try:
        return _JSON.validate_json(payload)
    except ValidationError:
        return {}


def _shipment(calls: Sequence[ModelCall], run: RunRecord, study: Study) -> Shipment:
    first = calls[0]
    redacted = first.stage in ("count", "refine") and run.config.redact
    found, untraced = _trace(calls, study, redacted)
    segments = tuple(
        SentSegment(segment=segment, requests=found[segment.id]) for segment in study.segments if segment.id in found
    )
    participants = dict.fromkeys(sent.segment.participant for sent in segments)
    return Shipment(
        stage=first.stage,
        provider=first.provider,
        model=first.model,
        place=_place(first, run),
        requests=len(calls),
        unanswered=sum(call.status not in _ANSWERED for call in calls),
        characters=sum(len(call.payload) for call in calls),
        segments=segments,
        participants=tuple(person for person in participants if person),
        untraced=untraced,
        redacted=redacted,
    )


def _place(call: ModelCall, run: RunRecord) -> ProviderPlace:
    if call.place != "unknown":
        return call.place
    if call.stage in ("count", "refine"):
        return "away"
    # Models of the score run on an Ollama server, even where an OpenAI-compatible one drafts.
    elsewhere = call.stage != "draft" and run.config.local_provider == "openai"
    if elsewhere or not run.config.local_base_url:
        return "unknown"
    return "here" if is_loopback(run.config.local_base_url) else "away"


def _trace(calls: Sequence[ModelCall], study: Study, redacted: bool) -> tuple[Counter[str], int]:
    """Count requests of one stage per segment id, and excerpts that match no segment.

    A line that several segments share, such as a `Yes.`, counts for as many of them as it was sent in one request.
    """
    stage = calls[0].stage
    segments = tuple(map(Redactor(study).redact_segment, study.segments)) if redacted else study.segments
    ids: dict[str, list[str]] = defaultdict(list)
    for line, segment_id in _quotable(segments, stage):
        ids[line].append(segment_id)
    found: Counter[str] = Counter()
    untraced = 0
    for call in calls:
        excerpts = _excerpts(call.payload, stage)
        waiting = {line: deque(ids[line]) for line in set(excerpts) if line in ids}
        held: set[str] = set()
        for line in excerpts:
            if waiting.get(line):
                held.add(waiting[line].popleft())
            elif stage != "embed":
                untraced += 1
        found.update(held)
    return found, untraced


def _quotable(segments: Sequence[Segment], stage: Stage) -> Iterator[tuple[str, str]]:
    """Yield every line that a prompt of a stage can quote, with the id of its segment.

    Drafting and refining models get whole segments; models of the score get single sentences of participants.
    """
    for segment in segments:
        if stage in ("draft", "count", "refine"):
            yield segment_line(segment), segment.id  # prompts before version 2
            yield _numbered(segment.participant or "unknown", quotable_lines(segment.text)), segment.id
        elif segment.role == "participant":
            for start, end in sentence_spans(segment.text):
                sentence = segment.text[start:end]
                alone = segment.model_copy(update={"text": sentence})
                yield _sentence_line(alone, stage), segment.id


def _sentence_line(sentence: Segment, stage: Stage) -> str:
    """Write a sentence as the prompt of a stage holds it."""
    if stage == "embed":
        return json.dumps(sentence.text, ensure_ascii=False)
    return as_data(sentence.text) if stage == "verify" else segment_line(sentence)


def _excerpts(payload: str, stage: Stage) -> list[str]:
    """Return the lines of a prompt that quote the study; for an embedding model, lines of the persona too."""
    prompt = payload_parts(payload).get("prompt")
    if not isinstance(prompt, str):
        return []
    if stage == "verify":
        return passage_lines(prompt)
    lines = prompt.split("\n")
    numbered = [_numbered(person, list(said.values())) for person, said in read_excerpts(prompt)]
    return numbered + [line for line in lines if stage == "embed" or (line.startswith(_EXCERPT) and _ITS_TEXT in line)]


def _numbered(participant: str, lines: Sequence[str]) -> str:
    """Return a key for a segment that was sent as numbered lines, whatever the numbers."""
    return json_line([participant, *lines])


_BESIDE: dict[Stage, str] = {
    "draft": "instructions, the questions, and the facts that the study states about these participants",
    "embed": "statements of the draft personas",
    "judge": "instructions and a statement of a persona",
    "verify": "instructions and a statement of a persona",
    "count": "instructions, the questions, the draft persona with its quotes, and the findings of its review",
    "refine": "instructions, the questions, the draft persona with its quotes, and the findings of its review",
}
"""Content of a request beside the excerpts."""


def _details(shipment: Shipment) -> Iterator[str]:
    if shipment.place == "unknown":
        yield "The address was not recorded: they left this machine only if the server was on another one."
    yield f"Each also held {_BESIDE[shipment.stage]}."
    if shipment.stage == "count":
        yield "They were sent near the end of the budget to count their tokens, which is free."
    if shipment.redacted:
        yield f"{REPLACED[0].upper()}{REPLACED[1:]} and names of participants were replaced."
        yield "Names of other people are not known and were sent."
    else:
        yield "The words were sent unchanged: nothing was replaced."
    if shipment.unanswered:
        which = "It" if shipment.requests == 1 else f"{shipment.unanswered} of them"
        arrived = "it" if shipment.unanswered == 1 else "they"
        yield f"{which} had no answer; {arrived} may still have arrived."
    if shipment.untraced:
        yield f"{count(shipment.untraced, 'further excerpt')} could not be traced to a segment: read the payloads."
