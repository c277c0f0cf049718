"""Time and memory of a large study, from files to scored drafts.

Makes 36 transcripts of about 6,400 words each by shuffling sentences of the bundled study's participants,
then loads, indexes, drafts with `builtin` and scores, and prints seconds per step and peak memory.

    python benchmarks/large_study.py [--transcripts 36] [--words 6400] [--count 5]
"""

import argparse
import random
import resource
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from pipeline.domain.config import (  # noqa: E402
    HybridConfig,
    Settings,
)
from pipeline.hybrid.pipeline import HybridPipeline  # noqa: E402
from pipeline.sources import load_paths  # noqa: E402


def write_study(folder: Path, transcripts: int, words: int, seed: int = 7) -> None:
    """Write transcripts whose turns are drawn from the bundled study, each from a few of its participants."""
    source = load_paths([ROOT / "data" / "hearthwise"])
    turns: dict[str, list[str]] = {}
    for segment in source.segments:
        if segment.role == "participant" and segment.participant:
            turns.setdefault(segment.participant, []).append(segment.text)
    rng = random.Random(seed)
    for number in range(transcripts):
        voices = rng.sample(sorted(turns), 4)
        lines, count = [f"Participant: T{number:02}"], 0
        while count < words:
            text = " ".join(rng.choice(turns[rng.choice(voices)]).split())
            lines += [f"Interviewer: Tell me more about {text.split()[-1].strip('.,?!')}?", f"T{number:02}: {text}"]
            count += len(text.split())
        (folder / f"T{number:02}.txt").write_text("\n\n".join(lines), encoding="utf-8")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--transcripts", type=int, default=36)
    parser.add_argument("--words", type=int, default=6400)
    parser.add_argument("--count", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write_study(Path(folder), options.transcripts, options.words)
        started = time.perf_counter()
        study = load_paths([Path(folder)], keep_repeats=True)  # they are drawn from the same turns
        loaded = time.perf_counter()
        config = HybridConfig(enabled=False, local_provider="builtin", count=options.count)
        run = HybridPipeline(config, Settings()).run(study)
        ended = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"study: {study.size.documents} transcripts, {study.words:,} participant words")
    print(
        f"load {loaded - started:.1f} s, draft {run.timing.draft_s:.1f} s, index and score {run.timing.assess_s:.1f} s"
    )
    print(f"from files to scored drafts: {ended - started:.1f} s; peak memory {peak:,.0f} MiB")


if __name__ == "__main__":
    main()
