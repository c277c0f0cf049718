import pytest

from pipeline.domain.run import LAST_FAILURE, DraftFailure
from pipeline.domain.study import Study
from pipeline.results.compare_runs import cautions
from pipeline.results.export import run_document
from pipeline.results.problems import problems
from pipeline.results.report import run_report
from tests.factories import make_run

REFUSED = "Anthropic (claude-sonnet-5-5) answered HTTP 401 (invalid x-api-key). The key was refused: check it."
UNSENT = f"Not sent: 3 requests in a row had failed before. {LAST_FAILURE}{REFUSED}"


def failed_run():
    run = make_run([0.6, 0.5, 0.4, 0.9], otherwise="refine_failed", frontier_only_micros=40_000)
    reasons = {"draft-001": REFUSED, "draft-002": UNSENT, "draft-003": UNSENT}
    finals = [final.model_copy(update={"reason": reasons.get(final.draft_id, "Kept.")}) for final in run.personas]
    return run.model_copy(update={"personas": tuple(finals)})


def test_requests_that_were_not_sent_share_the_cause_of_the_failures_before_them():
    (sentence,) = problems(failed_run())
    assert sentence.startswith(f"3 of 3 refinements failed: {REFUSED}")
    assert "nothing is paid twice" in sentence


def test_a_run_that_did_all_it_was_asked_for_has_no_problems():
    run = make_run([0.9, 0.5], refined={1: 0.8})
    assert (problems(run), run.undone, run.shown_status, run.can_resume) == ((), 0, "completed", False)


@pytest.mark.parametrize("outcome", ["refine_failed", "refine_unparsable", "budget_exhausted", "frontier_unavailable"])
def test_each_way_of_missing_a_refinement_is_told_with_its_number_and_reason(outcome):
    run = make_run([0.9, 0.5], otherwise=outcome)
    assert run.shown_status == "completed with problems"
    (sentence,) = problems(run)
    assert sentence.startswith("1 of 1 refinement ")
    assert "As the test wants it." in sentence


def test_failed_drafts_and_missing_personas_are_problems():
    run = make_run([0.9], local_only=True)
    config = run.config.model_copy(update={"count": 2})
    run = run.model_copy(
        update={"failures": (DraftFailure(draft_id="draft-002", reason="Cut off."),), "config": config}
    )
    assert run.can_resume
    assert problems(run) == (
        "1 of 2 drafts failed: Cut off. Resume tries them again.",
        "Only 1 of 2 personas were delivered.",
    )


def test_documents_reports_and_comparisons_tell_the_problems():
    run, good = failed_run(), make_run([0.9], run_id="run-2")
    (sentence,) = problems(run)
    document = run_document(run)
    assert (document["status"], document["cost"]["saving"]) == ("completed", None)
    assert sentence in document["warnings"]
    assert "Completed with problems" in run_report(
        run, Study(id="study-1", name="s", documents=(), participants=(), segments=())
    )
    assert any(sentence in caution for caution in cautions([good, run]))
