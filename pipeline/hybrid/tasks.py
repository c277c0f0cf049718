"""The input of one request: which participants and segments of a focus a model reads, and the questions they answer.

A drafting model gets the most typical participants and what most of the focus share, within a few thousand tokens; a
refining model gets the cited segments and the most central ones of the focus. The drafter without a model reads all.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest

from pipeline.domain.config import HybridConfig
from pipeline.domain.persona import WEAK_FROM
from pipeline.domain.run import AssessedDraft
from pipeline.domain.study import Segment, Study
from pipeline.errors import ConfigError, ProviderError
from pipeline.hybrid.centrality import Centrality
from pipeline.providers import DraftTask, RefineTask
from pipeline.providers.lines import numbered_lines
from pipeline.providers.prompts import room_for_material
from pipeline.providers.tokens import most_tokens

MOST_MATERIAL = 9_000
"""Upper bound of the tokens of the material in one prompt, as `most_tokens` counts: 4,000 to 5,000 real ones in
English, about 3,000 in Japanese. One prompt had 10,700, which took a 7B model minutes and drowned what people share."""
MOST_PEOPLE = 8
"""Participants in one prompt of a draft."""
CENTRAL_SEGMENTS = 8
"""Segments of the focus that a refinement gets beside the cited ones: a gap is filled from them."""
LONGEST_QUESTION = 300
"""Characters of a question; the end is kept, where the question stands."""

_FACTS_TOKENS = 60
"""Room for the facts of one participant."""

_HEADER = re.compile(r'^(?:.+, )?(?:row|line) [0-9]+, "(?P<header>[^"]{3,})"')
"""The place of an answer in a table: `row 4, "What frustrates you most?"`."""


def demand_room(context_tokens: int | None, config: HybridConfig) -> None:
    """Refuse a window in which no draft could be written.

    Raises:
        ConfigError: not even one participant fits beside the instructions and the answer.
    """
    if _usual_room(context_tokens, 1, config) == 0 and context_tokens is not None:
        raise ConfigError(_no_room(context_tokens, config))


def window_sentence(context_tokens: int | None, config: HybridConfig) -> str:
    """Say how much of a full prompt fits into a window; empty for a drafter that reads everything."""
    room = _usual_room(context_tokens, MOST_PEOPLE, config)
    if context_tokens is None or room is None:
        return ""
    answer = f"beside the instructions and an answer of {config.max_output_tokens:,}"
    if room >= MOST_MATERIAL:
        return (
            f"A window of {context_tokens:,} tokens holds a whole prompt: {MOST_MATERIAL:,} tokens of what participants"
            f" said, {answer}."
        )
    return (
        f"A window of {context_tokens:,} tokens holds {room:,} of the {MOST_MATERIAL:,} tokens of what participants"
        f" said that a prompt can have, {answer}; less of it is sent. Raise context_tokens where the server allows it,"
        " or lower max_output_tokens."
    )


def _usual_room(context_tokens: int | None, people: int, config: HybridConfig) -> int | None:
    """Estimate the room for material beside the facts of a number of participants."""
    room = room_for_material(context_tokens, DraftTask(number=0, participants=(), segments=(), seed=0), config)
    return None if room is None else max(0, room - people * _FACTS_TOKENS)


def _no_room(context_tokens: int, config: HybridConfig) -> str:
    return (
        f"A window of {context_tokens:,} tokens (context_tokens) has no room for what participants said beside"
        f" instructions and an answer of {config.max_output_tokens:,} tokens (max_output_tokens). Raise"
        " the one, where the server allows it, or lower the other."
    )


class Tasks:
    """Builds the tasks of one study."""

    def __init__(self, study: Study, config: HybridConfig) -> None:
        self._study = study
        self._config = config
        self._centrality = Centrality(study)
        self._questions = dict(_questions(study.segments))
        self._place = {segment.id: number for number, segment in enumerate(study.segments)}

    def draft(self, number: int, focus: Sequence[str], context_tokens: int | None) -> DraftTask:
        """Return the input of one draft.

        Args:
            number: of the draft in the run, from 0. The first `count` get what most of their focus share, later ones
                a theme of their focus.
            focus: ids of participants.
            context_tokens: window of the model; `None` for a drafter that reads everything.

        Raises:
            ProviderError: not even one segment fits into the window.
        """
        config = self._config
        if context_tokens is None:
            task = self._without_material(number, focus, focus)
            return self._with_material(task, self._centrality.said(focus))
        theme = self._centrality.theme(focus, number - config.count) if number >= config.count else ()
        ranked = self._centrality.ranked(focus, theme)
        people = self._centrality.typical(focus, ranked)[:MOST_PEOPLE]
        task = self._without_material(number, focus, people, tuple(theme))
        room = room_for_material(context_tokens, task, config)
        chosen = self._central(people, ranked, MOST_MATERIAL if room is None else min(MOST_MATERIAL, room))
        if ranked and not chosen:
            raise ProviderError(_no_room(context_tokens, config))
        return self._with_material(task, chosen)

    def refine(self, assessed: AssessedDraft) -> RefineTask:
        """Return the input of one refinement: its findings, its cited segments and the central ones of its focus."""
        claims = assessed.assessment.claims
        cited = {claim.segment for claim in claims if claim.segment}
        ranked = self._centrality.ranked(assessed.draft.focus)
        central = [segment for weight, segment in ranked if weight > 0][:CENTRAL_SEGMENTS]
        segments = {segment.id: segment for segment in (*central, *self._study.segments) if segment.id in cited}
        segments |= {segment.id: segment for segment in central}
        return RefineTask(
            persona=assessed.draft.persona,
            findings=assessed.assessment.findings,
            weak_claims=tuple(claim.text for claim in claims if claim.support < WEAK_FROM),
            segments=self._in_order(segments.values()),
            questions=self._asked(segments.values()),
            seed=self._config.seed,
        )

    def _without_material(
        self, number: int, focus: Sequence[str], people: Sequence[str], theme: tuple[str, ...] = ()
    ) -> DraftTask:
        chosen = frozenset(people)
        return DraftTask(
            number=number,
            participants=tuple(person for person in self._study.participants if person.id in chosen),
            segments=(),
            group=len(focus),
            theme=theme,
            seed=self._config.seed + number,
        )

    def _with_material(self, task: DraftTask, segments: Sequence[Segment]) -> DraftTask:
        return task.model_copy(update={"segments": self._in_order(segments), "questions": self._asked(segments)})

    def _central(self, people: Sequence[str], ranked: Sequence[tuple[float, Segment]], room: int) -> list[Segment]:
        """Return the most central segments of some participants, as many as there is room for.

        Taken in turn from each participant, so that no one voice fills the prompt; a segment that does not fit is
        left out, and a shorter one may still follow.
        """
        by_person: dict[str, list[Segment]] = {person: [] for person in people}
        for _, segment in ranked:
            if segment.participant in by_person:
                by_person[segment.participant].append(segment)
        chosen: list[Segment] = []
        for segment in (turn for turns in zip_longest(*by_person.values()) for turn in turns if turn is not None):
            needed = most_tokens("".join(numbered_lines([segment], self._questions))) + _NUMBERS
            if needed <= room:
                room -= needed
                chosen.append(segment)
        return chosen

    def _in_order(self, segments: Iterable[Segment]) -> tuple[Segment, ...]:
        return tuple(sorted(segments, key=lambda segment: self._place[segment.id]))

    def _asked(self, segments: Iterable[Segment]) -> dict[str, str]:
        return {segment.id: self._questions[segment.id] for segment in segments if segment.id in self._questions}


_NUMBERS = 10
"""Tokens for line numbers that are longer than those of a prompt with one segment."""


def _questions(segments: Sequence[Segment]) -> Iterator[tuple[str, str]]:
    """Yield the id of every segment that answers a question, and the question.

    It is the interviewer's turn before it in the same document, or else the header of its column.
    """
    document, asked, asked_of, answered = "", "", None, True
    for segment in segments:
        if segment.document != document:
            document, asked, answered = segment.document, "", True
        if segment.role == "interviewer":
            asked = segment.text if answered else f"{asked} {segment.text}"
            asked_of, answered = segment.participant, False
            continue
        if asked_of and segment.participant != asked_of:  # the next row of a table, or the next interview of a file
            asked = ""
        answered = True
        header = _HEADER.match(segment.where)
        if question := asked or (header["header"] if header else ""):
            yield segment.id, question[-LONGEST_QUESTION:].strip()
