"""Fields for the settings of a run: each shows one setting of the `hybrid:` block and writes it back when changed.

The settings live in the session as plain values, because a widget forgets its own when its page is left. Labels are
ours; tooltips are the settings' own docstrings; limits come from the settings' own constraints.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st
from pydantic.fields import FieldInfo

from pages.parts import ui
from pipeline.domain.config import HybridConfig, Weights
from pipeline.hybrid.preflight import suggested_config
from pipeline.text.wording import count
from pipeline.text.wording import label as plain

OPENED_PREFIX = "opened_"
"""Key prefix of the popovers."""

POPOVER_PX = 340
"""Width of an open popover: as wide as a stage, whatever its content."""

Values = dict[str, Any]
"""A `hybrid:` block as it comes from YAML."""

_USUAL: Values = HybridConfig().model_dump(mode="json")


def values() -> Values:
    """Return the settings of this session; on the first visit the best that work here without further input."""
    if ui.CONFIG_KEY not in st.session_state:
        ui.use_config(suggested_config(ui.settings()))
    block: Values = st.session_state[ui.CONFIG_KEY]
    return block


def put(changes: Mapping[str, object]) -> None:
    """Change settings from outside their fields, which then show the new values."""
    st.session_state[ui.CONFIG_KEY] = {**values(), **changes}
    for name in changes:
        st.session_state.pop(_key(name), None)


def settings_popover(label: str, fill: Callable[[], None], *names: str) -> None:
    """Draw rarely changed settings in a popover, and below it the number that differ from their defaults.

    Args:
        label: of the button, and part of its key: another label would close the popover.
        fill: draws the fields.
        names: of the settings that are counted.
    """
    # Filled only while open. The browser does not draw the content of a closed popover: a field sent then would
    # start with its default when opened, and overwrite the setting.
    with st.popover(label, width="stretch", on_change="rerun", key=f"{OPENED_PREFIX}{label}") as opened:
        if opened.open:
            with st.container(width=POPOVER_PX):
                fill()
    if changed := sum(_within(values(), name) != _within(_USUAL, name) for name in names):
        st.caption(f"{count(changed, 'setting')} here {'differs' if changed == 1 else 'differ'} from the default.")


def number(name: str, label: str, *, step: float | None = None, form: str | None = None, empty: str = "") -> None:
    """Draw a number field; `empty` is its placeholder where no value is allowed."""
    whole = isinstance(_value(name), int) and step is None
    kind: Callable[[float], float] = int if whole else float
    low, high = (None if limit is None else kind(limit) for limit in limits(_info(name)))
    options: dict[str, Any] = {
        "min_value": low,
        "max_value": high,
        "value": None if empty else "min",
        "step": 1 if whole else step,
        "format": form,
        "placeholder": empty or None,
        "help": doc(name),
    }
    st.number_input(label, **options, **_bound(name, None if _value(name) is None else kind(_value(name))))


def slider(name: str, label: str, *, step: float) -> None:
    """Draw a slider between the limits of a setting."""
    low, high = (None if limit is None else float(limit) for limit in limits(_info(name)))
    st.slider(label, low, high, step=step, format="%.2f", help=doc(name), **_bound(name, float(_value(name))))


def toggle(name: str, label: str) -> None:
    """Draw a switch."""
    st.toggle(label, help=doc(name), **_bound(name, _value(name)))


def text(name: str, label: str, *, placeholder: str, then: Callable[[], None] | None = None) -> None:
    """Draw a text field; blank means no value. `then` runs after a change."""
    st.text_input(label, placeholder=placeholder, help=doc(name), **_bound(name, _value(name) or "", then))


def choice(
    name: str,
    label: str,
    options: Sequence[str],
    *,
    open_ended: bool = False,
    words: Mapping[str, str] | None = None,
    then: Callable[[], None] | None = None,
) -> None:
    """Draw a selection of one option.

    Args:
        name: of the setting.
        label: shown above it.
        options: known values; the present value is added when missing.
        open_ended: whether any other value may be typed.
        words: display names of options whose own name is not clear enough.
        then: runs after a change.
    """
    present = _value(name) or ""
    known = list(options) if present in options else [present, *options]
    st.selectbox(
        label,
        known,
        format_func=lambda option: (words or {}).get(option, plain(option, 120)),
        accept_new_options=open_ended,
        help=doc(name),
        **_bound(name, present, then),
    )


def segmented(name: str, label: str, words: Mapping[str, str]) -> None:
    """Draw two or three options side by side."""
    st.segmented_control(
        label,
        list(words),
        format_func=lambda value: words[value],
        required=True,
        help=doc(name),
        **_bound(name, _value(name)),
    )


def doc(name: str) -> str | None:
    """Return the tooltip of a setting, its docstring; the weights share one."""
    return _info(name).description or Weights.__doc__


def limits(info: FieldInfo) -> tuple[float | None, float | None]:
    """Return the smallest and largest value of a setting; `None` without a limit."""
    lows = [bound for part in info.metadata if (bound := getattr(part, "ge", getattr(part, "gt", None))) is not None]
    highs = [bound for part in info.metadata if (bound := getattr(part, "le", None)) is not None]
    return next(iter(lows), None), next(iter(highs), None)


def _info(name: str) -> FieldInfo:
    outer, _, inner = name.partition(".")
    return Weights.model_fields[inner] if inner else HybridConfig.model_fields[outer]


def _value(name: str) -> Any:
    return _within(values(), name)


def _within(block: Values, name: str) -> Any:
    outer, _, inner = name.partition(".")
    return block[outer][inner] if inner else block[outer]


def _key(name: str) -> str:
    return f"{ui.FIELD_PREFIX}{name}"


def _bound(name: str, present: object, then: Callable[[], None] | None = None) -> dict[str, Any]:
    """Key and callback of a field that shows a value and writes it back."""
    st.session_state.setdefault(_key(name), present)
    return {"key": _key(name), "on_change": _changed, "args": (name, then)}


def _changed(name: str, then: Callable[[], None] | None) -> None:
    present = st.session_state[_key(name)]
    outer, _, inner = name.partition(".")
    changed = {**values()[outer], inner: present} if inner else present
    blank = changed == "" and _info(name).default is None
    st.session_state[ui.CONFIG_KEY] = {**values(), outer: None if blank else changed}
    if then:
        then()
