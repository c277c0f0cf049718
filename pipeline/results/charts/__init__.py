"""A run as charts: what came out, where it came from, what it cost, whether paying helped.

Pure functions from a run to a `ChartView`: an Altair chart together with its finding in words. The finding is
never drawn into the chart, so nothing is cut off. Axis and legend text takes the colours of the page; rules and
labels, which the page's theme does not reach, depend on `dark`. Where there is nothing to draw, `chart` is
`None` and the title says why. Altair is imported here and in nothing that `import pipeline` reaches.
"""

from pipeline.results.charts.cost import Progress, cost_curve
from pipeline.results.charts.scores import Dimension, moving_distribution, outcome_bar, score_distribution
from pipeline.results.charts.style import ChartView
from pipeline.results.charts.uplift import uplift_slopes

__all__ = [
    "ChartView",
    "Dimension",
    "Progress",
    "cost_curve",
    "moving_distribution",
    "outcome_bar",
    "score_distribution",
    "uplift_slopes",
]
