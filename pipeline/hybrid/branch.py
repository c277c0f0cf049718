"""Branches: runs that reuse the drafts of another run, and its scores if they are still valid.

Nothing is drafted again, and the same scorer never scores a draft twice. The drafting settings are those of the
source run; a configuration with other values for them is refused.
"""

from pipeline.domain.config import INHERITED, HybridConfig
from pipeline.domain.run import RunRecord
from pipeline.errors import ConfigError, InputError
from pipeline.scoring import scorer_version
from pipeline.text.wording import count


def branch_config(config: HybridConfig, source: RunRecord) -> HybridConfig:
    """Return a configuration that takes its drafting settings from the source run.

    Args:
        config: of the new run. Drafting settings (`INHERITED`) that it leaves out, or sets to `auto`, come from the
            source.
        source: the run whose drafts are used.

    Raises:
        InputError: the source is running, or has no scored drafts.
        ConfigError: a setting contradicts the source's; all of them are named.
    """
    if source.status == "running":
        raise InputError(f"Run {source.id} is still running. Wait until it has ended to use its drafts.")
    if not source.drafts:
        raise InputError(f"Run {source.id} has no scored drafts to reuse. Resume it first, or choose another run.")
    made = {name: getattr(source.config, name) for name in INHERITED}
    stated = {name: getattr(config, name) for name in INHERITED if name in config.model_fields_set}
    if stated.get("local_provider") == "auto":
        del stated["local_provider"]
    wrong = [f"{name} is {value!r}, there {made[name]!r}" for name, value in stated.items() if value != made[name]]
    if wrong:
        raise ConfigError(
            f"The drafts are those of run {source.id}, and these settings contradict how they were made: "
            f"{'; '.join(wrong)}. Leave them out, or draft anew."
        )
    return config.model_copy(update=made)


def keeps_scores(config: HybridConfig, source: RunRecord) -> bool:
    """Check whether the scores of the source's drafts are valid under this configuration."""
    version = scorer_version(*config.scorer_models)
    same = all(item.assessment.scorer_version == version for item in source.drafts)
    return same and config.weights == source.config.weights


def branch_notes(config: HybridConfig, source: RunRecord) -> tuple[str, ...]:
    """Return notes about the drafts for readers of the new run, one sentence each; usually none."""
    notes = []
    if not keeps_scores(config, source):
        notes.append(
            f"The drafts of run {source.id} were scored again, because it used another scorer version or other"
            " weights: scores of the two runs are not comparable."
        )
    if len(source.drafts) < source.config.draft_count:
        existing = count(len(source.drafts), "scored draft")
        notes.append(f"Run {source.id} has {existing} of {source.config.draft_count}; no more are written.")
    return tuple(notes)
