"""A calibration as data: its answer, the setup that it holds for, and the file that carries both elsewhere.

The file `persona.calibration/1` is the document that `persona calibrate --json` prints. It holds figures and sentences
of this program, and no text of a study. What is read from one is of unknown origin: bounded before it is built,
checked against itself, and never believed to be about the drafts at hand; see `why_it_does_not_apply`.
"""

import hashlib
import json
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import AwareDatetime, Field, ValidationError, model_validator

from pipeline.domain.base import Frozen
from pipeline.domain.config import explain_validation
from pipeline.domain.labels import Promise, Risk, Setup
from pipeline.domain.untrusted import Bounds, Refused, parse_json, read_file
from pipeline.errors import InputError

SCHEMA = "persona.calibration/1"

CalibrationStatus = Literal[
    "certified",
    "in_progress",
    "vacuous",
    "not_random",
    "exploratory",
    "escalate_all",
    "too_few_labels",
    "not_certifiable",
    "score_too_weak",
]
"""`in_progress`: a design that must be labelled to its end is not. `vacuous`: the promise would hold even if every
local draft were bad, or the score does not separate. `not_random`: labels were not drawn at random. `exploratory`: not
the promise or not the draw that was declared first. The others are answers of the test."""

Action = Literal["use", "label", "keep_local", "send_everything", "empty", "explore"]

_BOUNDS = Bounds(max_bytes=100_000, max_nodes=2_000, max_items=500, max_keys=100, max_nesting=6)
"""Of a file; one of a single run takes 3 kB."""


class CalibrationVerdict(Frozen):
    """The recommended action."""

    action: Action
    """`use` the certified threshold; `label` more; `keep_local` everything; `send_everything`; the promise is `empty`;
    or only `explore`, because the labels are not the ones that were declared."""
    is_clear: bool
    """True if nothing that is known speaks against it: the only answer shown in green."""
    headline: str
    """A few words: the answer."""
    sentence: str
    """The reason, with its figures."""
    threshold: float | None = None
    """To use; `None` for any other answer."""
    labels: int | None = None
    """Further labels to make; `None` for any other answer, and where the number is not known."""


class CalibrationIdentity(Frozen):
    """Identity of a calibration: the setup that it holds for."""

    study: str
    """Id; names of studies may name people."""
    design: str | None
    runs: tuple[str, ...]
    local_model: str
    """Provider and model."""
    local_digest: str = ""
    """Content hash of the model; empty where it is not known."""
    prompt_version: str = ""
    """Empty for a drafter without prompts, and where it is not known."""
    scorer_version: str
    """With the weights."""
    selection: str = ""
    """Drafts per kept persona, and the rule that chose them; empty where it is not known."""
    declared: Promise | None
    """Promise that was declared before labelling; `None` without a drawn design."""
    created_at: AwareDatetime | None
    """Time of the draw."""

    @property
    def setup(self) -> Setup:
        """The setup, for comparison with that of a run."""
        return Setup(
            study_id=self.study,
            drafted_by=self.local_model,
            digest=self.local_digest,
            prompt=self.prompt_version,
            scorer=self.scorer_version,
            selection=self.selection,
        )


class CalibrationSummary(Frozen):
    """The recommended threshold, its labels, and its effect on these drafts."""

    status: CalibrationStatus
    threshold: float | None = Field(ge=0, le=1)
    """Drafts with at least this score stay local; `None`: escalate everything."""
    risk: Risk
    alpha: float = Field(gt=0, lt=1)
    confidence: float = Field(gt=0, lt=1)
    n_labels: int = Field(ge=0)
    bad_accepted: int = Field(ge=0)
    risk_upper: float = Field(ge=0, le=1)
    local_share: float = Field(ge=0, le=1)
    """Of these drafts."""
    expected_cost: float | None = Field(allow_inf_nan=False)
    """USD for these drafts at the threshold, drafting included; `None` when no frontier cost is known."""
    saving: float | None = Field(allow_inf_nan=False)
    """Against the frontier doing everything; negative when dearer, `None` when that costs nothing, or is unknown."""
    auroc: float | None = Field(allow_inf_nan=False)
    """`None` when all labels are equal."""
    auroc_ci: tuple[float | None, float | None]
    """95 % interval."""
    labels_needed: int | None
    sentence: str
    verdict: CalibrationVerdict | None = None
    """The recommended action; `None` for labels that come without their runs."""
    notes: tuple[str, ...] = ()
    """Cautions for reading the figures, as the page prints them."""
    accepted: int = Field(default=0, ge=0)
    """Labelled drafts that stay local at the threshold; `bad_accepted` of them are unacceptable."""


class CalibrationFile(Frozen):
    """A calibration that can travel: what holds, and for which setup."""

    identity: CalibrationIdentity | None
    """`None` for labels that come without their runs: nothing tells which setup they hold for."""
    summary: CalibrationSummary

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        found = self.summary
        if (found.threshold is None) == (found.status == "certified"):
            raise ValueError("a calibration has a threshold if it is certified, and only then")
        if found.bad_accepted > found.accepted:
            raise ValueError("bad_accepted: must not be more than accepted")
        return self

    @property
    def id(self) -> str:
        """Id made of the content: the same calibration has the same id everywhere."""
        return f"cal-{hashlib.sha256(self.to_json().encode('utf-8', 'replace')).hexdigest()[:8]}"

    def to_document(self) -> dict[str, Any]:
        """Return the document `persona.calibration/1`."""
        identity = self.identity.model_dump(mode="json") if self.identity else None
        figures = self.summary.model_dump(mode="json")
        return {"schema": SCHEMA, "status": self.summary.status, "identity": identity, **figures}

    def to_json(self) -> str:
        """Return the content of the file."""
        return json.dumps(self.to_document(), ensure_ascii=False, indent=2) + "\n"


def read_calibration_file(path: Path) -> CalibrationFile:
    """Read a calibration from a file.

    Raises:
        InputError: it is missing, too large, or no calibration; says what is wrong.
    """
    try:
        data = read_file(path, _BOUNDS.max_bytes)
    except Refused as error:
        raise InputError(f"{error.about(str(path))}.") from error
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({error.strerror}). Check the path of the calibration file."
        ) from error
    return parse_calibration(data, str(path))


def parse_calibration(data: bytes, where: str) -> CalibrationFile:
    """Build a calibration from the bytes of a file.

    Raises:
        InputError: it is no calibration, or contradicts itself; names what was found.
    """
    try:
        document = parse_json(data, _BOUNDS)
    except Refused as error:
        raise InputError(f"{error.about(where)}. Expected a calibration file ({SCHEMA}).") from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise InputError(
            f"{where}: is no calibration file: `schema` must be {SCHEMA}. Save one on Calibrate, or with"
            " `persona calibrate --save FILE`."
        )
    values = {name: value for name, value in document.items() if name not in ("schema", "identity")}
    try:
        return CalibrationFile.model_validate({"identity": document.get("identity"), "summary": values})
    except ValidationError as error:
        raise InputError(f"{where}: {explain_validation(error)}") from error


class StoredCalibration(Frozen):
    """A calibration file in the store."""

    id: str
    file: CalibrationFile
    is_imported: bool
    """False for one that was saved here."""
    saved_at: AwareDatetime
