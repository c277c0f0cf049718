from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.calls import CallChoice, CallGroup, sum_calls
from pipeline.domain.config import HybridConfig
from pipeline.domain.run import ModelCall, Timing, Usage
from pipeline.errors import StoreError
from pipeline.store import Store
from tests.factories import STARTED, make_call
from tests.store.test_store import make_study


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "persona.db")
    store.save_study(make_study())
    return store


def write(store: Store, calls: Sequence[ModelCall], *, simulated: bool = False, name: str = "Night tariff") -> str:
    """A run with these calls."""
    run_id = store.create_run("study-1", HybridConfig(max_cost=None), name=name, simulated=simulated, now=STARTED)
    log = store.log(run_id)
    for call in calls:
        log.call_opened(call.model_copy(update={"status": "in_flight"}))
        log.call_closed(call)
    return run_id


def local(number: int, latency_ms: int = 4) -> ModelCall:
    call = make_call(number, cost_micros=0)
    own = {"stage": "draft", "provider": "builtin", "reserved_micros": 0, "latency_ms": latency_ms, "usage": Usage()}
    return call.model_copy(update={**own, "id": f"draft-001.draft.{number}"})


def test_totals_tell_apart_how_attempts_ended_and_what_is_still_reserved(store):
    ended = [make_call(n, status=status) for n, status in enumerate(("ok", "truncated", "failed", "lost", "in_flight"))]
    run_id = write(store, [*ended, local(9)])
    total = sum_calls(store.call_groups(run_id), CallChoice(run_id=run_id))
    counts = (total.attempts, total.answered, total.unusable, total.failed, total.lost, total.in_flight)
    assert counts == (6, 2, 1, 1, 1, 1)
    assert (total.paid, total.settled_micros, total.reserved_micros) == (4, 60_000, 20_000)
    assert (total.input_tokens, total.output_tokens) == (5 * 2600, 5 * 700)


def test_real_and_simulated_money_are_never_added_up(store):
    write(store, [make_call(0)])
    write(store, [make_call(0, simulated=True), make_call(1, simulated=True, status="in_flight")], simulated=True)
    total = sum_calls(store.call_groups(), CallChoice())
    assert (total.settled_micros, total.reserved_micros) == (20_000, 0)
    assert (total.simulated_settled_micros, total.simulated_reserved_micros) == (20_000, 20_000)
    assert (total.has_real, total.has_simulated) == (True, True)


def test_a_choice_narrows_totals_lists_and_latencies_alike(store):
    run_id = write(store, [make_call(0), make_call(1, status="failed"), local(2)])
    write(store, [make_call(0)], name="Another run")
    for choice, expected in (
        (CallChoice(), 4),
        (CallChoice(run_id=run_id), 3),
        (CallChoice(run_id=run_id, stage="refine"), 2),
        (CallChoice(provider="builtin"), 1),
        (CallChoice(status="failed"), 1),
        (CallChoice(run_id="run-gone"), 0),
    ):
        assert sum_calls(store.call_groups(choice.run_id), choice).attempts == expected
        assert len(store.calls(choice)) == expected
        assert sum(latency.n for latency in store.call_latencies(choice)) == expected


def test_calls_are_listed_newest_first_and_without_their_texts(store):
    call = make_call(1).model_copy(update={"payload": "sent", "reply": "came back", "flag": "Too much."})
    run_id = write(store, [make_call(0), call, make_call(2)])
    newest, listed = store.calls(CallChoice(), limit=2)
    assert (newest.call.id, listed.run_id, listed.run_name) == ("draft-001.refine.3", run_id, "Night tariff")
    assert listed.call == call.model_copy(update={"payload": "", "reply": None})
    assert store.call(run_id, call.id) == call


def test_calls_are_paged_and_a_call_knows_how_many_are_newer(store):
    run_id = write(store, [make_call(number) for number in range(5)])
    other = write(store, [make_call(0)])
    for choice, newer in ((CallChoice(run_id=run_id), 3), (CallChoice(), 3), (CallChoice(stage="draft"), None)):
        listed = [(item.run_id, item.call.id) for item in store.calls(choice)]
        pages = [store.calls(choice, limit=2, offset=offset) for offset in (0, 2, 4)]
        assert [(item.run_id, item.call.id) for page in pages for item in page] == listed
        found = store.count_newer_calls(choice, run_id, "draft-001.refine.2")
        assert found == newer
        assert found is None or listed[found] == (run_id, "draft-001.refine.2")
    assert store.count_newer_calls(CallChoice(run_id=run_id), other, "draft-001.refine.9") is None


def test_a_call_that_is_not_there_is_named(store):
    with pytest.raises(StoreError, match="no call 'draft-9'"):
        store.call("run-gone", "draft-9")


def test_a_call_lost_with_its_process_has_no_latency(store):
    lost = make_call(1, status="lost").model_copy(update={"latency_ms": 0})
    run_id = write(store, [make_call(0), lost, make_call(2, status="in_flight"), local(3, latency_ms=0)])
    drafts, refinements = store.call_latencies(CallChoice(run_id=run_id))
    assert (drafts.stage, drafts.n, drafts.median_ms) == ("draft", 1, 0)
    assert (refinements.n, refinements.median_ms, refinements.p95_ms) == (1, 1500, 1500)


@pytest.mark.parametrize(("times", "median", "p95"), [([1, 2, 3, 10], 2.5, 10), (list(range(1, 41)), 20.5, 38)])
def test_median_is_the_middle_and_p95_a_time_that_was_measured(store, times, median, p95):
    write(store, [local(number, latency_ms=time) for number, time in enumerate(times)])
    (latency,) = store.call_latencies(CallChoice())
    assert (latency.n, latency.median_ms, latency.p95_ms) == (len(times), median, p95)


GROUPS = st.builds(
    CallGroup,
    stage=st.sampled_from(("draft", "refine")),
    provider=st.sampled_from(("builtin", "anthropic")),
    status=st.sampled_from(("ok", "failed", "lost", "in_flight", "refused")),
    simulated=st.booleans(),
    imported=st.booleans(),
    **{
        name: st.integers(0, 1000)
        for name in ("attempts", "paid", "input_tokens", "output_tokens", "cached_tokens", "cost_micros")
    },
)


@given(st.lists(GROUPS, max_size=8))
def test_no_attempt_and_no_money_is_lost_or_counted_twice(groups):
    total = sum_calls(groups, CallChoice())
    ended = total.answered + total.unusable + total.failed + total.lost + total.in_flight
    assert total.attempts == ended == sum(group.attempts for group in groups)
    money = (total.settled_micros, total.reserved_micros, total.simulated_settled_micros)
    here = sum(money) + total.simulated_reserved_micros
    elsewhere = total.elsewhere_micros + total.simulated_elsewhere_micros
    assert elsewhere == sum(group.cost_micros for group in groups if group.imported)
    assert here + elsewhere == sum(group.cost_micros for group in groups)
    of_a_run = sum_calls(groups, CallChoice(run_id="run-1"))
    assert (of_a_run.elsewhere_micros, of_a_run.attempts) == (0, total.attempts)
    stages = [sum_calls(groups, CallChoice(stage=stage)).cached_tokens for stage in ("draft", "refine")]
    assert sum(stages) == total.cached_tokens


def test_sums_follow_calls_that_change_and_runs_that_go(store):
    kept = write(store, [make_call(0), make_call(1, status="failed"), make_call(2, status="in_flight")])
    gone = write(store, [make_call(0), local(1)])
    store.finish_run(
        gone, "failed", error=None, timing=Timing(), frontier_only_micros=None, price_source="", scorer_version="",
        now=STARTED,
    )  # fmt: skip
    store.delete_run(gone)
    assert store.call_groups() == store.call_groups(kept)
    assert {group.status: group.attempts for group in store.call_groups()} == {"ok": 1, "failed": 1, "in_flight": 1}
    assert sum_calls(store.call_groups(), CallChoice()).paid == sum(
        call.cost_micros > 0 for call in store.run(kept).calls
    )
