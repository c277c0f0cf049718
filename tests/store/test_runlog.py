import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipeline.domain.facts import with_facts
from pipeline.domain.run import DraftFailure, Timing
from pipeline.domain.study import Study
from pipeline.hybrid.memory_log import MemoryLog
from pipeline.store.events import describe, describe_score, describe_stage
from tests.factories import STARTED, make_assessment, make_call, make_draft, make_final, make_persona, make_run
from tests.replay import play

BUILTIN = make_call(0).model_copy(update={"stage": "draft", "provider": "builtin", "model": "builtin"})


class Ended:
    """What `record` needs of the pipeline's result."""

    status = "completed"
    timing = Timing(wall_s=3.0)
    frontier_only_micros = 90_000
    price_source = "genai-prices"
    scorer_version = "test/1"


def test_the_order_in_which_facts_arrive_leaves_no_trace():
    run = make_run([0.9, None, 0.4, 0.4, 0.8], refined={2: 0.7, 3: 0.6}, extra_calls=[make_call(9, draft=4)])
    shuffled = run.model_copy(
        update={
            name: tuple(random.Random(7).sample(getattr(run, name), len(getattr(run, name))))
            for name in ("drafts", "personas", "calls")
        }
    )
    one, other = MemoryLog(), MemoryLog()
    play(one, run)
    play(other, shuffled)
    assert with_facts(run, one.facts()) == with_facts(run, other.facts())


def test_drafts_and_personas_are_listed_best_first_and_unscored_last():
    log = MemoryLog()
    play(log, make_run([0.4, None, 0.9, 0.4], local_only=True))
    run = with_facts(make_run([]), log.facts())
    assert [item.draft.id for item in run.drafts] == ["draft-003", "draft-001", "draft-004", "draft-002"]
    assert [final.draft_id for final in run.personas] == ["draft-003", "draft-001", "draft-004", "draft-002"]


def test_a_draft_without_a_score_is_a_fact_but_not_yet_in_the_record():
    log = MemoryLog()
    log.draft_written(make_draft(0, 0.5).draft)
    assert [draft.id for draft in log.facts().drafts] == ["draft-001"]
    assert with_facts(make_run([]), log.facts()).drafts == ()


def test_the_last_word_on_an_item_counts():
    log, item = MemoryLog(), make_draft(0, 0.9)
    log.draft_failed(DraftFailure(draft_id="draft-001", reason="no answer"))
    log.draft_written(item.draft)
    log.draft_assessed("draft-001", item.assessment)
    log.draft_assessed("draft-001", make_assessment(0.3))
    log.call_opened(make_call(0, status="in_flight"))
    log.call_closed(make_call(0, status="ok"))
    facts = log.facts()
    assert facts.failures == ()
    assert facts.assessments["draft-001"].scores.overall == 0.3
    assert [call.status for call in facts.calls] == ["ok"]


def test_a_warning_is_listed_once():
    log = MemoryLog()
    for sentence in ("b", "a", "b"):
        log.warn(sentence)
    assert log.facts().warnings == ("b", "a")


def test_cancelling_is_seen_by_the_run():
    log = MemoryLog()
    assert not log.is_cancelled()
    log.cancel()
    assert log.is_cancelled()


def test_threads_that_write_at_once_lose_nothing():
    log = MemoryLog()

    def write(number: int) -> int:
        log.draft_written(make_draft(number, 0.5).draft)
        log.call_opened(make_call(number, status="in_flight"))
        log.warn(f"{number}")
        return len(log.facts().drafts)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(200)))
    facts = log.facts()
    assert len(facts.drafts) == len(facts.calls) == len(facts.warnings) == 200


def test_the_record_of_a_run_in_memory_is_complete():
    log, run = MemoryLog(), make_run([0.9, 0.4], refined={1: 0.7})
    play(log, run)
    study = Study(id="study-1", name="Heating", documents=(), participants=(), segments=())
    record = log.record(study=study, config=run.config, simulated=False, result=Ended(), began=STARTED, ended=STARTED)
    assert record.name == "builtin · 0.70"
    assert record.spent_micros == 20_000
    assert record.personas == run.personas
    assert record.timing.wall_s == 3.0


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        (describe(make_draft(0, 0.5).draft), "draft-001 is written: Persona 1."),
        (describe(DraftFailure(draft_id="draft-001", reason="cut\noff")), "draft-001 failed: cut off"),
        (describe(make_final(make_draft(0, 0.9), "kept_local")), "Persona 1 is finished (kept local)."),
        (describe(make_call(0, status="in_flight")), "anthropic claude-sonnet-5-5 is refining draft-001."),
        (describe(make_call(0)), "anthropic claude-sonnet-5-5 has answered about draft-001."),
        (describe(make_call(0, status="lost")), "anthropic claude-sonnet-5-5, asked about draft-001: lost."),
        (describe(BUILTIN), "builtin has written draft-001."),
        (describe(BUILTIN.model_copy(update={"status": "in_flight"})), "builtin is writing draft-001."),
        (describe_stage("assess", 10), "Scoring drafts: 10 to do."),
        (describe_score("draft-001", make_assessment(0.631)), "draft-001 scores 0.63."),
        (describe_score("draft-001", make_assessment(None)), "draft-001 scores –."),
    ],
)
def test_a_fact_is_told_in_one_line(sentence, words):
    assert sentence == words


def test_a_name_as_long_as_a_book_is_cut():
    draft = make_draft(0, 0.5).draft.model_copy(update={"persona": make_persona(name="x y" * 300_000)})
    assert len(describe(draft)) < 160
