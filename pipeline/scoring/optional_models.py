"""The models that may take part in the score: an embedding model and a judge, on an Ollama server. Both off by default.

What a configuration asks for must be there and, for a judge, must have passed its check on this machine: a run that
would be scored with less than it says does not start.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pipeline.domain.config import HybridConfig, Settings
from pipeline.domain.run import Stage
from pipeline.domain.units import SystemClock
from pipeline.errors import ConfigError, ProviderError
from pipeline.providers import Ask, Health, ProviderSpec, Reply, Request, T
from pipeline.providers.ollama import OllamaProvider
from pipeline.scoring import Scorer
from pipeline.scoring.embedding import EmbeddingModel
from pipeline.scoring.file_cache import FileCache
from pipeline.scoring.index import StudyIndex
from pipeline.scoring.judge import Judge
from pipeline.scoring.judge_check import BAR, JudgeCheck, remember, remembered, run_check
from pipeline.scoring.meaning import Meaning

_JUDGE_WINDOW = 4096
"""Tokens for three passages and a verdict; a larger window only costs memory."""

_FOLDER, _CHECKS = "answers", "checks"
"""Answers hold words of studies and go with any of them; the results of checks hold none."""

Asking = Callable[[OllamaProvider, Stage], Ask]
"""Factory for the call to a model within a run, with a row for every attempt."""


class ScorerModels(NamedTuple):
    """The models of a run's score that were found ready; `None` where one is off."""

    embedding: EmbeddingModel | None = None
    judge: OllamaProvider | None = None
    judge_digest: str = ""
    cache: FileCache = FileCache(None)
    sentences: tuple[str, ...] = ()
    """Status of each model, one sentence per model."""

    @property
    def are_on(self) -> bool:
        """Return whether any model takes part in the score."""
        return bool(self.embedding or self.judge)

    def scorer(self, index: StudyIndex, config: HybridConfig, asking: Asking) -> Scorer:
        """Return the scorer of a run; without models it makes no calls."""
        meaning = judge = None
        if self.embedding:
            meaning = Meaning(index, self.embedding, asking(self.embedding, "embed"))
        if self.judge:
            ask = asking(self.judge, "judge")
            judge = Judge(self.judge.model, self.judge_digest, ask, self.cache, config.seed)
        return Scorer(index, config.weights, meaning, judge)


def scorer_models(
    config: HybridConfig, settings: Settings, folder: Path | None, *, private: bool = False
) -> ScorerModels:
    """The models that a configuration wants in its score, looked at for free; none where both are off.

    Args:
        config: names them.
        settings: the address of the server.
        folder: where answers and the results of checks are kept; `None` keeps none, so no judge counts as checked.
        private: whether the study never leaves this machine.

    Raises:
        ConfigError: a model is not there, is not on this machine where it must be, cannot do what it is for, or has
            not passed its check.
        ProviderError: the server does not answer.
    """
    if not (config.embedding_model or config.judge_model):
        return ScorerModels()
    cache, sentences, embedding, judge, digest = _cache(folder), [], None, None, ""
    if config.embedding_model:
        spec = _spec(config.embedding_model, config, settings)
        _demand_here("embedding_model", spec, private)
        found = _ready("embedding_model", spec, "embedding", private)
        embedding = EmbeddingModel(spec, cache, found.digest)
        sentences.append(f"For the score, statements and sentences go to an embedding model: {found.sentence}")
    if config.judge_model:
        spec = _spec(config.judge_model, config, settings)
        _demand_here("judge_model", spec, private)
        found = _ready("judge_model", spec, "completion", private)
        _demand_passed(remembered(spec.model, found.digest, _checks(folder)), spec.model)
        judge, digest = OllamaProvider(spec), found.digest
        sentences.append(f"For the score, unsure claims and their passages go to a judge: {found.sentence}")
    return ScorerModels(embedding, judge, digest, cache, tuple(sentences))


def server(config: HybridConfig, settings: Settings) -> Health:
    """The state of the Ollama server that the score would ask, with the models it lists; never raises for one down."""
    return OllamaProvider(_spec(config.local_model, config, settings)).check()


def judge_result(model: str, config: HybridConfig, settings: Settings, folder: Path | None) -> JudgeCheck | None:
    """Return the stored check of a judge; `None` if it was not checked, or the server does not report its version."""
    try:
        digest = OllamaProvider(_spec(model, config, settings)).digest()
    except ProviderError:
        return None
    return remembered(model, digest, _checks(folder))


def check_judge(
    model: str,
    config: HybridConfig,
    settings: Settings,
    folder: Path | None,
    tell: Callable[[int, int], None],
) -> JudgeCheck:
    """Let a judge take its check, and remember the result. Free; about a minute with a small model.

    Args:
        model: an Ollama model.
        config: the address of the server, where it names one, and the time to wait for an answer.
        settings: its address otherwise.
        folder: where the result is kept.
        tell: called with claims done and claims in total after each.

    Raises:
        ConfigError: the model is not there, or is not one that answers.
        ProviderError: the server does not answer.
    """
    spec = _spec(model, config, settings)
    digest = _ready("judge_model", spec, "completion").digest
    judge = Judge(model, digest, _asking_directly(OllamaProvider(spec)), FileCache(None), seed=0)
    result = run_check(judge, SystemClock(), tell)
    remember(result, digest, _checks(folder))
    return result


class _Found(NamedTuple):
    digest: str
    sentence: str


def _ready(setting: str, spec: ProviderSpec, capability: str, private: bool = False) -> _Found:
    """Look at a model that is about to be used."""
    model = OllamaProvider(spec)
    health = model.look()
    if private and model.is_away:
        raise _not_here(setting, spec)
    if health.fault == "unreachable":
        # The remedies are those of a model that drafts.
        found = health.sentence.partition(". ")[0]
        raise ProviderError(f"{setting}: {found}. Start the server, or leave {setting} empty.", retryable=True)
    if not health.ready:
        raise ConfigError(f"{setting}: {health.sentence}")
    if model.lacks(capability):
        what = "makes no embeddings" if capability == "embedding" else "cannot answer questions"
        raise ConfigError(f"{setting}: {spec.model} {what}, says the Ollama server. Choose another model, or none.")
    return _Found(model.digest(), health.sentence)


def _demand_here(setting: str, spec: ProviderSpec, private: bool) -> None:
    if private and OllamaProvider(spec).is_away:
        raise _not_here(setting, spec)


def _not_here(setting: str, spec: ProviderSpec) -> ConfigError:
    return ConfigError(
        f"{setting}: the words of this study never leave this machine, and {spec.model} is not on it. Leave"
        f" {setting} empty, or set OLLAMA_HOST to a server on this machine that no proxy stands before."
    )


def _demand_passed(result: JudgeCheck | None, model: str) -> None:
    how = f"run `persona check --judge {model}`, or press Check the judge on Configure"
    if result is None:
        raise ConfigError(f"judge_model: {model} has not been checked on this machine. First {how}.")
    if not result.passes:
        raise ConfigError(
            f"judge_model: {result.model} was right in only {result.right} of {result.n} claims of its check, and"
            f" {BAR:.0%} are asked for. Choose another model, or none; to try again, {how}."
        )


def _asking_directly(model: OllamaProvider) -> Ask:
    """Asks outside a run, where there are no books to keep."""

    def ask(request: Request, read: Callable[[Reply], T], about: str) -> T:
        return read(model.complete(request))

    return ask


def forget_answers(folder: Path) -> None:
    """Delete all cached model answers for scores: a file's name does not show whose words it holds."""
    if (answers := folder / _FOLDER).exists():
        shutil.rmtree(answers)


def _checks(folder: Path | None) -> FileCache:
    return FileCache(folder / _CHECKS if folder else None)


def _cache(folder: Path | None) -> FileCache:
    return FileCache(folder / _FOLDER if folder else None)


def _spec(model: str, config: HybridConfig, settings: Settings) -> ProviderSpec:
    # The address of an OpenAI-compatible server is not that of an Ollama server.
    own = None if config.local_provider == "openai" else config.local_base_url
    return ProviderSpec(
        role="local",
        model=model,
        base_url=own or settings.get(OllamaProvider.url_variable),
        timeout_s=config.timeout_s,
        answer_timeout_s=config.answer_timeout_s,
        context_tokens=_JUDGE_WINDOW,
    )
