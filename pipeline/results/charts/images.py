"""Charts as pictures: inline SVG for reports, and self-contained files.

Drawn in this process, without a browser and without the network. In an inline picture text and lines take the
colour of the page around it, so that one drawing serves light, dark and paper.
"""

import json
import textwrap
from typing import Any, Literal

from pipeline.results.charts.style import ChartView, text_colour

ImageFormat = Literal["png", "svg"]

_WIDTH = 780
"""Pixels, the width of the text of a report."""

_CHARACTERS = 96
"""Characters of the title that fit into a line of that width."""

_PAGE_COLOUR = "currentColor"


def inline_svg(view: ChartView) -> str:
    """Draw the chart as an SVG element without its title; empty where there is nothing to draw."""
    if view.chart is None:
        return ""
    spec = _spec(view)
    axis = {"labelColor": _PAGE_COLOUR, "titleColor": _PAGE_COLOUR, "domainColor": _PAGE_COLOUR}
    _configure(spec, axis | {"tickColor": _PAGE_COLOUR, "gridColor": _PAGE_COLOUR, "gridOpacity": 0.15})
    spec["config"]["legend"] = {"labelColor": _PAGE_COLOUR}
    drawn = _draw(spec, "svg").decode()
    # Rules and labels have the text colour of the light theme, which a configuration does not reach.
    return drawn.replace(f'"{text_colour(dark=False)}"', f'"{_PAGE_COLOUR}"')


def image_file(view: ChartView, form: ImageFormat, caption: str) -> bytes:
    """Draw the chart as a file on white, with its finding, description and source.

    Args:
        view: one with a chart.
        form: of the file; PNG has twice the pixels.
        caption: the run, with a mark if it is simulated; untrusted text is safe.

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
    # Marks have the text colour of their theme; a picture is always on a light background.
    text = view.chart.to_json().replace(text_colour(dark=True), text_colour(dark=False))
    spec: dict[str, Any] = json.loads(text)
    return spec | {"width": _WIDTH}


def _configure(spec: dict[str, Any], axis: dict[str, Any]) -> None:
    spec["config"] = spec.get("config", {}) | {"axis": spec.get("config", {}).get("axis", {}) | axis}


def _draw(spec: dict[str, Any], form: ImageFormat) -> bytes:
    import vl_convert  # loads a JavaScript engine

    # No address is allowed: a chart holds its own data.
    if form == "svg":
        return str(vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])).encode()
    return bytes(vl_convert.vegalite_to_png(spec, scale=2, allowed_base_urls=[]))
