"""Migrations of the database schema.

Append-only: a released migration is never edited, because files exist that have applied it. Each migration runs in
one transaction with its record. Importing this module loads `sqlite_utils` (and pandas with it, if installed), so the
store imports it only when a file is opened.
"""

import sqlite3
from pathlib import Path

from sqlite_utils import Database, Migrations

from pipeline.errors import StoreError

MIGRATIONS = Migrations("persona")


def migrate(db: Database, path: Path) -> None:
    """Apply pending migrations; a file of another program stays unchanged.

    Raises:
        StoreError: the file belongs to another program, or to a newer version of this one.
    """
    applied = {migration.name for migration in MIGRATIONS.applied(db)}
    if not applied and db.table_names():
        raise StoreError(
            f"{path}: is the database of another program (it has a table '{db.table_names()[0]}') and stays "
            "unchanged. Name another file with --db or PERSONA_DB."
        )
    newer = applied - {migration.name for migration in MIGRATIONS.pending(Database(memory=True))}
    if newer:
        raise StoreError(
            f"{path}: was written by a newer version of this program ({min(newer)}). Update the program, or name "
            "another file with --db or PERSONA_DB."
        )
    if MIGRATIONS.pending(db):
        _use_wal(db)
        # One writer at a time: a second process waits here and then has no migration to apply.
        db.execute("BEGIN IMMEDIATE")
        MIGRATIONS.apply(db)
        db.commit()


def _use_wal(db: Database) -> None:
    """Switch to write-ahead logging, so that readers and a writer work at the same time.

    SQLite does not wait for other programs when it switches, so this function does.
    """
    for _ in range(100):
        try:
            return db.enable_wal()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            db.execute("BEGIN IMMEDIATE")
            db.rollback()
    return None


@MIGRATIONS()
def m001_studies_runs_facts(db: Database) -> None:
    """Create the tables of studies, runs and facts.

    Amounts are integers of micro-USD, times ISO 8601 in UTC, `body` the whole model as JSON. Wide columns come last,
    so that reading the others does not touch their pages; indexes cover the queries of lists and progress bars.
    """
    db.executescript(
        """
        CREATE TABLE studies (
            id TEXT NOT NULL PRIMARY KEY,
            name TEXT NOT NULL,
            documents INTEGER NOT NULL,
            participants INTEGER NOT NULL,
            segments INTEGER NOT NULL,
            words INTEGER NOT NULL,
            created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
            body TEXT NOT NULL
        ) STRICT;

        CREATE TABLE runs (
            id TEXT NOT NULL PRIMARY KEY,
            study_id TEXT NOT NULL REFERENCES studies(id) ON DELETE CASCADE,
            name TEXT NOT NULL,
            status TEXT NOT NULL,
            simulated INTEGER NOT NULL,
            local_provider TEXT NOT NULL,
            local_model TEXT NOT NULL,
            frontier_provider TEXT NOT NULL,
            frontier_model TEXT NOT NULL,
            threshold REAL NOT NULL,
            budget_micros INTEGER,
            created_at TEXT NOT NULL,
            finished_at TEXT,
            host TEXT NOT NULL,
            pid INTEGER NOT NULL,
            process_started REAL NOT NULL,
            heartbeat_at TEXT NOT NULL,
            cancel_requested INTEGER NOT NULL DEFAULT 0,
            scorer_version TEXT NOT NULL DEFAULT '',
            price_source TEXT NOT NULL DEFAULT '',
            frontier_only_micros INTEGER,
            timing TEXT NOT NULL DEFAULT '{}',
            config TEXT NOT NULL,
            error TEXT
        ) STRICT;
        CREATE INDEX runs_by_time ON runs(created_at);
        CREATE INDEX runs_by_study ON runs(study_id);
        CREATE INDEX runs_by_name ON runs(name);
        CREATE INDEX runs_by_status ON runs(status);

        CREATE TABLE stages (
            run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
            stage TEXT NOT NULL,
            planned INTEGER NOT NULL,
            started_at TEXT NOT NULL,
            PRIMARY KEY (run_id, stage)
        ) STRICT;

        CREATE TABLE drafts (
            run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
            draft_id TEXT NOT NULL,
            name TEXT NOT NULL,
            overall REAL,
            coherence REAL,
            faithfulness REAL,
            completeness REAL,
            body TEXT NOT NULL,
            assessment TEXT,
            PRIMARY KEY (run_id, draft_id)
        ) STRICT;
        -- Of the scores only completeness is never missing once there is an assessment.
        CREATE INDEX drafts_by_run ON drafts(run_id, completeness, overall);

        CREATE TABLE failures (
            run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
            draft_id TEXT NOT NULL,
            reason TEXT NOT NULL,
            PRIMARY KEY (run_id, draft_id)
        ) STRICT;

        CREATE TABLE personas (
            run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
            draft_id TEXT NOT NULL,
            name TEXT NOT NULL,
            origin TEXT NOT NULL,
            outcome TEXT NOT NULL,
            overall REAL,
            coherence REAL,
            faithfulness REAL,
            completeness REAL,
            cost_micros INTEGER NOT NULL,
            body TEXT NOT NULL,
            PRIMARY KEY (run_id, draft_id)
        ) STRICT;
        CREATE INDEX personas_by_run ON personas(run_id, outcome, overall);

        CREATE TABLE calls (
            run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
            id TEXT NOT NULL,
            draft_id TEXT NOT NULL,
            stage TEXT NOT NULL,
            provider TEXT NOT NULL,
            model TEXT NOT NULL,
            status TEXT NOT NULL,
            input_tokens INTEGER NOT NULL,
            output_tokens INTEGER NOT NULL,
            cached_tokens INTEGER NOT NULL,
            cost_micros INTEGER NOT NULL,
            reserved_micros INTEGER NOT NULL,
            latency_ms INTEGER NOT NULL,
            started_at TEXT NOT NULL,
            body TEXT NOT NULL,
            payload TEXT NOT NULL,
            PRIMARY KEY (run_id, id)
        ) STRICT;
        CREATE INDEX calls_by_run ON calls(run_id, status, cost_micros);

        CREATE TABLE events (
            seq INTEGER PRIMARY KEY,
            run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
            at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
            kind TEXT NOT NULL,
            sentence TEXT NOT NULL
        ) STRICT;
        CREATE INDEX events_by_run ON events(run_id);
        """
    )


@MIGRATIONS()
def m002_projects_replies(db: Database) -> None:
    """Add shared budgets, and the text of each answer, so that a resumed run does not pay for it again.

    `spent_elsewhere` holds the cost of a project's deleted runs: deleting a run gives no money back.
    """
    for statement in (
        "ALTER TABLE runs ADD COLUMN project TEXT",
        "ALTER TABLE runs ADD COLUMN project_budget_micros INTEGER",
        "ALTER TABLE calls ADD COLUMN reply TEXT",
        "CREATE INDEX runs_by_project ON runs(project, simulated) WHERE project IS NOT NULL",
        """
        CREATE TABLE spent_elsewhere (
            project TEXT NOT NULL,
            simulated INTEGER NOT NULL,
            micros INTEGER NOT NULL,
            PRIMARY KEY (project, simulated)
        ) STRICT
        """,
    ):
        db.execute(statement)


@MIGRATIONS()
def m003_calls_by_time(db: Database) -> None:
    """Index calls by time, so that lists and sums over all runs do not read requests."""
    db.execute(
        """
        CREATE INDEX calls_by_time ON calls (
            started_at, run_id, stage, provider, status, input_tokens, output_tokens, cached_tokens, cost_micros,
            latency_ms
        )
        """
    )


@MIGRATIONS()
def m004_batches(db: Database) -> None:
    """Add batches; the calls of an open batch stay open when their process dies."""
    db.execute("ALTER TABLE calls ADD COLUMN batch TEXT")
    db.execute(
        """
        CREATE TABLE batches (
            run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
            marker TEXT NOT NULL,
            sent_at TEXT,
            batch_id TEXT,
            ended INTEGER NOT NULL,
            PRIMARY KEY (run_id, marker)
        ) STRICT
        """
    )


@MIGRATIONS()
def m005_sharing_labels_experiments(db: Database) -> None:
    """Add tags, notes, labels, comparisons, experiments, private studies, and branches of runs."""
    for statement in (
        "ALTER TABLE runs ADD COLUMN drafts_from TEXT",
        "ALTER TABLE runs ADD COLUMN experiment_id TEXT",
        "ALTER TABLE runs ADD COLUMN tags TEXT NOT NULL DEFAULT '[]'",
        "ALTER TABLE runs ADD COLUMN note TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE runs ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE runs ADD COLUMN archived INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE runs ADD COLUMN deleted_at TEXT",
        "ALTER TABLE runs ADD COLUMN imported_at TEXT",
        "CREATE INDEX runs_removed ON runs(deleted_at) WHERE deleted_at IS NOT NULL",
        "CREATE INDEX runs_by_experiment ON runs(experiment_id) WHERE experiment_id IS NOT NULL",
        # Not a column of `studies`: it would follow the text, and reading it would read all of the text.
        """
        CREATE TABLE private_studies (
            study_id TEXT NOT NULL PRIMARY KEY REFERENCES studies(id) ON DELETE CASCADE
        ) STRICT
        """,
        # Studies imported without their text; uploading the same files completes them.
        """
        CREATE TABLE withheld_studies (
            study_id TEXT NOT NULL PRIMARY KEY REFERENCES studies(id) ON DELETE CASCADE
        ) STRICT
        """,
        """
        CREATE TABLE mappings (
            shape TEXT NOT NULL PRIMARY KEY,
            body TEXT NOT NULL,
            saved_at TEXT NOT NULL
        ) STRICT
        """,
        """
        CREATE TABLE designs (
            id TEXT NOT NULL PRIMARY KEY,
            study_id TEXT NOT NULL REFERENCES studies(id) ON DELETE CASCADE,
            name TEXT NOT NULL,
            created_at TEXT NOT NULL,
            run_ids TEXT NOT NULL,
            body TEXT NOT NULL
        ) STRICT
        """,
        "CREATE INDEX designs_by_study ON designs(study_id, created_at)",
        """
        CREATE TABLE design_items (
            design_id TEXT NOT NULL REFERENCES designs(id) ON DELETE CASCADE,
            place INTEGER NOT NULL,
            run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
            draft_id TEXT NOT NULL,
            text TEXT NOT NULL,
            purpose TEXT NOT NULL,
            PRIMARY KEY (design_id, place)
        ) STRICT
        """,
        "CREATE INDEX design_items_by_run ON design_items(run_id)",
        # A design is deleted with the last of its runs.
        """
        CREATE TRIGGER designs_without_items AFTER DELETE ON design_items
        WHEN NOT EXISTS (SELECT 1 FROM design_items WHERE design_id = OLD.design_id)
        BEGIN DELETE FROM designs WHERE id = OLD.design_id; END
        """,
        # Numbered in order of labelling: the first rater's labels count, and undo deletes the latest.
        """
        CREATE TABLE labels (
            seq INTEGER PRIMARY KEY,
            design_id TEXT NOT NULL,
            place INTEGER NOT NULL,
            rater TEXT NOT NULL,
            verdict TEXT NOT NULL,
            note TEXT NOT NULL DEFAULT '',
            labelled_at TEXT NOT NULL,
            UNIQUE (design_id, place, rater),
            FOREIGN KEY (design_id, place) REFERENCES design_items(design_id, place) ON DELETE CASCADE
        ) STRICT
        """,
        """
        CREATE TABLE experiments (
            id TEXT NOT NULL PRIMARY KEY,
            study_id TEXT NOT NULL REFERENCES studies(id) ON DELETE CASCADE,
            name TEXT NOT NULL,
            created_at TEXT NOT NULL,
            body TEXT NOT NULL
        ) STRICT
        """,
        """
        CREATE TABLE comparisons (
            id TEXT NOT NULL PRIMARY KEY,
            title TEXT NOT NULL,
            note TEXT NOT NULL,
            created_at TEXT NOT NULL
        ) STRICT
        """,
        """
        CREATE TABLE comparison_runs (
            comparison_id TEXT NOT NULL REFERENCES comparisons(id) ON DELETE CASCADE,
            run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
            place INTEGER NOT NULL,
            annotation TEXT NOT NULL,
            PRIMARY KEY (comparison_id, run_id)
        ) STRICT
        """,
        "CREATE INDEX comparison_runs_by_run ON comparison_runs(run_id)",
        # A comparison is deleted with the last of its runs, so that deleting a study leaves no text about it.
        """
        CREATE TRIGGER comparison_without_runs AFTER DELETE ON comparison_runs
        WHEN NOT EXISTS (SELECT 1 FROM comparison_runs WHERE comparison_id = OLD.comparison_id)
        BEGIN
            DELETE FROM comparisons WHERE id = OLD.comparison_id;
        END
        """,
    ):
        db.execute(statement)


@MIGRATIONS()
def m006_call_sums(db: Database) -> None:
    """Add sums over the calls of each run, so that totals over all runs do not read every call.

    Triggers update them in the transaction that writes the call. `timed` counts finished calls with a measured time:
    a call lost with its process has none, all others have one, even if it is 0 milliseconds.
    """
    sums = "attempts, timed, paid, input_tokens, output_tokens, cached_tokens, cost_micros"
    own = """1, {row}.status <> 'in_flight' AND ({row}.status <> 'lost' OR {row}.latency_ms > 0),
        {row}.cost_micros > 0, {row}.input_tokens, {row}.output_tokens, {row}.cached_tokens, {row}.cost_micros"""
    less = ", ".join(f"{name} = call_sums.{name} - gone.{name}" for name in sums.split(", "))
    more = ", ".join(f"{name} = {name} + excluded.{name}" for name in sums.split(", "))
    take = f"""
        UPDATE call_sums SET {less} FROM (SELECT {_named(own.format(row="OLD"), sums)}) AS gone
        WHERE run_id = OLD.run_id AND stage = OLD.stage AND provider = OLD.provider AND status = OLD.status;
    """  # noqa: S608 - put together from the constants above
    give = f"""
        INSERT INTO call_sums (run_id, stage, provider, status, {sums})
        VALUES (NEW.run_id, NEW.stage, NEW.provider, NEW.status, {own.format(row="NEW")})
        ON CONFLICT (run_id, stage, provider, status) DO UPDATE SET {more};
    """  # noqa: S608
    for statement in (
        """
        CREATE TABLE call_sums (
            run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
            stage TEXT NOT NULL,
            provider TEXT NOT NULL,
            status TEXT NOT NULL,
            attempts INTEGER NOT NULL,
            timed INTEGER NOT NULL,
            paid INTEGER NOT NULL,
            input_tokens INTEGER NOT NULL,
            output_tokens INTEGER NOT NULL,
            cached_tokens INTEGER NOT NULL,
            cost_micros INTEGER NOT NULL,
            PRIMARY KEY (run_id, stage, provider, status)
        ) STRICT, WITHOUT ROWID
        """,
        f"""
        INSERT INTO call_sums SELECT run_id, stage, provider, status, {_summed(own.format(row="calls"))}
        FROM calls GROUP BY run_id, stage, provider, status
        """,  # noqa: S608
        f"CREATE TRIGGER call_sums_more AFTER INSERT ON calls BEGIN {give} END",
        f"CREATE TRIGGER call_sums_less AFTER DELETE ON calls BEGIN {take} END",
        f"CREATE TRIGGER call_sums_changed AFTER UPDATE ON calls BEGIN {take} {give} END",
        "CREATE INDEX calls_by_latency ON calls(stage, latency_ms, status, provider, run_id)",
    ):
        db.execute(statement)


@MIGRATIONS()
def m007_selection(db: Database) -> None:
    """Name the rule by which earlier runs chose among their drafts, also those that are resumed."""
    db.execute("UPDATE runs SET config = json_set(config, '$.selection', 'best_score')")


@MIGRATIONS()
def m008_edits(db: Database) -> None:
    """Add the edits of personas by people, numbered per run; rows are never altered."""
    for statement in (
        """
        CREATE TABLE edits (
            run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
            number INTEGER NOT NULL,
            at TEXT NOT NULL,
            author TEXT NOT NULL,
            action TEXT NOT NULL,
            touched TEXT NOT NULL,
            edit TEXT NOT NULL,
            after TEXT NOT NULL,
            PRIMARY KEY (run_id, number)
        ) STRICT
        """,
        """
        CREATE TRIGGER edits_are_kept BEFORE UPDATE ON edits
        BEGIN
            SELECT RAISE(ABORT, 'a row of the history is never altered');
        END
        """,
    ):
        db.execute(statement)


@MIGRATIONS()
def m009_prompt_version(db: Database) -> None:
    """Add the version of the prompts to runs; those before it were all written with version 1."""
    db.execute("ALTER TABLE runs ADD COLUMN prompt_version TEXT NOT NULL DEFAULT '1'")


@MIGRATIONS()
def m010_label_history(db: Database) -> None:
    """Add earlier values of labels, third decisions, and designs deleted with their labels."""
    for statement in (
        """
        CREATE TABLE label_changes (
            seq INTEGER PRIMARY KEY,
            design_id TEXT NOT NULL REFERENCES designs(id) ON DELETE CASCADE,
            place INTEGER NOT NULL,
            rater TEXT NOT NULL,
            verdict TEXT NOT NULL,
            labelled_at TEXT NOT NULL,
            changed_at TEXT NOT NULL
        ) STRICT
        """,
        "CREATE INDEX label_changes_by_design ON label_changes(design_id, place, rater, seq)",
        """
        CREATE TABLE label_decisions (
            design_id TEXT NOT NULL,
            place INTEGER NOT NULL,
            seq INTEGER PRIMARY KEY,
            decided_by TEXT NOT NULL,
            verdict TEXT NOT NULL,
            note TEXT NOT NULL DEFAULT '',
            decided_at TEXT NOT NULL,
            FOREIGN KEY (design_id, place) REFERENCES design_items(design_id, place) ON DELETE CASCADE
        ) STRICT
        """,
        "CREATE INDEX label_decisions_by_design ON label_decisions(design_id, place, seq)",
        """
        CREATE TABLE deleted_designs (
            id TEXT NOT NULL PRIMARY KEY,
            study_id TEXT NOT NULL REFERENCES studies(id) ON DELETE CASCADE,
            run_ids TEXT NOT NULL,
            labels INTEGER NOT NULL,
            created_at TEXT NOT NULL,
            deleted_at TEXT NOT NULL
        ) STRICT
        """,
    ):
        db.execute(statement)


@MIGRATIONS()
def m011_calibrations(db: Database) -> None:
    """Add the content hash of the local model to runs, and calibrations that were saved or imported as files."""
    db.execute("ALTER TABLE runs ADD COLUMN local_digest TEXT NOT NULL DEFAULT ''")
    db.execute(
        """
        CREATE TABLE calibrations (
            id TEXT NOT NULL PRIMARY KEY,
            study_id TEXT NOT NULL,
            is_imported INTEGER NOT NULL,
            saved_at TEXT NOT NULL,
            body TEXT NOT NULL
        ) STRICT
        """
    )


@MIGRATIONS()
def m012_remarks(db: Database) -> None:
    """Add notes and tags of analysts, comments and answers of readers, and what is open to them."""
    either = "CHECK ((run_id IS NULL) <> (comparison_id IS NULL))"
    references = """
        run_id TEXT REFERENCES runs(id) ON DELETE CASCADE,
        comparison_id TEXT REFERENCES comparisons(id) ON DELETE CASCADE
    """
    for statement in (
        """
        CREATE TABLE remarks (
            seq INTEGER PRIMARY KEY,
            run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
            persona TEXT NOT NULL,
            field TEXT NOT NULL,
            text TEXT NOT NULL,
            kind TEXT NOT NULL CHECK (kind IN ('note', 'tag')),
            words TEXT NOT NULL,
            author TEXT NOT NULL,
            at TEXT NOT NULL,
            revision INTEGER NOT NULL
        ) STRICT
        """,
        "CREATE UNIQUE INDEX notes_once ON remarks(run_id, persona, field, text, words, author, at)",
        "CREATE UNIQUE INDEX tags_once ON remarks(run_id, persona, field, text, words) WHERE kind = 'tag'",
        f"""
        CREATE TABLE opened_to_readers (
            {references},
            opening TEXT NOT NULL,
            opened_at TEXT NOT NULL,
            {either}
        ) STRICT
        """,
        f"""
        CREATE TABLE comments (
            seq INTEGER PRIMARY KEY,
            {references},
            words TEXT NOT NULL CHECK (length(words) <= 1000),
            author TEXT NOT NULL CHECK (length(author) <= 80),
            at TEXT NOT NULL,
            {either}
        ) STRICT
        """,
        """
        CREATE UNIQUE INDEX comments_once
        ON comments(COALESCE(run_id, ''), COALESCE(comparison_id, ''), words, author, at)
        """,
        """
        CREATE TABLE reader_answers (
            run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
            persona TEXT NOT NULL,
            respondent TEXT NOT NULL,
            item TEXT NOT NULL,
            value INTEGER NOT NULL CHECK (value BETWEEN 1 AND 7),
            PRIMARY KEY (run_id, persona, respondent, item)
        ) STRICT
        """,
    ):
        db.execute(statement)


def _named(values: str, names: str) -> str:
    """Return the values of a SELECT with their names."""
    return ", ".join(f"{value} AS {name}" for value, name in zip(values.split(","), names.split(", "), strict=True))


def _summed(values: str) -> str:
    return ", ".join(f"SUM({value})" for value in values.split(","))
