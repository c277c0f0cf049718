"""Audits of a calibration on the drafts of another study."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.calibration.audit import audit
from pipeline.calibration.draft_arrays import DraftArrays, make_draft_arrays
from pipeline.domain.labels import AuditTerms, Promise

TERMS = AuditTerms(calibration="cal-00000000", threshold=0.7, margin=0.05, accepted=30, bad=2)


def probed(bad: int, probes: int = 20, drafts: int = 200, local: int = 100) -> DraftArrays:
    """Drafts of which the first `local` score over 0.7, and every third of these is a probe until there are enough."""
    score = np.concatenate([np.linspace(0.7, 0.99, local), np.linspace(0.3, 0.69, drafts - local)])
    label = np.full(drafts, np.nan)
    rows = np.round(np.linspace(0, local - 1, probes)).astype(int)
    label[rows] = 1.0
    label[rows[:bad]] = 0.0
    return make_draft_arrays(score, label=label)


def test_few_bad_probes_pass():
    found = audit(probed(1), Promise(), TERMS)
    assert found.outcome == "pass"
    assert found.risk_upper <= Promise().alpha + TERMS.margin
    assert found.sentence.startswith("PASS: the calibration holds here. 1 of 20 probe labels at 0.70 or more is bad")


def test_many_bad_probes_fail_and_the_sentence_says_what_to_do():
    found = audit(probed(12), Promise(), TERMS)
    assert found.outcome == "fail"
    assert "12 of 20 probe labels" in found.sentence
    assert "2 of 30 in the calibration" in found.sentence
    assert "calibrate it on its own" in found.sentence


def test_probes_that_are_worse_than_the_calibration_fail_even_where_little_stays_local():
    # Marginal risk 0.1 * 0.6: the promise holds, but the score means something else here.
    assert audit(probed(12, local=30), Promise(), TERMS).outcome == "fail"


def test_three_of_eight_bad_probes_decide_nothing():
    few = AuditTerms(calibration="cal-00000000", threshold=0.7, margin=0.0, accepted=10, bad=2)
    assert audit(probed(3, probes=8), Promise(), few).outcome == "inconclusive"


@pytest.mark.parametrize("risk", ["marginal", "selective"])
def test_no_label_is_inconclusive(risk):
    found = audit(probed(0, probes=0), Promise(risk=risk), TERMS)
    assert (found.outcome, found.labels, found.risk_upper) == ("inconclusive", 0, 1.0)


def test_an_unfinished_audit_says_how_many_probes_are_missing():
    found = audit(probed(0, probes=15), Promise(), TERMS, planned=20)
    assert found.outcome == "inconclusive"
    assert "5 probe labels of the audit are missing" in found.sentence


def test_hand_picked_probes_do_not_pass():
    cases = probed(0)
    picked = np.full(len(cases), np.nan)
    picked[80:100] = 1.0  # the highest scores alone
    assert audit(replace(cases, label=picked), Promise(), TERMS).outcome == "inconclusive"
