"""How many words of the test inputs are credited to the right person, to another one, to nobody, or dropped.

`python benchmarks/who_said_what.py [--json]` measures the package that Python finds first; to compare with another
version, set PYTHONPATH to a checkout of it. A word counts as right when a participant's word is evidence of that
person alone, and when a word of an interviewer, a company or a header is nobody's evidence.
"""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
if str(HERE) not in sys.path:
    sys.path.append(str(HERE))

from pipeline import load_paths  # noqa: E402
from pipeline.domain.study import Study  # noqa: E402
from pipeline.errors import InputError  # noqa: E402

FATES = ("right", "another's", "nobody's", "dropped")


def main() -> None:
    """Print the table, one line per half and one per kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the counts as JSON")
    arguments = parser.parse_args()
    counted = {
        half: _counted(HERE / "tests" / "who_said_what" / half) for half in ("handed", "seen", "unseen", "later")
    }
    if arguments.json:
        print(json.dumps({half: dict(counts) for half, counts in counted.items()}, indent=1))
        return
    print(f"{'':8}{'words':>8}" + "".join(f"{fate:>12}" for fate in FATES))
    for half, counts in (*counted.items(), ("all", sum(counted.values(), Counter()))):
        total = sum(counts.values())
        shares = "".join(f"{counts[fate] / total:>12.1%}" for fate in FATES)
        print(f"{half:8}{total:>8}{shares}")


def _counted(folder: Path) -> Counter[str]:
    counts: Counter[str] = Counter()
    for case in json.loads((folder / "cases.json").read_text(encoding="utf-8")):
        if case.get("refused"):
            continue
        try:
            study = load_paths([folder / name for name in case["files"]])
        except (InputError, IndexError):
            study = None
        counts += _fates(case, study)
    return counts


def _fates(case: dict[str, list[list[str]]], study: Study | None) -> Counter[str]:
    counts: Counter[str] = Counter()
    said, everything = _said(study), _everything(study)
    owners = [_owner(group, said) for group in case.get("says", [])]
    for place, group in enumerate(case.get("says", [])):
        shared = owners.count(owners[place]) > 1
        for phrase in group:
            holders = {person for person, text in said.items() if _squeezed(phrase) in text}
            if not holders:
                fate = "nobody's" if _squeezed(phrase) in everything else "dropped"
            elif owners[place] in holders and not (shared and owners.index(owners[place]) != place):
                fate = "right"
            else:
                fate = "another's"
            counts[fate] += len(phrase.split())
    for phrase in case.get("not_said", []):
        is_evidence = any(_squeezed(str(phrase)) in text for text in said.values())
        counts["another's" if is_evidence else "right" if study else "dropped"] += len(str(phrase).split())
    return counts


def _owner(group: list[str], said: dict[str, str]) -> str | None:
    """The person who holds most words of a group."""
    held = {
        person: sum(len(phrase.split()) for phrase in group if _squeezed(phrase) in text)
        for person, text in said.items()
    }
    best = max(held, key=lambda person: held[person], default=None)
    return best if best is not None and held[best] else None


def _said(study: Study | None) -> dict[str, str]:
    texts: dict[str, list[str]] = {}
    for segment in study.segments if study else ():
        if segment.role == "participant" and segment.participant:
            texts.setdefault(segment.participant, []).append(segment.text)
    return {person: _squeezed(" ".join(parts)) for person, parts in texts.items()}


def _everything(study: Study | None) -> str:
    return _squeezed(" ".join(segment.text for segment in study.segments)) if study else ""


def _squeezed(text: str) -> str:
    return " ".join(text.split()).lower()


if __name__ == "__main__":
    main()
