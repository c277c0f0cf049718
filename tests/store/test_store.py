import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.config import HybridConfig
from pipeline.domain.facts import with_facts
from pipeline.domain.run import Batch, DraftFailure, ModelCall, RunStatus, Timing, Usage
from pipeline.domain.study import Study, StudySize
from pipeline.errors import BudgetExhausted, Cancelled, InputError, StoreError
from pipeline.hybrid.memory_log import MemoryLog
from pipeline.store import Store
from tests.factories import STARTED, make_assessment, make_call, make_draft, make_final, make_persona, make_run
from tests.replay import play

ROOT = Path(__file__).parents[2]
LATER = STARTED + timedelta(seconds=72)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "persona.db"


@pytest.fixture
def store(path):
    store = Store(path)
    store.save_study(make_study())
    return store


def make_study(text: str = "I just want to know.", study_id: str = "study-1") -> Study:
    return Study.model_validate(
        {
            "id": study_id,
            "name": "Heating at home",
            "documents": [{"id": "d1", "name": "a.txt", "kind": "interview transcript", "words": 5}],
            "participants": [{"id": "P1", "documents": ["d1"], "words": 5}],
            "segments": [
                {"id": "d1.1", "document": "d1", "participant": "P1", "role": "participant", "text": text, "where": "1"}
            ],
        }
    )


def begin(
    store: Store,
    name: str = "Night tariff",
    config: HybridConfig | None = None,
    after_s: float = 0,
    study_id: str = "study-1",
) -> str:
    now = STARTED + timedelta(seconds=after_s)
    return store.create_run(study_id, config or HybridConfig(), name=name, simulated=False, now=now)


def finish(store: Store, run_id: str, status: RunStatus = "completed", error: str | None = None) -> None:
    store.finish_run(
        run_id,
        status,
        error=error,
        timing=Timing(wall_s=72.0, draft_s=40.0, assess_s=2.0, refine_s=30.0),
        frontier_only_micros=90_000,
        price_source="genai-prices",
        scorer_version="test/1",
        now=LATER,
    )


def a_run_with_everything():
    run = make_run([0.9, 0.4, None, 0.55, 0.1], refined={1: 0.8, 3: 0.5}, count=4, extra_calls=[make_call(7, draft=2)])
    call = run.calls[0].model_copy(
        update={
            "payload": '{"prompt": "é \\u0000"}',
            "reply": '{"name": "Ada"}',
            "error": "none",
            "flag": "Too many tokens were billed.",
            "latency_ms": 12,
        }
    )
    return run.model_copy(
        update={
            "calls": (call, *run.calls[1:]),
            "failures": (DraftFailure(draft_id="draft-006", reason="no answer"),),
            "warnings": ("1 of 6 drafts failed.", "Little data."),
        }
    )


# --- studies and runs ------------------------------------------------------------------------------


def test_a_study_comes_back_as_it_was_saved(store):
    assert store.study("study-1") == make_study()
    assert [(one.id, one.name, one.size, one.runs) for one in store.studies()] == [
        ("study-1", "Heating at home", StudySize(documents=1, participants=1, segments=1, words=5), 0)
    ]


def test_saving_a_study_again_keeps_it_and_its_runs(store):
    begin(store)
    store.save_study(make_study().model_copy(update={"name": "Another name"}))
    assert [(one.name, one.runs) for one in store.studies()] == [("Heating at home", 1)]


def test_studies_and_runs_are_listed_newest_first(store):
    store.save_study(make_study(study_id="study-2"))
    first, second = begin(store, after_s=0), begin(store, after_s=1)
    assert [one.id for one in store.studies()] == ["study-2", "study-1"]
    assert [one.id for one in store.runs()] == [second, first]
    assert [one.id for one in store.runs(limit=1)] == [second]


def test_a_run_comes_back_equal_to_the_same_run_kept_in_memory(store):
    run, memory = a_run_with_everything(), MemoryLog()
    run_id = begin(store, config=run.config)
    for log in (store.log(run_id), memory):
        play(log, run)
    finish(store, run_id)
    header = run.model_copy(
        update={"id": run_id, "study": make_study().size, "frontier_only_micros": 90_000, "finished_at": LATER}
    )
    assert store.run(run_id) == with_facts(header, memory.facts())


def test_the_same_facts_come_back_through_another_store_object(store, path):
    run_id = begin(store)
    play(store.log(run_id), a_run_with_everything())
    assert Store(path).facts(run_id) == store.facts(run_id)


def test_a_list_of_runs_is_summed_up_in_numbers(store):
    run = a_run_with_everything()
    run_id, empty = begin(store, config=run.config), begin(store, after_s=1)
    play(store.log(run_id), run)
    finish(store, run_id)
    nothing, summary = store.runs()
    assert (nothing.id, nothing.personas, nothing.mean_score, nothing.local, nothing.spent_micros) == (
        (empty, 0, None, 0, 0)
    )
    assert (summary.status, summary.personas, summary.local) == ("completed", 4, 3)
    assert summary.mean_score == pytest.approx((0.9 + 0.8 + 0.55 + 0.1) / 4)
    assert summary.spent_micros == run.spent_micros == 60_000
    assert (summary.study_name, summary.budget_micros, summary.threshold) == ("Heating at home", 5_000_000, 0.7)


def test_progress_counts_what_is_done_and_keeps_reserved_money_apart(store):
    run_id = begin(store)
    log = store.log(run_id)
    before = store.progress(run_id)
    assert (before.stage, before.planned, before.latest, before.stage_started_at) == (
        None,
        {},
        "The run has begun.",
        None,
    )
    log.stage_started("draft", 3)
    for number in range(2):
        log.draft_written(make_draft(number, 0.5).draft)
    log.draft_failed(DraftFailure(draft_id="draft-003", reason="no answer"))
    log.stage_started("assess", 2)
    log.draft_assessed("draft-001", make_assessment(None))
    log.call_opened(make_call(0))
    log.call_opened(make_call(1, status="in_flight"))
    now = store.progress(run_id)
    assert (now.drafted, now.failed, now.assessed, now.finished) == (2, 1, 1, 0)
    assert (now.stage, now.planned) == ("assess", {"draft": 3, "assess": 2})
    assert (now.spent_micros, now.reserved_micros, now.budget_micros) == (20_000, 20_000, 5_000_000)
    assert now.latest == "anthropic claude-sonnet-5-5 is refining draft-001."
    assert now.started_at == STARTED


def test_a_draft_that_is_had_after_all_is_no_failure(store):
    run_id = begin(store)
    store.log(run_id).draft_failed(DraftFailure(draft_id="draft-001", reason="no answer"))
    store.log(run_id).draft_written(make_draft(0, 0.5).draft)
    assert store.facts(run_id).failures == ()


def test_a_run_can_be_renamed_and_cancelled_from_elsewhere(store, path):
    run_id = begin(store)
    assert not store.log(run_id).is_cancelled()
    Store(path).request_cancel(run_id)
    Store(path).rename_run(run_id, "Day tariff")
    assert store.log(run_id).is_cancelled()
    assert store.progress(run_id).cancel_requested
    assert store.run(run_id).name == "Day tariff"


def test_a_failed_run_says_why(store):
    run_id = begin(store)
    finish(store, run_id, "failed", error="All 3 drafts failed.")
    assert (store.run(run_id).status, store.run(run_id).error) == ("failed", "All 3 drafts failed.")


def test_a_cancelled_run_can_be_taken_up_again(store):
    run_id = begin(store)
    store.request_cancel(run_id)
    finish(store, run_id, "cancelled", error="x")
    store.reopen_run(run_id, now=LATER)
    run = store.run(run_id)
    assert (run.status, run.error, run.finished_at) == ("running", None, None)
    assert not store.log(run_id).is_cancelled()


@pytest.mark.parametrize("status", ["running", "completed"])
def test_a_run_that_is_running_or_complete_is_not_taken_up(store, status):
    run_id = begin(store)
    if status == "completed":
        finish(store, run_id)
    with pytest.raises(StoreError, match=f"is {status}: there is nothing to resume"):
        store.reopen_run(run_id, now=LATER)


def test_a_call_still_open_when_its_run_ends_is_lost_and_charged(store):
    run_id = begin(store)
    store.log(run_id).call_opened(make_call(0, status="in_flight"))
    finish(store, run_id, "failed", error="x")
    assert [(call.status, call.cost_micros) for call in store.run(run_id).calls] == [("lost", 20_000)]
    assert store.progress(run_id).spent_micros == 20_000


@pytest.mark.parametrize(("ended", "status"), [(False, "in_flight"), (True, "lost")])
def test_a_call_of_a_batch_stays_open_until_the_batch_has_ended(store, ended, status):
    run_id, batch = begin(store), Batch(marker="persona-1", sent_at=STARTED)
    log = store.log(run_id)
    log.batch_changed(batch)
    log.call_opened(make_call(0, status="in_flight").model_copy(update={"batch": "persona-1"}))
    assert store.progress(run_id).batch == batch
    log.batch_changed(batch.model_copy(update={"batch_id": "b-1", "ended": ended}))
    finish(store, run_id, "interrupted")
    store.reopen_run(run_id, now=LATER)
    facts = store.facts(run_id)
    assert [(call.status, call.cost_micros) for call in facts.calls] == [(status, 20_000)]
    assert facts.batches == (batch.model_copy(update={"batch_id": "b-1", "ended": ended}),)
    assert (store.progress(run_id).batch is None) == ended


# --- money ------------------------------------------------------------------------------------------


def open_calls(store: Store, run_id: str, prices: Sequence[int], first: int = 0) -> list[str]:
    """Open calls of these reservations; says of each whether it fitted."""
    said = []
    for number, price in enumerate(prices, start=first):
        call = make_call(number, cost_micros=price, status="in_flight")
        try:
            store.log(run_id).call_opened(call)
            said.append("fits")
        except BudgetExhausted as error:
            said.append("held" if error.free_micros >= price else "spent")
    return said


def spend(store: Store, run_id: str, micros: int, number: int = 0) -> None:
    log = store.log(run_id)
    log.call_opened(make_call(number, cost_micros=micros, status="in_flight"))
    log.call_closed(make_call(number, cost_micros=micros))


def budget(max_cost: float | None = None, project: str | None = None, shared: float | None = None) -> HybridConfig:
    return HybridConfig(max_cost=max_cost, project=project, project_max_cost=shared)


def test_a_call_that_does_not_fit_the_budget_leaves_no_row(store):
    run_id = begin(store, config=budget(0.05))
    assert open_calls(store, run_id, [20_100, 20_100, 20_100, 9_800, 1, 0]) == [
        *("fits", "fits", "spent", "fits", "spent", "fits")
    ]
    assert [call.cost_micros for call in store.facts(run_id).calls] == [20_100, 20_100, 9_800, 0]


def test_runs_of_a_project_share_its_budget_and_others_do_not(store):
    first, second = (begin(store, config=budget(5, "heating", 0.05)) for _ in range(2))
    alone, other = begin(store, config=budget(5)), begin(store, config=budget(5, "lighting", 0.05))
    spend(store, first, 40_000)
    assert open_calls(store, second, [10_001, 10_000, 1]) == ["spent", "fits", "held"]
    assert open_calls(store, alone, [50_000]) == open_calls(store, other, [50_000]) == ["fits"]


def test_refusal_of_a_shared_budget_names_it_and_what_is_left(store):
    run_id = begin(store, config=budget(5, "heating", 0.05))
    with pytest.raises(
        BudgetExhausted, match=r"could cost \$0\.06, and \$0\.05 of the budget of \$0\.05 .*'heating' share"
    ):
        store.log(run_id).call_opened(make_call(0, cost_micros=60_000))


def test_deleting_a_run_gives_its_project_no_money_back(store):
    store.save_study(make_study(study_id="study-2"))
    for study_id, delete in (("study-1", store.delete_run), ("study-2", lambda _: store.delete_study("study-2"))):
        run_id = begin(store, config=budget(5, "heating", 0.05), study_id=study_id)
        spend(store, run_id, 20_000)
        finish(store, run_id)
        delete(run_id)
    assert open_calls(store, begin(store, config=budget(5, "heating", 0.05)), [10_001, 10_000]) == ["spent", "fits"]


def test_simulated_money_is_no_real_money(store):
    config = budget(5, "heating", 0.05)
    play = store.create_run("study-1", config, name="x", simulated=True, now=STARTED)
    spend(store, play, 50_000)
    assert open_calls(store, begin(store, config=config), [50_000]) == ["fits"]


def test_a_cancelled_run_opens_no_call_not_even_a_free_one(store):
    run_id = begin(store)
    store.request_cancel(run_id)
    with pytest.raises(Cancelled):
        store.log(run_id).call_opened(make_call(0, cost_micros=0))


def test_the_same_attempt_is_never_opened_twice(store):
    run_id = begin(store)
    store.log(run_id).call_opened(make_call(0))
    with pytest.raises(StoreError, match="UNIQUE"):
        store.log(run_id).call_opened(make_call(0))


SPENDER = """
import sys, time
from pathlib import Path
from pipeline.errors import BudgetExhausted
from pipeline.store import Store
from tests.store.test_store import begin, budget, make_call
store = Store(Path(sys.argv[1]))
log = store.log(begin(store, config=budget(5, "heating", float(sys.argv[2]))))
print("ready", flush=True)
sys.stdin.readline()
for number in range(60):
    call = make_call(number, cost_micros=7_000, status="in_flight")
    try:
        log.call_opened(call)
    except BudgetExhausted:
        continue
    finally:
        time.sleep(0.01)  # as a model takes time; otherwise one process may be done before the other gets its turn
    log.call_closed(call.model_copy(update={"status": "ok", "cost_micros": 5_000}))
"""


def test_processes_that_share_a_budget_never_pass_it_and_use_it_up(store, path):
    command = [sys.executable, "-c", SPENDER, str(path), "0.2"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    spenders = [subprocess.Popen(command, cwd=ROOT, **pipes) for _ in range(2)]
    assert [spender.stdout.readline() for spender in spenders] == ["ready\n"] * 2
    for spender in spenders:
        spender.stdin.write("go\n")
        spender.stdin.flush()
    for spender in spenders:
        spender.communicate(timeout=60)
    assert [spender.returncode for spender in spenders] == [0, 0]
    # Which of the two bought more is up to the machine: one may be done before the other gets its turn.
    assert 193_000 < sum(run.spent_micros for run in store.runs()) <= 200_000


# --- asking for what is not there ------------------------------------------------------------------


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store.study("run-no"),
        lambda store: store.delete_study("run-no"),
        lambda store: store.run("run-no"),
        lambda store: store.facts("run-no"),
        lambda store: store.progress("run-no"),
        lambda store: store.rename_run("run-no", "x"),
        lambda store: store.delete_run("run-no"),
        lambda store: store.log("run-no").is_cancelled(),
        lambda store: store.log("run-no").draft_assessed("run-no", make_assessment(0.5)),
        lambda store: finish(store, "run-no"),
        lambda store: store.create_run("run-no", HybridConfig(), name="x", simulated=False, now=STARTED),
    ],
)
def test_what_is_not_there_is_named(store, ask):
    with pytest.raises(StoreError, match=r"There is no (study|run|draft) 'run-no'"):
        ask(store)


def test_a_fact_of_a_deleted_run_is_refused(store):
    with pytest.raises(StoreError, match="has been deleted"):
        store.log("run-no").warn("Little data.")


def test_a_run_is_found_by_id_beginning_or_name(store):
    run_id = begin(store)
    assert {store.find_run(text) for text in (run_id, run_id[:8], "Night tariff")} == {run_id}


def test_an_ambiguous_run_is_answered_with_the_candidates(store):
    first, second = begin(store), begin(store)
    for text in ("run-", "Night tariff"):
        with pytest.raises(InputError, match=f"2 runs match '{text}': .*(Night tariff).*Give a full id") as caught:
            store.find_run(text)
        assert first in str(caught.value)
        assert second in str(caught.value)


@pytest.mark.parametrize("text", ["run-zzz", "", "%", "run-\0", "\ud800", "Night"])
def test_an_unknown_run_is_answered_with_the_latest(store, text):
    run_id = begin(store)
    with pytest.raises(InputError, match=f"No run matches .* The latest are {run_id}"):
        store.find_run(text)


# --- odd values ------------------------------------------------------------------------------------

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=30)


def as_utf8(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("odd") / "persona.db")
    store.save_study(make_study())
    return store, begin(store)


@settings(max_examples=40, deadline=None)
@given(name=ANY_TEXT, quote=ANY_TEXT, payload=ANY_TEXT, warning=ANY_TEXT)
def test_any_text_comes_back_with_half_characters_replaced(shared, name, quote, payload, warning):
    store, run_id = shared
    draft = make_draft(0, 0.5).draft.model_copy(update={"persona": make_persona(name=name, quotes=(quote,))})
    store.log(run_id).draft_written(draft)
    call = make_call(len(store.facts(run_id).calls), cost_micros=0)
    store.log(run_id).call_opened(call)
    store.log(run_id).call_closed(call.model_copy(update={"payload": payload, "reply": quote}))
    store.log(run_id).warn(warning)
    store.rename_run(run_id, name)
    run, facts = store.run(run_id), store.facts(run_id)
    assert run.name == facts.drafts[0].persona.name == as_utf8(name)
    assert facts.drafts[0].persona.quotes == (as_utf8(quote),)
    assert (run.calls[-1].payload, run.calls[-1].reply) == (as_utf8(payload), as_utf8(quote))
    assert as_utf8(warning) in run.warnings


def test_a_megabyte_comes_back(store):
    run_id, text = begin(store), "🙂é\0\u202e" * 250_000
    call: ModelCall = make_call(0).model_copy(update={"payload": text})
    store.log(run_id).call_opened(call)
    assert store.run(run_id).calls == (call,)


def test_endless_usage_figures_are_kept_and_break_no_sum(store):
    run_id = begin(store, config=HybridConfig(max_cost=None))
    usage = Usage(input_tokens=10**30)
    calls = tuple(make_call(n).model_copy(update={"usage": usage, "cost_micros": 10**30}) for n in range(3))
    for call in calls:
        store.log(run_id).call_opened(call)
    assert store.run(run_id).calls == calls
    assert store.progress(run_id).spent_micros == store.runs()[0].spent_micros == 3 * 2**53


# --- many at once, and death -----------------------------------------------------------------------

WRITER = """
import sys, itertools
from pathlib import Path
from pipeline.domain.config import HybridConfig
from pipeline.store import Store
from tests.factories import STARTED, make_call, make_draft
from tests.store.test_store import begin, make_study
store = Store(Path(sys.argv[1]))
store.save_study(make_study())
run_id = begin(store)
log = store.log(run_id)
for number in range(int(sys.argv[2])):
    log.draft_written(make_draft(number, 0.5).draft)
    log.call_opened(make_call(number, status="in_flight"))
    print(run_id, number, flush=True)
"""


def start_writer(path: Path, rows: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(path), str(rows)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_threads_open_one_new_file_and_write_at_once(path):
    def work(number: int) -> str:
        store = Store(path)
        store.save_study(make_study())
        run_id = begin(store)
        play(store.log(run_id), make_run([0.9, 0.4, 0.6]))
        return run_id

    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(work, range(8)))
    assert {(one.id in ids, one.personas) for one in Store(path).runs()} == {(True, 3)}
    assert len(ids) == 8


def test_threads_write_facts_of_one_run_at_once(store):
    run_id = begin(store)
    log = store.log(run_id)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: log.draft_written(make_draft(number, 0.5).draft), range(80)))
    assert len(store.facts(run_id).drafts) == 80


def test_two_processes_open_one_new_file_and_write_at_once(path):
    writers = [start_writer(path, 60) for _ in range(2)]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0]
    for writer in writers:
        writer.stdout.close()
    store = Store(path)
    assert [len(store.facts(run.id).drafts) for run in store.runs()] == [60, 60]


def test_a_process_killed_while_writing_loses_nothing_and_is_noticed(path):
    writer = start_writer(path, 1_000_000)
    for _ in range(40):
        run_id, number = writer.stdout.readline().split()
    store = Store(path)
    assert store.mark_interrupted(LATER) == []  # it is alive, however silent
    os.kill(writer.pid, signal.SIGKILL)
    told = [run_id, *(line.split()[1] for line in writer.stdout)]
    number = int(told[-1]) if len(told) > 1 else int(number)
    os.waitid(os.P_PID, writer.pid, os.WEXITED | os.WNOWAIT)
    assert store.mark_interrupted(LATER) == [run_id]  # also before anyone has collected the dead process
    writer.wait()
    writer.stdout.close()
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    run, facts = store.run(run_id), store.facts(run_id)
    assert len(facts.drafts) > number
    assert run.status == "interrupted"
    assert {(call.status, call.cost_micros) for call in run.calls} == {("lost", 20_000)}
    assert store.progress(run_id).reserved_micros == 0
    assert store.mark_interrupted(LATER) == []


def elsewhere(path: Path, column: str, value: object) -> None:
    with sqlite3.connect(path) as db:
        db.execute(f"UPDATE runs SET {column} = ?", [value])


def test_a_reused_process_number_is_not_the_same_process(store, path):
    run_id = begin(store)
    elsewhere(path, "process_started", 1.0)
    assert store.mark_interrupted(STARTED) == [run_id]


def test_a_run_on_another_machine_is_given_up_after_a_minute_of_silence(store, path):
    run_id = begin(store)
    elsewhere(path, "host", "another-machine")
    store.heartbeat(run_id, STARTED + timedelta(seconds=10))
    assert store.mark_interrupted(STARTED + timedelta(seconds=70)) == []
    assert store.mark_interrupted(STARTED + timedelta(seconds=71)) == [run_id]


# --- deleting --------------------------------------------------------------------------------------

SECRET = "Aschenbrödel-7731"


def bytes_on_disk(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in path.parent.iterdir())


def a_run_with_a_secret(store: Store, study_id: str = "study-1") -> str:
    run_id = begin(store, name=SECRET, study_id=study_id)
    log, item = store.log(run_id), make_draft(0, 0.5)
    draft = item.draft.model_copy(update={"persona": make_persona(name=SECRET, quotes=(SECRET * 5_000,))})
    log.draft_written(draft)
    log.draft_written(draft.model_copy(update={"persona": make_persona(name=SECRET)}))
    log.call_opened(make_call(0).model_copy(update={"payload": SECRET}))
    log.persona_finished(make_final(item, "kept_local").model_copy(update={"persona": draft.persona}))
    log.draft_failed(DraftFailure(draft_id="draft-002", reason=SECRET))
    log.warn(SECRET)
    finish(store, run_id)
    return run_id


def test_deleting_a_study_takes_its_runs_and_every_trace_of_its_text(store, path):
    store.save_study(make_study(SECRET, "study-2"))
    run_id = a_run_with_a_secret(store, "study-2")
    assert SECRET.encode() in bytes_on_disk(path)
    store.delete_study("study-2")
    assert SECRET.encode() not in bytes_on_disk(path)
    assert [study.id for study in store.studies()] == ["study-1"]
    with pytest.raises(StoreError, match="There is no run"):
        store.run(run_id)
    with sqlite3.connect(path) as db:
        for table in ("runs", "stages", "drafts", "failures", "personas", "calls", "events"):
            assert db.execute(f"SELECT COUNT(*) FROM {table}").fetchone() == (0,)


def test_deleting_a_run_leaves_its_study_and_the_other_runs(store):
    run_id, other = a_run_with_a_secret(store), begin(store)
    store.delete_run(run_id)
    assert [run.id for run in store.runs()] == [other]
    assert store.study("study-1") == make_study()


@pytest.mark.parametrize(
    "delete", [lambda store, run: store.delete_run(run), lambda store, _: store.delete_study("study-1")]
)
def test_nothing_is_deleted_under_a_run_that_is_running(store, delete):
    run_id = begin(store)
    with pytest.raises(StoreError, match=f"Still running: {run_id}.*Cancel first"):
        delete(store, run_id)
    assert store.progress(run_id).status == "running"


def test_a_reader_that_keeps_deleted_text_alive_is_reported(store, path):
    a_run_with_a_secret(store)
    with sqlite3.connect(path) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM runs").fetchone()
        with pytest.raises(StoreError, match="It is deleted, but its text remains"):
            Store(path, busy_s=0.1).delete_study("study-1")
        reader.rollback()
    reader.close()
    assert store.runs() == []


# --- files that cannot be used ---------------------------------------------------------------------


def test_the_folder_is_made_and_the_name_may_hold_anything(tmp_path):
    path = tmp_path / "new" / "50% of? #1 é.db"
    Store(path).save_study(make_study())
    assert len(Store(path).studies()) == 1
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_file_that_is_no_database_is_left_alone(path):
    path.write_bytes(b"participant,answer\nP1,yes\n" * 100)
    with pytest.raises(StoreError, match=r"persona.db: is not a SQLite database and stays unchanged"):
        Store(path)
    assert path.read_bytes().startswith(b"participant")


def test_a_damaged_database_is_reported(store, path):
    play(store.log(begin(store)), a_run_with_everything())
    damaged = bytearray(path.read_bytes())
    damaged[4096:] = os.urandom(len(damaged) - 4096)
    path.write_bytes(bytes(damaged))
    with pytest.raises(StoreError, match=r"is damaged|is not a SQLite"):
        Store(path).runs()


def test_a_folder_is_no_database(tmp_path):
    with pytest.raises(StoreError, match="cannot be opened"):
        Store(tmp_path)


def test_a_file_in_the_place_of_the_folder_is_reported(tmp_path):
    (tmp_path / "data").write_text("a file")
    with pytest.raises(StoreError, match="this folder cannot be created"):
        Store(tmp_path / "data" / "persona.db")


def test_a_file_that_disappears_is_not_silently_made_anew(store, path):
    path.unlink()
    with pytest.raises(StoreError, match="existing file"):
        store.runs()
    assert not path.exists()


def test_a_file_that_is_replaced_during_a_run_gets_no_paid_call(store, path, tmp_path):
    run_id = begin(store)
    with store.busy():
        Store(tmp_path / "other.db")
        (tmp_path / "other.db").replace(path)
        with pytest.raises(StoreError, match="There is no run"):
            store.log(run_id).call_opened(make_call(0, status="in_flight"))


def test_a_locked_file_is_reported_after_waiting(store, path):
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked by another program"):
        Store(path, busy_s=0.05).rename_run("x", "y")
    holder.close()


@contextmanager
def without_privileges():
    """For root every file may be written, so be somebody else for a moment."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_file_that_may_not_be_written_is_reported():
    folder = Path(tempfile.mkdtemp(prefix="persona-read-only-"))
    path = folder / "persona.db"
    store = Store(path)
    path.chmod(0o444)
    folder.chmod(0o555)
    try:
        with without_privileges(), pytest.raises(StoreError, match=r"is read-only|readable and writable"):
            store.save_study(make_study())
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


def test_a_full_disk_is_reported_and_keeps_what_was_written(store, path):
    run_id = begin(store)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 100_000, hard))
    try:
        with pytest.raises(StoreError, match="disk"):
            store.log(run_id).warn("x" * 1_000_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert store.run(run_id).warnings == ()
    store.log(run_id).warn("There is room again.")
    assert store.run(run_id).warnings == ("There is room again.",)
