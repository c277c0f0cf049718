"""One attempt to call a model: its cost, the request and the answer, word for word.

Request and answer are untrusted text: they are shown only as code.
"""

import json

import streamlit as st

from pages.parts import ui
from pipeline.domain.run import ModelCall
from pipeline.errors import StoreError
from pipeline.results.data_sent import payload_parts
from pipeline.text.wording import CALL_MEANING, CALL_WORDS, MISSING, escape_markdown, milliseconds, usd

_TEXT_PX = 420
"""Height of the text, the same for every view, so that nothing jumps."""

_COLORS = {"ok": "green", "in_flight": "blue", "failed": "red", "lost": "red"}
_PARTS = {"prompt": "Prompt", "system": "Instructions", "json_schema": "Form of the answer"}
"""The long parts of a payload; the others are single values."""


def show_attempt(run_id: str, call_id: str, simulated: bool) -> None:
    """Show an attempt below its table."""
    try:
        call = ui.services().store.call(run_id, call_id)
    except StoreError as error:
        ui.problem(error)
        return
    with st.container(border=True):
        _head(call, simulated)
        _bill(call, simulated)
        if call.flag:
            st.warning(f"The bill contradicts the call. {escape_markdown(call.flag)}", icon=":material/flag:")
        if call.error:
            st.error(escape_markdown(call.error), icon=":material/error:")
        _texts(call)


def _head(call: ModelCall, simulated: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.subheader(escape_markdown(call.id), anchor=False, width="content")
        st.badge(CALL_WORDS[call.status], color=_COLORS.get(call.status, "orange"))  # type: ignore[arg-type]
        if simulated and call.stage == "refine":
            ui.simulated_badge()
    batch = " · sent in a batch" if call.batch else ""
    st.caption(f"{escape_markdown(f'{call.provider} {call.model}')}{batch} · {CALL_MEANING[call.status]}")


def _bill(call: ModelCall, simulated: bool) -> None:
    """Show the cost as one element, because every chosen attempt redraws it."""
    usage, is_open = call.usage, call.status in ("in_flight", "lost")
    reserved = usd(call.reserved_micros, simulated)
    columns = (
        (
            "Cost",
            usd(call.cost_micros, simulated),
            "its whole reservation" if is_open else f"settled; {reserved} was reserved for the worst case",
        ),
        ("Tokens in", f"{usage.input_tokens:,}", f"{usage.cached_tokens:,} from a cache"),
        ("Tokens out", f"{usage.output_tokens:,}", _counted(call)),
        (
            "Latency",
            MISSING if call.status == "in_flight" else milliseconds(call.latency_ms),
            f"started {ui.when(call.started_at)}"
            + (f"; {milliseconds(call.waiting_ms)} of it before the first word" if call.waiting_ms else ""),
        ),
    )
    titles, values, notes = zip(*[[escape_markdown(text) for text in column] for column in columns], strict=True)
    lines = (
        [f":small[{title}]" for title in titles],
        ["---"] * len(columns),
        [f"**{value}**" for value in values],
        [f":small[{note}]" for note in notes],
    )
    st.markdown("\n".join(f"| {' | '.join(line)} |" for line in lines))


def _counted(call: ModelCall) -> str:
    if not (call.usage.input_tokens or call.usage.output_tokens):
        return "none reported"
    return "measured by the provider" if call.usage.measured else "estimated here"


def _texts(call: ModelCall) -> None:
    parts = payload_parts(call.payload)
    texts = {title: parts[name] for name, title in _PARTS.items() if name in parts}
    if call.payload:
        texts["Sent, as recorded"] = call.payload
    if call.reply is not None:
        texts["Answer"] = call.reply
    if not call.payload:
        st.markdown("**Nothing was sent:** this model works inside this program.")
    if not texts:
        st.caption("Nothing came back.")
        return
    view = st.segmented_control(
        "What to read",
        list(texts),
        default=next(iter(texts)),
        required=True,
        key="text shown",
        label_visibility="collapsed",
    )
    text = texts[view or next(iter(texts))]
    plain = isinstance(text, str)
    st.code(
        text if plain else json.dumps(text, indent=2, ensure_ascii=False),
        language=None if plain else "json",
        wrap_lines=True,
        height=_TEXT_PX,
    )
    values = {name: value for name, value in parts.items() if name not in _PARTS}
    if values:
        st.caption(
            escape_markdown(
                "Sent with it: " + " · ".join(f"{name} {json.dumps(value)}" for name, value in values.items())
            )
        )
