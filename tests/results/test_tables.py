import csv
import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.calls import ListedCall
from pipeline.results import tables
from pipeline.text import spreadsheet
from tests.factories import make_call, make_run

SOME = make_run([0.9, 0.8, 0.6, 0.5, None, 0.3, 0.2], count=5, refined={2: 0.8, 3: 0.45})
FRAMES = [
    tables.draft_scores,
    tables.outcome_mix,
    tables.cumulative_cost,
    tables.uplift,
    tables.persona_table,
]


@pytest.mark.parametrize("frame_of", FRAMES)
def test_an_empty_run_keeps_columns_and_types(frame_of):
    empty, full = frame_of(make_run([])), frame_of(SOME)
    assert list(empty.columns) == list(full.columns)
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()


def test_draft_scores_tell_kept_from_dropped_and_leave_missing_scores_missing():
    frame = tables.draft_scores(SOME)
    assert frame["outcome"].tolist() == [
        "kept_local",
        "kept_local",
        "refined",
        "refine_not_better",
        "dropped",
        "budget_exhausted",
        "dropped",
    ]
    assert frame["overall"].isna().tolist() == [False] * 4 + [True] + [False] * 2
    assert frame.loc[2, "overall"] == 0.6


def test_a_kept_draft_that_the_run_has_not_decided_on_is_pending():
    run = make_run([0.9, 0.5, 0.4], count=2, status="running", selection="best_score")
    frame = tables.draft_scores(run.model_copy(update={"personas": run.personas[:1]}))
    assert frame["outcome"].tolist() == ["kept_local", "pending", "dropped"]
    assert frame["kept"].tolist() == [True, True, False]


def test_outcome_mix_counts_every_persona_once_in_the_fixed_order():
    frame = tables.outcome_mix(SOME)
    assert frame["outcome"].tolist() == ["kept_local", "refined", "refine_not_better", "budget_exhausted"]
    assert frame["personas"].sum() == len(SOME.personas)
    assert frame["share"].sum() == pytest.approx(1)
    assert frame["cost_usd"].tolist() == [0, 0.02, 0.02, 0]


def test_cumulative_cost_starts_at_zero_and_ends_at_what_was_spent():
    calls = [make_call(3, status="in_flight", cost_micros=60_000), make_call(1), make_call(0), make_call(2)]
    run = make_run([0.9], extra_calls=calls, status="running")
    frame = tables.cumulative_cost(run)
    assert frame["call"].tolist() == [0, 1, 2, 3, 4]
    assert frame["cumulative_usd"].tolist() == [0, 0.02, 0.04, 0.06, 0.06]
    assert frame["reserved_usd"].tolist() == [0, 0, 0, 0, 0.06]
    assert frame.iloc[-1][["cumulative_usd", "reserved_usd"]].sum() == pytest.approx(run.spent_micros / 1e6)


def test_a_failed_paid_call_is_a_row_and_a_free_local_call_is_not():
    free = make_call(0).model_copy(update={"stage": "draft", "cost_micros": 0, "reserved_micros": 0})
    run = make_run([0.9], extra_calls=[free, make_call(1, status="failed")])
    assert tables.cumulative_cost(run)["status"].tolist() == ["start", "failed"]


def test_uplift_has_rejected_texts_and_those_that_never_came():
    lost = make_call(7, draft=1, status="lost")
    run = make_run([0.5, 0.4, 0.3], refined={0: 0.45}, outcomes={1: "refine_failed"}, extra_calls=[lost])
    frame = tables.uplift(run)
    assert frame["outcome"].tolist() == ["refine_not_better", "refine_failed"]
    assert frame["uplift"].iloc[0] == pytest.approx(-0.05)
    assert frame["refined_score"].isna().tolist() == [False, True]


def test_persona_table_ranks_best_first_and_unscored_last():
    frame = tables.persona_table(make_run([None, 0.0, 0.9, 0.5], refined={3: 0.95}))
    assert frame["overall"].tolist()[:3] == [0.95, 0.9, 0.0]
    assert pd.isna(frame["overall"].iloc[3])
    assert frame["rank"].tolist() == [1, 2, 3, 4]
    assert frame["draft_score"].iloc[0] == 0.5


def test_attempts_keep_simulated_money_in_columns_of_its_own():
    real, simulated = (
        ListedCall(run_id="run-1", run_name="=1+1", simulated=flag, call=make_call(0, simulated=flag))
        for flag in (False, True)
    )
    frame = tables.attempt_table([real, simulated])
    assert frame["cost_usd"].isna().tolist() == [False, True]
    assert frame["reserved_usd (simulated)"].tolist()[1] == 0.06
    assert spreadsheet.csv_text(frame).splitlines()[1].startswith("run-1,'=1+1,refine,draft-001,draft-001.refine.1,")
    assert tables.attempt_table([]).dtypes.to_dict() == frame.dtypes.to_dict()


def test_csv_keeps_numbers_and_disarms_formulas():
    frame = pd.DataFrame({"name": ["=1+1", "@SUM(A1)", "-5", "fine"], "score": [-1.5, None, 2.0, 3.0]})
    assert spreadsheet.csv_text(frame).splitlines() == ["name,score", "'=1+1,-1.5", "'@SUM(A1),", "'-5,2.0", "fine,3.0"]


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_no_text_starts_a_formula_in_a_csv_and_none_is_lost(text):
    frame = pd.DataFrame({"text": [text], "number": [1]})
    cell = list(csv.reader(io.StringIO(spreadsheet.csv_text(frame), newline="")))[1][0]
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cell.removeprefix("'") == text.removeprefix("'")
