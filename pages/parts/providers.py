"""Choose the models of a run on Configure: drafting, refining, and optional models that take part in the score.

Shows availability, key, price and the successor of a retired model. Checks are free. They are cached for ten seconds
and then repeated in the background, so that moving a slider waits for no server. Optional scorers are off by default.
"""

from pathlib import Path
from typing import Any

import streamlit as st

from pages.parts import fields, ui
from pipeline.domain.config import DEFAULT_FRONTIER_MODEL, HybridConfig, PriceOverride, Settings
from pipeline.errors import PersonaError, UnpricedModelError
from pipeline.hybrid.preflight import Plan, build_provider, check_provider, plan_run
from pipeline.providers import Health, ProviderRole, names, provider_class
from pipeline.providers.verification import knows_template
from pipeline.scoring.model_check import Examined, ModelCheck
from pipeline.scoring.optional_models import (
    check_judge,
    check_verifier,
    judge_result,
    seconds_per_persona,
    server,
    verifier_result,
)
from pipeline.text.wording import escape_markdown

LOOKS: dict[str, Any] = {"ttl": 10, "max_entries": 8, "scope": "session", "refresh_mode": "background"}
"""Cache settings of the checks. They run in a thread without a session, so all they need of it is passed in."""
PROVIDER_SETTINGS = {
    "enabled",
    "local_provider",
    "local_model",
    "local_base_url",
    "frontier_provider",
    "frontier_model",
    "skip_frontier",
    "refine_mode",
    "context_tokens",
    "timeout_s",
    "answer_timeout_s",
    "prices",
    "embedding_model",
    "judge_model",
    "verifier_model",
    "verifier_base_url",
}
"""Settings on which it depends whether a run can start."""
WORDS = {
    "auto": "Automatic",
    "builtin": "builtin (no model)",
    "ollama": "Ollama",
    "openai": "OpenAI-compatible",
    "anthropic": "Anthropic",
    "simulated": "Simulated (offline)",
}
FRONTIER_WORDS = {**WORDS, "openai": "OpenAI"}
KEY_FIELD = "api_key_"
PRICE_FIELD = f"{ui.FIELD_PREFIX}price_"

SCORER_OFF = {"": "Off"}


# --- free looks ------------------------------------------------------------------------------------


def plan_or_error(config: HybridConfig, *, drafting: bool = True, private: bool = False) -> Plan | PersonaError:
    """Return the plan of a run, or the error that prevents it; a run with given drafts needs no local model."""
    return _plan(_key(config), drafting, private, config, ui.settings(), ui.cache_folder())


def health(name: str, role: ProviderRole, config: HybridConfig) -> Health:
    """Return the state of one provider."""
    return _look(name, role, _key(config), config, ui.settings())


def look_again() -> None:
    """Clear the cached checks, because something outside has changed."""
    _plan.clear()
    _look.clear()


@st.cache_resource(**LOOKS, show_spinner="Checking the models …")
def _plan(
    key: str, drafting: bool, private: bool, _config: HybridConfig, _settings: Settings, _cache: Path
) -> Plan | PersonaError:
    try:
        return plan_run(_config, _settings, _cache, drafting=drafting, private=private)
    except PersonaError as error:
        # Cached like a plan, so that a server that is down is not checked at every click.
        return error


@st.cache_data(**LOOKS, show_spinner="Checking the models …")
def _look(name: str, role: ProviderRole, key: str, _config: HybridConfig, _settings: Settings) -> Health:
    return check_provider(name, role, _config, _settings)


def _key(config: HybridConfig) -> str:
    return config.model_dump_json(include=PROVIDER_SETTINGS)


# --- the drafting model ----------------------------------------------------------------------------


def drafting_model(config: HybridConfig, planned: Plan | PersonaError) -> None:
    """Draw the choice of the drafting model."""
    fields.choice("local_provider", "Drafted by", ["auto", *names("local")], words=WORDS)
    name = config.local_provider
    if name == "auto":
        name = planned.config.local_provider if isinstance(planned, Plan) else "ollama"
    seen = health(name, "local", config)
    if name == "openai":
        fields.text("local_base_url", "Address of the server", placeholder="http://127.0.0.1:8000/v1")
    if name != "builtin":
        fields.choice("local_model", "Model", seen.models, open_ended=True)
    health_status(seen, "local")
    if seen.fault == "unknown_model" and hasattr(provider_class(name, "local"), "pull"):
        download(name, config)


def download(name: str, config: HybridConfig) -> None:
    """Offer to download a model that the server lacks, and show the progress."""
    if not st.button(f"Download {escape_markdown(config.local_model)}", icon=":material/download:"):
        return
    server = build_provider(name, "local", config, ui.settings())
    bar = st.progress(0.0, text="Requesting the model …")
    try:
        for step in server.pull(config.local_model):  # type: ignore[attr-defined]
            share = step.completed / step.total if step.total else 0.0
            bar.progress(min(share, 1.0), text=escape_markdown(step.status))
    except PersonaError as error:
        ui.problem(error)
        return
    look_again()
    st.rerun()


# --- the refining model ----------------------------------------------------------------------------


def refining_model(config: HybridConfig, planned: Plan | PersonaError) -> None:
    """Draw the choice of the refining model."""
    fields.choice(
        "frontier_provider", "Refined by", names("frontier"), words=FRONTIER_WORDS, then=_propose_frontier_model
    )
    name = config.frontier_provider
    if name not in names("frontier"):
        return
    seen = health(name, "frontier", config)
    usual = DEFAULT_FRONTIER_MODEL.get(name)
    known = [*seen.models] if usual is None or usual in seen.models else [usual, *seen.models]
    fields.choice("frontier_model", "Model", known, open_ended=True)
    health_status(seen, "frontier")
    if seen.successor:
        st.button(
            f"Use {escape_markdown(seen.successor)}",
            icon=":material/upgrade:",
            on_click=fields.put,
            args=({"frontier_model": seen.successor},),
        )
    if variable := provider_class(name, "frontier").key_variable:
        api_key(variable)


def _propose_frontier_model() -> None:
    """Select the default model of a newly chosen provider."""
    name = fields.values()["frontier_provider"]
    if name in DEFAULT_FRONTIER_MODEL:
        fields.put({"frontier_model": DEFAULT_FRONTIER_MODEL[name]})


def api_key(variable: str) -> None:
    """Draw the field for an API key of this session; in a popover when the environment has one."""
    typed = variable in st.session_state.get(ui.TYPED_KEYS, {})
    if typed:
        with st.container(horizontal=True, wrap=False, vertical_alignment="center"):
            st.caption(f":material/key: {escape_markdown(variable)}: typed in this session.", width="stretch")
            st.button("Forget", type="tertiary", on_click=_forget_key, args=(variable,), key=f"forget_{variable}")
        return
    if ui.settings().secret(variable) is None:
        _key_field(variable, variable)
        return
    with st.popover(f"Another {escape_markdown(variable)}", icon=":material/key:", width="stretch"):
        _key_field(f"Another {variable}", variable)


def _key_field(label: str, variable: str) -> None:
    st.text_input(
        escape_markdown(label),
        type="password",
        key=f"{KEY_FIELD}{variable}",
        placeholder="paste, then press Enter",
        autocomplete="off",
        on_change=_keep_key,
        args=(variable,),
    )
    st.caption("Kept in memory for this browser session only: never stored, logged or exported.")


def _keep_key(variable: str) -> None:
    typed = st.session_state.pop(f"{KEY_FIELD}{variable}", "").strip()
    if typed:
        st.session_state[ui.TYPED_KEYS] = {**st.session_state.get(ui.TYPED_KEYS, {}), variable: typed}
        look_again()


def _forget_key(variable: str) -> None:
    kept = st.session_state.get(ui.TYPED_KEYS, {})
    st.session_state[ui.TYPED_KEYS] = {name: key for name, key in kept.items() if name != variable}
    look_again()


def health_status(seen: Health, role: ProviderRole) -> None:
    """Show the result of a check, with a button to repeat it."""
    icon = ":green[:material/check_circle:]" if seen.ready else ":orange[:material/error:]"
    with st.container(horizontal=True, wrap=False, gap="xxsmall"):
        st.caption(f"{icon} {escape_markdown(seen.sentence)}", width="stretch")
        st.button(
            ":material/refresh:", type="tertiary", help="Check again", on_click=look_again, key=f"look_again_{role}"
        )


# --- its price -------------------------------------------------------------------------------------


def price_settings(config: HybridConfig, planned: Plan | PersonaError) -> None:
    """Draw the price of the refining model, the library's or the user's own; outside a popover while unknown."""
    if isinstance(planned, UnpricedModelError):
        st.caption("This model has no known price, so no budget can be kept. Enter what the provider charges.")
        _price_fields(config)
        return

    def fill() -> None:
        if isinstance(planned, Plan):
            st.caption(f"Current price: {escape_markdown(planned.pricer.source)}. Your own prices replace it.")
        _price_fields(config)

    fields.settings_popover("Price of the model", fill)
    if config.frontier_model in config.prices:
        st.caption("Your own price is used.")


def _price_fields(config: HybridConfig) -> None:
    own = config.prices.get(config.frontier_model)
    for field, label in (("input_usd", "USD per million input tokens"), ("output_usd", "… output tokens")):
        key = f"{PRICE_FIELD}{field}_{config.frontier_model}"
        st.session_state.setdefault(key, getattr(own, field) if own else None)
        st.number_input(
            label,
            min_value=0.0,
            value=None,
            step=0.1,
            placeholder="library",
            help=escape_markdown(PriceOverride.model_fields[field].description or ""),
            key=key,
            on_change=_keep_price,
            args=(config.frontier_model,),
        )


def _keep_price(model: str) -> None:
    """Save own prices once both are set; clearing one restores the library's."""
    own = {field: st.session_state[f"{PRICE_FIELD}{field}_{model}"] for field in ("input_usd", "output_usd")}
    others = {name: price for name, price in fields.values()["prices"].items() if name != model}
    complete = None not in own.values()
    st.session_state[ui.CONFIG_KEY] = {**fields.values(), "prices": {**others, model: own} if complete else others}


def optional_scorers(config: HybridConfig) -> None:
    """Draw the optional scorers in a popover; models in use and the checks that a run needs stay visible."""
    fields.settings_popover("Optional scorers", lambda: _scorer_models(config))
    if named := [name for name in config.scorer_models if name]:
        st.caption(f"Also scored with {escape_markdown(' and '.join(named))}.")
    if config.judge_model:
        _model_check("judge", config.judge_model, config)
    if config.verifier_model:
        _model_check("verifier", config.verifier_model, config)


def _scorer_models(config: HybridConfig) -> None:
    st.caption(
        "Local models that also compare meaning. Free, but slower. They change the scale: set the threshold again."
    )
    seen = _scorer_server(_server_key(config), config, ui.settings())
    if not seen.models:
        st.caption(f":material/info: {escape_markdown(seen.sentence)}")
    fields.choice("embedding_model", "Embedding model", ["", *seen.models], words=SCORER_OFF, open_ended=True)
    st.caption("Gives half of a statement's support. Embeds up to 31 short texts per statement, each of them once.")
    fields.choice("judge_model", "Judge", ["", *seen.models], words=SCORER_OFF, open_ended=True)
    st.caption(
        "Answers one question for each statement that a comparison of words leaves open, about half of them in the "
        "bundled example. Must first pass a check of 32 claims."
    )
    offered = [name for name in seen.models if knows_template(name)]
    fields.choice("verifier_model", "Verifier", ["", *offered], words=SCORER_OFF, open_ended=True)
    st.caption(
        "A model trained to verify, on the Ollama server or in a folder (`./folder` with an ONNX export). It may"
        " overrule words in every statement that does not follow the study's own wording. Must first pass a check of 32"
        " claims, which also shows the seconds per persona."
    )
    fields.text("verifier_base_url", "Address of the verifier's server", placeholder="empty: Ollama")


def _model_check(role: Examined, model: str, config: HybridConfig) -> None:
    result = _kept_result(role, model, _server_key(config), config, ui.settings(), ui.cache_folder())
    if result:
        _check_result(role, result)
    if st.button("Check again" if result else f"Check the {role}", icon=":material/rule:", key=f"check_{role}"):
        _run_check(role, model, config)


def _check_result(role: Examined, result: ModelCheck) -> None:
    icon = ":green[:material/check_circle:]" if result.passes else ":orange[:material/error:]"
    cost = (
        f"{result.seconds_per_claim:.1f} s per question."
        if role == "judge"
        else escape_markdown(seconds_per_persona(result))
    )
    st.caption(f"{icon} {escape_markdown(result.sentence)} {cost}")
    if result.missed:
        with st.popover("Wrong answers", type="tertiary", key=f"wrong_{role}"):
            for miss in result.missed:
                st.caption(escape_markdown(miss.sentence))


def _run_check(role: Examined, model: str, config: HybridConfig) -> None:
    bar = st.progress(0.0, text=f"Asking the {role} …")

    def tell(done: int, total: int) -> None:
        bar.progress(done / total, text=f"{done:,} of {total:,} claims")

    check = check_judge if role == "judge" else check_verifier
    try:
        check(model, config, ui.settings(), ui.cache_folder(), tell)
    except PersonaError as error:
        ui.problem(error)
        return
    look_again()
    _kept_result.clear()
    st.rerun()


@st.cache_data(**LOOKS, show_spinner=False)
def _scorer_server(key: str, _config: HybridConfig, _settings: Settings) -> Health:
    return server(_config, _settings)


@st.cache_resource(**LOOKS, show_spinner=False)
def _kept_result(
    role: Examined, model: str, key: str, _config: HybridConfig, _settings: Settings, _cache: Path
) -> ModelCheck | None:
    find = judge_result if role == "judge" else verifier_result
    return find(model, _config, _settings, _cache)


def _server_key(config: HybridConfig) -> str:
    asked = {"local_provider", "local_base_url", "local_model", "timeout_s", "verifier_base_url"}
    return config.model_dump_json(include=asked)
