"""Studies, and manual corrections to the import of files."""

from datetime import datetime

from pipeline.domain.base import Frozen
from pipeline.domain.mapping import StudyMapping
from pipeline.domain.study import Study, StudySize
from pipeline.store.rows import as_json, get_row, iso, size_of, storable, update_row
from pipeline.store.store import DatabaseFile


class StudySummary(Frozen):
    """A study in a list, without its text."""

    id: str
    name: str
    size: StudySize
    created_at: datetime
    """When it was first saved."""
    runs: int
    private: bool
    """True if it never leaves this machine."""


class StudyTables(DatabaseFile):
    """Store methods for studies."""

    def save_study(self, study: Study) -> None:
        """Save a study. An existing one stays unchanged, because runs refer to its segments.

        Only a study that was imported without its text is completed.
        """
        row = {"id": study.id, "name": study.name, **study.size.model_dump(), "body": as_json(study)}
        with self._write() as db:
            db.table("studies").insert(storable(row), ignore=True)
            if db.execute("DELETE FROM withheld_studies WHERE study_id = ?", [study.id]).rowcount:
                update_row(db, "studies", (study.id,), {"body": row["body"]})

    def study(self, study_id: str) -> Study:
        """Return the whole study.

        Raises:
            StoreError: there is none with that id.
        """
        with self._read() as db:
            return Study.model_validate_json(get_row(db, "studies", study_id)["body"])

    def studies(self) -> list[StudySummary]:
        """Return all studies, newest first."""
        with self._read() as db:
            rows = db.query(
                """
                SELECT id, name, documents, participants, segments, words, created_at,
                    id IN (SELECT study_id FROM private_studies) AS private,
                    (SELECT COUNT(*) FROM runs WHERE study_id = studies.id AND deleted_at IS NULL) AS runs
                FROM studies ORDER BY created_at DESC, rowid DESC
                """
            )
            return [
                StudySummary(
                    id=row["id"],
                    name=row["name"],
                    size=size_of(row),
                    created_at=row["created_at"],
                    runs=row["runs"],
                    private=bool(row["private"]),
                )
                for row in rows
            ]

    def is_private(self, study_id: str) -> bool:
        """Check whether a study never leaves this machine, whatever the configuration."""
        with self._read() as db:
            return bool(db.table("private_studies").count_where("study_id = ?", [study_id]))

    def set_private(self, study_id: str, private: bool) -> None:
        """Keep a study on this machine, or allow sending its text again; takes effect at once, also in running runs.

        Raises:
            StoreError: there is none with that id.
        """
        with self._write() as db:
            get_row(db, "studies", study_id, "id")
            if private:
                db.table("private_studies").insert({"study_id": study_id}, ignore=True)
            else:
                db.execute("DELETE FROM private_studies WHERE study_id = ?", [study_id])

    def delete_study(self, study_id: str) -> None:
        """Delete a study with all its runs and calibrations, and erase their text from the file.

        Raises:
            StoreError: there is none with that id, one of its runs is running, or another program prevented erasing
                the text.
        """
        self._delete("studies", study_id)
        with self._write() as db:
            db.execute("DELETE FROM calibrations WHERE study_id = ?", [study_id])
        self._erase()

    def mappings(self) -> dict[str, StudyMapping]:
        """Return all corrections to the import of files, by shape of the file; `mappings().get` suits the loaders."""
        with self._read() as db:
            return {row["shape"]: StudyMapping.model_validate_json(row["body"]) for row in db.table("mappings").rows}

    def save_mapping(self, mapping: StudyMapping, now: datetime) -> None:
        """Save a correction, replacing an earlier one for the same shape."""
        row = {"shape": mapping.shape, "body": as_json(mapping), "saved_at": iso(now)}
        with self._write() as db:
            db.table("mappings").insert(storable(row), replace=True)

    def forget_mapping(self, shape: str) -> None:
        """Delete the correction for a shape, so that its files are read as recognised; does nothing without one."""
        with self._write() as db:
            db.execute("DELETE FROM mappings WHERE shape = ?", [shape])
