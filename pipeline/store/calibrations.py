"""Calibrations that were saved or imported as files."""

from datetime import datetime
from typing import Any

from pipeline.domain.calibration import CalibrationFile, StoredCalibration
from pipeline.errors import StoreError
from pipeline.store.rows import as_json, iso, storable, utf8
from pipeline.store.store import DatabaseFile


class CalibrationTables(DatabaseFile):
    """Store methods for calibration files."""

    def save_calibration(self, file: CalibrationFile, now: datetime, *, is_imported: bool = False) -> str:
        """Save a calibration; returns its id. One that is here already stays as it is."""
        row = {
            "id": file.id,
            "study_id": file.identity.study if file.identity else "",
            "is_imported": int(is_imported),
            "saved_at": iso(now),
            "body": as_json(file),
        }
        with self._write() as db:
            db.table("calibrations").insert(storable(row), ignore=True)
        return file.id

    def calibrations(self) -> tuple[StoredCalibration, ...]:
        """Return all saved calibrations, newest first."""
        with self._read() as db:
            return tuple(_stored(row) for row in db.query("SELECT * FROM calibrations ORDER BY saved_at DESC, id"))

    def calibration(self, calibration_id: str) -> StoredCalibration:
        """Return one calibration.

        Raises:
            StoreError: there is none with that id.
        """
        with self._read() as db:
            for row in db.table("calibrations").rows_where("id = ?", [utf8(calibration_id)]):
                return _stored(row)
        raise StoreError(f"There is no calibration '{calibration_id}': it was never saved here, or has been deleted.")

    def delete_calibration(self, calibration_id: str) -> None:
        """Delete a saved calibration; its runs, labels and files outside of the database stay."""
        with self._write() as db:
            db.execute("DELETE FROM calibrations WHERE id = ?", [utf8(calibration_id)])


def _stored(row: dict[str, Any]) -> StoredCalibration:
    return StoredCalibration(
        id=row["id"],
        file=CalibrationFile.model_validate_json(row["body"]),
        is_imported=bool(row["is_imported"]),
        saved_at=row["saved_at"],
    )
