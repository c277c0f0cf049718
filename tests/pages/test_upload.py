from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from pages.parts import ui
from pipeline.store import Store
from tests.pages.conftest import App, button, on_upload, words
from tests.pages.runs import ANSWERS


def test_the_first_visit_shows_the_example_study_and_one_primarybutton(app: App) -> None:
    page = on_upload(app)
    assert page.title[0].value == "Upload"
    assert {metric.label: metric.value for metric in page.metric}["Participants"] == "35"
    assert ui.EXAMPLE_NAME in words(page)
    assert [button.label for button in page.button if button.proto.type == "primary"] == ["Configure"]


def test_the_example_is_not_forced_on_a_database_that_has_a_study(app: App, store: Store) -> None:
    on_upload(app)
    assert [study.name for study in store.studies()] == ["Heating at home"]


def test_configure_goes_on_with_the_study_in_the_address(app: App, store: Store) -> None:
    page = on_upload(app)
    button(page, "Configure").click()
    page.run()
    assert page.title[0].value == "Configure"
    assert page.query_params["study"] == store.studies()[0].id


def test_an_upload_is_shown_before_it_is_kept(app: App, store: Store) -> None:
    page = on_upload(app)
    page.file_uploader[0].upload("kitchen.csv", _survey(), "text/csv").run()
    assert {metric.label: metric.value for metric in page.metric}["Participants"] == "2"
    assert len(store.studies()) == 1
    page.text_input(key=_name_key(page)).input("Kitchens").run()
    button(page, "Use this study").click()
    page.run()
    assert [study.name for study in store.studies()] == ["Kitchens", "Heating at home"]
    assert page.title[0].value == "Configure"


def test_files_that_are_a_study_already_are_not_kept_twice(app: App, store: Store) -> None:
    page = on_upload(app)
    rows = "\n".join(f'R{number},"{text}"' for number, text in enumerate(ANSWERS, start=1))
    page.file_uploader[0].upload("answers.csv", f"participant,answer\n{rows}\n".encode(), "text/csv").run()
    assert "These files are already a study" in words(page)
    button(page, "Use this study").click()
    page.run()
    assert len(store.studies()) == 1


def test_an_unreadable_file_is_one_sentence_and_leaves_the_study_alone(app: App, store: Store) -> None:
    page = on_upload(app)
    page.file_uploader[0].upload("empty.txt", b"", "text/plain").run()
    assert len(page.error) == 1
    assert "empty" in page.error[0].value
    assert [study.name for study in store.studies()] == ["Heating at home"]
    assert not page.exception


def test_a_folder_of_this_machine_can_be_read(app: App, store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "kitchens"
    folder.mkdir()
    (folder / "kitchen.csv").write_bytes(_survey())
    page = on_upload(app)
    page.text_input(key="upload_folder").input(str(folder)).run()
    assert {metric.label: metric.value for metric in page.metric}["Documents"] == "1"
    page.text_input(key="upload_folder").input(str(tmp_path / "nowhere")).run()
    assert "nowhere" in page.error[0].value


def test_a_folder_is_offered_only_to_those_who_sit_at_this_machine(
    app: App, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    option = st.get_option
    monkeypatch.setattr(st, "get_option", lambda key: "0.0.0.0" if key == "server.address" else option(key))
    page = on_upload(app)
    assert "upload_folder" not in [field.key for field in page.text_input]


def test_deleting_the_last_study_asks_first_and_ends_in_the_empty_state(app: App, store: Store) -> None:
    page = on_upload(app)
    assert "will be erased from the database" in words(page)
    button(page, "Delete for good").click()
    page.run()
    assert not store.studies()
    assert "No study yet" in words(page)
    button(page, "Load the example study").click()
    page.run()
    assert store.studies()[0].name == ui.EXAMPLE_NAME


def test_segments_can_be_searched_and_say_who_speaks(app: App, store: Store) -> None:
    page = on_upload(app)
    page.segmented_control(key="study_view").set_value("Segments").run()
    page.text_input(key="segment_search").input("BOOST").run()
    found = page.dataframe[0].value
    assert list(found["Participant"]) == ["R3"]
    assert set(found["Role"]) == {"participant"}


def test_an_old_link_says_so_and_offers_the_studies_there_are(app: App, store: Store) -> None:
    page = app()
    page.query_params["study"] = "gone"
    page.run()
    assert "gone" in page.error[0].value
    assert page.metric


def test_text_of_files_is_never_markup(app: App, store: Store) -> None:
    page = on_upload(app)
    page.file_uploader[0].upload("x**b**[l](http://e.example).csv", _survey(), "text/csv").run()
    cells = page.table[0].value["File"]
    assert "**" not in str(cells.iloc[0]).replace("\\*", "")


def _survey() -> bytes:
    return (
        b"participant,answer\n"
        b'K1,"I cook every evening for five and I hate the tap that drips because nobody repairs it."\n'
        b'K2,"I want a worktop that forgives me when I put a hot pan on it after a long day at work."\n'
    )


def _name_key(page: AppTest) -> str:
    return next(str(field.key) for field in page.text_input if str(field.key).startswith("upload_name"))


def test_first_visit_tells_the_three_stages_with_the_figures_of_the_study(app) -> None:
    page = on_upload(app)
    text = " ".join(element.value for element in (*page.markdown, *page.caption))
    assert "1 · Draft" in text
    assert "your 35 participants" in text
    assert "your 557 segments" in text


def test_two_versions_of_one_talk_count_once_unless_both_are_kept(app: App, store: Store) -> None:
    page = app().run().switch_page("pages/upload.py").run()
    page.file_uploader[0].upload("raw.txt", _talk("Omar"), "text/plain").upload(
        "coded.txt", b"Coded by hand\n\n" + _talk("P1"), "text/plain"
    ).run()
    assert [figure.value for figure in page.metric[:3]] == ["1", "1", "42"]
    assert "the same talk twice" in words(page)

    page.toggle(key="upload_keep_both").set_value(True).run()
    assert [(figure.label, figure.value) for figure in page.metric[:3]] == [
        ("Documents", "2"),
        ("Participants", "2"),
        ("Words", "84"),
    ]
    button(page, "Use this study").click()
    page.run()
    assert store.studies()[0].size.documents == 2


def _talk(name: str) -> bytes:
    return (
        f"Interviewer: How do you read at night?\n{name}: I clip a small lamp to the book and turn away from my wife.\n"
        f"Interviewer: What annoys you?\n{name}: The clip slips off every thick book that I own, so I hold it.\n"
        f"Interviewer: And then?\n{name}: My thumb falls asleep before I do, and the lamp drops on my nose.\n"
    ).encode()
