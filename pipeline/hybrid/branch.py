"""Runs that begin with the drafts of another run: what they inherit, and whether its scores still count.

Nothing is drafted again, and nothing is scored again by the same score. So the settings that made the drafts are
those of the source, and a configuration that states others is refused.
"""

from pipeline.domain.config import INHERITED, HybridConfig
from pipeline.domain.run import RunRecord
from pipeline.errors import ConfigError, InputError
from pipeline.scoring import scorer_version
from pipeline.text.wording import count


def branch_config(config: HybridConfig, source: RunRecord) -> HybridConfig:
    """A configuration on the drafts of another run: what made the drafts is the source's.

    Args:
        config: of the new run. What it does not state of the settings above is taken from the source; `auto` states
            nothing.
        source: the run whose drafts are used.

    Raises:
        InputError: the source is running, or has no scored drafts.
        ConfigError: a setting contradicts the source's; all of them are named.
    """
    if source.status == "running":
        raise InputError(f"Run {source.id} is running. Its drafts can be used when it has ended.")
    if not source.drafts:
        raise InputError(f"Run {source.id} has no scored drafts to begin with. Resume it first, or choose another run.")
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
    """Whether the source's drafts carry the scores that this configuration would give them."""
    version = scorer_version(config.embedding_model, config.judge_model)
    same = all(item.assessment.scorer_version == version for item in source.drafts)
    return same and config.weights == source.config.weights


def branch_notes(config: HybridConfig, source: RunRecord) -> tuple[str, ...]:
    """What a reader of the new run should know of its drafts, one sentence each; usually nothing."""
    notes = []
    if not keeps_scores(config, source):
        notes.append(
            f"The drafts of run {source.id} were scored again, because it has another version of the score or other"
            " weights: scores of the two runs are not comparable."
        )
    if len(source.drafts) < source.config.draft_count:
        there = count(len(source.drafts), "scored draft")
        notes.append(f"Run {source.id} has {there} of {source.config.draft_count}; no others are written.")
    return tuple(notes)
