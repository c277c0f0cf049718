from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.study import Study
from pipeline.scoring import index
from pipeline.scoring.index import StudyIndex
from pipeline.text.tokens import sentences
from tests.scoring.studies import study_of


def make_study(**said: str) -> Study:
    return study_of(said)


TWO = make_study(
    P1="Q: Do you like the purple boiler?\nThe boiler is loud. I sleep badly because of it.\nI want a quiet night.",
    P2="I check the tariff every morning. Cheap hours start at two.",
)


def best(index: StudyIndex, focus: list[str] | None, *terms: str) -> str:
    view = index.view(focus)
    found = view.search([place for place in map(view.number_of, terms) if place >= 0], 1)
    return view.text_between(found[0], found[0] + 1) if found else ""


def test_search_finds_the_sentence_as_it_stands() -> None:
    assert best(StudyIndex.build(TWO), ["P1"], "boiler", "loud") == "The boiler is loud."


def test_interviewers_words_are_not_in_the_index() -> None:
    assert StudyIndex.build(TWO).view(None).number_of("purpl") == -1


def test_a_focus_sees_only_its_own_participants() -> None:
    index = StudyIndex.build(TWO)
    assert best(index, ["P2"], "boiler") == ""
    assert best(index, ["P1", "P2"], "tariff") == "I check the tariff every morning."


@pytest.mark.parametrize("focus", [None, [], ["nobody"]])
def test_an_unknown_focus_is_everybody_and_says_so(focus: list[str] | None) -> None:
    view = StudyIndex.build(TWO).view(focus)
    assert not view.is_known
    assert len(view) == 5


def test_windows_stay_with_one_speaker() -> None:
    view = StudyIndex.build(TWO).view(None)
    assert view.window(2, reach=5) == (0, 3)
    assert view.window(3, reach=5) == (3, 5)


def test_copied_words_are_counted_in_runs_of_twelve() -> None:
    text = "one morning the old pipes under the kitchen floor froze and the plumber laughed at us for hours"
    view = StudyIndex.build(make_study(P1=text)).view(["P1"])
    assert view.copied_share(text.split(), 12) == 1.0
    assert view.copied_share(text.split()[:11], 12) == 0.0
    assert (
        view.copied_share([*text.split()[:12], *["then", "something", "else", "happened", "to", "them"]], 12) == 12 / 18
    )


def test_a_study_without_words_gives_an_empty_view() -> None:
    for study in (make_study(), make_study(P1=""), make_study(P1="Q: only a question")):
        view = StudyIndex.build(study).view(None)
        assert view.is_empty
        assert view.search([], 5) == []
        assert view.copied_share(["word"] * 20, 12) == 0.0


def test_the_cache_gives_the_same_arrays_as_building(tmp_path: Path) -> None:
    built = StudyIndex.cached(TWO, tmp_path)
    again = StudyIndex.cached(TWO, tmp_path)
    assert again.data.vocabulary == built.data.vocabulary
    assert np.array_equal(again.data.words, built.data.words)
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("damage", [b"", b"not a zip", b"PK\x03\x04 half"])
def test_a_damaged_cache_is_rebuilt(tmp_path: Path, damage: bytes) -> None:
    StudyIndex.cached(TWO, tmp_path)
    (path,) = tmp_path.iterdir()
    path.write_bytes(damage)
    assert best(StudyIndex.cached(TWO, tmp_path), ["P1"], "loud") == "The boiler is loud."
    assert path.read_bytes() != damage


def test_a_cache_of_another_study_is_not_used(tmp_path: Path) -> None:
    other = make_study(P1="Something else entirely.")
    StudyIndex.cached(other, tmp_path)
    (path,) = tmp_path.iterdir()
    path.rename(tmp_path / f"index-{index.content_key(TWO)[:32]}.npz")
    assert best(StudyIndex.cached(TWO, tmp_path), ["P1"], "loud") == "The boiler is loud."


def test_a_cache_with_positions_outside_the_text_is_not_used(tmp_path: Path) -> None:
    data = StudyIndex.build(TWO).data
    key = index.content_key(TWO)
    path = tmp_path / "index.npz"
    index.save_index(data, path, key)
    assert index.load_index(path, key, TWO) is not None
    assert index.load_index(path, key, make_study(P1="short")) is None


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert best(StudyIndex.cached(TWO, blocked / "below"), ["P1"], "loud") == "The boiler is loud."


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(max_size=80), max_size=4))
def test_every_sentence_of_any_study_is_a_piece_of_its_segment(texts: list[str]) -> None:
    study = make_study(**{f"P{number}": text for number, text in enumerate(texts)})
    view = StudyIndex.build(study).view(None)
    shown = [view.text_between(place, place + 1) for place in range(len(view))]
    spoken = [segment.text for segment in study.segments if segment.role == "participant"]
    assert shown == [sentence for text in spoken for sentence in sentences(text)]


def test_only_participant_of_a_study_is_its_focus_without_being_named() -> None:
    assert StudyIndex.build(study_of({"P01": "I check the meter every morning."})).view(None).is_known
