"""Excel and OpenDocument sheets: the tables of CSV files, in rooms of their own."""

import io
import zipfile
from datetime import date, datetime

import pytest

from pipeline.errors import InputError
from pipeline.sources import ReadingLimits, SourceFile, load_files
from tests.formats import SURVEY, ods, rezipped, xlsx, zipped
from tests.studies import said, study_of

CSV = "\n".join(",".join(f'"{cell}"' for cell in row) for row in SURVEY)
WORD = "<text:p>ha</text:p>"
WIDE = '<table:table-cell table:number-columns-repeated="{}">{}</table:table-cell>'


def row(cells: str, times: int = 1) -> str:
    return f'<table:table-row table:number-rows-repeated="{times}">{cells}</table:table-row>'


def sheet_of(rows: str) -> bytes:
    opening = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    return rezipped(xlsx(), xl_worksheets_sheet1_xml=f"{opening}{rows}</sheetData></worksheet>".encode())


def test_a_sheet_is_the_same_study_as_a_csv_file() -> None:
    studies = [study_of(a_csv=CSV), study_of(a_xlsx=xlsx()), study_of(a_ods=ods())]
    assert len({tuple(said(study)) for study in studies}) == 1
    assert all(study.participants == studies[0].participants for study in studies)
    assert len({study.segments for study in studies}) == 1


def test_every_sheet_with_answers_is_read_and_the_others_are_told() -> None:
    codes = (("code", "count"), ("1", "2"))
    study = study_of(a_xlsx=xlsx(SURVEY, (), codes, SURVEY[:1] + SURVEY[2:]))
    assert study.segments[0].where == 'sheet "Sheet 1", row 2, "What do you want?"'
    assert study.segments[-1].where == 'sheet "Sheet 4", row 2, "What frustrates you?"'
    notes = " ".join(study.documents[0].notes)
    assert 'Left out: a.xlsx sheet "Sheet 3": no column holds answers in words' in notes
    assert "Left out, as empty: 1 sheet." in notes


def test_hidden_sheets_are_left_out() -> None:
    book = xlsx(SURVEY, SURVEY)
    with zipfile.ZipFile(io.BytesIO(book)) as package:
        contents = package.read("xl/workbook.xml").replace(b'name="Sheet 2"', b'name="Sheet 2" x="1"')
    hidden = contents.replace(b'x="1"', b"").replace(b'state="visible"', b'state="hidden"', 2)
    study = study_of(a_xlsx=rezipped(book, xl_workbook_xml=hidden.replace(b'"hidden"', b'"visible"', 1)))
    assert len(said(study)) == 4
    assert "Left out, as hidden: 1 sheet." in study.documents[0].notes


def test_titles_above_the_column_names_are_left_out() -> None:
    study = study_of(a_xlsx=xlsx((("Heating survey, spring",), ("",), *SURVEY)))
    assert said(study)[0] == ("R01", "I want it warm, always")
    assert study.segments[0].where == 'row 4, "What do you want?"'


def test_a_formula_is_never_evaluated_and_never_turned_into_one() -> None:
    rows = (("id", "answer"), ("P1", "=1+1"), ("P2", "It is far too cold here"))
    study = study_of(a_xlsx=xlsx(rows), b_csv="id,answer\nP3,=cmd|' /C calc'!A0\n")
    assert said(study) == [("P2", "It is far too cold here"), ("P3", "=cmd|' /C calc'!A0")]


def test_a_formula_counts_with_the_value_stored_beside_it() -> None:
    text = '<c r="{}" t="str"><f>A1&amp;A1</f><v>{}</v></c>'
    row = '<row r="{}">' + text + "</row>"
    study = study_of(a_xlsx=sheet_of(row.format(1, "A1", "answer") + row.format(2, "A2", "It is cold in here")))
    assert said(study) == [("R1", "It is cold in here")]


def test_cells_are_read_as_a_person_reads_them() -> None:
    head = ("id", "age", "since", "at", "is warm", "score", "answer")
    row = ("P1", 34.0, date(2024, 3, 5), datetime(2024, 3, 5, 9, 30), True, 4.5, "It is cold in here")  # noqa: DTZ001
    facts = study_of(a_xlsx=xlsx((head, row, ("P2", "#N/A", None, None, None, None, "So cold")))).participants
    assert facts[0].demographics["age"] == "34"
    assert facts[0].demographics["is warm"] == "yes"
    assert "age" not in facts[1].demographics


def test_an_answer_beside_the_header_is_not_lost() -> None:
    study = study_of(a_xlsx=xlsx((("id", "answer"), ("P1", "I like it", "but only when it is warm outside"))))
    assert ("P1", "but only when it is warm outside") in said(study)


@pytest.mark.parametrize("filler", [row(WIDE.format(16384, ""), times=1_048_000), row(WIDE.format(16384, "")) * 9])
def test_empty_cells_that_fill_a_sheet_cost_nothing(filler: str) -> None:
    assert len(said(study_of(a_ods=ods(filler=filler)))) == 4


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a_xlsx", b"PK nothing", "a.xlsx: is not an Excel workbook that can be read, or it is damaged (BadZipFile"),
        ("a_xlsx", xlsx(()), "a.xlsx: every row is empty"),
        ("a_xlsx", xlsx(SURVEY[:1]), "a.xlsx: a header and no rows"),
        ("a_xlsx", xlsx([["c"] * 2001, ["d"] * 2001]), "a.xlsx: 2,001 columns in row 1; at most 2,000"),
        ("a_xlsx", sheet_of('<row><c r="XFD1" t="str"><v>hi</v></c></row>'), "a.xlsx: 16,384 columns in row 1"),
        ("a_xlsx", rezipped(xlsx(), xl_styles_xml=b"<xf/>" * 200_001), "a.xlsx: more than 200,000 elements ('xl/st"),
        ("a_ods", ods(filler=row(WIDE.format(99999, WORD))), "a.ods: 2,001 columns in row 4"),
        ("a_ods", ods(filler=row(WIDE.format(1, WORD), times=999_999)), "a.ods: more than 50,000 rows"),
        ("a_ods", rezipped(ods(), content_xml=b'<!DOCTYPE x [<!ENTITY a "ha">]><x/>'), "a.ods: 'content.xml' declares"),
        ("a_ods", rezipped(ods(), META_INF_manifest_xml=b"<x encryption-data=''/>"), "a.ods: is protected with a pass"),
        ("a_ods", rezipped(ods(), content_xml=b"<a>" * 9), "a.ods: is not an OpenDocument spreadsheet"),
    ],
)  # fmt: skip
def test_a_broken_workbook_is_refused_in_one_sentence(name: str, data: bytes, message: str) -> None:
    with pytest.raises(InputError) as error:
        study_of(**{name: data})
    assert str(error.value).startswith(message)


def test_cells_are_counted_over_all_sheets() -> None:
    file = SourceFile(name="a.xlsx", data=xlsx(SURVEY, SURVEY))
    with pytest.raises(InputError, match=r'^a\.xlsx sheet "Sheet 2": more than 8 cells\. Leave out rows'):
        load_files([file], "x", ReadingLimits(max_cells=20))


def test_formulas_that_nobody_has_worked_out_are_counted() -> None:
    study = study_of(a_xlsx=xlsx((*SURVEY, ("R09", '="I want " & "heat"', "=1+1"))))
    (note,) = [note for note in study.documents[0].notes if "formula" in note]
    assert note.startswith("2 cells with a formula and no stored value read as empty. Open and save the file")


@pytest.mark.parametrize("target", ["worksheets/sheet{}.xml", "/xl/worksheets/sheet{}.xml"])
def test_formulas_of_hidden_sheets_are_not_counted(target: str) -> None:
    book = xlsx(SURVEY, (*SURVEY, ("R09", "=1+1", "x")))
    with zipfile.ZipFile(io.BytesIO(book)) as package:
        contents = package.read("xl/workbook.xml").replace(b'state="visible"', b"")
        links = package.read("xl/_rels/workbook.xml.rels")
    hidden = contents.replace(b'name="Sheet 2"', b'name="Sheet 2" state="hidden"')
    for number in "12":
        links = links.replace(f"/xl/worksheets/sheet{number}.xml".encode(), target.format(number).encode())
    for workbook, told in ((contents, True), (hidden, False)):
        study = study_of(a_xlsx=rezipped(book, xl_workbook_xml=workbook, xl__rels_workbook_xml_rels=links))
        assert any("formula" in note for note in study.documents[0].notes) is told


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("<c><f>A1</f></c>", True),
        ("<c><f>A1</f><v/></c>", True),
        ('<c t="str"><f>A1</f><v></v></c>', False),
        ('<c t="str"><f>A1</f><v>yes</v></c>', False),
        ("<c><f>A1</f><v>3</v></c>", False),
        ("<c><v>3</v></c>", False),
    ],
)
def test_a_formula_counts_with_what_is_stored_beside_it(cell: str, told: bool) -> None:
    text = '<c t="inlineStr"><is><t>{}</t></is></c>'.format
    head = f"<row>{text('participant')}{text('What do you want?')}{text('more')}</row>"
    rows = "".join(f"<row>{text(f'R{n}')}{text('I want it warm at night')}{cell}</row>" for n in range(3))
    notes = " ".join(study_of(a_xlsx=sheet_of(head + rows)).documents[0].notes)
    assert ("3 cells with a formula" in notes) is told


def test_hidden_sheets_of_an_opendocument_spreadsheet_are_left_out() -> None:
    with zipfile.ZipFile(io.BytesIO(ods())) as package:
        content = package.read("content.xml")
    style = (
        b'<office:automatic-styles xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0">'
        b'<style:style style:name="ta2"><style:table-properties table:display="false"/></style:style>'
        b"</office:automatic-styles><office:body>"
    )
    shown = content[content.index(b"<table:table ") : content.index(b"</office:spreadsheet>")]
    hidden = shown.replace(b'table:name="Answers"', b'table:name="Notes" table:style-name="ta2"')
    both = content.replace(b"<office:body>", style).replace(b"</office:spreadsheet>", hidden + b"</office:spreadsheet>")
    study = study_of(a_ods=rezipped(ods(), content_xml=both))
    assert said(study) == said(study_of(a_ods=ods()))
    assert "Left out, as hidden: 1 sheet." in study.documents[0].notes


def test_strict_open_xml_is_named_with_its_remedy() -> None:
    links = b'<Relationships xmlns="x" a="http://purl.oclc.org/ooxml/officeDocument/relationships/officeDocument"/>'
    with pytest.raises(InputError, match=r"^a\.xlsx: is a Strict Open XML workbook\. Save it as"):
        study_of(a_xlsx=rezipped(xlsx(), _rels__rels=links))


def shared_texts(texts: list[str], cells: list[int]) -> bytes:
    """A workbook whose cells of one column name a text by its number, as spreadsheet programs store texts."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    kinds = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    with zipfile.ZipFile(io.BytesIO(xlsx())) as package:
        files = {name: package.read(name) for name in package.namelist()}
    link = f'<Relationship Id="rId99" Type="{kinds}/sharedStrings" Target="/xl/sharedStrings.xml"/></Relationships>'
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    part = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
    for name, end, more in (
        ("xl/_rels/workbook.xml.rels", b"</Relationships>", link),
        ("[Content_Types].xml", b"</Types>", part),
    ):
        files[name] = files[name].replace(end, more.encode())
    items = "".join(f"<si><t>{text}</t></si>" for text in texts)
    rows = "".join(f'<row><c t="s"><v>{number}</v></c></row>' for number in cells)
    files["xl/sharedStrings.xml"] = f'<sst xmlns="{main}">{items}</sst>'.encode()
    files["xl/worksheets/sheet1.xml"] = f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>'.encode()
    return zipped(files)


def test_texts_that_cells_share_are_read() -> None:
    study = study_of(a_xlsx=shared_texts(["answer", "It is far too cold in here"], [0, 1, 1]))
    assert said(study) == [("R1", "It is far too cold in here"), ("R2", "It is far too cold in here")]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a_xlsx", shared_texts(["answer", "it is cold " * 3_000], [0, *[1] * 40_000])),
        ("a_ods", ods(filler=row(WIDE.format(1, f"<text:p>{'it is cold ' * 3_000}</text:p>"), times=40_000))),
        ("a_ods", ods(filler=row(WIDE.format(1_900, f"<text:p>{'it is cold ' * 3_000}</text:p>")))),
    ],
)
def test_one_long_text_in_many_cells_is_refused(name: str, data: bytes) -> None:
    assert len(data) < 20_000
    with pytest.raises(InputError, match=r": more than 20,000,000 characters\. Leave out rows or columns\.$"):
        study_of(**{name: data})


def test_characters_are_counted_over_all_sheets() -> None:
    file = SourceFile(name="a.xlsx", data=xlsx(SURVEY, SURVEY))
    with pytest.raises(InputError, match=r'^a\.xlsx sheet "Sheet 2": more than '):
        load_files([file], "x", ReadingLimits(max_text_chars=250))
