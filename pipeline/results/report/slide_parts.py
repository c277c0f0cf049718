"""Parts of slides: text boxes, tables, charts, notes and an avatar, all native and editable in a slide program."""

import io
from collections.abc import Sequence
from typing import Any

from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE
from pptx.enum.shapes import MSO_SHAPE
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.util import Inches, Pt

from pipeline.results.report.brand import Brand, initials, plain, text_color

_GREY, _DARK = "5B5B5B", "1A1A1A"

WIDTH, HEIGHT = 13.333, 7.5
"""Inches."""

Slide = Any
"""A slide of python-pptx, whose classes have no types."""
Box = tuple[float, float, float, float]
"""Left, top, width and height in inches."""
Line = tuple[str, float, bool]
"""Words, size in points, bold."""


class Deck:
    """A presentation that grows slide by slide, in the colours of a brand."""

    def __init__(self, brand: Brand, title: str) -> None:
        """Begin an empty presentation of the wide format."""
        self._deck = Presentation()
        self._deck.slide_width, self._deck.slide_height = Inches(WIDTH), Inches(HEIGHT)
        self._deck.core_properties.title = plain(title, 200)
        self._deck.core_properties.author = "Persona"
        self.brand = brand

    def add(self, title: str, foot: str, notes: str) -> Slide:
        """Add a slide with a title, a line at its foot, the logo and speaker's notes."""
        slide = self._deck.slides.add_slide(self._deck.slide_layouts[5])
        shape = slide.shapes.title
        shape.left, shape.top, shape.width, shape.height = _emu((0.5, 0.3, 10.6, 0.75))
        shape.text_frame.text = plain(title, 90)
        paragraph = shape.text_frame.paragraphs[0]
        paragraph.alignment = PP_ALIGN.LEFT
        shape.text_frame.vertical_anchor = MSO_ANCHOR.MIDDLE
        _style(paragraph.runs, 28, True, self.brand.color)
        bar = slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, *_emu((0, 0, WIDTH, 0.12)))
        bar.name = "Brand colour"
        _fill(bar, self.brand.color)
        if self.brand.logo:
            slide.shapes.add_picture(io.BytesIO(self.brand.logo), Inches(11.6), Inches(0.3), height=Inches(0.7))
        text_box(slide, (0.5, 7.02, 12.3, 0.35), [(foot, 10, False)], color=_GREY, name="Foot")
        slide.notes_slide.notes_text_frame.text = "\n".join(plain(line, 2000) for line in notes.splitlines())
        return slide

    def data(self) -> bytes:
        """Return the file."""
        target = io.BytesIO()
        self._deck.save(target)
        return target.getvalue()


def text_box(
    slide: Slide, box: Box, lines: Sequence[Line], *, color: str = _DARK, name: str = "", bullets: bool = False
) -> None:
    """Add a text box with a paragraph per line; `bullets` marks the lines that are not bold."""
    shape = slide.shapes.add_textbox(*_emu(box))
    shape.name = name or "Text"
    frame = shape.text_frame
    frame.word_wrap = True
    for number, (words, size, bold) in enumerate(lines):
        paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
        paragraph.text = f"{'• ' if bullets and not bold else ''}{plain(words, 1000)}"
        paragraph.space_after = Pt(3)
        _style(paragraph.runs, size, bold, color)


def table(slide: Slide, box: Box, rows: Sequence[Sequence[str]], *, color: str, size: float = 11) -> None:
    """Add a table; the first row is its head."""
    shape = slide.shapes.add_table(len(rows), len(rows[0]), *_emu(box))
    shape.name = "Table"
    for at, row in enumerate(rows):
        for place, words in enumerate(row):
            cell = shape.table.cell(at, place)
            cell.text = plain(words, 300)
            cell.margin_top = cell.margin_bottom = Inches(0.03)
            cell.fill.solid()
            cell.fill.fore_color.rgb = _rgb(color if at == 0 else "FFFFFF" if at % 2 else "F2F2F2")
            _style(cell.text_frame.paragraphs[0].runs, size, at == 0, text_color(color) if at == 0 else _DARK)


def bar_chart(
    slide: Slide,
    box: Box,
    title: str,
    bars: Sequence[tuple[str, float]],
    *,
    color: str,
    top: float | None = 1.0,
    form: str = "0.00",
) -> None:
    """Add a native chart of horizontal bars from zero, whose data can be edited; the first bar is at the top.

    Args:
        slide: to add it to.
        box: its place.
        title: the finding, above it.
        bars: name and value.
        color: of the bars.
        top: end of the axis; `None` leaves it to the program.
        form: number format of the labels.
    """
    made: Any = CategoryChartData
    data = made()
    data.categories = [plain(name, 40) for name, _ in reversed(bars)]
    data.add_series(plain(title, 80), [value for _, value in reversed(bars)])
    frame = slide.shapes.add_chart(XL_CHART_TYPE.BAR_CLUSTERED, *_emu(box), data)
    frame.name = "Chart"
    chart = frame.chart
    chart.has_legend, chart.has_title = False, True
    chart.chart_title.text_frame.text = plain(title, 80)
    _style(chart.chart_title.text_frame.paragraphs[0].runs, 11, True, _DARK)
    chart.font.size = Pt(10)
    axis = chart.value_axis
    axis.minimum_scale, axis.has_major_gridlines, axis.visible = 0, False, False
    if top is not None:
        axis.maximum_scale = top
    plot = chart.plots[0]
    plot.gap_width, plot.has_data_labels = 40, True
    plot.data_labels.number_format, plot.data_labels.number_format_is_linked = form, False
    plot.series[0].format.fill.solid()
    plot.series[0].format.fill.fore_color.rgb = _rgb(color)


def avatar(slide: Slide, box: Box, name: str, color: str) -> None:
    """Add a circle with the initials of a persona in its colour; never a face, because there is no such person."""
    shape = slide.shapes.add_shape(MSO_SHAPE.OVAL, *_emu(box))
    shape.name = "Avatar"
    _fill(shape, color)
    shape.text_frame.text = plain(initials(name), 4)
    paragraph = shape.text_frame.paragraphs[0]
    paragraph.alignment = PP_ALIGN.CENTER
    shape.text_frame.vertical_anchor = MSO_ANCHOR.MIDDLE
    _style(paragraph.runs, 30, True, text_color(color))


def _rgb(color: str) -> Any:
    made: Any = RGBColor
    return made.from_string(color)


def _emu(box: Box) -> tuple[Any, ...]:
    return tuple(Inches(value) for value in box)


def _fill(shape: Any, color: str) -> None:
    shape.fill.solid()
    shape.fill.fore_color.rgb = _rgb(color)
    shape.line.fill.background()


def _style(runs: Sequence[Any], size: float, bold: bool, color: str) -> None:
    for run in runs:
        run.font.size, run.font.bold = Pt(size), bold
        run.font.color.rgb = _rgb(color)
