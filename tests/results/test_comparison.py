"""Runs side by side: intervals, words, matches, cautions."""

import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.persona import ClaimSupport
from pipeline.results.compare_personas import claim_differences, match_personas
from pipeline.results.compare_runs import (
    NO_DIFFERENCE,
    SAME,
    ComparedFigure,
    cautions,
    compared_figures,
    figure_basis,
    figure_difference,
    figure_value,
    settings_of,
    shares_drafts,
)
from pipeline.results.export_comparison import comparison_document
from tests.factories import make_persona, make_run

SCORES = [0.9, 0.5, 0.45, 0.6, 0.4, 0.55, 0.35, 0.65]


def pair():
    """The same eight drafts: kept as they are, and refined where they score under 0.7."""
    local = make_run(SCORES, local_only=True)
    refined = {place: score + 0.2 for place, score in enumerate(SCORES) if score < 0.7}
    return local, make_run(SCORES, refined=refined, run_id="run-2")


def figure(runs, measure) -> ComparedFigure:
    return next(one for one in compared_figures(runs) if one.measure == measure and one.run_id == runs[-1].id)


# --- differences -----------------------------------------------------------------------------------


def test_runs_that_share_drafts_are_compared_draft_by_draft():
    runs = pair()
    score = figure(runs, "score")
    assert shares_drafts(*runs)
    assert (score.paired, score.pairs, score.word) == (True, 8, "higher")
    assert score.difference.value == pytest.approx(0.2 * 7 / 8)
    assert figure_basis(score) == "same 8 drafts"


def test_a_pair_has_a_narrower_interval_than_strangers():
    first, second = pair()
    stranger = second.model_copy(
        update={
            "drafts": tuple(
                item.model_copy(update={"draft": item.draft.model_copy(update={"persona": make_persona(99)})})
                for item in second.drafts
            )
        }
    )
    paired, unpaired = figure((first, second), "score"), figure((first, stranger), "score")
    assert not unpaired.paired
    assert unpaired.difference.value == pytest.approx(paired.difference.value)
    assert (unpaired.difference.high - unpaired.difference.low) > 1.2 * (paired.difference.high - paired.difference.low)


def test_a_run_beside_itself_is_the_same_in_every_measure():
    run = pair()[1]
    twin = run.model_copy(update={"id": "run-3"})
    assert {one.word for one in compared_figures((run, twin)) if one.run_id == "run-3"} == {SAME}


def test_cost_and_share_say_what_they_mean():
    runs = pair()
    assert (figure(runs, "cost_micros").word, figure(runs, "local_share").word) == ("dearer", "less local")
    back = runs[::-1]
    assert (figure(back, "cost_micros").word, figure(back, "local_share").word) == ("cheaper", "more local")
    assert figure_value(figure(runs, "local_share"), runs[1]) == "12 % · 1 of 8"


def test_two_shares_of_one_have_an_interval_although_nothing_varies():
    first, second = make_run([0.9] * 5), make_run([0.8] * 6, run_id="run-2")
    share = figure((first, second.model_copy(update={"study_id": "another"})), "local_share")
    assert share.word == NO_DIFFERENCE
    assert share.difference.low < -0.2 < 0.2 < share.difference.high


def test_simulated_money_is_not_compared_with_real_money():
    first, second = pair()
    cost = figure((first, second.model_copy(update={"simulated": True})), "cost_micros")
    assert (cost.difference, cost.word) == (None, "")
    assert "not compared" in figure_basis(cost)


def test_drafting_is_left_out_of_the_time_where_a_run_was_given_its_drafts():
    first, second = pair()
    drafting = first.model_copy(
        update={"calls": tuple(call.model_copy(update={"stage": "draft"}) for call in second.calls)}
    )
    assert figure((second, drafting), "answer_ms").value > 0
    assert figure((second, drafting.model_copy(update={"drafts_from": "run-0"})), "answer_ms").value == 0


@pytest.mark.parametrize(
    "empty", [make_run([], run_id="run-2"), make_run([None, None], local_only=True, run_id="run-2")]
)
def test_a_run_without_a_score_has_no_difference_and_says_why(empty):
    score = figure((pair()[0], empty), "score")
    assert (score.value, score.difference) == (None, None)
    assert score.why_not


def test_one_persona_has_no_interval():
    score = figure((make_run([0.9]), make_run([0.8], run_id="run-2")), "score")
    assert score.difference is None
    assert "different people" in figure_basis(score)


def test_an_interval_from_an_equal_sample_covers_the_truth_as_often_as_it_says():
    import numpy as np

    chance, held = np.random.default_rng(7), 0
    for _ in range(300):
        first, second = (
            make_run(chance.beta(6, 3, 8).tolist(), threshold=0.0, run_id=name) for name in ("run-1", "run-2")
        )
        second = second.model_copy(update={"study_id": "another"})
        found = figure((first, second), "score").difference
        held += found.low <= 0 <= found.high
    assert 0.92 <= held / 300 <= 0.98


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=8),
    st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=8),
)
def test_every_difference_lies_in_its_interval_and_turns_with_the_order(one, other):
    first, second = make_run(one), make_run(other, run_id="run-2")
    for there in compared_figures((first, second)):
        if there.difference is None:
            continue
        back = figure((second, first), there.measure).difference
        assert there.difference.low <= there.difference.value <= there.difference.high
        assert back.value == pytest.approx(-there.difference.value, abs=1e-9)
        assert (back.low, back.high) == pytest.approx((-there.difference.high, -there.difference.low), abs=1e-6)
        assert figure_difference(there, first)


# --- settings --------------------------------------------------------------------------------------


def test_only_what_differs_differs():
    first, second = pair()
    differing = {setting.name: setting.values for setting in settings_of((first, second)) if setting.differs}
    assert differing == {"skip_frontier": ("yes", "no")}


def test_a_local_model_that_builtin_ignores_is_no_difference():
    first = make_run([0.9])
    second = first.model_copy(update={"config": first.config.model_copy(update={"local_model": "other"})})
    assert not any(setting.differs for setting in settings_of((first, second)))


def test_studies_scorers_money_and_unfinished_runs_are_cautioned_about():
    first, second = pair()
    assert cautions((first, second)) == ()
    other = second.model_copy(
        update={"study_id": "another", "scorer_version": "test/2", "simulated": True, "status": "cancelled"}
    )
    said = " ".join(cautions((first, other)))
    assert all(words in said for words in ("different studies", "versions of the scorer", "simulated", "B did not"))


# --- personas --------------------------------------------------------------------------------------


def renamed(run, names, **more):
    """A run whose personas have other goals, so that only their text can match them."""
    finals = tuple(
        final.model_copy(
            update={
                "draft_id": f"other-{place}",
                "persona": make_persona(place, tagline="", goals=(name,), pain_points=(), behaviours=(), quotes=()),
            }
        )
        for place, (final, name) in enumerate(zip(run.personas, names, strict=True))
    )
    return run.model_copy(update={"personas": finals, "drafts": (), **more})


GOALS = ("Heat the nursery before the bath", "Read the meter without stairs", "Pay the bill on Friday")


def test_personas_are_matched_by_what_they_say():
    run = make_run([0.9, 0.8, 0.75])
    found = match_personas(renamed(run, GOALS), renamed(run, GOALS[::-1], id="run-2"))
    assert [(one.first.persona.goals, one.second.persona.goals) for one in found] == [
        ((goal,), (goal,)) for goal in GOALS
    ]
    assert not any(one.same_draft for one in found)


def test_the_same_draft_is_matched_whoever_wrote_its_final_text():
    found = match_personas(*pair())
    assert len(found) == 8
    assert all(one.same_draft and one.first.draft_id == one.second.draft_id for one in found)


def test_every_persona_is_told_of_exactly_once():
    run = make_run([0.9, 0.8, 0.75])
    first, second = renamed(run, GOALS), renamed(run, (GOALS[2], "Zebra", "Quartz"), id="run-2")
    found = match_personas(first, second)
    assert [one.first for one in found if one.first] == list(first.personas)
    assert {one.second.draft_id for one in found if one.second} == {"other-0", "other-1", "other-2"}
    assert match_personas(make_run([]), make_run([], run_id="run-2")) == ()


def test_claims_are_only_here_only_there_or_in_both_with_other_support():
    run = make_run([0.9])
    supports = [
        ClaimSupport(field="goals", text=GOALS[0], support=s, document=None, segment=None, quote=None)
        for s in (0.9, 0.5)
    ]

    def final(goals, support):
        assessment = run.personas[0].assessment.model_copy(update={"claims": (support,)})
        persona = make_persona(
            0, goals=goals, demographics={}, pain_points=(), behaviours=(), motivations=(), quotes=()
        )
        return run.personas[0].model_copy(update={"persona": persona, "assessment": assessment})

    (goals,) = claim_differences(final((GOALS[0], GOALS[1]), supports[0]), final((GOALS[2], GOALS[0]), supports[1]))
    assert [claim.text for claim in goals.only_first] == [GOALS[1]]
    assert [claim.text for claim in goals.only_second] == [GOALS[2]]
    assert [(both.first.text, both.support_moved) for both in goals.both] == [(GOALS[0], True)]


# --- document --------------------------------------------------------------------------------------


def test_the_document_is_plain_json_with_every_measure_of_every_run():
    runs = pair()
    document = json.loads(json.dumps(comparison_document(runs, title="t", annotations={"run-2": "dear"})))
    assert (document["schema"], document["baseline"]) == ("persona.comparison/1", "run-1")
    assert [run["letter"] + run["annotation"] for run in document["runs"]] == ["A", "Bdear"]
    assert len(document["figures"]) == 8
    assert len(document["matches"][0]["personas"]) == 8


def test_scores_of_different_scorer_versions_get_no_difference():
    first, second = make_run([0.9] * 5), make_run([0.8] * 6, run_id="run-2")
    score = figure((first, second.model_copy(update={"scorer_version": "test/2"})), "score")
    assert score.difference is None
    assert "another version of the scorer" in (score.why_not or "")


def test_the_command_prints_one_document_and_refuses_one_run(tmp_path):
    from tests.pages.runs import finished_run

    path = tmp_path / "persona.db"
    first, _ = finished_run(path, "Low", quality_threshold=0.1), finished_run(path, "High", quality_threshold=1.0)

    def compare(*arguments):
        command = [sys.executable, "-m", "pipeline", "compare", "--db", str(path), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    done = compare(first, "High", "--json")
    assert (done.returncode, json.loads(done.stdout)["baseline"]) == (0, first)
    text = compare("Low", "High").stdout
    assert all(words in text for words in ("quality_threshold: A 0.1, B 1", "Local share", "Cost per persona"))
    alone = compare("Low", "Low")
    assert (alone.returncode, alone.stdout) == (2, "")
    assert "Name 2 to 8" in alone.stderr
