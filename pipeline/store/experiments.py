"""Experiments and their runs."""

import json
from collections.abc import Sequence

from pipeline.domain.config import HybridConfig
from pipeline.domain.experiment import CellRun, Experiment
from pipeline.errors import StoreError
from pipeline.store.rows import as_json, iso, storable, utf8
from pipeline.store.store import DatabaseFile


class ExperimentTables(DatabaseFile):
    """Store methods for experiments."""

    def save_experiment(self, experiment: Experiment) -> None:
        """Save an experiment before it starts or resumes; its budget applies to all its unfinished runs."""
        row = {
            **experiment.model_dump(include={"id", "study_id", "name"}),
            "created_at": iso(experiment.created_at),
            "body": as_json(experiment),
        }
        budget = {"id": experiment.id, "usd": experiment.max_cost, "micros": experiment.budget_micros}
        with self._write() as db:
            db.execute(_KEEP, storable(row))
            db.execute(_SHARE, budget)

    def experiment(self, experiment_id: str) -> Experiment:
        """Return one experiment.

        Raises:
            StoreError: there is none with that id.
        """
        with self._read() as db:
            for row in db.table("experiments").rows_where("id = ?", [utf8(experiment_id)], select="body"):
                return Experiment.model_validate_json(row["body"])
        raise StoreError(f"There is no experiment '{experiment_id}': it was never started, or its study was deleted.")

    def experiments(self) -> list[Experiment]:
        """Return all experiments, newest first."""
        with self._read() as db:
            rows = db.query("SELECT body FROM experiments ORDER BY created_at DESC, rowid DESC")
            return [Experiment.model_validate_json(row["body"]) for row in rows]

    def experiment_runs(self, experiment_id: str) -> tuple[CellRun, ...]:
        """Return the existing runs of an experiment, oldest first; with its drafting run, if it has one of its own."""
        with self._read() as db:
            rows = db.query(_RUNS, [utf8(experiment_id)])
            return tuple(
                CellRun.model_validate({**row, "config": HybridConfig.model_validate_json(row["config"])})
                for row in rows
            )

    def experiments_of(self, run_ids: Sequence[str]) -> dict[str, Experiment]:
        """Return the experiments of these runs by run id; runs without an experiment are left out."""
        with self._read() as db:
            rows = list(db.query(_OF_RUNS, [json.dumps([utf8(run_id) for run_id in run_ids])]))
            bodies = {row["id"]: row["body"] for row in db.query(_BODIES, [json.dumps([row["id"] for row in rows])])}
        known = {key: Experiment.model_validate_json(body) for key, body in bodies.items()}
        return {row["run_id"]: known[row["id"]] for row in rows}

    def cancel_experiment(self, experiment_id: str) -> None:
        """Ask an experiment, in any process, to stop before the next call of its current run."""
        with self._write() as db:
            db.execute(
                "UPDATE experiments SET body = json_set(body, '$.cancel_requested', json('true')) WHERE id = ?",
                [utf8(experiment_id)],
            )
            db.execute(
                "UPDATE runs SET cancel_requested = 1 WHERE experiment_id = ? AND status = 'running'",
                [utf8(experiment_id)],
            )

    def set_experiment_problem(self, experiment_id: str, problem: str) -> None:
        """Save why an experiment stopped."""
        with self._write() as db:
            db.execute(
                "UPDATE experiments SET body = json_set(body, '$.problem', ?) WHERE id = ?",
                [utf8(problem), utf8(experiment_id)],
            )

    def delete_experiment(self, experiment_id: str) -> None:
        """Delete an experiment; its runs stay."""
        with self._write() as db:
            db.execute("DELETE FROM experiments WHERE id = ?", [utf8(experiment_id)])


# An experiment that starts again keeps the time of its first start.
_KEEP = """
    INSERT INTO experiments (id, study_id, name, created_at, body) VALUES (:id, :study_id, :name, :created_at, :body)
    ON CONFLICT (id) DO UPDATE SET
        body = json_set(excluded.body, '$.created_at', json_extract(experiments.body, '$.created_at'))
"""

_SHARE = """
    UPDATE runs SET project_budget_micros = :micros, config = json_set(config, '$.project_max_cost', :usd)
    WHERE experiment_id = :id AND drafts_from IS NOT NULL AND status NOT IN ('running', 'completed')
"""

_OF_RUNS = """
    SELECT runs.id AS run_id, experiments.id FROM json_each(?) AS asked JOIN runs ON runs.id = asked.value
    JOIN experiments ON experiments.id = experiment_id ORDER BY asked.key
"""

_BODIES = "SELECT id, body FROM experiments WHERE id IN (SELECT value FROM json_each(?))"

_RUNS = """
    SELECT id, status, simulated, config, drafts_from,
        (SELECT COALESCE(SUM(cost_micros), 0) FROM call_sums WHERE run_id = runs.id) AS spent_micros
    FROM runs WHERE experiment_id = ? AND deleted_at IS NULL ORDER BY created_at, rowid
"""
