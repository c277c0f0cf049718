import pytest

from pipeline.domain.config import HybridConfig, Settings
from pipeline.domain.scores import RunScores, scores_of
from pipeline.hybrid.forecast import RunForecast, forecast_run
from pipeline.hybrid.preflight import Plan, plan_run
from pipeline.providers import Health
from tests.factories import make_run

SIMULATED = HybridConfig(local_provider="builtin", frontier_provider="simulated")


def _outlook(config: HybridConfig, *earlier: RunScores) -> RunForecast:
    return forecast_run(config, plan_run(config, Settings()), earlier)


def _run(*scores: float | None, **settings: object) -> RunScores:
    config = SIMULATED.model_copy(update={"count": len(scores), **settings})
    return scores_of(make_run(scores, count=len(scores)).model_copy(update={"config": config}))


def test_the_sentence_says_who_drafts_what_stays_and_what_it_costs() -> None:
    seen = _outlook(SIMULATED, _run(0.9, 0.8, 0.75, 0.5, 0.4))
    assert seen.sentence.startswith("10 drafts by builtin here; about 3 of the 5 kept stay local; at most $")
    assert seen.sentence.endswith(", from 1 earlier run on this study.")
    assert seen.sentence.count("(simulated)") == seen.sentence.count("$") == 2
    assert seen.data == "Nothing leaves this machine. The frontier is simulated."


def test_the_worst_case_never_passes_the_budget() -> None:
    seen = _outlook(SIMULATED.model_copy(update={"max_cost": 0.001}), _run(0.9, 0.5))
    assert seen.bounded
    assert seen.expected_micros <= seen.worst_micros == 1_000


def test_a_batch_halves_what_is_expected_and_says_how_long_it_may_take() -> None:
    live, batch = (
        _outlook(SIMULATED.model_copy(update={"refine_mode": mode}), _run(0.9, 0.5)) for mode in ("live", "batch")
    )
    assert batch.expected_micros == pytest.approx(live.expected_micros / 2, abs=1)
    assert batch.worst_micros == pytest.approx(live.worst_micros / 2, abs=1)
    assert "in a batch, answered within 24 hours; expected $" in batch.sentence
    assert "24 hours" not in live.sentence


def test_without_a_budget_nothing_is_promised() -> None:
    seen = _outlook(SIMULATED.model_copy(update={"max_cost": None}))
    assert not seen.bounded
    assert "without a cap" in seen.sentence


@pytest.mark.parametrize("settings", [{"enabled": False}, {"skip_frontier": True}])
def test_a_local_run_sends_and_spends_nothing(settings: dict[str, bool]) -> None:
    seen = _outlook(SIMULATED.model_copy(update=settings))
    assert (seen.expected_micros, seen.worst_micros, seen.stays_local) == (0, 0, 5)
    assert "nothing is spent" in seen.sentence


def test_a_missing_key_means_that_nothing_is_sent() -> None:
    seen = _outlook(HybridConfig(local_provider="builtin"))
    assert (seen.worst_micros, seen.simulated) == (0, False)
    assert "No frontier is called" in seen.data


def test_earlier_runs_replace_the_guess_at_the_threshold_that_is_asked_for() -> None:
    run = _run(0.9, 0.8, 0.5, 0.4)
    strict = SIMULATED.model_copy(update={"count": 4, "quality_threshold": 0.85})
    lenient = SIMULATED.model_copy(update={"count": 4, "quality_threshold": 0.45})
    assert (_outlook(strict, run).stays_local, _outlook(lenient, run).stays_local) == (1, 3)
    assert _outlook(strict, run).basis == "1 earlier run on this study"


@pytest.mark.parametrize("other", [{"local_provider": "ollama"}, {"draft_factor": 1.0}])
def test_runs_drafted_in_another_way_say_nothing(other: dict[str, object]) -> None:
    run = _run(0.9, 0.9, **other)
    seen = _outlook(SIMULATED, run)
    assert (seen.basis, seen.stays_local, seen.expected_micros) == ("not known before the first drafts", None, None)
    assert "how many of the 5 kept stay local is not known before the first drafts; at most $" in seen.sentence
    assert "expected" not in seen.sentence


def test_one_persona_reads_well() -> None:
    config = SIMULATED.model_copy(update={"count": 1, "draft_factor": 1.0})
    seen = _outlook(config, _run(0.9, draft_factor=1.0))
    assert seen.sentence.startswith("1 draft by builtin here; the best one probably stays local")


def test_redaction_is_named_where_something_leaves() -> None:
    config = HybridConfig(local_provider="builtin")
    planned = plan_run(SIMULATED, Settings())
    assert planned.frontier is not None
    sent = Plan(**{**planned._asdict(), "frontier": _Paid()})
    assert (
        "after names, contact details and numbers of cards and papers are replaced" in forecast_run(config, sent).data
    )
    assert "as they are" in forecast_run(config.model_copy(update={"redact": False}), sent).data


class _Paid:
    """Stands for a frontier that something would be sent to."""

    simulated = False


@pytest.mark.parametrize(
    ("address", "words"),
    [("http://127.0.0.1:11434", "by qwen2.5:7b here"), ("http://gpu.example:11434", "by qwen2.5:7b on your ollama")],
)
def test_a_drafting_server_elsewhere_is_not_called_here(address: str, words: str) -> None:
    planned = plan_run(SIMULATED, Settings())
    remote = planned._asdict() | {
        "config": planned.config.model_copy(update={"local_provider": "ollama"}),
        "local": _Server(),
        "local_health": Health(ready=True, sentence=f"Ollama at {address} has qwen2.5:7b."),
    }
    seen = forecast_run(SIMULATED, Plan(**remote))
    assert words in seen.sentence
    assert address in seen.data


class _Server:
    """Stands for a model server outside this process."""

    in_process = False
