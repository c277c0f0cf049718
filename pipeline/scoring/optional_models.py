"""The models that may take part in the score: an embedding model, a judge and a verifier. All off by default.

What a configuration asks for must be there and, for a judge or a verifier, must have passed its check on this machine:
a run that would be scored with less than it says does not start.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pipeline.domain.config import LOCAL_KEY_VARIABLE, HybridConfig, Settings
from pipeline.domain.run import Stage
from pipeline.domain.units import SystemClock
from pipeline.errors import ConfigError, ProviderError
from pipeline.providers import Ask, Health, ProviderSpec, Reply, Request, T
from pipeline.providers.ollama import OllamaProvider
from pipeline.scoring import Scorer
from pipeline.scoring.embedding import EmbeddingModel
from pipeline.scoring.file_cache import FileCache
from pipeline.scoring.index import StudyIndex
from pipeline.scoring.judge import Judge, judge_question
from pipeline.scoring.meaning import Meaning
from pipeline.scoring.model_check import (
    BAR,
    Candidate,
    Examined,
    ModelCheck,
    check_version,
    remember,
    remembered,
    run_check,
)
from pipeline.scoring.served_verifier import CompatibleVerifier
from pipeline.scoring.verifier import STATEMENTS_PER_PERSONA
from pipeline.scoring.verifier_source import VerifierSource, verifier_source

_JUDGE_WINDOW = 4096
"""Tokens for three passages and a verdict; a larger window only costs memory."""

_FOLDER, _CHECKS = "answers", "checks"
"""Answers hold words of studies and go with any of them; the results of checks hold none."""

Asking = Callable[[OllamaProvider | CompatibleVerifier, Stage], Ask]
"""Factory for the call to a model within a run, with a row for every attempt."""


class ScorerModels(NamedTuple):
    """The models of a run's score that were found ready; `None` where one is off."""

    embedding: EmbeddingModel | None = None
    judge: OllamaProvider | None = None
    judge_digest: str = ""
    verifier: VerifierSource | None = None
    cache: FileCache = FileCache(None)
    sentences: tuple[str, ...] = ()
    """Status of each model, one sentence per model."""

    @property
    def are_on(self) -> bool:
        """Return whether any model takes part in the score."""
        return bool(self.embedding or self.judge or self.verifier)

    def scorer(self, index: StudyIndex, config: HybridConfig, asking: Asking) -> Scorer:
        """Return the scorer of a run; without models it makes no calls."""
        meaning = judge = verifier = None
        if self.embedding:
            meaning = Meaning(index, self.embedding, asking(self.embedding, "embed"))
        if self.judge:
            ask = asking(self.judge, "judge")
            judge = Judge(self.judge.model, self.judge_digest, ask, self.cache, config.seed)
        if self.verifier:
            asked = asking(self.verifier.server, "verify") if self.verifier.server else None
            verifier = self.verifier.open(asked, self.cache, config.seed)
        return Scorer(index, config.weights, meaning, judge, verifier)


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
    if not any(config.scorer_models):
        return ScorerModels()
    models, sentences = ScorerModels(cache=_cache(folder)), []
    if config.embedding_model:
        spec = _spec(config.embedding_model, config, settings)
        _demand_here("embedding_model", OllamaProvider(spec), private)
        found = _ready("embedding_model", OllamaProvider(spec), "embedding", private)
        models = models._replace(embedding=EmbeddingModel(spec, models.cache, found.digest))
        sentences.append(f"For the score, statements and sentences go to an embedding model: {found.sentence}")
    if config.judge_model:
        spec = _spec(config.judge_model, config, settings)
        _demand_here("judge_model", OllamaProvider(spec), private)
        found = _ready("judge_model", OllamaProvider(spec), "completion", private)
        version = check_version(judge_question())
        _demand_passed("judge", remembered("judge", spec.model, found.digest, version, _checks(folder)), spec.model)
        models = models._replace(judge=OllamaProvider(spec), judge_digest=found.digest)
        sentences.append(f"For the score, unsure claims and their passages go to a judge: {found.sentence}")
    if config.verifier_model:
        source, sentence = _verifier(config.verifier_model, config, settings, folder, private)
        models = models._replace(verifier=source)
        sentences.append(sentence)
    return models._replace(sentences=tuple(sentences))


def _verifier(
    model: str, config: HybridConfig, settings: Settings, folder: Path | None, private: bool
) -> tuple[VerifierSource, str]:
    """Look at a verifier that is about to be used; with a sentence on where words go and how long it takes."""
    source = verifier_source(model, _verifier_spec(model, config, settings), by_address=bool(config.verifier_base_url))
    where = "It works inside this program."
    if source.server:
        _demand_here("verifier_model", source.server, private)
        where = _ready("verifier_model", source.server, "completion", private).sentence
    result = _kept(source, folder)
    _demand_passed("verifier", result, model)
    cost = f" {seconds_per_persona(result)}" if result else ""
    return source, f"For the score, statements and their best window go to the verifier {source.model}.{cost} {where}"


def seconds_per_persona(result: ModelCheck) -> str:
    """Say how long a verifier takes for one persona that it has not seen before."""
    seconds = result.seconds_per_claim * STATEMENTS_PER_PERSONA
    shown = f"{seconds:.1f}" if seconds < 10 else f"{seconds:.0f}"
    return f"About {shown} s per persona of {STATEMENTS_PER_PERSONA} statements on this machine."


def server(config: HybridConfig, settings: Settings) -> Health:
    """The state of the Ollama server that the score would ask, with the models it lists; never raises for one down."""
    return OllamaProvider(_spec(config.local_model, config, settings)).check()


def judge_result(model: str, config: HybridConfig, settings: Settings, folder: Path | None) -> ModelCheck | None:
    """Return the stored check of a judge; `None` if it was not checked, or the server does not report its version."""
    try:
        digest = OllamaProvider(_spec(model, config, settings)).digest()
    except ProviderError:
        return None
    return remembered("judge", model, digest, check_version(judge_question()), _checks(folder))


def verifier_result(model: str, config: HybridConfig, settings: Settings, folder: Path | None) -> ModelCheck | None:
    """Return the stored check of a verifier; `None` if it was not checked, or cannot be looked at now."""
    try:
        spec = _verifier_spec(model, config, settings)
        return _kept(verifier_source(model, spec, by_address=bool(config.verifier_base_url)), folder)
    except (ProviderError, ConfigError):
        return None


def check_judge(
    model: str,
    config: HybridConfig,
    settings: Settings,
    folder: Path | None,
    tell: Callable[[int, int], None],
) -> ModelCheck:
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
    provider = OllamaProvider(_spec(model, config, settings))
    digest = _ready("judge_model", provider, "completion").digest
    judge = Judge(model, digest, _asking_directly(provider), FileCache(None), seed=0)
    return _examined("judge", judge, digest, folder, tell)


def check_verifier(
    model: str,
    config: HybridConfig,
    settings: Settings,
    folder: Path | None,
    tell: Callable[[int, int], None],
) -> ModelCheck:
    """Let a verifier take its check, and remember the result. Free.

    Args:
        model: on a server, or a folder.
        config: the address of the server, where it names one, and the time to wait for an answer.
        settings: its address otherwise.
        folder: where the result is kept.
        tell: called with claims done and claims in total after each.

    Raises:
        ConfigError: the model is not there, cannot be loaded, or its own prompt is not known.
        ProviderError: the server does not answer.
    """
    source = verifier_source(model, _verifier_spec(model, config, settings), by_address=bool(config.verifier_base_url))
    if source.server:
        _ready("verifier_model", source.server, "completion")
    ask = _asking_directly(source.server) if source.server else None
    return _examined("verifier", source.open(ask, FileCache(None), seed=0), source.digest(), folder, tell)


def _examined(
    role: Examined, candidate: Candidate, digest: str, folder: Path | None, tell: Callable[[int, int], None]
) -> ModelCheck:
    result = run_check(candidate, SystemClock(), tell)
    remember(result, role, digest, _checks(folder))
    return result


def _kept(source: VerifierSource, folder: Path | None) -> ModelCheck | None:
    return remembered("verifier", source.model, source.digest(), check_version(source.question), _checks(folder))


class _Found(NamedTuple):
    digest: str
    sentence: str


def _ready(setting: str, model: OllamaProvider | CompatibleVerifier, capability: str, private: bool = False) -> _Found:
    """Look at a model that is about to be used."""
    health = model.look() if isinstance(model, OllamaProvider) else model.check()
    if private and model.is_away:
        raise _not_here(setting, model.model)
    if health.fault == "unreachable":
        # The remedies are those of a model that drafts.
        found = health.sentence.partition(". ")[0]
        raise ProviderError(f"{setting}: {found}. Start the server, or leave {setting} empty.", retryable=True)
    if not health.ready:
        raise ConfigError(f"{setting}: {health.sentence}")
    if isinstance(model, OllamaProvider) and model.lacks(capability):
        what = "makes no embeddings" if capability == "embedding" else "cannot answer questions"
        raise ConfigError(f"{setting}: {model.model} {what}, says the Ollama server. Choose another model, or none.")
    return _Found(model.digest(), health.sentence)


def _demand_here(setting: str, model: OllamaProvider | CompatibleVerifier, private: bool) -> None:
    if private and model.is_away:
        raise _not_here(setting, model.model)


def _not_here(setting: str, model: str) -> ConfigError:
    return ConfigError(
        f"{setting}: the words of this study never leave this machine, and {model} is not on it. Leave"
        f" {setting} empty, or set OLLAMA_HOST to a server on this machine that no proxy stands before."
    )


def _demand_passed(role: Examined, result: ModelCheck | None, model: str) -> None:
    how = f"run `persona check --{role} {model}`, or press Check the {role} on Configure"
    if result is None:
        raise ConfigError(f"{role}_model: {model} has not been checked on this machine. First {how}.")
    if not result.passes:
        raise ConfigError(
            f"{role}_model: {result.model} was right in only {result.right} of {result.n} claims of its check, and"
            f" {BAR:.0%} are asked for. Choose another model, or none; to try again, {how}."
        )


def _asking_directly(model: OllamaProvider | CompatibleVerifier) -> Ask:
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


def _verifier_spec(model: str, config: HybridConfig, settings: Settings) -> ProviderSpec:
    spec = _spec(model, config, settings)
    if not config.verifier_base_url:
        return spec
    key = settings.secret(LOCAL_KEY_VARIABLE)
    return spec.model_copy(update={"base_url": config.verifier_base_url, "api_key": key})
