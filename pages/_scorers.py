"""The models that may take part in the score, on Configure: choose them, and let a judge take its check.

Both are off by default. A look at the server is free and kept for ten seconds, like the other looks.
"""

from pathlib import Path

import streamlit as st

from pages.parts import fields, providers, ui
from pipeline.domain.config import HybridConfig, Settings
from pipeline.errors import PersonaError
from pipeline.providers import Health
from pipeline.scoring.judge_check import JudgeCheck
from pipeline.scoring.optional_models import check_judge, judge_result, server
from pipeline.text.wording import escape_markdown

OFF = {"": "Off"}


def show(config: HybridConfig) -> None:
    """Both models, folded away; what is on stays in sight, and a judge's check, because a run waits for it."""
    fields.folded("Optional scorers", lambda: _models(config))
    if named := [name for name in (config.embedding_model, config.judge_model) if name]:
        st.caption(f"Scored with {escape_markdown(' and '.join(named))} too.")
    if config.judge_model:
        _judge(config, config.judge_model)


def _models(config: HybridConfig) -> None:
    st.caption(
        "Local models that look at meaning too. Free, but slower, and a scale of its own: set the threshold anew."
    )
    seen = _server(_key(config), config, ui.settings())
    if not seen.models:
        st.caption(f":material/info: {escape_markdown(seen.sentence)}")
    fields.choice("embedding_model", "Embedding model", ["", *seen.models], words=OFF, open_ended=True)
    st.caption("Gives half of a statement's support. Embeds up to 31 short texts per statement, each of them once.")
    fields.choice("judge_model", "Judge", ["", *seen.models], words=OFF, open_ended=True)
    st.caption(
        "Asked one question per statement that words leave unsure, about half of them in the bundled example. Must "
        "pass a check of 32 claims first."
    )


def _judge(config: HybridConfig, model: str) -> None:
    if result := _result(model, _key(config), config, ui.settings(), ui.cache_folder()):
        _told(result)
    if st.button("Check again" if result else "Check the judge", icon=":material/rule:", key="check_judge"):
        _check(config, model)


def _told(result: JudgeCheck) -> None:
    icon = ":green[:material/check_circle:]" if result.passes else ":orange[:material/error:]"
    st.caption(f"{icon} {escape_markdown(result.sentence)} {result.seconds_per_claim:.1f} s per question.")
    if result.missed:
        with st.popover("What it got wrong", type="tertiary"):
            for miss in result.missed:
                st.caption(escape_markdown(miss.sentence))


def _check(config: HybridConfig, model: str) -> None:
    bar = st.progress(0.0, text="Asking the judge …")

    def tell(done: int, total: int) -> None:
        bar.progress(done / total, text=f"{done} of {total} claims")

    try:
        check_judge(model, config, ui.settings(), ui.cache_folder(), tell)
    except PersonaError as error:
        ui.problem(error)
        return
    providers.look_again()
    _result.clear()
    st.rerun()


@st.cache_data(**providers.LOOKS, show_spinner=False)
def _server(key: str, _config: HybridConfig, _settings: Settings) -> Health:
    return server(_config, _settings)


@st.cache_resource(**providers.LOOKS, show_spinner=False)
def _result(model: str, key: str, _config: HybridConfig, _settings: Settings, _cache: Path) -> JudgeCheck | None:
    return judge_result(model, _config, _settings, _cache)


def _key(config: HybridConfig) -> str:
    return config.model_dump_json(include={"local_provider", "local_base_url", "local_model", "timeout_s"})
