"""Input and output of a loader.

A loader returns the contents of a file in the file's own terms: people named, speakers, turns, positions. It
does not decide who is the interviewer, which label is whose, or how long a segment is: that is done once,
for all formats, in `roles`, `people` and `segments`.
"""

from pathlib import PurePath

from pydantic import Field

from pipeline.domain.base import Frozen
from pipeline.domain.study import Role
from pipeline.errors import InputError


class SourceFile(Frozen):
    """One file as it was uploaded."""

    name: str
    """File name, with its folder where several files share a name."""
    data: bytes

    @property
    def extension(self) -> str:
        """Lower-case ending with its dot; empty when the name has none."""
        return PurePath(self.name).suffix.lower()


class ReadingLimits(Frozen):
    """Limits above which a study is refused with a sentence."""

    max_file_bytes: int = Field(default=50_000_000, gt=0)
    """Bytes of one file, as stored."""
    max_files: int = Field(default=500, gt=0)
    """Files of one study."""
    max_text_chars: int = Field(default=20_000_000, gt=0)
    """Characters of one text file, or of the text in one document."""
    max_lines: int = Field(default=300_000, gt=0)
    """Lines of one text file, or of the text in one document."""
    max_rows: int = Field(default=50_000, gt=0)
    """Rows of one table, or records of one JSON file."""
    max_columns: int = Field(default=2_000, gt=0)
    """Columns of one table."""
    max_cells: int = Field(default=500_000, gt=0)
    """Cells of all tables of one file, empty ones included."""
    max_nodes: int = Field(default=1_000_000, gt=0)
    """Values of a JSON or YAML file, elements of a document or web page: what memory goes to while it is read."""
    max_turns: int = Field(default=200_000, gt=0)
    """Turns, answers or paragraphs of one file."""
    max_nesting: int = Field(default=40, gt=0)
    """Levels of lists and objects inside one another in one JSON or YAML file."""
    max_pages: int = Field(default=2_000, gt=0)
    """Pages of one PDF file."""
    max_seconds: float = Field(default=10, gt=0)
    """Time spent on the pages of one PDF file, which can be made to take any time."""
    max_unpacked_bytes: int = Field(default=200_000_000, gt=0)
    """Bytes of everything in one archive, archives inside it included; of the parts of one document."""
    max_expansion: int = Field(default=200, gt=0)
    """Largest ratio of unpacked to stored size of an archive, from 1 MB on."""
    max_members: int = Field(default=2_000, gt=0)
    """Entries of one archive, or parts of one document."""
    max_archive_depth: int = Field(default=3, gt=0)
    """Archives inside one another, the outermost included."""
    max_words: int = Field(default=2_000_000, gt=0)
    """Words of one study, those of interviewers included."""

    def check_count(self, files: int) -> None:
        """Refuse more files than fit in one study.

        Raises:
            InputError: there are too many.
        """
        if files > self.max_files:
            raise InputError(f"{files} files; at most {self.max_files} fit in one study. Choose fewer.")

    def check_size(self, name: str, size: int) -> None:
        """Refuse a file of too many bytes.

        Raises:
            InputError: it is too large.
        """
        if size > self.max_file_bytes:
            most = f"at most {self.max_file_bytes / 1e6:,.0f} MB are read"
            raise InputError(f"{name}: {size / 1e6:,.0f} MB; {most}. Split the file.")


class Person(Frozen):
    """Statements of a file about one person, outside of the turns."""

    label: str | None = None
    """The study's own label as written (`PARTICIPANT 001`, an e-mail address, ...): never shown as it is."""
    name: str | None = None
    facts: dict[str, str] = {}
    """Lower-case keys; `age`, `occupation` and `location` are spelled so."""
    interviewer: str | None = None
    """Name of the interviewer, where a header gives it; several with commas between them."""
    role: Role | None = None
    """Interviewer or participant, if the file states it."""

    def over(self, other: "Person") -> "Person":
        """This person, with what only the other states filled in."""
        return Person(
            label=self.label or other.label,
            name=self.name or other.name,
            facts={**other.facts, **self.facts},
            interviewer=self.interviewer or other.interviewer,
            role=self.role or other.role,
        )


class Turn(Frozen):
    """One utterance, message or answer of one speaker."""

    text: str
    where: str
    """The place in the file, in words a person can follow."""
    speaker: str | None = None
    """Label as written; `None` when nothing says who speaks."""
    role: Role | None = None
    """Set when the format itself says so (a question column); `None` leaves it to `roles`."""
    times: tuple[tuple[int, float], ...] = ()
    """Positions in the text, ascending, with the seconds at which the words there begin; empty without times."""
    tags: tuple[str, ...] = ()
    """Codes that a researcher gave to these words."""


class Conversation(Frozen):
    """Turns that belong together: an interview, one respondent's answers, a group discussion."""

    turns: tuple[Turn, ...]
    person: Person = Person()
    """Participant of the conversation, as far as the file states it."""
    speakers: dict[str, Person] = {}
    """Statements of the file about its speakers, by label."""


class Row(Frozen):
    """One row of a table, or one flat record."""

    where: str
    """`row 4`, `item 3`, `line 7`."""
    cells: dict[str, str]


class Table(Frozen):
    """Rows whose columns are not understood yet: that is done once, with or without a correction by hand."""

    name: str
    """The file, with the place in it where it holds several tables; opens every sentence about the table."""
    rows: tuple[Row, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in order of first appearance."""
        return tuple(dict.fromkeys(name for row in self.rows for name in row.cells))


class Reading(Frozen):
    """A file as its loader took it apart."""

    kind: str = "table"
    """In words: `transcript`, `wide survey`, ..."""
    conversations: tuple[Conversation, ...] = ()
    people: dict[str, Person] = {}
    """People described by a list in the file, by the label or name under which they speak."""
    tables: tuple[Table, ...] = ()
    """Become conversations, after those above, in `tables.read_tables`."""
    notes: tuple[str, ...] = ()
    """Notes on how the file was read and which parts were dropped, one sentence each."""
