"""Attempts at models, of one run or of all: counted, timed and listed."""

from pipeline.attempts import CallChoice, CallGroup, Latency, ListedCall
from pipeline.errors import StoreError
from pipeline.models import ModelCall
from pipeline.store.facts import read_call
from pipeline.store.rows import unknown, utf8
from pipeline.store.store import DatabaseFile


class CallTables(DatabaseFile):
    """The part of the store that answers questions about calls."""

    def call_groups(self, run_id: str | None = None) -> list[CallGroup]:
        """The attempts of one run, or of all runs, counted by stage, provider and status; own and real ones first."""
        where, values = _where(CallChoice(run_id=run_id))
        with self._read() as db:
            return [CallGroup.model_validate(row) for row in db.query(_CALL_GROUPS.format(where=where), values)]

    def call_latencies(self, choice: CallChoice) -> list[Latency]:
        """How long the chosen attempts took, drafts first; a stage without a timed attempt is absent."""
        where, values = _where(choice)
        with self._read() as db:
            return [Latency.model_validate(row) for row in db.query(_CALL_LATENCIES.format(where=where), values)]

    def calls(self, choice: CallChoice, limit: int | None = None) -> list[ListedCall]:
        """The chosen attempts, newest first, without what was sent and what came back."""
        where, values = _where(choice)
        sql = _CALL_LIST.format(where=where)
        with self._read() as db:
            return [
                ListedCall(
                    run_id=row["run_id"],
                    run_name=row["name"],
                    simulated=row["simulated"],
                    call=ModelCall.model_validate_json(row["body"]),
                )
                for row in db.query(sql, {**values, "limit": -1 if limit is None else limit})
            ]

    def call(self, run_id: str, call_id: str) -> ModelCall:
        """One attempt, with what was sent and what came back.

        Raises:
            StoreError: there is none of that id in that run.
        """
        with self._read() as db:
            rows = db.table("calls").rows_where(
                "run_id = ? AND id = ?", [utf8(run_id), utf8(call_id)], select="body, payload, reply"
            )
            for row in rows:
                return read_call(row)
        raise StoreError(unknown("calls", call_id))


# The plus keeps the join from reading the calls in the order of another index, row by row with their texts.
_CALL_GROUPS = """
    SELECT stage, provider, calls.status, simulated, imported_at IS NOT NULL AS imported, COUNT(*) AS attempts,
        COUNT(*) FILTER (WHERE cost_micros > 0) AS paid,
        SUM(input_tokens) AS input_tokens, SUM(output_tokens) AS output_tokens, SUM(cached_tokens) AS cached_tokens,
        SUM(cost_micros) AS cost_micros
    FROM calls JOIN runs ON runs.id = +calls.run_id WHERE {where}
    GROUP BY stage, provider, calls.status, simulated, imported
    ORDER BY imported, simulated, stage, provider, calls.status
"""


# A call lost with its process has no time; every other one has, be it 0 milliseconds.
_CALL_LATENCIES = """
    WITH ranked AS (
        SELECT stage, latency_ms, ROW_NUMBER() OVER (PARTITION BY stage ORDER BY latency_ms) AS place,
            COUNT(*) OVER (PARTITION BY stage) AS n
        FROM calls WHERE {where} AND status <> 'in_flight' AND (status <> 'lost' OR latency_ms > 0)
    )
    SELECT stage, n, AVG(latency_ms) FILTER (WHERE place IN ((n + 1) / 2, n / 2 + 1)) AS median_ms,
        MIN(latency_ms) FILTER (WHERE 100 * place >= 95 * n) AS p95_ms
    FROM ranked GROUP BY stage, n ORDER BY stage
"""


_CALL_LIST = """
    SELECT run_id, name, simulated, body FROM calls JOIN runs ON runs.id = calls.run_id
    WHERE {where} ORDER BY calls.started_at DESC, calls.id DESC LIMIT :limit
"""


# Calls of runs that were taken away, and can still be brought back, are not told of meanwhile.
_NOT_REMOVED = "calls.run_id NOT IN (SELECT id FROM runs WHERE deleted_at IS NOT NULL)"


def _where(choice: CallChoice) -> tuple[str, dict[str, str]]:
    """The condition of a choice, and its values; column names are the fields of our own model."""
    values = {key: utf8(value) for key, value in choice.model_dump(exclude_none=True).items()}
    return " AND ".join([_NOT_REMOVED, *(f"calls.{column} = :{column}" for column in values)]), values
