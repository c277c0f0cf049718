import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pipeline.calibration import bounds
from pipeline.calibration.certificate import Certificate, Sampling, certify, certify_at, label_floor, looks_random
from pipeline.calibration.draft_arrays import DraftArrays, make_draft_arrays
from pipeline.domain.labels import Promise
from pipeline.errors import InputError

SELECTIVE = Promise(risk="selective")
THIS_RUN = Promise(scope="this_run")


def labelled(bad: int, n: int, *, drafts: int | None = None) -> DraftArrays:
    """Labels on the best `n` of `drafts` evenly spaced scores, the lowest `bad` of them unacceptable."""
    size = drafts or n
    label = [None] * (size - n) + [0] * bad + [1] * (n - bad)
    return make_draft_arrays(np.linspace(0, 1, size), label=label)


def drawn(n: int, seed: int, *, floor: float = 0.0, drafts: int = 400) -> DraftArrays:
    """Labels drawn at random from a floor on; a draft is acceptable with the probability that its score says."""
    chance = np.random.default_rng(seed)
    score = chance.random(drafts)
    label = (chance.random(drafts) < score**0.5).astype(float)
    chosen = chance.choice(np.flatnonzero(score >= floor), n, replace=False)
    return make_draft_arrays(score, label=np.where(np.isin(np.arange(drafts), chosen), label, np.nan))


def truth(answer: Certificate) -> tuple[str, float | None]:
    return answer.status, answer.threshold


# --- bounds ----------------------------------------------------------------------------------------


@given(st.integers(1, 300), st.data())
def test_bounds_are_those_of_clopper_and_pearson(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n))
    exact = stats.binomtest(k, n).proportion_ci(confidence_level=0.8, method="exact")
    assert bounds.upper_bound(k, n, 0.1) == pytest.approx(exact.high)
    assert bounds.lower_bound(k, n, 0.1) == pytest.approx(exact.low)


@given(st.integers(0, 200), st.data(), st.floats(0.01, 0.99))
def test_a_limit_is_certified_exactly_when_the_upper_bound_is_under_it(
    n: int, data: st.DataObject, limit: float
) -> None:
    k = data.draw(st.integers(0, n))
    bound = float(bounds.upper_bound(k, n, 0.1))
    if abs(bound - limit) > 1e-6:
        assert bool(bounds.below_limit(k, n, limit, 0.1)) == (bound < limit)


@given(st.integers(1, 40), st.data())
def test_the_bound_of_a_finite_population_is_the_last_count_that_is_not_rejected(
    size: int, data: st.DataObject
) -> None:
    n = data.draw(st.integers(1, size))
    k = data.draw(st.integers(0, n))
    tails = [stats.hypergeom.cdf(k, size, bad, n) for bad in range(k, size - (n - k) + 1)]
    assert bounds.most_bad(k, n, size, 0.1) == k + max(i for i, tail in enumerate(tails) if tail > 0.1 + 1e-9)


@pytest.mark.parametrize(("alpha", "share"), [(0.1, 0.15), (0.1, 0.3), (0.2, 0.21), (0.2, 0.5), (0.2, 0.95)])
@pytest.mark.parametrize("drafts", [25, 80])
def test_a_product_of_two_unknown_shares_breaks_the_promise_no_more_often_than_delta(
    drafts: int, alpha: float, share: float
) -> None:
    broken = 0.0
    for reached in range(1, drafts + 1):  # every outcome of a run of which everything is labelled
        bad = np.arange(reached + 1)
        passed = bounds.product_tail(bad, [reached] * len(bad), [reached] * len(bad), drafts, alpha) <= 0.1
        chance = stats.binom.pmf(bad, reached, alpha / share)
        broken += stats.binom.pmf(reached, drafts, share) * chance[passed].sum()
    assert broken <= 0.1


def test_the_bound_of_a_product_is_where_its_tail_is_delta_and_becomes_the_single_one() -> None:
    bound = bounds.product_upper(2, 30, 50, 100, 0.1)
    assert bounds.product_tail([2], [30], [50], 100, bound)[0] == pytest.approx(0.1, abs=1e-3)
    assert bound > 0.5 * float(bounds.upper_bound(2, 30, 0.1))
    assert bounds.product_upper(2, 30, 10**6, 10**6, 0.1) == pytest.approx(
        float(bounds.upper_bound(2, 30, 0.1)), abs=1e-6
    )


def test_labels_asked_for_are_the_published_numbers() -> None:
    assert bounds.fewest_labels(0.1, 0.1) == 22
    assert [bounds.labels_to_certify(rate, 0.1, 0.1) for rate in (0.025, 0.05, 0.075)] == [52, 128, 588]
    assert bounds.labels_to_certify(0.1, 0.1, 0.1) is bounds.labels_to_certify(0.0999999, 0.1, 0.1) is None


# --- certificates ----------------------------------------------------------------------------------


def naive(cases: DraftArrays, floor: float | None) -> float | None:
    """The marginal rules as they are written down, one threshold after the other."""
    usable = cases.is_labelled & (cases.rank >= (-1 if floor is None else floor))
    answer = None
    for tau in np.unique(cases.score)[::-1]:
        accepted = usable & (cases.score >= tau)
        bad = int(np.count_nonzero(accepted & (cases.label == 0)))
        if floor is None:
            passed = stats.binom.cdf(bad, usable.sum(), 0.1) <= 0.1
        else:
            reached, rest = int((cases.score >= tau).sum()), int(accepted.sum()) - bad
            share = stats.beta.ppf(np.linspace(0, 1, 501)[:-1] + 0.001, reached + 1, len(cases) - reached)
            tail = np.mean(stats.beta.sf(0.1 / share, bad + 1, rest)) if rest else np.mean(share > 0.1)
            passed = tau >= floor and tail <= 0.1
        if not passed:
            break
        answer = float(tau)
    return answer


@pytest.mark.parametrize("floor", [None, 0.4])
@pytest.mark.parametrize("seed", range(6))
def test_marginal_threshold_is_the_last_one_before_the_first_failure(seed: int, floor: float | None) -> None:
    cases = drawn(60, seed, floor=floor or 0.0)
    answer = certify(cases, Promise(), Sampling(floor=floor))
    expected = naive(cases, floor)
    if answer.status == "certified":
        assert answer.threshold == expected
        assert 0 < answer.risk_upper <= 0.1
    else:
        assert expected is None or not np.any(cases.label[cases.score >= expected] == 1)


@pytest.mark.parametrize("promise", [Promise(alpha=0.3), Promise(alpha=0.3, risk="selective")])
@pytest.mark.parametrize("floor", [None, 0.4])
@pytest.mark.parametrize("seed", range(5))
def test_a_run_can_be_promised_at_least_what_future_runs_can(promise: Promise, floor: float | None, seed: int) -> None:
    cases = drawn(100, seed, floor=floor or 0.0, drafts=200)
    future = certify(cases, promise, Sampling(floor=floor))
    now = certify(cases, promise.model_copy(update={"scope": "this_run"}), Sampling(floor=floor))
    assert now.local_share >= future.local_share
    assert now.risk_upper <= 0.3


def test_the_sentence_says_what_is_promised_on_which_labels_and_what_stays_local() -> None:
    answer = certify(labelled(30, 50), Promise())
    assert answer.sentence == (
        "With 90 % confidence at most 10 % of the personas from this setup would be unacceptable local drafts"
        " (n = 50 labels, 1 bad accepted); 42 % stay local."
        " Of the labelled drafts that stay local 1 of 21 are unacceptable (4.76 %)."
    )


def test_with_everything_labelled_a_run_is_a_count() -> None:
    answer = certify(labelled(8, 20), THIS_RUN)
    assert truth(answer) == ("certified", pytest.approx(6 / 19))
    assert answer.risk_upper == pytest.approx(0.1)
    assert answer.sentence.startswith(
        "Of the 20 personas of this run 2 are unacceptable local drafts: all are labelled."
    )
    strict = certify(labelled(8, 20), Promise(risk="selective", scope="this_run"))
    assert strict.sentence.startswith("Of the 12 drafts of this run that stay local 0 are unacceptable")


def test_none_bad_keeps_everything_local() -> None:
    for promise in (Promise(), SELECTIVE, THIS_RUN):
        answer = certify(labelled(0, 50), promise)
        assert truth(answer) == ("certified", 0.0)
        assert answer.local_share == 1


@pytest.mark.parametrize(("promise", "status"), [(Promise(), "escalate_all"), (SELECTIVE, "score_too_weak")])
def test_all_bad_keeps_nothing_local(promise: Promise, status: str) -> None:
    answer = certify(labelled(50, 50), promise)
    assert truth(answer) == (status, None)
    assert answer.local_share == answer.risk_upper == answer.bad_accepted == 0


def test_a_constant_score_is_too_weak_unless_nearly_all_drafts_are_good() -> None:
    half = make_draft_arrays(np.full(100, 0.5), label=[0, 1] * 50)
    assert truth(certify(half, Promise())) == truth(certify(half, SELECTIVE)) == ("score_too_weak", None)
    good = make_draft_arrays(np.full(100, 0.5), label=[0] + [1] * 99)
    assert truth(certify(good, Promise())) == truth(certify(good, SELECTIVE)) == ("certified", 0.5)


@pytest.mark.parametrize("n", [0, 1, 21])
@pytest.mark.parametrize("promise", [Promise(), SELECTIVE])
def test_too_few_labels_say_how_many_more(n: int, promise: Promise) -> None:
    answer = certify(labelled(0, n, drafts=50), promise)
    assert truth(answer) == ("too_few_labels", None)
    assert answer.labels_needed == 22
    assert f"Label {22 - n} more" in answer.sentence


def test_a_small_run_needs_fewer_labels_than_the_future() -> None:
    assert certify(labelled(0, 3, drafts=10), THIS_RUN).labels_needed == 7
    assert certify(labelled(0, 7, drafts=10), THIS_RUN, Sampling(floor=0.3)).status == "certified"


def test_an_estimate_under_the_limit_that_is_not_shown_asks_for_labels() -> None:
    answer = certify_at(make_draft_arrays(np.full(60, 0.5), label=[0] * 3 + [1] * 57), 0.5, Promise(risk="selective"))
    assert truth(answer) == ("not_certifiable", None)
    assert answer.labels_needed == bounds.labels_to_certify(3.5 / 61, 0.1, 0.1)
    assert f"About {answer.labels_needed} labels" in answer.sentence


def test_between_hope_and_proof_everything_is_escalated() -> None:
    answer = certify_at(make_draft_arrays(np.full(30, 0.5), label=[0] * 4 + [1] * 26), 0.5, SELECTIVE)
    assert truth(answer) == ("escalate_all", None)
    assert answer.labels_needed is None


def test_no_scores_at_all_escalate_everything() -> None:
    answer = certify(make_draft_arrays([None] * 40, label=[1] * 40), Promise())
    assert truth(answer) == ("escalate_all", None)
    assert answer.sentence.startswith("No draft has a score that could keep it local")


def test_drafts_without_a_score_count_as_delivered_but_never_as_local() -> None:
    answer = certify(make_draft_arrays([None] * 50 + [0.9] * 50, label=[1] * 100), Promise())
    assert truth(answer) == ("certified", 0.9)
    assert answer.local_share == 0.5


def test_ties_are_accepted_together_or_not_at_all() -> None:
    answer = certify(
        make_draft_arrays([0.9] * 30 + [0.6] * 30 + [0.3] * 40, label=[1] * 30 + [0, 1] * 15 + [0] * 40), Promise()
    )
    assert truth(answer) == ("certified", 0.9)
    assert answer.local_share == 0.3


@pytest.mark.parametrize("threshold", [0.0, 1.0, float("inf")])
def test_a_declared_threshold_is_tested_at_the_ends_as_well(threshold: float) -> None:
    answer = certify_at(labelled(0, 50), threshold, Promise())
    # At 1 only the best of fifty drafts stays local: the promise would hold even if it were bad.
    assert truth(answer) == {0.0: ("certified", 0.0), 1.0: ("vacuous", None)}.get(threshold, ("escalate_all", None))


def test_one_declared_threshold_is_certified_where_a_sequence_stops_before_it() -> None:
    label = np.ones(100)
    label[-4:] = 0  # the very best scores are bad
    cases = make_draft_arrays(np.linspace(0, 1, 100), label=label)
    assert certify(cases, SELECTIVE).status != "certified"
    assert certify_at(cases, 0.2, SELECTIVE).status == "certified"


def test_labels_from_a_floor_on_say_nothing_about_a_threshold_below() -> None:
    cases = labelled(0, 50, drafts=100)
    assert certify(cases, Promise(), Sampling(floor=0.6)).threshold >= 0.6
    with pytest.raises(InputError, match=r"from a score of 0\.6 on"):
        certify_at(cases, 0.3, Promise(), Sampling(floor=0.6))


def test_floor_labels_without_their_design_are_recognised() -> None:
    assert label_floor(labelled(0, 50, drafts=100)) == pytest.approx(50 / 99)
    assert label_floor(drawn(50, 1)) is None
    assert label_floor(make_draft_arrays([0.1, 0.5])) is None
    assert label_floor(make_draft_arrays([None, 0.5, 0.9], label=[1, 1, 1])) is None


def test_labels_picked_near_the_threshold_do_not_look_random() -> None:
    near = np.r_[np.full(300, np.nan), np.ones(60), np.full(240, np.nan)]
    cases = make_draft_arrays(np.linspace(0, 1, 600), label=near)
    assert not looks_random(cases, label_floor(cases))
    assert looks_random(drawn(50, 3), None)
    assert looks_random(labelled(1, 30), None)


@pytest.mark.parametrize("promise", [Promise(), SELECTIVE, Promise(alpha=0.2), Promise(alpha=0.2, risk="selective")])
def test_promises_are_broken_no_more_often_than_they_say(promise: Promise) -> None:
    cases = drawn(400, 7)
    chance, broken, draws = np.random.default_rng(3), 0, 150
    for _ in range(draws):
        chosen = np.isin(np.arange(400), chance.choice(400, 60, replace=False))
        answer = certify(make_draft_arrays(cases.score, label=np.where(chosen, cases.label, np.nan)), promise)
        if answer.threshold is not None:
            accepted = cases.accepted(answer.threshold)
            whole = accepted if promise.risk == "selective" else np.ones(400, bool)
            broken += np.count_nonzero(accepted & (cases.label == 0)) > promise.alpha * np.count_nonzero(whole)
    assert broken / draws <= 0.1 + 2 * np.sqrt(0.09 / draws)
