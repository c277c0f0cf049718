"""A study with its codes and personas for coding tools: a REFI-QDA project (.qdpx), and Taguette's table of highlights.

Every participant's words in a document are one source, and every participant is a case. Codes that came with the study
stay on their passages; each persona is a code, with a code below it for every statement, on the passages that support
it. Written to the REFI-QDA standard, version 1.5. These files hold all words of the study.
"""

import io
import uuid
from collections.abc import Iterator
from typing import Any, NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pandas as pd

from pipeline.domain.run import FinalPersona, RunRecord
from pipeline.domain.study import Segment, Study
from pipeline.errors import InputError
from pipeline.results.evidence import LISTS
from pipeline.results.report.brand import persona_color, plain
from pipeline.text.spreadsheet import csv_text

_SPACE = "urn:QDA-XML:project:1.0"
_OURS = uuid.UUID("6f0f3f0a-6d7e-4c55-9a53-2f3f3c1f7a10")
_NAME = 250
_NO_WORDS = "The words of this study were left out when it was shared, so there are no passages to code."


class CodedPassage(NamedTuple):
    """A passage of a segment with one code."""

    segment: str
    start: int
    end: int
    """Characters of the segment's text."""
    code: tuple[str, ...]
    """Names of the code and of those above it, the topmost first."""


def coded_passages(study: Study, run: RunRecord | None = None) -> tuple[CodedPassage, ...]:
    """Return every coded passage: codes of the study on whole segments, then statements of the personas shown."""
    segments = {segment.id: segment for segment in study.segments}
    found = [
        CodedPassage(segment.id, 0, len(segment.text), (plain(tag, _NAME),))
        for segment in study.segments
        for tag in segment.tags
    ]
    for final in run.shown if run else ():
        found += _of_persona(final, segments)
    return tuple(dict.fromkeys(found))


def _of_persona(final: FinalPersona, segments: dict[str, Segment]) -> Iterator[CodedPassage]:
    persona = plain(f"{final.persona.name} ({final.draft_id})", _NAME)
    for claim in final.assessment.claims:
        field = LISTS.get(claim.field, claim.field.removeprefix("demographics.").capitalize())
        code = (persona, plain(f"{field}: {claim.text}", _NAME))
        places = [(claim.segment, claim.quote), *((one.segment, one.quote) for one in claim.supporters)]
        for name, quote in places:
            segment = segments.get(name or "")
            start = segment.text.find(quote) if segment and quote else -1
            if segment and quote and start >= 0:
                yield CodedPassage(segment.id, start, start + len(quote), code)


def qdpx_project(study: Study, run: RunRecord | None = None) -> bytes:
    """Return a REFI-QDA project of a study, with the personas of a run as codes.

    Raises:
        InputError: the study came without its words.
    """
    if study.is_withheld:
        raise InputError(_NO_WORDS)
    project = _Project(study, coded_passages(study, run), run)
    target = io.BytesIO()
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        for name, data in {"project.qde": project.xml(), **project.files}.items():
            entry = ZipInfo(name)
            entry.compress_type = ZIP_DEFLATED
            archive.writestr(entry, data)
    return target.getvalue()


def taguette_table(study: Study, run: RunRecord | None = None) -> str:
    """Return every coded passage as Taguette exports highlights: id, document, tag, content.

    Raises:
        InputError: the study came without its words.
    """
    if study.is_withheld:
        raise InputError(_NO_WORDS)
    segments = {segment.id: segment for segment in study.segments}
    rows = []
    for number, one in enumerate(coded_passages(study, run), 1):
        segment = segments[one.segment]
        document = f"{segment.participant or segment.document}.txt"
        rows.append((number, document, ".".join(one.code), segment.text[one.start : one.end]))
    return csv_text(pd.DataFrame(rows, columns=["id", "document", "tag", "content"]))


class _Project:
    """The XML of a project, and the texts of its sources by their names in the archive."""

    def __init__(self, study: Study, passages: tuple[CodedPassage, ...], run: RunRecord | None) -> None:
        from lxml import etree

        self._etree = etree
        self._study = study
        self._run = run
        self._scope = f"{study.id} {run.id if run else ''}"
        self.files: dict[str, bytes] = {}
        self._by_segment: dict[str, list[CodedPassage]] = {}
        for passage in passages:
            self._by_segment.setdefault(passage.segment, []).append(passage)
        self._codes = list(dict.fromkeys(one.code[:depth] for one in passages for depth in (1, len(one.code))))
        # A persona of which no passage is coded still has its code.
        for final in run.shown if run else ():
            own = (plain(f"{final.persona.name} ({final.draft_id})", _NAME),)
            self._codes += [own] if own not in self._codes else []

    def xml(self) -> bytes:
        etree = self._etree
        root = etree.Element(f"{{{_SPACE}}}Project", nsmap={None: _SPACE})
        root.set("name", plain(self._study.name, _NAME) or "Study")
        root.set("origin", "Persona")
        root.set("creatingUserGUID", self._guid("user"))
        self._add(self._add(root, "Users"), "User", guid=self._guid("user"), name="Persona")
        self._code_book(root)
        facts = sorted({key for person in self._study.participants for key in person.demographics})
        if facts:
            variables = self._add(root, "Variables")
            for key in facts:
                self._add(
                    variables, "Variable", guid=self._guid("fact", key), name=plain(key, _NAME), typeOfVariable="Text"
                )
        sources = self._source_texts()
        cases = etree.Element(f"{{{_SPACE}}}Cases")
        for person in self._study.participants:
            case = self._add(cases, "Case", guid=self._guid("case", person.id), name=plain(person.id, _NAME))
            for key, value in person.demographics.items():
                stated = self._add(case, "VariableValue")
                self._add(stated, "VariableRef", targetGUID=self._guid("fact", key))
                self._add(stated, "TextValue").text = plain(value, 2000)
            for guid in [guid for guid, (_, owner, _) in sources.items() if owner == person.id]:
                self._add(case, "SourceRef", targetGUID=guid)
        if len(cases):
            root.append(cases)
        held = self._add(root, "Sources")
        for guid, (name, _, segments) in sources.items():
            self._source(held, guid, name, segments)
        data: bytes = etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True)
        return data

    def _code_book(self, root: Any) -> None:
        if not self._codes:
            return
        book = self._add(self._add(root, "CodeBook"), "Codes")
        made: dict[tuple[str, ...], Any] = {}
        personas = (
            [plain(f"{final.persona.name} ({final.draft_id})", _NAME) for final in self._run.shown] if self._run else []
        )
        for code in sorted(self._codes, key=len):
            color = f"#{persona_color(personas.index(code[0]))}" if code[0] in personas else "#5B5B5B"
            parent = made.get(code[:-1], book)
            made[code] = self._add(
                parent, "Code", guid=self._guid("code", *code), name=code[-1], isCodable="true", color=color
            )

    def _source_texts(self) -> dict[str, tuple[str, str | None, list[Segment]]]:
        """Return the sources by guid: name, participant and segments; one per participant and document."""
        names = {document.id: document.name for document in self._study.documents}
        found: dict[str, tuple[str, str | None, list[Segment]]] = {}
        for segment in self._study.segments:
            guid = self._guid("source", segment.document, segment.participant or "")
            who = f" {segment.participant}" if segment.participant else ""
            name = plain(f"{names.get(segment.document, segment.document)}{who}", _NAME)
            found.setdefault(guid, (name, segment.participant, []))[2].append(segment)
        return found

    def _source(self, held: Any, guid: str, name: str, segments: list[Segment]) -> None:
        path = f"{guid}.txt"
        source = self._add(held, "TextSource", guid=guid, name=name, plainTextPath=f"internal://{path}")
        text = ""
        for segment in segments:
            speaker = "Interviewer" if segment.role == "interviewer" else segment.participant or "Participant"
            text += f"{plain(speaker, 60)}: "
            for passage in self._by_segment.get(segment.id, ()):
                start, end = len(text) + passage.start, len(text) + passage.end
                place = self._add(
                    source,
                    "PlainTextSelection",
                    guid=self._guid("place", passage.segment, str(start), str(end), *passage.code),
                    name=plain(segment.text[passage.start : passage.end], 80) or "passage",
                    startPosition=str(start),
                    endPosition=str(end),
                    creatingUser=self._guid("user"),  # some readers skip a passage without one
                )
                coding = self._add(
                    place,
                    "Coding",
                    creatingUser=self._guid("user"),
                    guid=self._guid("coding", segment.id, str(start), str(end), *passage.code),
                )
                self._add(coding, "CodeRef", targetGUID=self._guid("code", *passage.code))
            # Each character stays one character, so that positions hold: a turn is one line.
            text += "".join(" " if char in "\r\n\v\f\x85\u2028\u2029" else char for char in segment.text) + "\n"
        self.files[f"Sources/{path}"] = text.encode("utf-8", "replace")

    def _add(self, parent: Any, tag: str, **values: str) -> Any:
        return self._etree.SubElement(parent, f"{{{_SPACE}}}{tag}", values)

    def _guid(self, *parts: str) -> str:
        """Return the same id for the same thing, so that a second export can be merged with the first."""
        return str(uuid.uuid5(_OURS, "\x1f".join((self._scope, *parts))))
