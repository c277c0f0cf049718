"""Numbered lines: how words of a study stand in a prompt, and how a number in an answer becomes a quote again.

Study text travels as one JSON object per line, so that nothing a participant said can end its quotation. A model names
the numbers of the lines to quote; the words are then copied by us, so that they are verbatim.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import count

from pipeline.domain.study import Segment
from pipeline.text.tokens import sentence_spans

SHORTEST_LINE = 4
"""Words of the shortest line where a segment has more than one: `Yeah.` is no quote, and belongs to what follows."""

_BEGINS = '{"participant": "'
_LINE_ENDS = {ord(sign): f"\\u{ord(sign):04x}" for sign in "\x7f\x85\u2028\u2029"}
"""Characters that JSON does not escape, although text readers take them for the end of a line."""


def json_line(value: object) -> str:
    """Render a value as one line of JSON that no text reader splits."""
    return json.dumps(value, ensure_ascii=False).translate(_LINE_ENDS)


def segment_line(segment: Segment) -> str:
    """Render a segment without numbers: one line of JSON with its participant and its text."""
    return json_line({"participant": segment.participant or "unknown", "text": segment.text})


def quotable_lines(text: str) -> list[str]:
    """Split a text into pieces that can be quoted, each as it stands there: sentences, short ones joined with the next.

    Together they hold every word of the text; empty for blank text.
    """
    pieces: list[tuple[int, int]] = []
    for start, end in sentence_spans(text):
        joined = bool(pieces) and len(text[slice(*pieces[-1])].split()) < SHORTEST_LINE
        pieces[-1:] = [(pieces[-1][0], end)] if joined else [*pieces[-1:], (start, end)]
    return [text[start:end] for start, end in pieces]


def numbered_lines(segments: Sequence[Segment], questions: Mapping[str, str]) -> Iterator[str]:
    """Yield one line of JSON per segment: the participant, the question where it is new, and the numbered words.

    Args:
        segments: in reading order; numbers run through all of them, from 1.
        questions: what each segment answers, by segment id; not part of what can be quoted.
    """
    numbers, asked = count(1), ""
    for segment in segments:
        question = questions.get(segment.id, "")
        new = {"question": question} if question and question != asked else {}
        asked = question
        lines = {str(next(numbers)): line for line in quotable_lines(segment.text)}
        yield json_line({"participant": segment.participant or "unknown", **new, "lines": lines})


def read_lines(prompt: str) -> dict[int, str]:
    """Return the numbered lines of a prompt by number; empty where it has none, as in prompts before version 2."""
    found: dict[int, str] = {}
    for _, lines in read_excerpts(prompt):
        found.update(lines)
    return found


def read_excerpts(prompt: str) -> Iterator[tuple[str, dict[int, str]]]:
    """Yield the participant and the numbered lines of every segment in a prompt, in its order."""
    for line in prompt.split("\n"):
        if not line.startswith(_BEGINS):
            continue
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict) and isinstance(lines := value.get("lines"), dict):
            numbered = {int(key): str(text) for key, text in lines.items() if re.fullmatch(r"[0-9]{1,6}", key)}
            yield str(value.get("participant")), numbered
