"""How long does one change of a persona take, first and later, and how much does it store?

    python benchmarks/editing_speed.py [--rounds 3] [--personas 6]

A run of the example study is made by `builtin`; then claims are reworded one by one, each with its support computed
anew and its row written, as the editor on Results does. Times are in milliseconds: on the clock, and of the processor,
which a busy machine does not stretch.
"""

import argparse
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TypeVar

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pipeline.domain.config import HybridConfig, Settings  # noqa: E402
from pipeline.domain.edits import Edit  # noqa: E402
from pipeline.jobs.worker import Worker  # noqa: E402
from pipeline.providers.extraction.grammar import load_dictionaries  # noqa: E402
from pipeline.scoring.editing import PersonaEditor  # noqa: E402
from pipeline.scoring.index import StudyIndex  # noqa: E402
from pipeline.sources import load_paths  # noqa: E402
from pipeline.store import Store  # noqa: E402

T = TypeVar("T")


def timed(work: Callable[[], T]) -> tuple[T, float, float]:
    """Return a result with its time on the clock and of the processor, in milliseconds."""
    clock, processor = time.perf_counter(), time.process_time()
    found = work()
    return found, 1000 * (time.perf_counter() - clock), 1000 * (time.process_time() - processor)


def reword(store: Store, run_id: str, index: StudyIndex, persona: str, field: str, words: str) -> None:
    """Change the first claim of a list, as the editor does."""
    run = store.run(run_id)
    final = next(one for one in run.shown if one.draft_id == persona)
    claims = getattr(final.persona, field)
    edit = Edit(action="text", persona=persona, field=field, text=claims[0], new=f"{claims[0]} {words}")
    now = datetime.now(UTC)
    store.add_edit(run_id, edit, PersonaEditor(index, run).apply(edit, "A", now), "A", now, run.revision)


def main() -> None:
    """Make the run, change its personas and print the times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--personas", type=int, default=6)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "persona.db")
        study = load_paths([ROOT / "data" / "hearthwise"])
        store.save_study(study)
        config = HybridConfig(local_provider="builtin", enabled=False, count=options.personas)
        run_id = Worker(store).run(study.id, config, Settings(), "Edited")
        index = StudyIndex.cached(study, Path(folder) / ".cache")
        _, clock, processor = timed(load_dictionaries)
        print(
            f"dictionaries, once per process: {clock:.0f} ms, processor {processor:.0f} ms (0 if drafted here before)"
        )
        times = []
        for number in range(options.rounds):
            for final in store.run(run_id).personas:
                for field in ("goals", "pain_points", "behaviours"):
                    if getattr(final.persona, field):
                        work = (store, run_id, index, final.draft_id, field, f"now {number}")
                        times.append(timed(lambda work=work: reword(*work))[1:])
        for name, values in zip(("clock", "processor"), zip(*times, strict=True), strict=True):
            print(f"one change, {name}: median {median(values):.0f} ms, worst {max(values):.0f} ms, n = {len(values)}")
        with sqlite3.connect(store.path) as db:
            sizes = sorted(length for (length,) in db.execute("SELECT length(after) FROM edits"))
        print(f"row: median {median(sizes) / 1000:.0f} kB, {sizes[0] / 1000:.0f} to {sizes[-1] / 1000:.0f} kB")


if __name__ == "__main__":
    main()
