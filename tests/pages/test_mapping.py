"""Correcting how new files were read, on Upload."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pipeline.store import Store
from tests.pages.conftest import App, on_upload

SILENT = b"x,y\nK1,dark\nK2,cold\n"
TALK = b"Ben: We cook at home.\nAda: Why?\nBen: It is cheap.\nAda: And then?\nCid: I only help.\n"


@pytest.fixture
def upload(app: App, store: Store) -> Callable[[str, bytes], AppTest]:
    def upload(name: str, data: bytes) -> AppTest:
        page = on_upload(app)
        page.file_uploader[0].upload(name, data, "text/plain").run()
        assert not page.exception
        return page

    return upload


Upload = Callable[[str, bytes], AppTest]


def field(page: AppTest, kind: str, label: str) -> object:
    return next(widget for widget in page.get(kind) if widget.label == label)


def press(page: AppTest, label: str) -> None:
    field(page, "button", label).click()
    page.run()
    assert not page.exception


def figures(page: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in page.metric}


def test_a_file_without_a_guess_is_mapped_instead_of_refused(upload: Upload, store: Store) -> None:
    page = upload("survey.csv", SILENT)
    assert "no column holds answers in words" in page.error[0].value
    assert next(box for box in page.expander if box.label == "Correct how this was read").proto.expanded
    field(page, "selectbox", "Participant").set_value("x")
    field(page, "multiselect", "Words of the participant").set_value(["y"]).run()
    assert figures(page)["Answers"] == "2"
    press(page, "Use this")
    assert not page.error
    assert len(store.mappings()) == 1
    press(page, "Use this study")
    assert store.studies()[0].size.participants == 2


def test_a_choice_that_cannot_work_says_why_and_cannot_be_used(upload: Upload) -> None:
    page = upload("survey.csv", SILENT)
    field(page, "selectbox", "Participant").set_value("x").run()
    assert "no column is chosen as the participant's words" in page.warning[0].value.replace("\\", "")
    assert field(page, "button", "Use this").disabled


def test_a_column_that_was_guessed_can_be_let_go(upload: Upload) -> None:
    page = upload("answers.csv", b"participant,answer\nK1,It is dark\nK1,It is cold\n")
    field(page, "selectbox", "Participant").set_value("No column").run()
    assert [(metric.value, metric.delta) for metric in page.metric if metric.delta] == [("2", "was 1")]


def test_figures_say_what_changes_before_it_is_used(upload: Upload) -> None:
    page = upload("talk.txt", TALK)
    assert field(page, "multiselect", "Interviewers").value == ["Ada"]
    field(page, "multiselect", "Left out").set_value(["Cid"]).run()
    assert [(metric.value, metric.delta) for metric in page.metric if metric.label == "Answers"] == [("2", "was 3")]


def test_a_correction_is_remembered_for_the_next_file_and_can_be_forgotten(upload: Upload, store: Store) -> None:
    page = upload("talk.txt", TALK)
    field(page, "multiselect", "Left out").set_value(["Cid"]).run()
    press(page, "Use this")
    later = upload("later.txt", TALK.replace(b"cheap", b"dear"))
    assert field(later, "multiselect", "Left out").value == ["Cid"]
    assert figures(later)["Participants"] == "1"
    press(later, "Forget")
    assert figures(later)["Participants"] == "2"
    assert store.mappings() == {}


def test_a_kept_study_says_how_to_correct_the_reading(app: App, store: Store) -> None:
    page = on_upload(app)
    assert "To correct how its files were read, upload them again." in [text.value for text in page.caption]


def test_text_without_speakers_offers_nothing_to_map(upload: Upload) -> None:
    page = upload("letter.txt", b"I read at night, and I like it that way.\n")
    assert "Correct how this was read" not in [box.label for box in page.expander]


def test_the_file_that_cannot_be_read_is_shown_first(app: App, store: Store) -> None:
    page = on_upload(app)
    page.file_uploader[0].upload("a.txt", TALK, "text/plain").upload("survey.csv", SILENT, "text/csv").run()
    assert not page.exception
    assert field(page, "selectbox", "What to correct").value == 1


def test_a_folder_is_corrected_too(app: App, store: Store, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "talk.txt").write_bytes(TALK)
    page = on_upload(app)
    page.text_input(key="upload_folder").input(str(tmp_path / "new")).run()
    field(page, "multiselect", "Left out").set_value(["Cid"]).run()
    press(page, "Use this")
    assert figures(page)["Participants"] == "1"


TWO = b"Ben: We cook at home.\nAda: Why?\nBen: It is cheap.\nAda: And then?\nBen: We eat.\n"


def shown_words(page: AppTest) -> str:
    return " ".join(str(frame.value.to_dict()) for frame in page.dataframe)


def test_one_click_swaps_roles_and_is_remembered(upload: Upload, store: Store) -> None:
    page = upload("talk.txt", TWO)
    assert figures(page)["Words"] == "9"
    press(page, "Swap roles")
    assert len(store.mappings()) == 1
    assert figures(page)["Words"] == "3"
    assert figures(upload("another.txt", TWO + b"Ada: Sure?\n"))["Words"] == "4"


def test_two_labels_become_one_person(upload: Upload, store: Store) -> None:
    page = upload("talk.txt", TALK)
    field(page, "selectbox", "Label").set_value("Cid").run()
    field(page, "selectbox", "is the same person as").set_value("Ben").run()
    press(page, "Merge")
    assert figures(page)["Participants"] == "1"
    press(page, "Use this study")
    assert store.studies()[0].size.participants == 1


def test_a_label_can_name_another_person_in_every_file(upload: Upload, store: Store) -> None:
    page = upload("talk.txt", TALK)
    field(page, "multiselect", "Labels").set_value(["Ben"]).run()
    press(page, "Part by file")
    assert [kept.roles for kept in store.mappings().values()] == [("interviewer", "apart", "participant")]
