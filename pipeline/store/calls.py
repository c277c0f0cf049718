"""Calls to models, of one run or of all runs: counts, latencies and lists."""

from pipeline.domain.calls import CallChoice, CallGroup, Latency, ListedCall
from pipeline.domain.run import ModelCall
from pipeline.errors import StoreError
from pipeline.store.facts import read_call
from pipeline.store.rows import not_found, utf8
from pipeline.store.store import DatabaseFile


class CallTables(DatabaseFile):
    """Store methods for calls."""

    def call_groups(self, run_id: str | None = None) -> list[CallGroup]:
        """Count the attempts of one run, or of all runs, by stage, provider and status; own and real ones first."""
        where, values = _where(CallChoice(run_id=run_id), "call_sums")
        with self._read() as db:
            return [CallGroup.model_validate(row) for row in db.query(_CALL_GROUPS.format(where=where), values)]

    def call_latencies(self, choice: CallChoice) -> list[Latency]:
        """Return latencies of the chosen attempts, one row per stage with a timed attempt, drafts first."""
        where, values = _where(choice, "call_sums")
        # Of one run, its own calls are sorted; of all runs, the index has them in order.
        index = "calls_by_run" if choice.run_id else "calls_by_latency"
        one = _LATENCY.format(where=_where(choice, "calls")[0], index=index)
        with self._read() as db:
            timed = list(db.query(_TIMED.format(where=where), values))
            return [
                Latency.model_validate({**row, **next(db.query(one, {**values, **row}))}) for row in timed if row["n"]
            ]

    def calls(self, choice: CallChoice, limit: int | None = None, offset: int = 0) -> list[ListedCall]:
        """Return the chosen attempts, newest first, without requests and answers.

        Args:
            choice: the filter.
            limit: maximum number; `None` means all.
            offset: number of newest attempts to skip.
        """
        where, values = _where(choice)
        sql = _CALL_LIST.format(where=where, index=_index(choice))
        with self._read() as db:
            return [
                ListedCall(
                    run_id=row["run_id"],
                    run_name=row["name"],
                    simulated=row["simulated"],
                    call=ModelCall.model_validate_json(row["body"]),
                )
                for row in db.query(sql, {**values, "limit": -1 if limit is None else limit, "offset": offset})
            ]

    def count_newer_calls(self, choice: CallChoice, run_id: str, call_id: str) -> int | None:
        """Count the chosen attempts that are newer than this one; `None` when it is not one of them."""
        where, values = _where(choice)
        sql = _NEWER.format(where=where, index=_index(choice))
        with self._read() as db:
            (row,) = db.query(sql, {**values, "this_run": utf8(run_id), "this_call": utf8(call_id)})
        return int(row["newer"]) if row["known"] else None

    def call(self, run_id: str, call_id: str) -> ModelCall:
        """Return one attempt with its request and answer.

        Raises:
            StoreError: the run has no attempt with that id.
        """
        with self._read() as db:
            rows = db.table("calls").rows_where(
                "run_id = ? AND id = ?", [utf8(run_id), utf8(call_id)], select="body, payload, reply"
            )
            for row in rows:
                return read_call(row)
        raise StoreError(not_found("calls", call_id))


_CALL_GROUPS = """
    SELECT stage, provider, call_sums.status, simulated, imported_at IS NOT NULL AS imported,
        SUM(attempts) AS attempts, SUM(paid) AS paid, SUM(input_tokens) AS input_tokens,
        SUM(output_tokens) AS output_tokens, SUM(cached_tokens) AS cached_tokens, SUM(cost_micros) AS cost_micros
    FROM call_sums JOIN runs ON runs.id = call_sums.run_id WHERE {where} AND attempts > 0
    GROUP BY stage, provider, call_sums.status, simulated, imported
    ORDER BY imported, simulated, stage, provider, call_sums.status
"""

_TIMED = "SELECT stage, SUM(timed) AS n FROM call_sums WHERE {where} GROUP BY stage ORDER BY stage"

# Median: the mean of the middle two, or the middle one if n is odd. 95th percentile: nearest rank, from the end.
_LATENCY = """
    WITH timed AS NOT MATERIALIZED (
        SELECT latency_ms FROM calls INDEXED BY {index} WHERE {where} AND calls.stage = :stage
            AND calls.status <> 'in_flight' AND (calls.status <> 'lost' OR latency_ms > 0)
    )
    SELECT (
        SELECT AVG(latency_ms)
        FROM (SELECT latency_ms FROM timed ORDER BY latency_ms LIMIT 2 - :n % 2 OFFSET (:n - 1) / 2)
    ) AS median_ms, (
        SELECT latency_ms FROM timed ORDER BY latency_ms DESC LIMIT 1 OFFSET :n - (95 * :n + 99) / 100
    ) AS p95_ms
"""


# The index alone finds the page, and only its rows are read: a later page costs little more than the first.
_CALL_LIST = """
    WITH page AS (
        SELECT calls.rowid AS number FROM calls INDEXED BY {index} WHERE {where}
        ORDER BY calls.started_at DESC, calls.rowid DESC LIMIT :limit OFFSET :offset
    )
    SELECT run_id, name, simulated, body
    FROM page JOIN calls ON calls.rowid = number JOIN runs ON runs.id = calls.run_id
    ORDER BY calls.started_at DESC, calls.rowid DESC
"""

_NEWER = """
    WITH this AS (SELECT started_at, rowid AS number FROM calls WHERE run_id = :this_run AND id = :this_call)
    SELECT COUNT(*) FILTER (WHERE (calls.started_at, calls.rowid) > (SELECT started_at, number FROM this)) AS newer,
        COUNT(*) FILTER (WHERE calls.rowid = (SELECT number FROM this)) AS known
    FROM calls INDEXED BY {index} WHERE {where} AND calls.started_at >= (SELECT started_at FROM this)
"""


# Calls of removed runs are hidden while the removal can be undone.
_NOT_REMOVED = "{table}.run_id NOT IN (SELECT id FROM runs WHERE deleted_at IS NOT NULL)"


def _where(choice: CallChoice, table: str = "calls") -> tuple[str, dict[str, str]]:
    """Return the SQL condition of a choice on a table, and its values; columns are named like the fields."""
    values = {key: utf8(value) for key, value in choice.model_dump(exclude_none=True).items()}
    parts = [_NOT_REMOVED.format(table=table), *(f"{table}.{column} = :{column}" for column in values)]
    return " AND ".join(parts), values


def _index(choice: CallChoice) -> str:
    """Return the index for a choice, by run or by time; named explicitly, because SQLite would choose another."""
    return "calls_by_run" if choice.run_id else "calls_by_time"
