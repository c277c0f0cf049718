"""Preflight check of a run: providers, prices and expected problems, free of charge.

`plan_run` builds the providers of a configuration and checks each for free. It raises for problems that make the run
pointless or its cost unknown (a missing local model, a model without a price) and warns of problems that only degrade
it (no key, a retired model): those drafts end as `frontier_unavailable`.
"""

from pathlib import Path
from typing import NamedTuple

from pipeline.domain.base import Frozen
from pipeline.domain.config import DEFAULT_FRONTIER_MODEL, LOCAL_KEY_VARIABLE, HybridConfig, Settings
from pipeline.domain.run import Outcome
from pipeline.domain.study import Study
from pipeline.errors import ConfigError, PersonaError, ProviderError
from pipeline.hybrid.capacity import Capacity, capacity
from pipeline.hybrid.tasks import demand_room, window_sentence
from pipeline.providers import Health, Provider, ProviderRole, ProviderSpec, names, provider_class
from pipeline.providers.pricing import FREE, Pricer
from pipeline.scoring.optional_models import ScorerModels, scorer_models


class Plan(NamedTuple):
    """A checked configuration with its providers and prices."""

    config: HybridConfig
    """Resolved: `auto` is replaced by the chosen provider."""
    local: Provider
    local_health: Health
    frontier: Provider | None
    """`None` when no frontier model will be called."""
    frontier_health: Health | None
    """`None` when the configuration uses no frontier model."""
    pricer: Pricer
    """Prices of the frontier model; free without one."""
    missing: Outcome | None
    """Outcome of drafts under the threshold when there is no frontier model."""
    reason: str
    """Reason for the missing frontier model, in a sentence."""
    warnings: tuple[str, ...]
    scoring: ScorerModels = ScorerModels()
    """Models that take part in the score; none unless configured."""

    @property
    def sends_out(self) -> bool:
        """True if requests would leave this process for a frontier model."""
        return self.frontier is not None and not self.frontier.in_process

    @property
    def simulated(self) -> bool:
        """True if text or prices of this run would be simulated."""
        return self.frontier is not None and self.frontier.simulated


def plan_run(
    config: HybridConfig,
    settings: Settings,
    cache: Path | None = None,
    *,
    drafting: bool = True,
    private: bool = False,
) -> Plan:
    """Check a configuration and return everything the run needs.

    Args:
        config: what to run.
        settings: keys and addresses.
        cache: folder that stores the results of judge checks.
        drafting: whether drafts are to be written; if not, the local provider is not checked.
        private: whether the study never leaves this machine.

    Raises:
        ConfigError: an unknown provider, a model that the provider does not have, a missing setting, a judge that
            has not passed its check, a model on another machine for a private study, a window without room.
        UnpricedModelError: the frontier model has no known price, so no budget can be enforced.
        ProviderError: the local provider, or the server of the score's models, does not answer.
    """
    planned = _without_scoring(config, settings, drafting, private)
    return planned._replace(scoring=scorer_models(config, settings, cache, private=private))


def _without_scoring(config: HybridConfig, settings: Settings, drafting: bool, private: bool) -> Plan:
    config, local, local_health, warnings = _local(config, settings, drafting, private)
    demand_room(local.context_tokens, config)
    if not config.uses_frontier:
        why = "The run is local only."
        return Plan(config, local, local_health, None, None, FREE, "local_only", why, warnings)
    batch = config.refine_mode == "batch"
    pricer = Pricer(config.frontier_provider, config.frontier_model, config.prices, batch=batch)
    frontier = build_provider(config.frontier_provider, "frontier", config, settings)
    if private and frontier.is_away:
        raise ConfigError(
            f"frontier_provider: this study never leaves this machine, but {frontier.name} would receive its text."
            " Choose simulated, skip the frontier (--no-frontier), or turn the switch off on Upload."
        )
    health = frontier.check()
    match health.fault:
        case "unknown_model" | "not_configured":
            raise ConfigError(f"frontier_model: {health.sentence}")
        case "no_key" | "retired_model":
            notes = (*warnings, health.sentence)
            return Plan(
                config, local, local_health, None, health, pricer, "frontier_unavailable", health.sentence, notes
            )
        case "unreachable":
            warnings = (*warnings, health.sentence)
        case "none":
            # Warn of a coming retirement, or of a gateway that may still serve a retired model.
            warnings = (*warnings, health.sentence) if health.successor else warnings
    if batch:
        _check_batches(frontier)
    return Plan(config, local, local_health, frontier, health, pricer, None, "", warnings)


def _check_batches(frontier: Provider) -> None:
    """Check before drafting that the provider accepts batches.

    Raises:
        ConfigError: it does not.
    """
    if frontier.batches is None:
        raise ConfigError(f"refine_mode: {frontier.name} has no batches. Set it to live, which costs list price.")
    if obstacle := frontier.batches.obstacle():
        raise ConfigError(f"refine_mode: {obstacle}")


def check_provider(name: str, role: ProviderRole, config: HybridConfig, settings: Settings) -> Health:
    """Check one provider as this configuration would use it; never raises for a missing setting."""
    try:
        return build_provider(name, role, config, settings).check()
    except (ConfigError, ProviderError) as error:
        return Health(ready=False, sentence=str(error), fault="not_configured")


def build_provider(name: str, role: ProviderRole, config: HybridConfig, settings: Settings) -> Provider:
    """Create one provider as this configuration would use it, without a request.

    Raises:
        ConfigError: there is no such provider in this role, or a required setting is missing.
    """
    kind = provider_class(name, role)
    return kind(_spec(kind, config, settings, role))


def suggested_config(settings: Settings) -> HybridConfig:
    """Return the configuration of a first visit: the best providers available without further set-up.

    Ollama when it answers, else `builtin`; a frontier whose key is set, else `simulated`.
    """
    chosen: dict[str, str] = {"frontier_provider": "simulated"}
    for name in ("anthropic", "openai"):
        if settings.secret(provider_class(name, "frontier").key_variable):
            chosen = {"frontier_provider": name, "frontier_model": DEFAULT_FRONTIER_MODEL[name]}
            break
    return _resolve_auto(HybridConfig().model_copy(update=chosen), settings).config


class CheckItem(Frozen):
    """Result of one check."""

    name: str
    ready: bool
    sentence: str


class CheckReport(Frozen):
    """Result of `persona check`: the state of every provider, and the verdict on this configuration."""

    items: tuple[CheckItem, ...]
    ready: bool
    verdict: str
    exit_code: int
    """Exit code of `persona generate` before its first call: 0, 1 or 2."""
    warnings: tuple[str, ...] = ()
    successor: str | None = None
    """Model to use as `frontier_model` instead of a retired one."""
    capacity: Capacity | None = None
    """Personas that the study carries; `None` when none was given."""
    window: str = ""
    """Sentence about the part of a prompt that the local model can read; empty for `builtin`, and without a run."""
    config: HybridConfig


def check_setup(
    config: HybridConfig, settings: Settings, cache: Path | None = None, study: Study | None = None
) -> CheckReport:
    """Check every provider and the run of this configuration, for free. Never raises a `PersonaError`.

    Args:
        config: of the run.
        settings: keys and addresses.
        cache: folder that stores the results of judge checks.
        study: of the run, to say how many personas it carries.
    """
    carried = capacity(study) if study else None
    roles: tuple[ProviderRole, ...] = ("local", "frontier")
    items = tuple(_item(name, role, config, settings) for role in roles for name in names(role))
    try:
        planned = plan_run(config, settings, cache)
    except PersonaError as error:
        return CheckReport(
            items=items,
            ready=False,
            verdict=str(error),
            exit_code=error.exit_code,
            capacity=carried,
            config=config,
        )
    frontier = planned.frontier
    crowded = carried.warn_of(config.count, config.draft_count) if carried else ""
    where = f"; refined by {frontier.name} {frontier.model}" if frontier else f"; none refined: {planned.reason}"
    mark = " (simulated)" if planned.simulated else ""
    return CheckReport(
        items=items,
        ready=True,
        verdict=f"A run would start: drafted by {planned.local.name}{where}{mark}",
        exit_code=0,
        warnings=(*planned.warnings, *([crowded] if crowded else [])),
        capacity=carried,
        window=window_sentence(planned.local.context_tokens, planned.config),
        successor=planned.frontier_health.successor if planned.frontier_health else None,
        config=planned.config,
    )


def _item(name: str, role: ProviderRole, config: HybridConfig, settings: Settings) -> CheckItem:
    """Check one provider; a model configured for another provider is replaced by its own default."""
    if role == "frontier" and name != config.frontier_provider:
        config = config.model_copy(update={"frontier_model": DEFAULT_FRONTIER_MODEL[name]})
    health = check_provider(name, role, config, settings)
    return CheckItem(name=f"{role} {name}", ready=health.ready, sentence=health.sentence)


class _Resolved(NamedTuple):
    config: HybridConfig
    warnings: tuple[str, ...]


def _local(
    config: HybridConfig, settings: Settings, drafting: bool, private: bool
) -> tuple[HybridConfig, Provider, Health, tuple[str, ...]]:
    if not drafting:
        unasked = Health(ready=True, sentence="The drafts exist already: no local model is called.")
        # Never called, so it can be the provider that needs neither a server nor a key.
        return config, build_provider("builtin", "local", config, settings), unasked, ()
    config, warnings = _resolve_auto(config, settings, private)
    provider = build_provider(config.local_provider, "local", config, settings)
    if private:
        _demand_here(provider)
    health = provider.check()
    if private:
        _demand_here(provider)  # the server has said by now whether it only passes requests on
    if not health.ready:
        if health.fault == "unreachable":
            raise ProviderError(health.sentence)
        raise ConfigError(f"local_model: {health.sentence}")
    return config, provider, health, warnings


def _demand_here(provider: Provider) -> None:
    """Refuse a local provider that would send a private study to another machine.

    Raises:
        ConfigError: it would, or that is not known.
    """
    if provider.is_away:
        raise ConfigError(
            f"local_provider: this study never leaves this machine, and {provider.name} {provider.model} is not on it."
            " Choose builtin, or a server and a model on this machine that no proxy stands before"
            " (NO_PROXY=localhost,127.0.0.1)."
        )


def _resolve_auto(config: HybridConfig, settings: Settings, private: bool = False) -> _Resolved:
    if config.local_provider != "auto":
        return _Resolved(config, ())
    health = _look_privately(config, settings) if private else check_provider("ollama", "local", config, settings)
    if health.ready:
        return _Resolved(config.model_copy(update={"local_provider": "ollama"}), ())
    builtin = config.model_copy(update={"local_provider": "builtin"})
    return _Resolved(builtin, (f"Drafted by `builtin`, without a language model: {health.sentence}",))


def _look_privately(config: HybridConfig, settings: Settings) -> Health:
    """Check Ollama on this machine; a server on another machine counts as missing."""
    try:
        provider = build_provider("ollama", "local", config, settings)
    except ConfigError as error:
        return Health(ready=False, sentence=str(error), fault="not_configured")
    health = Health(ready=False, sentence="") if provider.is_away else provider.check()
    if provider.is_away:
        why = "this study never leaves this machine, and the Ollama server or its model is not on it."
        return Health(ready=False, sentence=why, fault="not_configured")
    return health


def _spec(kind: type[Provider], config: HybridConfig, settings: Settings, role: ProviderRole) -> ProviderSpec:
    local = role == "local"
    return ProviderSpec(
        role=role,
        model=config.local_model if local else config.frontier_model,
        base_url=(config.local_base_url if local else None) or _address(kind, settings, role),
        # The key of a paid service is never sent to a server that is only compatible with it.
        api_key=settings.secret(LOCAL_KEY_VARIABLE if local else kind.key_variable),
        timeout_s=config.timeout_s,
        answer_timeout_s=config.answer_timeout_s,
        context_tokens=config.context_tokens,
    )


def _address(kind: type[Provider], settings: Settings, role: ProviderRole) -> str | None:
    # A provider with both roles is local only if the configuration names the server: the variable holds the address
    # of the paid service.
    both = len(kind.roles) > 1
    return None if role == "local" and both else settings.get(kind.url_variable)
