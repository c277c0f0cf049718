"""Studies from a few lines of text, for tests of what is read out of files."""

from pipeline.domain.study import Segment, Study
from pipeline.sources import SourceFile, load_files


def study_of(**files: str | bytes) -> Study:
    """The study in files given by name, `notes_txt="..."` being `notes.txt`."""
    return load_files([source(name, text) for name, text in files.items()], "test")


def source(name: str, text: str | bytes) -> SourceFile:
    stem, _, ending = name.rpartition("_")
    return SourceFile(name=f"{stem}.{ending}", data=text.encode() if isinstance(text, str) else text)


def said(study: Study) -> list[tuple[str | None, str]]:
    """Participant and text of every answer, in order."""
    return [(segment.participant, segment.text) for segment in answers(study)]


def asked(study: Study) -> list[str]:
    """Text of every turn of an interviewer, in order."""
    return [segment.text for segment in study.segments if segment.role == "interviewer"]


def answers(study: Study) -> list[Segment]:
    """Segments with words of participants."""
    return [segment for segment in study.segments if segment.role == "participant"]
