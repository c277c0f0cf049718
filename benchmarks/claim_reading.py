"""Write what the drafter without a model says as a sheet for a reader who does not know the code, and count the marks.

    python benchmarks/claim_reading.py sheet --from PATH [--from PATH] [--seeds 10] [--count 5] --out SHEET.md
    python benchmarks/claim_reading.py table --marks MARKS.csv

Each PATH is a study. All drafts of each seed are written, and every different text is one item, in an order that says
nothing of its study: number, field, text, the words of participants behind it, and the question asked. The reader marks
each item usable, awkward or wrong; MARKS.csv has the columns `number,field,mark,reason`.
"""

import argparse
import csv
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pipeline.domain.config import HybridConfig
from pipeline.hybrid.focus import choose_focuses
from pipeline.hybrid.tasks import Tasks
from pipeline.providers import DraftTask
from pipeline.providers.builtin import LISTS, draft_persona
from pipeline.providers.extraction.statements import find
from pipeline.sources import load_paths

MARKS = ("usable", "awkward", "wrong")
FIELDS = (*LISTS, "tagline", "background")
SINGULAR = {"goals": "goal", "pain_points": "pain point", "behaviours": "behaviour", "motivations": "motivation"}


@dataclass(frozen=True)
class Item:
    """One text of a draft with the words behind it."""

    field: str
    text: str
    evidence: tuple[str, ...]


def main() -> None:
    """Write a sheet, or print the table of a marked one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    sheet = commands.add_parser("sheet")
    sheet.add_argument("--from", dest="paths", type=Path, action="append", required=True)
    sheet.add_argument("--seeds", type=int, default=10)
    sheet.add_argument("--count", type=int, default=5)
    sheet.add_argument("--out", type=Path, required=True)
    table = commands.add_parser("table")
    table.add_argument("--marks", type=Path, required=True)
    arguments = parser.parse_args()
    if arguments.command == "table":
        print(as_table(list(csv.DictReader(arguments.marks.open(newline="", encoding="utf-8")))))
        return
    found = [item for path in arguments.paths for item in items(path, arguments.seeds, arguments.count)]
    different = list({(item.field, item.text): item for item in found}.values())
    random.Random(0).shuffle(different)
    arguments.out.write_text("\n".join(as_lines(different)), encoding="utf-8")
    counts = Counter(item.field for item in different)
    print(", ".join(f"{counts[field]} {field}" for field in FIELDS))


def items(path: Path, seeds: int, count: int) -> Iterator[Item]:
    """Yield every text of every draft over a study."""
    study = load_paths([path])
    for seed in range(seeds):
        config = HybridConfig(local_provider="builtin", count=count, seed=seed)
        tasks = Tasks(study, config)
        for number, focus in enumerate(choose_focuses(study, config.draft_count, config.count, seed)):
            yield from _of_draft(tasks.draft(number, focus, None))


def _of_draft(task: DraftTask) -> Iterator[Item]:
    persona = draft_persona(task)
    stated = find(task.segments)
    for kind in LISTS:
        for claim in getattr(persona, kind):
            behind = next(said for said in stated if said.claim == claim and said.kind == kind)
            asked = task.questions.get(behind.segment, "")
            yield Item(kind, claim, (*((f"Asked: {asked}",) if asked else ()), f"“{behind.source}”"))
    facts = ", ".join(f"{key} {value}" for key, value in persona.demographics.model_dump().items() if value)
    for field, text in (("tagline", persona.tagline), ("background", persona.background)):
        retold = tuple(f"“{said.source}”" for said in stated if said.claim[1:].split(",")[0] in text)
        if text:
            general = re.sub(rf"\b{re.escape(persona.name)}\b", "NAME", text)
            yield Item(field, general, ((f"Facts: {facts}", *dict.fromkeys(retold)) if facts else retold))


def as_lines(found: list[Item]) -> Iterator[str]:
    """Yield the lines of a sheet."""
    for number, item in enumerate(found, 1):
        yield f"{number}. [{SINGULAR.get(item.field, item.field)}] {item.text}"
        yield from (f"    {words}" for words in item.evidence)


def as_table(rows: list[dict[str, str]]) -> str:
    """Return the counts per field in Markdown, with a line for the claims of all lists."""
    names = {singular: field for field, singular in SINGULAR.items()}
    marks = Counter((names.get(row["field"], row["field"]), row["mark"]) for row in rows)
    lines = ["| field | usable | awkward | wrong | n |", "|---|--:|--:|--:|--:|"]
    for name, fields in (*((one, (one,)) for one in LISTS), ("claims of the four lists", LISTS), *_TEXTS):
        counted = [sum(marks[field, mark] for field in fields) for mark in MARKS]
        total = sum(counted)
        share = f" ({counted[0] / total:.0%})" if total else ""
        lines.append(f"| {name} | {counted[0]}{share} | {counted[1]} | {counted[2]} | {total} |")
    return "\n".join(lines)


_TEXTS = (("taglines", ("tagline",)), ("backgrounds", ("background",)))


if __name__ == "__main__":
    main()
