"""Spreadsheets of every shape: surveys, questions and answers, tickets, transcripts, lists."""

import pytest

from pipeline.errors import InputError
from pipeline.sources import ReadingLimits, load_files
from tests.studies import answers, asked, said, source, study_of

SURVEY = (
    "respondent_id,age,town,What do you want?,What frustrates you?,nps_0_10\n"
    'R01,29,Leeds,"I want it warm, always","It logs me out every week",7\n'
    "R02,57,Cork,I want to leave it alone,n/a,8\n"
)


def test_a_wide_survey_has_a_segment_per_answer_and_names_its_question() -> None:
    study = study_of(survey_csv=SURVEY)
    assert said(study)[0] == ("R01", "I want it warm, always")
    assert [segment.where for segment in study.segments] == [
        'row 2, "What do you want?"',
        'row 2, "What frustrates you?"',
        'row 3, "What do you want?"',
    ]


def test_short_columns_are_facts_and_empty_cells_are_counted() -> None:
    study = study_of(survey_csv=SURVEY)
    assert study.participants[0].demographics == {"age": "29", "location": "Leeds", "nps_0_10": "7"}
    assert study.documents[0].kind == "wide survey"
    assert study.documents[0].notes[1:] == ('Kept as facts: "age", "town", "nps_0_10".', "1 empty cell skipped.")


def test_questions_of_a_long_table_are_the_interviewers() -> None:
    study = study_of(a_tsv="participant\tquestion\tanswer\nP1\tHow?\tWith gas\nP1\tWhy?\t\nP2\tHow?\tWith wood\n")
    assert said(study) == [("P1", "With gas"), ("P2", "With wood")]
    assert asked(study) == ["How?", "How?"]


def test_tickets_of_one_customer_belong_together() -> None:
    head = "ticket_id,customer,opened,channel,subject,message\n"
    study = study_of(
        a_csv=head
        + "T1,C01,Monday,mail,Late,It came late\nT2,C02,Monday,chat,Cold,So cold\nT3,C01,Friday,mail,Again,Late again\n"
    )
    assert said(study) == [("C01", "It came late"), ("C01", "Late again"), ("C02", "So cold")]
    assert study.segments[0].where == 'row 2, "message", subject "Late"'
    assert study.documents[0].kind == "support tickets"
    assert study.participants[0].demographics == {}


def test_a_table_of_turns_is_a_conversation() -> None:
    study = study_of(
        a_csv="time,speaker,text\n1,Interviewer,How?\n2,P01,With gas.\n3,Interviewer,Why?\n4,P01,It was here.\n"
    )
    assert said(study) == [("P01", "With gas."), ("P01", "It was here.")]
    assert asked(study) == ["How?", "Why?"]


def test_one_text_column_is_one_participant_per_row() -> None:
    assert said(study_of(a_csv="comment\nI like it\nI do not\n")) == [("R1", "I like it"), ("R2", "I do not")]


def test_a_whole_transcript_in_a_cell_is_taken_apart() -> None:
    study = study_of(
        a_csv='participant,transcript\nP1,"Interviewer: How?\nP1: With gas.\nInterviewer: Why?\nP1: So."\n'
    )
    assert said(study) == [("P1", "With gas."), ("P1", "So.")]


def test_a_scale_is_a_fact_and_a_role_column_may_hold_jobs() -> None:
    study = study_of(
        a_csv="id,role,How happy are you?,Why?\nP1,nurse,4,Because it is easy to use\nP2,vet,2,It is slow for me\n"
    )
    assert study.participants[0].demographics == {"occupation": "nurse", "how happy are you?": "4"}
    assert [segment.where for segment in answers(study)] == ['row 2, "Why?"', 'row 3, "Why?"']


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    rows = [["id", "answer"], ["P1", "I like it"], ["P2", "I do not"]]
    assert said(study_of(a_csv="\n".join(delimiter.join(row) for row in rows))) == [
        ("P1", "I like it"),
        ("P2", "I do not"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b,c,d\n1,2,3,4\n1,2,3,4,n/a\n", "interviews.csv line 3: 5 fields, header has 4. Unexpected: 'n/a'."),
        ("a,b,c\n1,2,3\n1,2,3\n1,2,3,4\n", "interviews.csv line 4: 4 fields, header has 3."),
        ('a,b\n1,"two\n', "interviews.csv line 2: a quotation mark is not closed"),
        ('id,a,b\nP1,"open, and,x\nP2,y,z\n', "interviews.csv line 3: a quotation mark is not closed"),
        ("id,answer\n", "interviews.csv: a header and no rows."),
        ("id,age\nP1,30\n", "interviews.csv: no column holds answers in words (found: id, age)."),
    ],
)
def test_a_broken_table_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        study_of(interviews_csv=text)
    assert str(error.value).startswith(message)


def test_quotation_marks_are_words_where_tabs_divide_the_fields() -> None:
    study = study_of(a_tsv='id\tanswer\nP1\t"Hello" she said\nP2\tThe 5" pipe\n')
    assert said(study) == [("P1", '"Hello" she said'), ("P2", 'The 5" pipe')]


def test_a_delimiter_stated_by_a_spreadsheet_program_is_used() -> None:
    assert said(study_of(a_csv="sep=;\nid;answer\nP1;I like it, too\n")) == [("P1", "I like it, too")]


def test_forms_ask_for_facts_in_whole_questions() -> None:
    study = study_of(
        a_csv="Email Address,How old are you?,Where do you live?,What annoys you?\na@x.org,34,York,It is very slow\n"
    )
    assert study.participants[0].demographics == {"age": "34", "location": "York"}
    assert said(study) == [("R1", "It is very slow")]


def test_too_many_rows_are_refused() -> None:
    with pytest.raises(InputError, match=r"a\.csv: more than 1 rows"):
        load_files([source("a_csv", "id,answer\nP1,I like it\nP2,I do not\n")], "x", ReadingLimits(max_rows=1))


def test_a_field_of_any_length_is_read() -> None:
    study = study_of(a_csv='id,answer\nP1,"' + "I like it. " * 40_000 + '"\n')
    assert study.words == 120_000
