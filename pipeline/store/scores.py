"""Scores and costs of drafts, read from columns, for analysing thresholds."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pipeline.domain.config import HybridConfig
from pipeline.domain.facts import assessed
from pipeline.domain.scores import RunScores, ScoredDraft, best_first, has_chosen
from pipeline.domain.selection import choose
from pipeline.store.facts import read_facts
from pipeline.store.rows import get_row
from pipeline.store.store import DatabaseFile

if TYPE_CHECKING:
    from pipeline.store.store import Database


class ScoreTables(DatabaseFile):
    """Store methods for scores and statuses of many runs."""

    def scores(self, run_ids: Sequence[str]) -> tuple[RunScores, ...]:
        """Return the assessed drafts of runs, without texts, in the given order.

        Raises:
            StoreError: one of the runs does not exist.
        """
        found = []
        with self._read() as db:
            for run_id in run_ids:
                row = get_row(db, "runs", run_id, _COLUMNS)
                config = HybridConfig.model_validate_json(row.pop("config"))
                kept = None if has_chosen(row["status"]) else _to_be_kept(db, run_id, config)
                drafts = best_first([_draft(draft, kept) for draft in db.query(_DRAFTS, {"run": run_id})])
                found.append(RunScores.model_validate({**row, "config": config, "drafts": drafts}))
        return tuple(found)

    def branches(self, run_ids: Sequence[str]) -> tuple[str, ...]:
        """Return the ids of the runs that reuse the drafts of these runs, oldest first."""
        with self._read() as db:
            return tuple(str(row["id"]) for row in db.query(_BRANCHES, [json.dumps(list(run_ids))]))

    def run_states(self, run_ids: Sequence[str]) -> tuple[tuple[str, str, str], ...]:
        """Return id, status and end time of each existing run: the cache key of results computed from it."""
        with self._read() as db:
            rows = db.query(_STATES, [json.dumps(list(run_ids))])
            return tuple((row["id"], row["status"], row["ended"]) for row in rows)


def _draft(row: dict[str, Any], kept: frozenset[str] | None) -> ScoredDraft:
    decided = row["outcome"] is not None
    return ScoredDraft(
        **{**row, "focus": tuple(json.loads(row["focus"] or "[]")), "kept": decided or row["id"] in (kept or ())}
    )


def _to_be_kept(db: "Database", run_id: str, config: HybridConfig) -> frozenset[str]:
    """The drafts that a run which has not ended would choose; their texts are needed for it."""
    return frozenset(item.draft.id for item in choose(assessed(read_facts(db, run_id)), config).kept)


_COLUMNS = (
    "id, name, status, simulated, study_id, config, scorer_version, prompt_version, local_digest, frontier_only_micros,"
    " created_at, drafts_from"
)

_BRANCHES = "SELECT id FROM runs WHERE drafts_from IN (SELECT value FROM json_each(?)) ORDER BY created_at"

_STATES = """
    SELECT id, status, COALESCE(finished_at, '') AS ended FROM runs WHERE id IN (SELECT value FROM json_each(?))
"""

# Completeness is the only score that every assessment has.
_DRAFTS = """
    SELECT drafts.draft_id AS id, drafts.overall, json_extract(drafts.body, '$.focus') AS focus,
        COALESCE(paid.micros, 0) AS local_micros, personas.outcome, COALESCE(personas.cost_micros, 0) AS refine_micros,
        personas.overall AS delivered
    FROM drafts
    LEFT JOIN personas ON personas.run_id = drafts.run_id AND personas.draft_id = drafts.draft_id
    LEFT JOIN (
        SELECT draft_id, SUM(cost_micros) AS micros FROM calls WHERE run_id = :run AND stage = 'draft' GROUP BY draft_id
    ) AS paid ON paid.draft_id = drafts.draft_id
    WHERE drafts.run_id = :run AND drafts.completeness IS NOT NULL
"""
