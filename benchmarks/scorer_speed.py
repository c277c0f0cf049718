"""How long do indexing and scoring take, and how much memory?

    python benchmarks/scorer_speed.py [--words 500000] [--personas 1000] [--json]

Builds an invented study of 2,500-word transcripts with a Zipf-like vocabulary, then scores personas of twelve
claims against two participants each and, for the worst case, against all of them.
"""

import argparse
import json
import random
import re
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pipeline.domain.config import Weights
from pipeline.domain.persona import Persona
from pipeline.domain.study import Document, Participant, Segment, Study
from pipeline.scoring import Scorer
from pipeline.scoring.index import StudyIndex

_WORDS_PER_TRANSCRIPT = 2500
_WORDS_PER_TURN = 80
_VOCABULARY = 12_000
_COMMON = re.findall(r"\w+", "i the to it and a is of that in my you we but so on have was not with for when do just")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--words", type=int, default=500_000)
    parser.add_argument("--personas", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    study = make_study(arguments.words)
    started = time.perf_counter()
    scorer = Scorer(StudyIndex.build(study), Weights())
    index_s = time.perf_counter() - started
    personas = [make_persona(study, number) for number in range(arguments.personas)]
    focuses = [
        (f"P{number % len(study.participants)}", f"P{(7 * number + 1) % len(study.participants)}")
        for number in range(len(personas))
    ]
    report = {
        "words": study.words,
        "participants": len(study.participants),
        "personas": len(personas),
        "index_s": index_s,
        "cold_total_s": index_s + _seconds(scorer, personas, focuses),
        "warm_ms_per_persona": 1000 * _seconds(scorer, personas, focuses) / len(personas),
        "everybody_ms_per_persona": 1000 * _seconds(scorer, personas, [()] * len(personas)) / len(personas),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(
        json.dumps(report)
        if arguments.json
        else "\n".join(f"{name:26}{value:12,.2f}" for name, value in report.items())
    )


def make_study(words: int) -> Study:
    """A study of about this many words."""
    chance = random.Random(0)
    rare = [
        f"w{chance.randrange(16**5):05x}".translate(str.maketrans("0123456789", "ghijklmnop"))
        for _ in range(_VOCABULARY)
    ]
    weights = [1 / (rank + 3) for rank in range(_VOCABULARY)]
    segments, documents, participants = [], [], []
    for person in range(max(words // _WORDS_PER_TRANSCRIPT, 1)):
        drawn = chance.choices(rare, weights, k=_WORDS_PER_TRANSCRIPT)
        said = [chance.choice(_COMMON) if chance.random() < 0.5 else word for word in drawn]
        for number, start in enumerate(range(0, len(said), _WORDS_PER_TURN)):
            turn = said[start : start + _WORDS_PER_TURN]
            text = " ".join(" ".join(turn[at : at + 13]).capitalize() + "." for at in range(0, len(turn), 13))
            where = f"turn {number}"
            segments.append(
                Segment(
                    id=f"d{person}.{number}",
                    document=f"d{person}",
                    participant=f"P{person}",
                    role="participant",
                    text=text,
                    where=where,
                )
            )
        documents.append(Document(id=f"d{person}", name=f"{person}.txt", kind="interview", words=len(said)))
        participants.append(Participant(id=f"P{person}", documents=(f"d{person}",), words=len(said)))
    return Study(
        id="speed", name="speed", documents=tuple(documents), participants=tuple(participants), segments=tuple(segments)
    )


def make_persona(study: Study, number: int) -> Persona:
    """A persona whose twelve claims are made of pieces of the study."""
    chance = random.Random(number)

    def piece(length: int) -> str:
        words = chance.choice(study.segments).text.split()
        return " ".join(words[chance.randrange(max(len(words) - length, 1)) :][:length])

    return Persona(
        id=str(number),
        name="Alex",
        demographics={"age": "41", "occupation": "nurse"},
        goals=(piece(9), piece(11)),
        pain_points=(piece(9), piece(14)),
        behaviours=(piece(8), piece(10)),
        motivations=(piece(10), piece(7)),
        quotes=(piece(12), piece(20)),
    )


def _seconds(scorer: Scorer, personas: Sequence[Persona], focuses: Sequence[Sequence[str]]) -> float:
    started = time.perf_counter()
    for persona, focus in zip(personas, focuses, strict=True):
        scorer.assess(persona, focus)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
