"""Does the support score tell supported claims from unsupported ones that people have labelled?

    python benchmarks/score_validity.py --data FILE.jsonl [--formula] [--json]

Lines with `source` are sources (`source_id`, `source`); the others are rows (`id`, `source_id`, `claims`,
`label` 1 supported or 0 not, and optionally `set`). Each source becomes a study of one participant and each
row a persona's list of claims. Labels ask whether a claim is true to its source, so the caps on copied and
keyword-stuffed text, which ask for more, are left out. Baselines see the same text and are summed up the same way:
the plain lexical formula with nothing cut off (`--formula` scores with it instead), ROUGE-L and BM25. `ties` is the
share of rows at the highest value of their set: a score that cuts its scale cannot order them.
"""

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import LCSseq
from scipy.stats import rankdata

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pipeline.domain.study import Document, Participant, Segment, Study
from pipeline.scoring.faithfulness import Claim, find, summed_up
from pipeline.scoring.index import SCORER_VERSION, SourceView, StudyIndex
from pipeline.text.tokens import tokens

Floats = NDArray[np.float64]
Judge = Callable[[Claim, SourceView], float]

_SAME = 1e-9
_BOOTSTRAPS = 1000
_FOLDS = 5


@dataclass(frozen=True)
class Row:
    """One labelled row with its score from each judge."""

    label: int
    score: float
    seconds: float
    formula: float
    rouge_l: float
    bm25_max: float


def main() -> None:
    """Print one line per set, or one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--formula", action="store_true", help="score with the plain formula instead")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rows = score_file(arguments.data, plain_formula if arguments.formula else product_score)
    sets = {name: summary(of_set) for name, of_set in rows.items() if len({row.label for row in of_set}) == 2}
    for name in rows.keys() - sets.keys():
        print(f"{name}: only one label occurs, so there is nothing to tell apart; left out.", file=sys.stderr)
    if not sets:
        parser.error(f"{arguments.data}: no set holds rows with both labels")
    report = {
        "scorer_version": "formula" if arguments.formula else SCORER_VERSION,
        "sets": sets,
        "mean_auroc": float(np.mean([found["auroc"] for found in sets.values()])),
    }
    print(json.dumps(report) if arguments.json else as_table(report))


def product_score(claim: Claim, view: SourceView) -> float:
    """Return the support score of the product, before the caps on style."""
    return find(claim, view).support


def plain_formula(claim: Claim, view: SourceView) -> float:
    """`(.4 window + .3 idf + .3 bigrams) * (.4 + .6 facts)`: the reference that the product's score must beat."""
    places = {term: view.number_of(term) for term in claim.stems}
    known = {term: place for term, place in places.items() if place >= 0}
    if not known:
        return 0.0
    weight = {term: view.idf(place) for term, place in places.items()}
    total = sum(weight.values())
    window = 0.0
    for sentence in view.search(list(known.values()), 5):
        there = view.terms_between(*view.window(sentence))
        window = max(window, sum(weight[term] for term, place in known.items() if place in there) / total)
    whole = sum(weight[term] for term in known) / total
    pairs = list(zip(claim.stems, claim.stems[1:], strict=False))
    said = view.count_pairs([(known[left], known[right]) for left, right in pairs if left in known and right in known])
    bigrams = said / len(pairs) if pairs else window
    facts = sum(fact in known for fact in claim.facts) / len(claim.facts) if claim.facts else 1.0
    return (0.4 * window + 0.3 * whole + 0.3 * bigrams) * (0.4 + 0.6 * facts)


def rouge_l(claim: Claim, source: Sequence[str]) -> float:
    """Precision of the longest common subsequence: the share of the claim's words found in order."""
    return LCSseq.similarity(list(claim.words), list(source)) / max(len(claim.words), 1)


def bm25_max(claim: Claim, view: SourceView) -> float:
    """BM25 of the best single sentence over what a sentence with every word of the claim would get."""
    places = [view.number_of(term) for term in dict.fromkeys(claim.stems)]
    best = view.best_score([place for place in places if place >= 0])
    return best / max(sum(view.idf(place) for place in places), 1e-9)


def score_file(path: Path, judge: Judge) -> dict[str, list[Row]]:
    """All rows of a file by set, scored source by source so that only one index is in memory."""
    sources: dict[str, str] = {}
    rows = defaultdict(list)
    for line in filter(None, path.read_text(encoding="utf-8").split("\n")):
        entry = json.loads(line)
        if "source" in entry:
            sources[entry["source_id"]] = entry["source"]
        else:
            rows[entry["source_id"]].append(entry)
    scored: dict[str, list[Row]] = defaultdict(list)
    for source_id, entries in rows.items():
        started = time.perf_counter()
        index = StudyIndex.build(study_of(sources[source_id]))
        view = index.view(None)
        indexing = (time.perf_counter() - started) / len(entries)
        words = tokens(sources[source_id])
        for entry in entries:
            row = score_row(entry["claims"], int(entry["label"]), view, words, judge, indexing)
            scored[entry.get("set", path.stem)].append(row)
    return scored


def score_row(
    texts: Sequence[str], label: int, view: SourceView, words: Sequence[str], judge: Judge, indexing: float
) -> Row:
    """One row under the judge and the baselines; its time includes its share of the indexing."""
    started = time.perf_counter()
    claims = [Claim.of(text, view.language) for text in texts]
    score = summed_up([(judge(claim, view), 1.0) for claim in claims])
    seconds = time.perf_counter() - started + indexing
    return Row(
        label=label,
        score=score,
        seconds=seconds,
        formula=summed_up([(plain_formula(claim, view), 1.0) for claim in claims]),
        rouge_l=summed_up([(rouge_l(claim, words), 1.0) for claim in claims]),
        bm25_max=summed_up([(bm25_max(claim, view), 1.0) for claim in claims]),
    )


def study_of(text: str) -> Study:
    """Make a study in which one participant says the whole source."""
    return Study(
        id="source",
        name="source",
        documents=(Document(id="d1", name="source", kind="text", words=0),),
        participants=(Participant(id="P1", documents=("d1",), words=0),),
        segments=(Segment(id="d1.1", document="d1", participant="P1", role="participant", text=text, where="text"),),
    )


def summary(rows: Sequence[Row]) -> dict[str, object]:
    """The figures of one set in which both labels occur."""
    labels = np.array([row.label for row in rows], dtype=bool)
    scores = np.array([row.score for row in rows])
    return {
        "n": len(rows),
        "auroc": auroc(scores, labels),
        "ci": interval(scores, labels),
        "balanced_accuracy": balanced_accuracy(scores, labels),
        "ties": float(np.mean(scores >= scores.max() - _SAME)),
        "ms_per_row": 1000 * float(np.mean([row.seconds for row in rows])),
        "baselines": {
            "formula": auroc(np.array([row.formula for row in rows]), labels),
            "rouge_l": auroc(np.array([row.rouge_l for row in rows]), labels),
            "bm25_max": auroc(np.array([row.bm25_max for row in rows]), labels),
        },
    }


def auroc(scores: Floats, labels: NDArray[np.bool_]) -> float:
    """Probability that a supported row scores higher than an unsupported one, ties half (Mann-Whitney)."""
    good = int(labels.sum())
    bad = len(labels) - good
    return float((rankdata(scores)[labels].sum() - good * (good + 1) / 2) / (good * bad))


def interval(scores: Floats, labels: NDArray[np.bool_]) -> list[float]:
    """95 % interval of the AUROC: percentile bootstrap, stratified by label, fixed seed."""
    random = np.random.default_rng(0)
    good, bad = np.flatnonzero(labels), np.flatnonzero(~labels)
    found = []
    for _ in range(_BOOTSTRAPS):
        drawn = np.concatenate((random.choice(good, len(good)), random.choice(bad, len(bad))))
        found.append(auroc(scores[drawn], labels[drawn]))
    return [float(value) for value in np.quantile(found, (0.025, 0.975))]


def balanced_accuracy(scores: Floats, labels: NDArray[np.bool_]) -> float:
    """Mean of both hit rates, each row judged by the threshold that is best on the other four fifths."""
    fold = np.random.default_rng(0).permutation(len(scores)) % _FOLDS
    hits = np.zeros(len(scores), dtype=bool)
    for number in range(_FOLDS):
        train = fold != number
        cuts = np.unique(scores[train])
        gains = [_hit_rate(scores[train] >= cut, labels[train]) for cut in cuts]
        hits[~train] = (scores[~train] >= cuts[int(np.argmax(gains))]) == labels[~train]
    return float((hits[labels].mean() + hits[~labels].mean()) / 2)


def _hit_rate(accepted: NDArray[np.bool_], labels: NDArray[np.bool_]) -> float:
    return float((accepted[labels].mean() + (~accepted[~labels]).mean()) / 2)


def as_table(report: dict[str, object]) -> str:
    """The report as lines for a terminal."""
    names = {"formula": "formula", "rouge_l": "ROUGE-L", "bm25_max": "BM25"}
    head = f"{'set':24}{'n':>6}{'AUROC':>8}{'95 % interval':>17}{'ties':>7}{'bal. acc.':>11}{'ms/row':>8}"
    lines = [f"scorer {report['scorer_version']}", head + "".join(f"{name:>9}" for name in names.values())]
    for name, found in report["sets"].items():
        low, high = found["ci"]
        lines.append(
            f"{name:24}{found['n']:6}{found['auroc']:8.3f}{f'[{low:.3f}, {high:.3f}]':>17}{found['ties']:7.1%}"
            f"{found['balanced_accuracy']:11.3f}{found['ms_per_row']:8.2f}"
            + "".join(f"{found['baselines'][base]:9.3f}" for base in names)
        )
    means = [np.mean([found["baselines"][name] for found in report["sets"].values()]) for name in names]
    lines.append(f"{'mean':24}{'':6}{report['mean_auroc']:8.3f}{'':43}" + "".join(f"{mean:9.3f}" for mean in means))
    return "\n".join(lines)


if __name__ == "__main__":
    main()
