"""Charts of a run: scores, outcomes, cost, and gain from refining.

Pure functions from a run to a `ChartView`: an Altair chart with its finding in words. The finding is never drawn into
the chart, so it is not cut off. Axis and legend text takes the colours of the page; rules and labels, which the page's
theme does not reach, depend on `dark`. Without data, `chart` is `None` and the title gives the reason. Altair is
imported only here; `import pipeline` does not reach it.
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
