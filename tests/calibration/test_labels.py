import csv
import io
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.calibration.certificate import Sampling, certify
from pipeline.calibration.design import draw_from, minutes_for, plan_labels, shown_texts
from pipeline.calibration.drift import setup_of
from pipeline.calibration.label_files import (
    export_cases,
    export_labels,
    made_elsewhere,
    new_labels,
    read_labels,
)
from pipeline.calibration.labels import disagreements, label_agreement, label_set, why_labels_do_not_apply
from pipeline.calibration.pooled_drafts import pool_drafts
from pipeline.calibration.table import read_cases
from pipeline.calibration.threshold_effects import on_stops, stop_at_or_over
from pipeline.domain.labels import (
    DesignSettings,
    DraftKey,
    Label,
    LabelChange,
    LabelDecision,
    LabelHistory,
    LabelSet,
    Promise,
    StoredDesign,
    Verdict,
)
from pipeline.domain.scores import scores_of
from pipeline.errors import InputError
from pipeline.sources.reading import SourceFile
from tests.factories import STARTED, make_run

RUN = make_run([number / 60 for number in range(60)], threshold=0.5, refined={number: 0.9 for number in range(60)})
RUNS = [scores_of(RUN)]
SETTINGS = DesignSettings(labels=30)


def stored(settings: DesignSettings = SETTINGS, run_id: str = "design-1") -> StoredDesign:
    design = draw_from(RUNS, settings)
    return StoredDesign(id=run_id, name="First", run_ids=("run-1",), created_at=STARTED, design=design)


def said(place: int, verdict: Verdict = "acceptable", rater: str = "Ana", note: str = "") -> Label:
    return Label(place=place, rater=rater, verdict=verdict, note=note, labelled_at=STARTED + timedelta(seconds=place))


def all_of(design: StoredDesign, rater: str = "Ana") -> list[Label]:
    """Drafts under 0.5 are bad, frontier texts good."""
    scores = {draft.id: draft.overall or 0 for draft in RUNS[0].drafts}
    return [
        said(task.place, "acceptable" if task.text == "frontier" or scores[task.draft_id] >= 0.5 else "unsure", rater)
        for task in design.design.tasks
    ]


# --- what counts -----------------------------------------------------------------------------------


def test_only_drafts_drawn_from_the_floor_on_enter_a_certificate():
    design = stored()
    labels = label_set(design, all_of(design))
    pool = pool_drafts(RUNS, labels=labels)
    assert np.count_nonzero(pool.cases.is_labelled) == 30
    assert pool.cases.score[pool.cases.is_labelled].min() >= design.design.floor
    assert np.count_nonzero(pool.for_reliability.is_labelled) == 33
    found = certify(pool.cases, Promise(alpha=0.2), pool.sampling)
    assert found.n_labels == 30
    assert found.status == "certified"


def test_unsure_counts_as_bad_and_frontier_texts_have_a_label_of_their_own():
    design = stored()
    cases = pool_drafts(RUNS, labels=label_set(design, all_of(design))).cases
    labelled = cases.is_labelled
    assert (cases.label[labelled] == (cases.score[labelled] >= 0.5)).all()
    assert (cases.frontier_label[labelled & (cases.score < 0.5)] == 1).all()


def test_the_named_rater_decides_and_second_showings_and_others_do_not():
    design = stored(DesignSettings(rater="Ana"))
    first = all_of(design)
    others = [said(task.place, "unacceptable", "Ben") for task in design.design.tasks]
    again = {task.place for task in design.design.tasks if task.purpose == "agreement"}
    changed = [
        label.model_copy(update={"verdict": "unacceptable"}) if label.place in again else label for label in first
    ]
    assert label_set(design, [*others, *changed]) == label_set(design, first)
    assert label_set(design, first).rater == "Ana"
    assert label_set(design, []).drafts == ()


def test_a_rater_who_has_only_begun_blocks_nobody():
    design = stored()
    begun = said(0, "unacceptable", "Zoe")
    found = label_set(design, [begun, *all_of(design)])
    assert (found.rater, found.others) == ("Ana", 0)
    named = stored(DesignSettings(rater="Zoe"))
    mixed = label_set(named, [begun, *all_of(named)])
    counted = sum(task.purpose == "certificate" for task in named.design.tasks)
    assert (mixed.rater, len([one for one in mixed.drafts if one.certifies])) == ("Zoe", counted)
    assert mixed.others == counted - (named.design.tasks[0].purpose == "certificate")


def test_a_label_changed_later_counts_with_its_first_value_and_a_slip_with_its_last():
    design = stored()
    place = next(task.place for task in design.design.tasks if task.purpose == "certificate")
    labels = all_of(design)
    key, now = design.design.tasks[place].key, labels[0].labelled_at
    before = label_set(design, labels).verdicts()[key].draft
    other = "unsure" if before != "unsure" else "acceptable"
    change = LabelChange(place=place, rater="Ana", verdict=other, labelled_at=now, changed_at=now + timedelta(hours=1))
    found = label_set(design, labels, LabelHistory(changes=(change,)))
    assert (found.verdicts()[key].draft, found.changed) == (other, 1)
    slip = change.model_copy(update={"changed_at": now + timedelta(minutes=1)})
    assert label_set(design, labels, LabelHistory(changes=(slip,))) == label_set(design, labels)


def test_a_third_decision_counts_where_raters_disagree():
    design = stored()
    labels = [*all_of(design), *(said(task.place, "unacceptable", "Ben") for task in design.design.tasks)]
    open_ones = disagreements(design, labels)
    place = next(one.place for one in open_ones if design.design.tasks[one.place].purpose == "certificate")
    decision = LabelDecision(place=place, decided_by="Cem", verdict="unacceptable", decided_at=labels[0].labelled_at)
    history = LabelHistory(decisions=(decision,))
    found = label_set(design, labels, history)
    assert found.verdicts()[design.design.tasks[place].key].draft == "unacceptable"
    assert found.decided == 1
    assert next(one for one in disagreements(design, labels, history) if one.place == place).decision == decision


def test_labels_behind_a_gap_do_not_count_in_a_design_that_may_stop():
    design = stored(DesignSettings(stopping="may_stop"))
    certificate = [task.place for task in design.design.tasks if task.purpose == "certificate"]
    found = label_set(design, [label for label in all_of(design) if label.place != certificate[3]])
    assert sum(one.certifies for one in found.drafts) == 3
    assert found.skipped == len(certificate) - 4


def test_labels_among_all_drafts_need_no_floor():
    assert label_set(stored(DesignSettings(floor_percentile=0)), []).floor is None
    assert label_set(stored(), []).floor == stored().design.floor


def test_labels_speak_of_their_own_runs_and_setup_only():
    labels, setup = label_set(stored(), []), setup_of(RUN)
    assert why_labels_do_not_apply(labels, {"run-1": setup}) == ()
    (beside,) = why_labels_do_not_apply(labels, {"run-1": setup, "run-2": setup})
    assert "drawn from run-1, and the runs chosen are run-1, run-2" in beside
    (scorer,) = why_labels_do_not_apply(labels, {"run-1": setup.model_copy(update={"scorer": "9"})})
    assert "another version of the scorer" in scorer


def test_agreement_is_counted_with_oneself_and_with_the_second_rater():
    design = stored()
    own, other = all_of(design), all_of(design, "Ben")[:10]
    found = label_agreement(design, [*own, *other])
    again = sum(task.purpose == "agreement" for task in design.design.tasks)
    assert (found.raters, found.twice.n, found.twice.agreement) == (("Ana", "Ben"), again, 1)
    assert (found.between.n, found.between.agreement) == (10, 1)
    assert label_agreement(design, []).between.n == 0


@pytest.mark.parametrize("percentile", [0.0, 0.13, 0.4, 0.77])
def test_every_label_for_the_certificate_counts_where_thresholds_are_hundredths(percentile: float) -> None:
    design = stored(DesignSettings(labels=100, floor_percentile=percentile, twice_share=0))
    labels = label_set(design, all_of(design))
    cases = on_stops(pool_drafts(RUNS, labels=labels).cases)
    found = certify(cases, Promise(alpha=0.3), Sampling(floor=stop_at_or_over(labels.floor)))
    assert found.n_labels == sum(task.purpose == "certificate" for task in design.design.tasks)


# --- drawing ---------------------------------------------------------------------------------------


def test_a_plan_says_how_many_labels_a_promise_needs_at_least():
    planned = plan_labels(RUNS, DesignSettings(labels=21))
    assert (planned.certificate_texts, planned.needed, planned.is_enough) == (21, 22, False)
    assert plan_labels(RUNS, DesignSettings(labels=22)).is_enough
    assert (minutes_for(0), minutes_for(40)) == (1, 6)


def test_several_runs_are_drawn_from_together_only_with_one_setup_and_drafts_of_their_own():
    other = make_run([number / 61 for number in range(40)], run_id="run-2")
    design = draw_from([*RUNS, scores_of(other)], DesignSettings(labels=60))
    assert {task.run_id for task in design.tasks} == {"run-1", "run-2"}
    with pytest.raises(InputError, match="hold the same drafts"):
        draw_from([*RUNS, RUNS[0].model_copy(update={"id": "run-3"})], SETTINGS)
    with pytest.raises(InputError, match="cannot be labelled together"):
        draw_from([*RUNS, scores_of(other.model_copy(update={"scorer_version": "9"}))], SETTINGS)
    with pytest.raises(InputError, match="Choose at least one"):
        draw_from([], SETTINGS)


def test_each_task_shows_the_text_that_it_names():
    design = stored()
    texts = shown_texts(design, [RUN])
    assert set(texts) == {task.place for task in design.design.tasks}
    for task in design.design.tasks:
        assert texts[task.place].persona.name.startswith("Refined" if task.text == "frontier" else "Persona")
    assert shown_texts(design, []) == {}


# --- files -----------------------------------------------------------------------------------------


def source(text: str) -> SourceFile:
    return SourceFile(name="labels.csv", data=text.encode())


# A text that begins with an apostrophe of its own loses it: the same mark keeps a spreadsheet from computing.
WORDS = st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), max_size=30).filter(
    lambda text: not text.strip().startswith("'")
)


@settings(deadline=None)
@given(WORDS, WORDS, st.sampled_from(["acceptable", "unacceptable", "unsure"]))
def test_labels_come_back_from_their_file_and_start_no_formula(note: str, rater: str, verdict: Verdict) -> None:
    design = stored()
    label = said(3, verdict, " ".join(rater.split()) or "x", " ".join(note.split()))
    text = export_labels(design, [label])
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in csv.reader(io.StringIO(text)) for cell in row)
    file = read_labels(source(text), STARTED)
    assert file.design_id == design.id
    (back,) = new_labels(file, design, [])
    assert back == label


def test_labels_that_are_there_already_are_not_taken_in_twice_and_contradictions_are_named():
    design = stored()
    file = read_labels(source(export_labels(design, [said(0), said(1)])), STARTED)
    assert [label.place for label in new_labels(file, design, [said(0)])] == [1]
    with pytest.raises(InputError, match=r"labels.csv line 3: Ana called this text unsure already"):
        new_labels(file, design, [said(1, "unsure")])
    with pytest.raises(InputError, match="no text of the design design-2"):
        new_labels(file, design.model_copy(update={"id": "design-2"}), [])


def test_labels_made_elsewhere_become_a_design_that_certifies_nothing():
    file = read_labels(source("draft;label;rater\ndraft-060;1;=Zoe\ndraft-050;0;=Zoe\n"), STARTED)
    assert file.design_id is None
    made = made_elsewhere(file, RUNS)
    design = StoredDesign(id="design-9", name="x", run_ids=("run-1",), created_at=STARTED, design=made.design)
    assert not design.design.is_drawn
    labels = label_set(design, made.labels)
    pool = pool_drafts(RUNS, labels=labels)
    assert not pool.cases.is_labelled.any()
    assert np.count_nonzero(pool.for_reliability.is_labelled) == 2
    assert certify(pool.cases, Promise(), pool.sampling).status == "too_few_labels"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("name,verdict\nx,unsure\n", r"line 1: found the columns name, verdict. Needed are `draft`"),
        ("draft,verdict\nd1,great\n", r"line 2, column verdict: found 'great', expected acceptable"),
        ("draft,label\nd1,2\n", r"line 2, column label: found '2', expected 1 or 0"),
        ("draft,label\n,1\n", r"line 2, column draft: empty"),
        ("draft,label,place\nd1,1,-3\n", r"line 2, column place: found '-3'"),
        ("draft,label,text\nd1,1,both\n", r"line 2, column text: found 'both'"),
        ("draft,label,labelled_at\nd1,1,soon\n", r"line 2: labelled_at"),
        ("draft,label\nd1,1,3\n", r"line 2: another number of fields"),
        ("draft,label\nd1,\n", r"holds no label"),
        ('draft,label\n"d1,1\n', r"not a readable row"),
    ],
)
def test_a_file_that_is_no_table_of_labels_is_refused_with_its_line(text, complaint):
    with pytest.raises(InputError, match=complaint):
        read_labels(source(text), STARTED)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("draft,label\ndraft-999,1\n", r"line 2: no draft 'draft-999' in run-1"),
        ("draft,label,run\ndraft-001,1,run-7\n", r"no draft 'draft-001' in run-7"),
        ("draft,label,text\ndraft-060,1,frontier\n", r"no frontier 'draft-060'"),
        ("draft,label\ndraft-001,1\ndraft-001,0\n", r"line 3: somebody else has already labelled this text"),
    ],
)
def test_a_label_made_elsewhere_names_a_text_that_is_there_once(text, complaint):
    with pytest.raises(InputError, match=complaint):
        made_elsewhere(read_labels(source(text), STARTED), RUNS)


def test_scores_and_labels_together_are_what_calibrate_reads(tmp_path: Path):
    design = stored()
    labels = label_set(design, all_of(design))
    path = tmp_path / "drafts.csv"
    path.write_text(export_cases(RUNS, labels))
    read, cases = read_cases(path), pool_drafts(RUNS, labels=labels).cases
    for name in ("score", "label", "frontier_label", "local_micros", "frontier_micros"):
        assert getattr(read, name) == pytest.approx(getattr(cases, name), nan_ok=True)
    with pytest.raises(InputError, match="do not apply here"):
        export_cases([RUNS[0].model_copy(update={"scorer_version": "9"})], labels)


def test_keys_tell_drafts_of_two_runs_apart():
    assert DraftKey("run-1", "draft-001") != DraftKey("run-2", "draft-001")
    labels = LabelSet(design=stored(), rater=None, drafts=())
    assert labels.verdicts() == {}
