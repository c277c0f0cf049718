"""A study: documents, participants, and segments that can be quoted.

The id is a hash of the content: the same upload is the same study.
"""

from typing import Literal

from pipeline.domain.base import Frozen

Role = Literal["participant", "interviewer"]


class Segment(Frozen):
    """A piece of a document that can be quoted."""

    id: str
    """Unique in the study: document id, a dot, a running number (`d3.17`)."""
    document: str
    """Id of the document it belongs to."""
    participant: str | None
    """Id of the participant who speaks, or to whom the interviewer speaks; `None` when not known."""
    role: Role
    """Interviewer turns are kept for context and never used as evidence."""
    text: str
    where: str
    """The place in the file, in words a person can follow: `turn 12`, `row 4, "What frustrates you?"`."""
    at: float | None = None
    """Seconds into the recording at which it begins; `None` where the file has no times."""
    tags: tuple[str, ...] = ()
    """Codes that a researcher gave to these words in a coding tool; never shown as words of the participant."""


class Document(Frozen):
    """One uploaded file."""

    id: str
    name: str
    """File name as uploaded, with its folder where several files share a name."""
    kind: str
    """Detected kind of file, in words: `interview transcript`, `wide survey`."""
    words: int
    """Words of participants; interviewer turns are not counted."""
    notes: tuple[str, ...] = ()
    """Content recognised and content dropped, one sentence each, for the preview."""
    roles: str = ""
    """Explanation of which speakers were taken as interviewers and participants; empty if no speaker is named."""
    confidence: float | None = None
    """Confidence in those roles, 0 to 1, in the least certain conversation; `None` if there was nothing to decide."""


class Participant(Frozen):
    """A person whose words are in the study."""

    id: str
    """`P03`, `R12`: the study's own label if it has one, else ours. Never an email address or a phone number."""
    name: str | None = None
    """Name found in the data, if any. Redacted before anything is sent to a frontier model."""
    demographics: dict[str, str] = {}
    """Facts about this person in the data: age, occupation, location, ... (lower-case keys)."""
    documents: tuple[str, ...]
    """Ids of their documents."""
    words: int


class StudySize(Frozen):
    """Size of a study: the amount of data behind a run."""

    documents: int
    participants: int
    segments: int
    words: int


class Study(Frozen):
    """A named set of documents. The id is a hash of the content: the same upload is the same study."""

    id: str
    name: str
    documents: tuple[Document, ...]
    participants: tuple[Participant, ...]
    segments: tuple[Segment, ...]
    """In reading order, document by document."""
    warnings: tuple[str, ...] = ()
    """Files that were left out, and why; what may have been read wrong, and where."""

    @property
    def words(self) -> int:
        """Words of participants in the whole study."""
        return sum(document.words for document in self.documents)

    @property
    def is_withheld(self) -> bool:
        """True if it was shared without its text: segments are places only, so no run is possible."""
        return bool(self.segments) and not any(segment.text for segment in self.segments)

    @property
    def size(self) -> StudySize:
        """Amount of data; segments include interviewer turns."""
        return StudySize(
            documents=len(self.documents),
            participants=len(self.participants),
            segments=len(self.segments),
            words=self.words,
        )
