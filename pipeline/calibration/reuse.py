"""Use the threshold of a calibration file for another run, if the file is about its setup."""

from pipeline.calibration.drift import why_it_does_not_apply
from pipeline.domain.calibration import CalibrationFile
from pipeline.domain.labels import Setup
from pipeline.errors import InputError


def usable_threshold(file: CalibrationFile, where: str) -> float:
    """Return the certified threshold of a calibration.

    Raises:
        InputError: it certifies none.
    """
    threshold = file.summary.threshold
    if threshold is None:
        raise InputError(f"{where}: this calibration certifies no threshold. {file.summary.sentence}")
    return threshold


def check_setup_of(file: CalibrationFile, now: Setup, where: str) -> str:
    """Compare the setup of a calibration with that of a run that is about to start.

    Returns:
        A warning where only the study differs: the promise does not cover it, and an audit can show whether it holds.
        Empty if the calibration applies.

    Raises:
        InputError: the file names no setup, or what writes or scores the drafts differs; names the differences.
    """
    if file.identity is None:
        raise InputError(
            f"{where}: these labels came without their runs, so nothing tells which setup they hold for. Calibrate on"
            " runs, or give the threshold yourself with --quality-threshold."
        )
    calibrated = file.identity.setup
    if reasons := why_it_does_not_apply(calibrated.model_copy(update={"study_id": now.study_id}), now):
        raise InputError(
            f"{where}: this calibration does not apply. {' '.join(reasons)} Calibrate this setup, or give the threshold"
            " yourself with --quality-threshold."
        )
    if calibrated.study_id != now.study_id:
        return (
            f"The threshold comes from calibration {file.id} of another study, whose promise does not cover this one."
            " About twenty labels tell whether it holds here: `persona calibrate --run RUN --audit FILE`."
        )
    return ""
