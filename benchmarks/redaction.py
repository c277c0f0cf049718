"""Recall and precision of redaction: `python benchmarks/redaction.py [--misses]`.

The set is `redaction_set.txt`, in parts that begin with `## name`. Recall is the share of marked strings of which
nothing is left, precision the share of replacements that touch a marked string. The even lines were not looked at while
the patterns were written, and of the part "more public" no line; "public" was looked at whole. `--speed` shows that
time grows with length only.
"""

import re
import sys
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipeline.domain.study import Document, Participant, Segment, Study
from pipeline.hybrid.identifiers import find_identifiers
from pipeline.hybrid.redaction import Redactor

SET = Path(__file__).with_name("redaction_set.txt")
PARTS = ("first", "countries", "public", "more public")
HOSTILE = ("1 ", "1-", "A.", "A-A ", "1.1.", "a@a.", "x at ", "601 234 567, ", "12 Mill ", "rue A", "GB29 ", "4111 ")
"""Repeated, they hold what patterns begin with and never end."""
_MARK = re.compile(r"\{(?P<kind>[a-z]+):(?P<text>.*?)\}")


class Case(NamedTuple):
    """A text with the strings to replace in it."""

    speaker: str
    text: str
    wanted: tuple[tuple[int, int, str], ...]
    part: str
    held_out: bool


class Figures(NamedTuple):
    """Counts for one kind of identifier."""

    kind: str
    n: int
    found: int
    replaced: int
    right: int

    @property
    def line(self) -> str:
        """A row of the table."""
        recall = f"{self.found / self.n:.3f}" if self.n else "–"
        precision = f"{self.right / self.replaced:.3f}" if self.replaced else "–"
        return f"{self.kind:9} {self.n:4} {recall:>7} {self.replaced:9} {precision:>10}"


def cases() -> tuple[tuple[Participant, ...], tuple[Case, ...]]:
    """The participants and the marked texts."""
    people: list[Participant] = []
    found: list[Case] = []
    part = ""
    for line in SET.read_text(encoding="utf-8").splitlines():
        if line.startswith("@"):
            _, identity, *name = line.split(" ", 2)
            people.append(Participant(id=identity, name=name[0] if name else None, documents=("d1",), words=1))
        elif line.startswith("## "):
            part = line[3:]
        elif not line.startswith("#"):
            speaker, _, marked = line.partition(" ")[0], "", line.split("> ", 1)[-1]
            if speaker.startswith("I>"):
                marked = line.split(" ", 1)[1]
            held_out = part == "more public" or (part != "public" and len(found) % 2 == 1)
            found.append(_case(speaker, marked, part, held_out=held_out))
    return tuple(people), tuple(found)


def _case(speaker: str, marked: str, part: str, *, held_out: bool) -> Case:
    text, wanted, position = "", [], 0
    for match in _MARK.finditer(marked):
        text += marked[position : match.start()]
        wanted.append((len(text), len(text) + len(match["text"]), match["kind"]))
        text += match["text"]
        position = match.end()
    return Case(speaker, text + marked[position:], tuple(wanted), part, held_out)


def study_of_set() -> Study:
    """All texts as one study."""
    people, texts = cases()
    segments = tuple(
        Segment(
            id=f"d1.{number}",
            document="d1",
            participant=case.speaker.removeprefix("I>").removesuffix(">"),
            role="interviewer" if case.speaker.startswith("I>") else "participant",
            text=case.text,
            where=f"line {number}",
        )
        for number, case in enumerate(texts, start=1)
    )
    document = Document(id="d1", name=SET.name, kind="set", words=1)
    return Study(id="set", name="set", documents=(document,), participants=people, segments=segments)


def measure(*, held_out: bool, part: str | None = None, misses: list[str] | None = None) -> tuple[Figures, ...]:
    """The figures per kind of one half, and of all kinds together; of one part if given."""
    redactor = Redactor(study_of_set())
    n, found, replaced, right = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for case in cases()[1]:
        if case.held_out != held_out or part not in (None, case.part):
            continue
        made = redactor.replacements(case.text)
        covered = {place for one in made for place in range(one.start, one.end)}
        for start, end, kind in case.wanted:
            is_gone = covered.issuperset(place for place in range(start, end) if case.text[place].isalnum())
            n[kind] += 1
            found[kind] += is_gone
            if not is_gone and misses is not None:
                misses.append(f"missed {kind}: {case.text}  ->  {redactor.redact(case.text)}")
        for one in made:
            is_right = any(one.start < end and start < one.end for start, end, _ in case.wanted)
            replaced[one.kind] += 1
            right[one.kind] += is_right
            if not is_right and misses is not None:
                misses.append(f"too much ({one.kind}): {case.text}  ->  {redactor.redact(case.text)}")
    kinds = sorted(n | replaced)
    rows = [Figures(kind, n[kind], found[kind], replaced[kind], right[kind]) for kind in kinds]
    return (*rows, Figures("all", n.total(), found.total(), replaced.total(), right.total()))


def speed() -> None:
    """Print the time for texts of one and of two megabytes, and their ratio: about 2 where time is linear."""
    print("repeated         1 MB    2 MB  ratio")
    for unit in HOSTILE:
        took = []
        for size in (1_000_000, 2_000_000):
            text = (unit * size)[:size]
            start = time.process_time()
            find_identifiers(text)
            took.append(time.process_time() - start)
        print(f"{unit!r:14} {took[0]:5.1f} s {took[1]:5.1f} s {took[1] / took[0]:6.1f}")


def main() -> None:
    """Print each half of each part."""
    if "--speed" in sys.argv:
        speed()
        return
    misses: list[str] = []
    for part in PARTS:
        for held_out, title in ((False, "looked at"), (True, "held out")):
            wanted = misses if held_out == ("--held" in sys.argv) else None
            rows = measure(held_out=held_out, part=part, misses=wanted)
            if rows[-1].n:
                print(f"{part}, {title}\nkind         n  recall  replaced  precision")
                print("\n".join(figures.line for figures in rows))
    if "--misses" in sys.argv:
        print("\n".join(misses))


if __name__ == "__main__":
    main()
