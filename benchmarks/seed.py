"""Fill a database with invented history: a thousand runs, a hundred thousand personas and their records.

    python benchmarks/seed.py --db FILE [--runs 1000] [--personas 100] [--seed 0]

One real run of the bundled study gives the texts, with their scores, evidence and refinements; each invented run draws
its drafts from them. Thresholds, budgets, models, tags, calls with payloads, events, experiments, comparisons and
labels differ from run to run. The same arguments give the same database, times of saving apart.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pipeline.calibration.design import draw_design  # noqa: E402
from pipeline.calibration.drift import setup_of  # noqa: E402
from pipeline.domain.config import (  # noqa: E402
    HybridConfig,
    Settings,
)
from pipeline.domain.labels import (  # noqa: E402
    DesignSettings,
    DraftKey,
    Label,
)
from pipeline.domain.run import (  # noqa: E402
    OUTCOME_MEANING,
    AssessedDraft,
    FinalPersona,
    ModelCall,
    Outcome,
    Timing,
    Usage,
)
from pipeline.domain.study import Study  # noqa: E402
from pipeline.hybrid.pipeline import HybridPipeline  # noqa: E402
from pipeline.jobs.experiment import plan_experiment  # noqa: E402
from pipeline.jobs.grid import parse_grid  # noqa: E402
from pipeline.sources import load_paths  # noqa: E402
from pipeline.store import Store  # noqa: E402
from pipeline.store.facts import (  # noqa: E402
    assessment_columns,
    call_row,
    config_columns,
    draft_row,
    persona_row,
)
from pipeline.store.rows import as_json, iso  # noqa: E402

FIRST = datetime(2025, 11, 3, 8, 0, tzinfo=UTC)
STUDIES = ("Hearthwise interviews", "Hearthwise, autumn", "Tariff survey", "Installers", "Support tickets")
LOCALS = (("builtin", "builtin"), ("ollama", "qwen2.5:7b"), ("ollama", "llama3.1:8b"))
FRONTIERS = (("anthropic", "claude-sonnet-5-5"), ("simulated", "claude-sonnet-5-5"), ("anthropic", "claude-haiku-4-5"))
TAGS = ("final", "for the board", "second try", "cheap", "pilot", "Q3")
MARK = "-@"
"""Placeholder in ids for the number of the draft."""


class Text(NamedTuple):
    """One text of the real run, as drafted and as refined."""

    draft: AssessedDraft
    final: FinalPersona
    sent: str
    """Payload of its refinement."""

    @property
    def score(self) -> float:
        """Of the draft."""
        return self.draft.assessment.scores.overall or 0.0


class Plan(NamedTuple):
    """One invented run before its facts."""

    number: int
    id: str
    study_id: str
    config: HybridConfig
    began: datetime
    drafts_from: "Plan | None" = None
    experiment_id: str | None = None

    @property
    def simulated(self) -> bool:
        """Return whether its frontier is simulated."""
        return self.config.frontier_provider == "simulated"


Rows = dict[str, list[dict[str, Any]]]


class SeededStore(Store):
    """A store that takes rows of many runs in one transaction."""

    def put(self, rows: Rows) -> None:
        """Write rows, in the order of their tables."""
        with self._write() as db:
            for table, given in rows.items():
                names = list(given[0])
                marks = ", ".join(f":{name}" for name in names)
                db.conn.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", given)


# --- texts ------------------------------------------------------------------------------------------


def texts_of(study: Study, seed: int) -> list[Text]:
    """The drafts of a real run in which every draft is refined, worst first."""
    config = HybridConfig(
        local_provider="builtin", frontier_provider="simulated", frontier_model="claude-sonnet-5-5",
        quality_threshold=1.0, max_cost=None, count=200, draft_factor=1.0, seed=seed,
    )  # fmt: skip
    run = HybridPipeline(config, Settings()).run(study)
    finals = {final.draft_id: final for final in run.personas}
    texts = [_unnumbered(item, finals[item.draft.id], study) for item in run.drafts if item.draft.id in finals]
    return sorted(texts, key=lambda text: text.score)


def _unnumbered(item: AssessedDraft, final: FinalPersona, study: Study) -> Text:
    """Return the text with marks in place of numbers."""
    persona = item.draft.persona.model_copy(update={"id": f"persona{MARK}"})
    draft = item.draft.model_copy(update={"id": f"draft{MARK}", "persona": persona})
    refined = final.persona.model_copy(update={"id": f"persona{MARK}"})
    said = [
        segment for segment in study.segments if segment.participant in draft.focus and segment.role != "interviewer"
    ]
    excerpts = "\n".join(f"[{segment.id}] {segment.text}" for segment in said[:12])
    prompt = f"Draft:\n{persona.name}: {persona.tagline}\n\nExcerpts:\n{excerpts}"
    sent = json.dumps({"system": "Rewrite the persona from the excerpts.", "prompt": prompt, "max_tokens": 2000})
    return Text(
        item.model_copy(update={"draft": draft}),
        final.model_copy(update={"draft_id": draft.id, "persona": refined}),
        sent,
    )


class Shapes:
    """The JSON of texts, made once per text and outcome."""

    def __init__(self, texts: list[Text]) -> None:
        self.texts = texts
        self.scorer_version = texts[0].draft.assessment.scorer_version
        self.draft = cache(self._draft)
        self.persona = cache(self._persona)
        self.call = cache(self._call)

    def _draft(self, place: int) -> dict[str, Any]:
        item = self.texts[place].draft
        return {**draft_row(item.draft), **assessment_columns(item.assessment)}

    def _persona(self, place: int, outcome: Outcome) -> dict[str, Any]:
        text = self.texts[place]
        if outcome == "refined":
            cost = text.final.cost_micros
            final = text.final.model_copy(update={"outcome": outcome, "origin": "frontier", "cost_micros": cost})
        else:
            final = FinalPersona(
                draft_id=f"draft{MARK}",
                persona=text.draft.draft.persona,
                origin="local",
                outcome=outcome,
                reason=OUTCOME_MEANING[outcome],
                cost_micros=text.final.cost_micros if outcome == "refine_not_better" else 0,
                assessment=text.draft.assessment,
            )
        return persona_row(final)

    def _call(self, place: int, stage: str, provider: str, model: str, status: str) -> dict[str, Any]:
        text, failed = self.texts[place], status != "ok"
        paid, local = stage == "refine" and not failed, provider == "builtin"
        tokens = 0 if local else len(text.sent) // 4
        call = ModelCall.model_validate(
            {
                "id": f"draft{MARK}.{stage}.1",
                "stage": stage,
                "draft_id": f"draft{MARK}",
                "provider": provider,
                "model": model,
                "status": status,
                "usage": Usage(input_tokens=tokens, output_tokens=0 if failed or local else 600),
                "cost_micros": text.final.cost_micros if paid else 0,
                "reserved_micros": 40_000 if stage == "refine" else 0,
                "latency_ms": 2 if local else 1500 + 37 * place,
                "error": "The server is overloaded (529)." if failed else None,
                "payload": "" if provider in ("builtin", "simulated") else text.sent,
                "reply": None if failed or local else text.final.persona.background,
                "started_at": FIRST,
            }
        )
        return call_row(call)


def numbered(row: dict[str, Any], number: int) -> dict[str, Any]:
    """The row with the number of its draft in every id."""
    own = f"-{number:04}"
    return {
        name: value.replace(MARK, own) if name in ("id", "draft_id", "body") and isinstance(value, str) else value
        for name, value in row.items()
    }


# --- runs -------------------------------------------------------------------------------------------


def plans(runs: int, personas: int, seed: int, studies: list[str]) -> Iterator[Plan]:
    """Runs over a year, each with settings of its own; a third of them is local only or cheap."""
    chance = random.Random(seed)
    for number in range(runs):
        local, frontier = chance.choice(LOCALS), chance.choice(FRONTIERS)
        config = HybridConfig(
            local_provider=local[0], local_model=local[1], frontier_provider=frontier[0], frontier_model=frontier[1],
            quality_threshold=chance.choice((0.5, 0.6, 0.7, 0.7, 0.75, 0.8, 0.85)),
            max_cost=chance.choice((0.1, 0.25, 0.5, 1.0, 5.0, None)),
            skip_frontier=chance.random() < 0.1, count=personas, seed=chance.randrange(5),
        )  # fmt: skip
        study = studies[int(chance.triangular(0, len(studies), 0))]
        began = FIRST + timedelta(hours=8 * number + chance.random())
        yield Plan(number, f"run-{chance.getrandbits(32):08x}", study, config, began)


def rows_of(plan: Plan, shapes: Shapes) -> Rows:
    """All rows of one run."""
    # A run that begins with the drafts of another one has exactly those.
    chance = random.Random((plan.drafts_from or plan).id)
    size, tilt = len(shapes.texts), chance.uniform(1.0, 3.5)
    drawn = [min(size - 1, int(size * chance.betavariate(tilt, 2.0))) for _ in range(plan.config.draft_count)]
    drafts = [{"run_id": plan.id, **numbered(shapes.draft(place), at)} for at, place in enumerate(drawn, 1)]
    kept = sorted(enumerate(drawn, 1), key=lambda pair: (-shapes.texts[pair[1]].score, pair[0]))
    chance = random.Random(plan.id)
    outcomes = _outcomes(plan, kept[: plan.config.count], shapes, chance)
    personas = [{"run_id": plan.id, **numbered(shapes.persona(place, outcome), at)} for at, place, outcome in outcomes]
    calls = [] if plan.drafts_from else [_call(plan, shapes, at, place, "draft") for at, place in enumerate(drawn, 1)]
    calls += [
        _call(plan, shapes, at, place, "refine", "failed" if outcome == "refine_failed" else "ok")
        for at, place, outcome in outcomes
        if outcome.startswith("refine")
    ]
    spent = sum(call["cost_micros"] for call in calls)
    tables: Rows = {
        "runs": [_run_row(plan, chance, shapes.scorer_version, finished=len(personas), spent=spent)],
        "drafts": drafts,
        "personas": personas,
        "calls": calls,
        "stages": [
            {"run_id": plan.id, "stage": stage, "planned": planned, "started_at": iso(plan.began)}
            for stage, planned in (("draft", len(drafts)), ("assess", len(drafts)), ("refine", len(personas)))
        ],
        "events": [_event(plan, "draft", f"{row['draft_id']}: {row['name']}") for row in drafts]
        + [_event(plan, "persona", f"{row['draft_id']}: {row['outcome']}") for row in personas]
        + [_event(plan, "run", "The run has ended: completed.")],
    }
    return {table: given for table, given in tables.items() if given}


def _outcomes(
    plan: Plan, kept: list[tuple[int, int]], shapes: Shapes, chance: random.Random
) -> list[tuple[int, int, Outcome]]:
    """Draw the outcomes of the kept drafts; the worst is first in the queue for money."""
    left = sys.maxsize if plan.config.budget_micros is None else plan.config.budget_micros
    found: list[tuple[int, int, Outcome]] = []
    for at, place in reversed(kept):
        text, outcome = shapes.texts[place], "refined"
        if plan.config.skip_frontier:
            outcome = "local_only"
        elif text.score >= plan.config.quality_threshold:
            outcome = "kept_local"
        elif chance.random() < 0.02:
            outcome = "refine_failed"
        elif text.final.cost_micros > left:
            outcome = "budget_exhausted"
        else:
            left -= text.final.cost_micros
            outcome = text.final.outcome
        found.append((at, place, outcome))  # type: ignore[arg-type]
    return found


def _call(plan: Plan, shapes: Shapes, at: int, place: int, stage: str, status: str = "ok") -> dict[str, Any]:
    config = plan.config
    if stage == "draft":
        row = shapes.call(place, stage, config.local_provider, config.local_model, status)
    else:
        row = shapes.call(place, stage, config.frontier_provider, config.frontier_model, status)
    began = plan.began + timedelta(seconds=3 * at + (900 if stage == "refine" else 0))
    body = row["body"].replace(FIRST.isoformat().replace("+00:00", "Z"), began.isoformat())
    return {"run_id": plan.id, **numbered({**row, "body": body, "started_at": iso(began)}, at)}


def _event(plan: Plan, kind: str, sentence: str) -> dict[str, Any]:
    return {"run_id": plan.id, "kind": kind, "sentence": sentence}


def _run_row(plan: Plan, chance: random.Random, scorer: str, *, finished: int, spent: int) -> dict[str, Any]:
    config, seconds = plan.config, chance.uniform(300, 2400)
    ended = plan.began + timedelta(seconds=seconds)
    name = f"{STUDIES[plan.number % len(STUDIES)].split()[0]} {config.quality_threshold:.2f} no. {plan.number + 1}"
    return {
        "id": plan.id,
        "study_id": plan.study_id,
        "name": name,
        "simulated": plan.simulated,
        **config_columns(config),
        "status": "cancelled" if plan.number % 29 == 28 else "completed",
        "created_at": iso(plan.began),
        "finished_at": iso(ended),
        "heartbeat_at": iso(ended),
        "host": "",
        "pid": 0,
        "process_started": 0.0,
        "scorer_version": scorer,
        "price_source": "price library, offline snapshot",
        "frontier_only_micros": None if config.skip_frontier else max(spent, 9_000 * finished),
        "timing": as_json(Timing(wall_s=seconds, draft_s=seconds * 0.6, assess_s=20.0, refine_s=seconds * 0.3)),
        "drafts_from": plan.drafts_from.id if plan.drafts_from else None,
        "experiment_id": plan.experiment_id,
        "tags": json.dumps(chance.sample(TAGS, chance.choice((0, 0, 1, 2)))),
        "note": "Shown to the steering group." if plan.number % 17 == 0 else "",
        "pinned": plan.number % 211 == 7,
        "archived": plan.number % 23 == 22,
    }


# --- experiments and labels --------------------------------------------------------------------------------


def add_experiment(store: SeededStore, shapes: Shapes, source: Plan, number: int) -> int:
    """An experiment of six cells on the drafts of a run; returns how many runs it made."""
    grid = {
        "experiment": f"Thresholds and order {number + 1}",
        "from_drafts": source.id,
        "hybrid": {"frontier_provider": "simulated", "frontier_model": "claude-sonnet-5-5"},
        "grid": {"quality_threshold": [0.6, 0.7, 0.8], "escalation_order": ["worst_first", "best_first"]},
    }
    run = store.run(source.id)
    began = source.began + timedelta(hours=1)
    with tempfile.TemporaryDirectory() as folder:
        planned = plan_experiment(parse_grid(grid, "seed"), run, Settings(), Path(folder), began)
    store.save_experiment(planned)
    for place, cell in enumerate(planned.cells):
        plan = Plan(
            source.number, f"{source.id}{place:x}", source.study_id, cell.config, began + timedelta(minutes=place),
            source, planned.id,
        )  # fmt: skip
        store.put(rows_of(plan, shapes))
    return len(planned.cells)


def add_labels(store: SeededStore, run_id: str, seed: int) -> int:
    """A design on a run, labelled by one or two people; returns how many labels there are."""
    run = store.scores([run_id])[0]
    scores = {DraftKey(run_id, draft.id): draft.overall for draft in run.kept}
    refined = {DraftKey(run_id, draft.id) for draft in run.kept if draft.outcome == "refined"}
    settings = DesignSettings(labels=60, seed=seed)
    design_id = store.save_design(
        [run_id], draw_design(scores, setup_of(run), settings, refined=refined), "First labels", run.created_at
    )
    tasks, chance = store.design(design_id).design.tasks, random.Random(seed)
    labels = [
        Label(
            place=task.place,
            rater=rater,
            verdict="acceptable" if chance.random() < 0.3 + 0.7 * (scores[task.key] or 0.0) else "unacceptable",
            labelled_at=run.created_at + timedelta(hours=2, seconds=40 * task.place),
        )
        for rater in ("Ada", "Ben")[: 1 + seed % 2]
        for task in tasks
    ]
    store.save_labels(design_id, labels)
    return len(labels)


def fill(database: Path, runs: int, personas: int, seed: int) -> None:
    """Make the database and print the progress."""
    example = load_paths([ROOT / "data" / "hearthwise"])
    shapes = Shapes(texts_of(example, seed))
    store = SeededStore(database)
    studies = [
        example.model_copy(update={"id": f"{example.id[:-1]}{at}", "name": name}) for at, name in enumerate(STUDIES)
    ]
    for study in reversed(studies):
        store.save_study(study)
    begun = time.perf_counter()
    with store.busy():
        planned = list(plans(runs, personas, seed, [study.id for study in studies]))
        for plan in planned:
            store.put(rows_of(plan, shapes))
            if (plan.number + 1) % 100 == 0:
                print(f"{plan.number + 1} runs, {time.perf_counter() - begun:.0f} s", file=sys.stderr)
        some = planned[:: max(1, runs // 40)][-40:]
        labels = sum(add_labels(store, plan.id, at) for at, plan in enumerate(some))
        for at in range(0, len(planned) - 3, max(3, runs // 40)):
            trio = [plan.id for plan in planned[at : at + 3]]
            store.save_comparison(f"Which setting, {at}", trio, planned[at].began, note="The first is the baseline.")
        real = [plan for plan in planned if not plan.config.skip_frontier]
        cells = sum(add_experiment(store, shapes, plan, at) for at, plan in enumerate(real[:: max(1, runs // 3)][:3]))
    size = database.stat().st_size / 2**20
    print(
        f"{database}: {runs:,} runs and {cells} of experiments, {(runs + cells) * personas:,} personas, "
        f"{labels:,} labels; {size:,.0f} MiB in {time.perf_counter() - begun:.0f} s"
    )


def main() -> None:
    """Write the database and print its size and how long it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--db", type=Path, required=True, help="a file that is not there yet")
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--personas", type=int, default=100, help="delivered by each run; twice as many are drafted")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.db.exists():
        parser.error(f"{options.db} is there already: name another file")
    fill(options.db, options.runs, options.personas, options.seed)


if __name__ == "__main__":
    main()
