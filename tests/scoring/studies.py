"""Small studies made by hand, for tests of the index and of the score."""

from collections.abc import Mapping

from pipeline.domain.config import Weights
from pipeline.domain.study import Document, Participant, Segment, Study
from pipeline.scoring import Scorer
from pipeline.scoring.index import StudyIndex


def study_of(said: Mapping[str, str], facts: Mapping[str, Mapping[str, str]] | None = None) -> Study:
    """One participant per key; a line is a turn, and one that begins with `Q:` is the interviewer's."""
    segments = [
        Segment(
            id=f"{person}.{number}",
            document=f"doc-{person}",
            participant=person,
            role="interviewer" if line.startswith("Q:") else "participant",
            text=line,
            where=f"turn {number}",
        )
        for person, text in said.items()
        for number, line in enumerate(text.split("\n"))
    ]
    return Study(
        id="study",
        name="Study",
        documents=tuple(
            Document(id=f"doc-{person}", name=f"{person}.txt", kind="interview", words=1) for person in said
        ),
        participants=tuple(
            Participant(
                id=person, documents=(f"doc-{person}",), words=1, demographics=dict((facts or {}).get(person, {}))
            )
            for person in said
        ),
        segments=tuple(segments),
    )


def scorer_of(study: Study, weights: Weights | None = None) -> Scorer:
    """A scorer that asks no model."""
    return Scorer(StudyIndex.build(study), weights or Weights())
