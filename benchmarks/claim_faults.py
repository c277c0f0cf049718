"""Are statements that say nothing, are broken or stand in the wrong list told from good ones?

    python benchmarks/claim_faults.py [--half seen|unseen] [--errors] [--json]

`claim_faults.jsonl` holds statements with the fault that a person sees in them, or `null`. Good ones come from the
hand-written personas of `persona_stress.py` and from drafts of the bundled example study, or are invented; faulty ones
come from drafts that the built-in drafter made of talk, or are invented. A hash of the text puts each in one of two
halves: rules were written with the seen one only. `--errors` prints what is told wrong in the seen half.
"""

import argparse
import hashlib
import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pipeline.scoring.claim_faults import FAULTY_UNDER, faults, soundness
from pipeline.text.tokens import language_of

DATA = Path(__file__).with_name("claim_faults.jsonl")


class Row(NamedTuple):
    """One labelled statement with what the rules say of it."""

    field: str
    text: str
    fault: str | None
    """`None` for a good one."""
    soundness: float
    reason: str


def main() -> None:
    """Print the figures of both halves, or one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--errors", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    halves = {name: figures(rows) for name, rows in read(DATA).items()}
    print(json.dumps(halves) if arguments.json else as_table(halves))
    if arguments.errors:
        for row in read(DATA)["seen"]:
            if (row.soundness < FAULTY_UNDER) != (row.fault is not None):
                print(f"{row.fault or 'good':12}{row.soundness:5.2f}  {row.field}: {row.text}  [{row.reason}]")


def read(path: Path) -> dict[str, list[Row]]:
    """All rows by half."""
    halves: dict[str, list[Row]] = defaultdict(list)
    for line in path.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        found = faults(entry["field"], entry["text"], language_of(entry["text"]))
        reason = "; ".join(f"{fault.kind}: {fault.reason} {fault.certainty}" for fault in found)
        row = Row(entry["field"], entry["text"], entry["fault"], soundness(found), reason)
        halves[half_of(entry["text"])].append(row)
    return halves


def half_of(text: str) -> str:
    """The half a statement belongs to: by the first digit of a hash, so that adding statements moves none."""
    return ("seen", "unseen")[int(hashlib.sha256(text.encode()).hexdigest()[0], 16) % 2]


def figures(rows: Sequence[Row]) -> dict[str, object]:
    """AUROC of soundness, the share of good statements that are flagged, and of each kind that is found."""
    good = np.array([row.fault is None for row in rows])
    sound = np.array([row.soundness for row in rows])
    flagged = sound < FAULTY_UNDER
    ranks = rankdata(sound)[good].sum()
    n, m = int(good.sum()), int((~good).sum())
    kinds = sorted({row.fault for row in rows if row.fault})
    return {
        "good": n,
        "faulty": m,
        "auroc": float((ranks - n * (n + 1) / 2) / (n * m)),
        "good_flagged": float(flagged[good].mean()),
        "found": {kind: float(flagged[[row.fault == kind for row in rows]].mean()) for kind in kinds},
    }


def as_table(halves: dict[str, dict[str, object]]) -> str:
    """The figures as lines for a terminal."""
    lines = []
    for name, found in sorted(halves.items()):
        kinds = ", ".join(f"{kind} {share:.0%}" for kind, share in found["found"].items())
        lines.append(
            f"{name:8} {found['good']} good, {found['faulty']} faulty: AUROC {found['auroc']:.3f}, "
            f"{found['good_flagged']:.1%} of the good flagged; found: {kinds}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
