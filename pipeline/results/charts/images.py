"""Charts as pictures: inline SVG for a page that has its own words, and files that stand alone.

Drawn in this process, without a browser and without the network. In an inline picture text and lines take the
colour of the page around it, so that one drawing serves light, dark and paper.
"""

import json
import textwrap
from typing import Any, Literal

from pipeline.results.charts.style import ChartView, ink

ImageFormat = Literal["png", "svg"]

_WIDTH = 780
"""Pixels; the text of a report is as wide."""

_CHARACTERS = 96
"""That fit into a line of the title at that width."""

_PAGE_COLOUR = "currentColor"


def inline_svg(view: ChartView) -> str:
    """The chart as an SVG element without its title; empty where there is nothing to draw."""
    if view.chart is None:
        return ""
    spec = _spec(view)
    axis = {"labelColor": _PAGE_COLOUR, "titleColor": _PAGE_COLOUR, "domainColor": _PAGE_COLOUR}
    _configure(spec, axis | {"tickColor": _PAGE_COLOUR, "gridColor": _PAGE_COLOUR, "gridOpacity": 0.15})
    spec["config"]["legend"] = {"labelColor": _PAGE_COLOUR}
    drawn = _draw(spec, "svg").decode()
    # Rules and labels carry the ink of the page's light theme, which a configuration does not reach.
    return drawn.replace(f'"{ink(dark=False)}"', f'"{_PAGE_COLOUR}"')


def image_file(view: ChartView, form: ImageFormat, caption: str) -> bytes:
    """The chart as a file on white, with its finding, what is drawn, and where it comes from.

    Args:
        view: one with a chart.
        form: of the file; PNG has twice the pixels.
        caption: the run, and that it is simulated where it is; untrusted text is safe.

    Raises:
        ValueError: there is nothing to draw.
    """
    spec = _spec(view)
    small = [line for text in (view.subtitle, caption) for line in textwrap.wrap(text, _CHARACTERS + 16)[:3]]
    spec["title"] = {
        "text": textwrap.wrap(f"{view.title}.", _CHARACTERS)[:4],
        "subtitle": small,
        "anchor": "start",
        "fontSize": 14,
        "subtitleFontSize": 12,
        "subtitleColor": "#595959",
        "offset": 14,
    }
    spec["background"] = "white"
    spec["padding"] = 12
    spec["height"] += 20 * (len(spec["title"]["text"]) + len(small))
    return _draw(spec, form)


def _spec(view: ChartView) -> dict[str, Any]:
    if view.chart is None:
        raise ValueError(view.title)
    # Marks carry the ink of the theme they were made for; a picture is always for light ground.
    text = view.chart.to_json().replace(ink(dark=True), ink(dark=False))
    spec: dict[str, Any] = json.loads(text)
    return spec | {"width": _WIDTH}


def _configure(spec: dict[str, Any], axis: dict[str, Any]) -> None:
    spec["config"] = spec.get("config", {}) | {"axis": spec.get("config", {}).get("axis", {}) | axis}


def _draw(spec: dict[str, Any], form: ImageFormat) -> bytes:
    import vl_convert  # loads a JavaScript engine

    # No address is allowed: what a chart shows is in it.
    if form == "svg":
        return str(vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])).encode()
    return bytes(vl_convert.vegalite_to_png(spec, scale=2, allowed_base_urls=[]))
