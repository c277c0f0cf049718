"""REFI-QDA projects (.qdpx), which MAXQDA, ATLAS.ti, NVivo and others exchange: sources, cases, codes, coded passages.

Every text in the project is read as a text file would be. A case says who is in a source and what is known of them;
the codes of a passage travel as tags of the turns that hold it. Written from the REFI-QDA standard, version 1.5.
"""

import re
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from pipeline.errors import InputError
from pipeline.sources.coding_tables import document_label
from pipeline.sources.encoding import tidy
from pipeline.sources.facts import person_from
from pipeline.sources.formats import text
from pipeline.sources.formats._packages import opened, parsing, read
from pipeline.sources.labels import is_name, read_label
from pipeline.sources.reading import Conversation, Person, Reading, ReadingLimits, SourceFile, Turn
from pipeline.text.wording import count

_Element = Any
"""An element of lxml, whose class has no public name."""

EXTENSIONS = (".qdpx",)

_WHAT = "a REFI-QDA project"
_MIN_PASSAGE = 3
"""Words of the shortest piece of a passage that is looked for inside a turn."""


class _Source(NamedTuple):
    guid: str
    name: str
    path: str
    """Inside the archive; empty where the text stands in the project itself."""
    words: str
    passages: tuple[tuple[int, int, tuple[str, ...]], ...]
    """Start, end and codes of every coded passage."""


def load(file: SourceFile, limits: ReadingLimits) -> Reading:
    """A project as conversations, at least one per text in it.

    Raises:
        InputError: no project, damaged, too large, or without a text.
    """
    with opened(file, _WHAT, limits) as package:
        root = _root(package, file, limits)
        codes = _codes(root)
        people = _cases(root)
        sources = list(_sources(root, codes))
        conversations: list[Conversation] = []
        unread: list[str] = []
        for source in sources:
            if words := source.words or _stored(package, source, file.name):
                conversations += _conversations(file, source, words, people, limits)
            else:
                unread.append(source.name)
    if not conversations:
        raise InputError(f"{file.name}: the project holds no text. Export it with its sources, as text.")
    coded = sum(bool(turn.tags) for talk in conversations for turn in talk.turns)
    found = f"{count(len(sources), 'source')}, {count(len(people), 'case')} and {count(len(codes), 'code')}"
    notes = [f"{found}; {coded} turns are coded."]
    if unread:
        notes.append(f"Left out, as without a text: {', '.join(unread[:5])}.")
    return Reading(kind="transcript", conversations=tuple(conversations), notes=tuple(notes))


def _root(package: zipfile.ZipFile, file: SourceFile, limits: ReadingLimits) -> _Element:
    entry = next((name for name in package.namelist() if name.lower().endswith(".qde")), None)
    if entry is None:
        raise InputError(f"{file.name}: holds no project (.qde). Export it again as REFI-QDA.")
    data = read(package, entry, file.name, _WHAT)
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise InputError(f"{file.name}: {entry!r} declares entities, which no coding tool writes. Export it again.")
    if data.count(b"<") > limits.max_nodes:
        raise InputError(f"{file.name}: more than {limits.max_nodes:,} elements. Export fewer sources at once.")
    with parsing(file.name, _WHAT):
        from lxml import etree  # 0.1 s

        root = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False))
        for element in root.iter():
            if isinstance(element.tag, str):
                element.tag = element.tag.rpartition("}")[2]  # tools write the namespace in several versions
    return root


def _codes(root: _Element) -> dict[str, str]:
    return {code.get("guid", ""): tidy(code.get("name", "")) for code in root.iter("Code")}


def _cases(root: _Element) -> dict[str, Person]:
    """The person of every source that exactly one case points to, with what the variables say."""
    variables = {one.get("guid", ""): tidy(one.get("name", "")) for one in root.iter("Variable")}
    found: defaultdict[str, list[Person]] = defaultdict(list)
    for case in root.iter("Case"):
        name = tidy(case.get("name", ""))
        stated = person_from(_values(case, variables))
        is_code = read_label(name).kind == "code"
        person = Person(
            label=stated.label or (name if is_code else None),
            name=stated.name or (name if is_name(name) and not is_code else None),
            facts=stated.facts,
        )
        for reference in case.iter("SourceRef"):
            found[reference.get("targetGUID", "")].append(person)
    return {guid: people[0] for guid, people in found.items() if len(people) == 1}


def _values(element: _Element, variables: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for value in element.iterchildren("VariableValue"):
        reference = value.find("VariableRef")
        name = variables.get(reference.get("targetGUID", ""), "") if reference is not None else ""
        words = next((tidy(child.text or "") for child in value if child.tag != "VariableRef"), "")
        if name and words:
            yield name, words


def _sources(root: _Element, codes: Mapping[str, str]) -> Iterator[_Source]:
    for element in root.iter("TextSource", "Representation", "Transcript"):
        outer = element if element.tag == "TextSource" else element.getparent()
        holder = element if outer is None else outer
        content = element.findtext("PlainTextContent") or ""
        path = element.get("plainTextPath") or element.get("path") or ""
        passages = tuple(_passages(element, codes))
        yield _Source(holder.get("guid", ""), tidy(holder.get("name", "")), path, content, passages)


def _passages(element: _Element, codes: Mapping[str, str]) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    for selection in element.iter("PlainTextSelection", "TranscriptSelection"):
        names = tuple(
            dict.fromkeys(name for one in selection.iter("CodeRef") if (name := codes.get(one.get("targetGUID", ""))))
        )
        start, end = selection.get("startPosition", ""), selection.get("endPosition", "")
        if names and start.isdigit() and end.isdigit():
            yield int(start), int(end), names


def _stored(package: zipfile.ZipFile, source: _Source, name: str) -> str:
    """The text of a source among the files of the project; empty when it is not there."""
    wanted = PurePosixPath(source.path.replace("internal://", "")).name
    entry = next((one for one in package.namelist() if wanted and PurePosixPath(one).name == wanted), None)
    return read(package, entry, name, _WHAT).decode("utf-8-sig", "replace") if entry else ""


def _conversations(
    file: SourceFile, source: _Source, words: str, people: Mapping[str, Person], limits: ReadingLimits
) -> Iterator[Conversation]:
    inner = SourceFile(name=f"{file.name} {source.name}.txt", data=words.encode("utf-8", "replace"))
    person = people.get(source.guid, Person())
    if not person.label and not person.name:
        person = Person(label=document_label(source.name) or None).over(person)
    pieces = _pieces(source, words)
    for talk in text.load(inner, limits).conversations:
        turns = tuple(_tagged(turn, pieces, source.name) for turn in talk.turns)
        yield talk.model_copy(update={"turns": turns, "person": talk.person.over(person)})


def _pieces(source: _Source, words: str) -> list[tuple[str, tuple[str, ...]]]:
    """Every line of a coded passage, without a label, and its codes."""
    found = []
    for start, end, codes in source.passages:
        for line in re.split(r"[\r\n]+", words[start:end]):
            if piece := tidy(line):
                found.append((piece, codes))
            if (bare := tidy(line.partition(": ")[2])) and bare != piece:
                found.append((bare, codes))
    return found


def _is_of(piece: str, turn: str) -> bool:
    """Return whether a passage is of a turn: one of a word or two only if it is the whole turn."""
    if len(piece.split()) < _MIN_PASSAGE or len(turn.split()) < _MIN_PASSAGE:
        return piece == turn
    return piece in turn or turn in piece


def _tagged(turn: Turn, pieces: list[tuple[str, tuple[str, ...]]], source: str) -> Turn:
    tags = dict.fromkeys(code for piece, codes in pieces if _is_of(piece, turn.text) for code in codes)
    return turn.model_copy(update={"tags": tuple(tags), "where": f"{source}, {turn.where}"[:160]})
