"""What differs between the configurations of runs, and what to know before their results are compared."""

from collections.abc import Iterator, Sequence

from pipeline.calibration.drift import setup_of
from pipeline.domain.base import Frozen
from pipeline.domain.comparison import LETTERS
from pipeline.domain.config import HybridConfig
from pipeline.domain.run import RunRecord
from pipeline.text.wording import MISSING

_UNSET = {"max_cost": "no cap", "temperature": "the provider's own"}


class Setting(Frozen):
    """One setting of all runs."""

    name: str
    """As in the `hybrid:` block, or in words for what stands outside of it."""
    values: tuple[str, ...]
    """Per run, in words; study names are untrusted."""

    @property
    def differs(self) -> bool:
        """Whether the runs have more than one value of it."""
        return len(set(self.values)) > 1


def settings_of(runs: Sequence[RunRecord]) -> tuple[Setting, ...]:
    """Every setting of the runs, in the order of the `hybrid:` block, after the study and the origin of the drafts."""
    around = {
        "study": [run.study_name for run in runs],
        "drafts taken from": [run.drafts_from or "nowhere: drafted anew" for run in runs],
        "scorer": [run.scorer_version or MISSING for run in runs],
    }
    if len({run.study_id for run in runs}) > len(set(around["study"])):
        around["study"] = [f"{run.study_name} ({run.study_id[:12]})" for run in runs]
    inside = {name: [_said(run.config, name) for run in runs] for name in HybridConfig.model_fields}
    return tuple(Setting(name=name, values=tuple(values)) for name, values in (around | inside).items())


def cautions(runs: Sequence[RunRecord]) -> tuple[str, ...]:
    """What keeps results from being compared as they stand, one sentence each; empty when nothing does."""
    return tuple(_cautions(runs))


def _cautions(runs: Sequence[RunRecord]) -> Iterator[str]:
    setups = [setup_of(run) for run in runs]
    if len({setup.study_id for setup in setups}) > 1:
        yield (
            "The runs are of different studies. What differs between their results may come from the studies, not "
            "from the settings."
        )
    # The models that help with the score are named in the scorer's version.
    if len({setup.scorer for setup in setups}) > 1:
        yield (
            "The runs were scored by different versions of the scorer, or with other weights. Their scores are not "
            "on one scale, and neither is what follows from them: who stayed local, and what was paid."
        )
    if len({run.simulated for run in runs}) > 1:
        yield (
            "Some of the runs are simulated: their refined texts are rewritten by an offline stand-in, and nobody "
            "paid for them. Their money is not compared with money that was paid."
        )
    unfinished = [letter for letter, run in zip(LETTERS, runs, strict=False) if run.status != "completed"]
    if unfinished:
        named = " and ".join(unfinished)
        yield f"{named} did not run to the end: the figures are of what was done."


def _said(config: HybridConfig, name: str) -> str:
    value = getattr(config, name)
    if name == "local_model" and config.local_provider == "builtin":
        return MISSING
    match value:
        case None:
            return _UNSET.get(name, "none")
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case str() | int():
            return str(value)
    dumped = config.model_dump(mode="json")[name]
    return ", ".join(f"{key} {part}" for key, part in dumped.items()) or "none"
