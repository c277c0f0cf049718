from pathlib import Path

import pytest

from pipeline import HybridPipeline
from pipeline.domain.config import HybridConfig
from pipeline.domain.run import RunRecord
from pipeline.results.coverage import coverage, coverage_sentences, who_rows
from pipeline.results.export import coverage_document
from pipeline.sources import load_paths
from tests.factories import make_run

EXAMPLE = Path(__file__).parents[2] / "data" / "hearthwise"


@pytest.fixture(scope="module")
def run() -> RunRecord:
    config = HybridConfig(local_provider="builtin", enabled=False, count=5, seed=1)
    return HybridPipeline(config).run(load_paths([EXAMPLE]))


def test_everybody_is_represented_or_named_with_a_reason(run: RunRecord) -> None:
    found = coverage(run)
    assert found.participants == 35
    assert found.represented > found.rules[1].represented
    assert found.represented + len(found.left_out) + found.unnamed == 35
    assert all(one.reason for one in found.left_out)


def test_both_rules_are_shown_on_the_same_drafts(run: RunRecord) -> None:
    cover, best = coverage(run).rules
    assert (cover.rule, best.rule) == ("cover", "best_score")
    assert cover.represented > best.represented
    assert best.mean_score - run.config.selection_tolerance <= cover.mean_score <= best.mean_score
    assert any("By best_score" in sentence for sentence in coverage_sentences(coverage(run)))


def test_heard_are_those_who_support_a_statement(run: RunRecord) -> None:
    for one in coverage(run).personas:
        assert 0 < len(one.heard) <= len(one.participants)


def test_who_is_left_out_and_why_is_said_once_per_reason() -> None:
    run = make_run([0.9, 0.4, 0.3], count=1, selection="best_score")
    found = coverage(run)
    assert [one.participant for one in found.left_out] == ["P02", "P03"]
    assert "score 0.40) scores less than every delivered one" in found.left_out[0].reason or (
        "repeats Persona 1" in found.left_out[0].reason
    )
    assert found.unnamed == run.study.participants - 3


def test_personas_that_repeat_each_other_are_named() -> None:
    found = coverage(make_run([0.9, 0.8]))
    assert found.overlaps[0].is_repeat
    assert "Persona 1 and Persona 2 repeat each other: they share 5 statements." in coverage_sentences(found)


def test_a_run_without_personas_has_no_sentence() -> None:
    empty = coverage(make_run([]))
    assert coverage_sentences(empty) == who_rows(empty) == ()
    assert coverage_document(empty)["represented"] == 0
