"""Local models and replicates side by side."""

import numpy as np
import pytest

from pipeline.calibration.estimates import mean_interval
from pipeline.domain.run import DraftFailure
from pipeline.results.local_models import local_model_rows, share_estimate
from tests.factories import make_run


def drafted_by(model: str, run_id: str, failures: int = 0):
    run = make_run([0.8, 0.6, 0.7], run_id=run_id)
    failed = tuple(DraftFailure(draft_id=f"draft-9{number}", reason="x") for number in range(failures))
    config = run.config.model_copy(update={"local_provider": "ollama", "local_model": model})
    return run.model_copy(update={"config": config, "failures": failed})


def test_every_model_is_one_row_over_all_its_runs():
    runs = [drafted_by("a", "run-1"), drafted_by("b", "run-2", failures=3), drafted_by("a", "run-3")]
    first, second = local_model_rows(runs, {}, {})
    assert (first.model, first.runs, first.usable.value, first.usable.n) == ("ollama a", ("run-1", "run-3"), 1.0, 6)
    assert (second.usable.value, second.usable.n) == (0.5, 6)
    assert first.score
    assert first.score.value == pytest.approx(0.7)
    assert (first.local_share, first.cost_micros, first.answer) == (None, None, "")


def test_one_model_alone_is_no_choice():
    assert local_model_rows([drafted_by("a", "run-1"), drafted_by("a", "run-2")], {}, {}) == ()


def test_share_of_nothing_is_unknown_between_0_and_1():
    nothing = share_estimate(0, 0)
    assert (nothing.low, nothing.high, nothing.n) == (0.0, 1.0, 0)


@pytest.mark.parametrize("runs", [2, 3, 5])
def test_interval_over_replicates_covers_the_true_mean(runs: int):
    chance = np.random.default_rng(runs)
    covered = 0
    for _ in range(400):
        # Runs differ, and so do their drafts: the mean of five skewed scores around each run's own mean.
        means = 0.7 + chance.normal(0, 0.03, runs)
        values = [float(np.clip(mean + 0.1 * (chance.beta(6, 3, 5) - 2 / 3), 0, 1).mean()) for mean in means]
        found = mean_interval(values, 0.0, 1.0)
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 0.7 <= found.high
    assert covered / 400 >= 0.92
