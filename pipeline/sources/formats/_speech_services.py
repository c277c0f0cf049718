"""Output of speech recognition services: words and segments with times and speakers become turns.

One small reader per shape; the first whose keys are there is used. Amazon Transcribe and Contact Lens, AssemblyAI,
Azure, Deepgram, ElevenLabs, Gong, Google, IBM, OpenAI, Rev, Speechmatics, Whisper, whisper.cpp and WhisperX. Ids,
settings and scores of a service are not facts about a person. Written from the services' public documentation.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from pydantic import JsonValue

from pipeline.domain.study import Role
from pipeline.sources.encoding import tidy
from pipeline.sources.formats._cues import Cue, joined, monologue
from pipeline.sources.reading import Conversation, Person, Turn

Node = dict[str, JsonValue]


class Said(NamedTuple):
    """A stretch of speech, or one word of it."""

    speaker: str | None
    text: str
    start: float | None = None
    is_sign: bool = False
    """A punctuation mark, which follows the word before it without a space."""


_PT = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?")
_ROLES: dict[str, Role] = {
    "AGENT": "interviewer", "SYSTEM": "interviewer", "CUSTOM_BOT": "interviewer", "SUPERVISOR": "interviewer",
    "CUSTOMER": "participant", "INTERNAL": "interviewer", "EXTERNAL": "participant",
}  # fmt: skip


def read_speech(node: Node) -> Conversation | None:
    """The conversation in an object that a speech service wrote; `None` for any other object, or without words."""
    for reader in _READERS:
        said = list(reader(node))
        if any(one.text.strip() for one in said):
            return _conversation(said, _stated(node))
    return None


def _conversation(said: Sequence[Said], stated: dict[str, Person]) -> Conversation:
    runs: list[list[Said]] = []
    for one in said:
        if runs and one.speaker in (None, runs[-1][0].speaker):
            runs[-1].append(one)
        elif one.text.strip():
            runs.append([one])
    turns: list[Turn] = []
    for run in runs:
        speaker = run[0].speaker
        cues = [Cue(start=_clock(one.start), text=one.text, speaker=speaker) for one in _sentences(run)]
        turns += [joined(cues)] if speaker else monologue(cues)
    return Conversation(turns=tuple(turns), speakers=stated)


def _append(parts: list[str], one: Said) -> None:
    if one.is_sign:
        parts[-1] += one.text.strip()
    else:
        parts.append(one.text)


def _sentences(said: Sequence[Said]) -> list[Said]:
    """Return speech in pieces with a time each; single words are joined into sentences."""
    if any(" " in one.text.strip() for one in said):
        return [Said(None, tidy(one.text), one.start) for one in said if one.text.strip()]
    found: list[Said] = []
    parts: list[str] = []
    start: float | None = None
    for one in said:
        start = one.start if not parts else start
        _append(parts, one) if parts else parts.append(one.text)
        if parts[-1].rstrip()[-1:] in ".!?…。":
            found.append(Said(None, tidy(" ".join(parts)), start))
            parts = []
    return [*found, Said(None, tidy(" ".join(parts)), start)] if parts else found


def _stated(node: Node) -> dict[str, Person]:
    """The sides of a call, where the export names them."""
    sides = [(part.get("ParticipantRole"), part.get("ParticipantRole")) for part in _calls(node)]
    sides += [(part.get("name"), part.get("affiliation")) for part in _objects(node.get("parties"))]
    named = {_label(label): _ROLES.get(str(role).upper()) for label, role in sides}
    return {label: Person(role=role) for label, role in named.items() if label and role}


def _calls(node: Node) -> list[Node]:
    return [*_objects(node.get("Participants")), *_objects(node.get("Transcript"))]


# --- shapes ----------------------------------------------------------------------------------------


def _contact_lens(node: Node) -> Iterator[Said]:
    roles = {str(part.get("ParticipantId")): part.get("ParticipantRole") for part in _objects(node.get("Participants"))}
    for part in _objects(node.get("Transcript")):
        role = part.get("ParticipantRole") or roles.get(str(part.get("ParticipantId"))) or part.get("ParticipantId")
        if isinstance(part.get("Content"), str):
            yield Said(_label(role), _text(part, "Content"), _seconds(part.get("BeginOffsetMillis"), 1000))


def _transcribe(node: Node) -> Iterator[Said]:
    results = node.get("results")
    if not isinstance(results, dict) or not ("items" in results or "audio_segments" in results):
        return
    if segments := _objects(results.get("audio_segments")):
        for part in segments:
            yield Said(_label(part.get("speaker_label")), _text(part, "transcript"), _seconds(part.get("start_time")))
        return
    channels = results.get("channel_labels")
    items = _objects(results.get("items"))
    owners = _owners(results.get("speaker_labels"), channels if isinstance(channels, dict) else {})
    last: str | None = None
    for item in items:
        is_sign = item.get("type") == "punctuation"
        own = item.get("speaker_label") or item.get("channel_label") or owners.get(str(item.get("start_time")))
        last = last if is_sign else (_label(own) or last)
        yield Said(last, _first_alternative(item, "content"), _seconds(item.get("start_time")), is_sign)


def _owners(speakers: JsonValue, channels: Node) -> dict[str, JsonValue]:
    """The speaker of every word, by the time at which it starts."""
    owners: dict[str, JsonValue] = {}
    for segment in _objects(speakers.get("segments")) if isinstance(speakers, dict) else ():
        owners[str(segment.get("start_time"))] = segment.get("speaker_label")
        for word in _objects(segment.get("items")):
            owners[str(word.get("start_time"))] = word.get("speaker_label") or segment.get("speaker_label")
    for channel in _objects(channels.get("channels")):
        for word in _objects(channel.get("items")):
            owners.setdefault(str(word.get("start_time")), channel.get("channel_label"))
    return owners


def _utterances(node: Node) -> Iterator[Said]:
    """AssemblyAI at the top, Deepgram within its results."""
    results = node.get("results")
    for holder in (node, results if isinstance(results, dict) else {}):
        for part in _objects(holder.get("utterances")):
            text = _text(part, "text") or _text(part, "transcript")
            yield Said(
                _label(part.get("speaker", part.get("channel"))),
                text,
                _seconds(part.get("start"), 1000 if "text" in part else 1),
            )


def _deepgram(node: Node) -> Iterator[Said]:
    results = node.get("results")
    channels = _objects(results.get("channels")) if isinstance(results, dict) else []
    for number, channel in enumerate(channels):
        for best in _objects(channel.get("alternatives"))[:1]:
            words = _objects(best.get("words"))
            for word in words:
                own = word.get("speaker", f"channel {number}" if len(channels) > 1 else None)
                text = _text(word, "punctuated_word") or _text(word, "word")
                yield Said(_label(own), text, _seconds(word.get("start")))
            if not words:
                yield Said(f"Speaker {number}" if len(channels) > 1 else None, _text(best, "transcript"))


def _azure(node: Node) -> Iterator[Said]:
    for phrase in _objects(node.get("recognizedPhrases")):
        start = _seconds(phrase.get("offsetInTicks"), 10_000_000)
        text = next((_text(best, "display") for best in _objects(phrase.get("nBest"))), "")
        own = phrase.get("speaker", phrase.get("channel"))
        yield Said(_label(own), text, start if start is not None else _duration(phrase.get("offset")))
    for phrase in _objects(node.get("phrases")):
        yield Said(
            _label(phrase.get("speaker")), _text(phrase, "text"), _seconds(phrase.get("offsetMilliseconds"), 1000)
        )


def _google(node: Node) -> Iterator[Said]:
    inner = node.get("response")
    results = _objects(node.get("results") or (inner.get("results") if isinstance(inner, dict) else None))
    best = [one for result in results for one in _objects(result.get("alternatives"))[:1]]
    tagged = [
        one
        for one in best
        if any("speakerTag" in word or "speakerLabel" in word for word in _objects(one.get("words")))
    ]
    if tagged:  # the last result repeats all words, with the speakers
        for word in (word for one in tagged[-1:] for word in _objects(one.get("words"))):
            own = word.get("speakerLabel") or word.get("speakerTag")
            yield Said(_label(own), _text(word, "word"), _duration(word.get("startTime") or word.get("startOffset")))
        return
    if not any("speaker" in one or "content" in one for one in best):
        for one in best:
            yield Said(None, _text(one, "transcript"))


def _ibm(node: Node) -> Iterator[Said]:
    owners = {str(part.get("from")): part.get("speaker") for part in _objects(node.get("speaker_labels"))}
    if not owners:
        return
    for result in _objects(node.get("results")):
        for best in _objects(result.get("alternatives"))[:1]:
            stamps = best.get("timestamps")
            for word in stamps if isinstance(stamps, list) else ():
                if isinstance(word, list) and len(word) > 1:
                    yield Said(_label(owners.get(str(word[1]))), str(word[0]), _seconds(word[1]))


def _speechmatics(node: Node) -> Iterator[Said]:
    last: str | None = None
    for item in _objects(node.get("results")):
        best = next(iter(_objects(item.get("alternatives"))), {})
        if "content" not in best or "start_time" not in item:
            return
        is_sign = item.get("type") == "punctuation"
        last = last if is_sign else (_label(best.get("speaker")) or last)
        yield Said(last, _text(best, "content"), _seconds(item.get("start_time")), is_sign)


def _rev(node: Node) -> Iterator[Said]:
    names = {str(part.get("id")): part.get("name") for part in _objects(node.get("speakers"))}
    for part in _objects(node.get("monologues")):
        own = part.get("speaker_name") or names.get(str(part.get("speaker"))) or part.get("speaker")
        elements = _objects(part.get("elements"))
        start = next((_seconds(element.get("ts", element.get("timestamp"))) for element in elements), None)
        words = "".join(
            f" {_text(one, 'value')}" if one.get("type") == "text" else _text(one, "value") for one in elements
        )
        yield Said(_label(own), words, start)


def _segments(node: Node) -> Iterator[Said]:
    """Parse the segments of Whisper, WhisperX and OpenAI: a text and, with diarisation, speaker labels."""
    segments = _objects(node.get("segments"))
    if not all("text" in part and ("start" in part or "speaker" in part) for part in segments):
        return
    for part in segments:
        yield Said(_label(part.get("speaker")), _text(part, "text"), _seconds(part.get("start")))


def _gong(node: Node) -> Iterator[Said]:
    """Parse monologues of sentences. Speakers have ids; their names are there if the parties of the call were added."""
    names = {str(part.get("speakerId")): part.get("name") for part in _objects(node.get("parties"))}
    numbers: dict[str, int] = {}
    for part in _objects(node.get("transcript")):
        sentences = _objects(part.get("sentences"))
        speaker = str(part.get("speakerId"))
        number = numbers.setdefault(speaker, len(numbers) + 1)
        words = " ".join(_text(sentence, "text") for sentence in sentences)
        start = next((_seconds(sentence.get("start"), 1000) for sentence in sentences), None)
        yield Said(_label(names.get(speaker)) or f"Speaker {number}", words, start)


def _whisper_cpp(node: Node) -> Iterator[Said]:
    for part in _objects(node.get("transcription")):
        offsets = part.get("offsets")
        start = _seconds(offsets.get("from"), 1000) if isinstance(offsets, dict) else None
        yield Said(_label(part.get("speaker")), _text(part, "text"), start)


def _words(node: Node) -> Iterator[Said]:
    """ElevenLabs, and AssemblyAI without utterances: words with a speaker each."""
    for word in _objects(node.get("words")):
        own = word.get("speaker_id", word.get("speaker"))
        if own is not None and "text" in word:
            yield Said(_label(own), _text(word, "text"), _seconds(word.get("start")))


_READERS: tuple[Callable[[Node], Iterator[Said]], ...] = (
    _contact_lens, _transcribe, _utterances, _deepgram, _azure, _ibm, _speechmatics, _google, _rev, _segments,
    _gong, _whisper_cpp, _words,
)  # fmt: skip


# --- values ----------------------------------------------------------------------------------------


def _objects(value: JsonValue) -> list[Node]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(node: Node, key: str) -> str:
    value = node.get(key)
    return value if isinstance(value, str) else ""


def _first_alternative(item: Node, key: str) -> str:
    return next((_text(best, key) for best in _objects(item.get("alternatives"))), "")


def _label(value: JsonValue) -> str | None:
    """Return the speaker label; a generic one if the service only numbers its speakers."""
    if value is None or isinstance(value, dict | list):
        return None
    text = tidy(str(value))
    if match := re.fullmatch(r"S?(\d{1,3})|([A-Z])", text):
        return f"Speaker {match[1] or match[2]}"
    return None if text in ("", "UU") else text


def _seconds(value: JsonValue, per_second: float = 1) -> float | None:
    try:
        return float(str(value)) / per_second
    except ValueError:
        return None


def _duration(value: JsonValue) -> float | None:
    """Seconds in `1.400s`, `PT1M2.5S`."""
    text = str(value)
    if match := _PT.fullmatch(text):
        hours, minutes, seconds = (float(part or 0) for part in match.groups())
        return hours * 3600 + minutes * 60 + seconds
    return _seconds(text.removesuffix("s"))


def _clock(seconds: float | None) -> str:
    whole = int(seconds or 0)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
