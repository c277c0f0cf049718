"""The charts of a run as picture files."""

import io
from zipfile import ZIP_STORED, ZipFile

from pipeline.domain.run import RunRecord
from pipeline.results.charts.images import image_file
from pipeline.results.report.run import run_charts


def chart_files(run: RunRecord) -> bytes:
    """A zip with each chart of the run as PNG and SVG; without a chart to draw, an empty one."""
    caption = f"{run.name} · {run.id}{' · simulated' if run.simulated else ''}"
    target = io.BytesIO()
    with ZipFile(target, "w", ZIP_STORED) as archive:
        for _, name, view in run_charts(run):
            if view.chart is not None:
                archive.writestr(f"{run.id} {name}.png", image_file(view, "png", caption))
                archive.writestr(f"{run.id} {name}.svg", image_file(view, "svg", caption))
    return target.getvalue()
