"""Preview requests on Configure: the text that would be sent, word for word, with replacements marked."""

import streamlit as st

from pages.parts import ui
from pipeline.domain.config import HybridConfig
from pipeline.domain.run import RunRecord
from pipeline.domain.study import Study
from pipeline.errors import PersonaError
from pipeline.hybrid.preflight import Plan
from pipeline.hybrid.request_preview import ExampleRequest, Span, example_requests
from pipeline.text.wording import count, escape_markdown

_PROMPT_PX = 420
_STAGES = {"draft": "Drafting", "refine": "Refining"}


def show_request_preview(study: Study | None, config: HybridConfig, planned: Plan, drafts: RunRecord | None) -> None:
    """Show an example of each kind of request, built only when opened."""
    if study is None:
        return
    opened = st.expander(
        "What would be sent, word for word", icon=":material/outbound:", on_change="rerun", key="preview"
    )
    with opened:
        if not opened.open:
            return
        latest = drafts or _latest(study)
        try:
            with st.spinner("Building an example …"):
                found = example_requests(study, config, planned, latest, ui.cache_folder())
        except PersonaError as error:
            ui.problem(f"An example needs drafts of this study from an earlier run. {error}")
            return
        if not found:
            st.markdown(":green[:material/lock:] Nothing is sent: every model of this run works inside this program.")
        for example in found:
            _example(example)
        if planned.scoring.are_on:
            st.caption("Scoring models receive single sentences and statements, unchanged.")


def _latest(study: Study) -> RunRecord | None:
    done = ui.services().store.run_names(50, study.id)
    return next((ui.run(run.id) for run in done if run.status == "completed"), None)


def _example(example: ExampleRequest) -> None:
    where = "leaves this machine" if example.away else "stays on this machine"
    icon = ":orange[:material/outbound:]" if example.away else ":green[:material/computer:]"
    model = escape_markdown(f"{example.provider} {example.model}")
    st.markdown(f"{icon} **{_STAGES[example.stage]}**, to {model}: {where}.")
    replaced = f"{count(example.replaced, 'string')} replaced in it." if example.replaced else ""
    st.caption(f"{escape_markdown(example.about)} {replaced}")
    views = (
        ["Replacements marked", "Word for word", "Instructions"]
        if example.replaced
        else ["Word for word", "Instructions"]
    )
    view = st.segmented_control(
        "What to read",
        views,
        default=views[0],
        required=True,
        key=f"preview {example.stage}",
        label_visibility="collapsed",
    )
    if view == "Replacements marked":
        with st.container(height=_PROMPT_PX):
            for line in _lines(example.spans):
                st.markdown(line)
        return
    text = example.system if view == "Instructions" else example.prompt
    st.code(text, language=None, wrap_lines=True, height=_PROMPT_PX)


def _lines(spans: tuple[Span, ...]) -> list[str]:
    """Render the prompt as lines of Markdown, with a coloured background behind replacements."""
    lines = [""]
    for span in spans:
        if span.replaced:
            lines[-1] += f":orange-background[{escape_markdown(span.text)}]"
            continue
        first, *others = span.text.split("\n")
        lines[-1] += _inline(first)
        lines += map(_inline, others)
    return [line for line in lines if line.strip()]


def _inline(text: str) -> str:
    """Escape text, and restore the spaces at its ends that separate words from a replacement."""
    if not text.strip():
        return " " if text else ""
    return f"{' ' if text[0].isspace() else ''}{escape_markdown(text)}{' ' if text[-1].isspace() else ''}"
