"""Word, PDF, web pages and rich text: the same interview in every format, tables, and what is refused."""

import logging

import pytest

from pipeline.errors import InputError
from pipeline.sources import ReadingLimits, SourceFile, load_files
from pipeline.sources.formats.pdf import load as load_pdf
from tests.formats import INTERVIEW, SURVEY, docx, html, pdf, rezipped, rtf
from tests.studies import asked, said, study_of

OPENING = '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
CLOSING = "</w:body></w:document>"


def docx_of(body: str, before: str = "") -> bytes:
    return rezipped(docx(), word_document_xml=f"{before}{OPENING}{body}{CLOSING}".encode())


@pytest.mark.parametrize(("name", "data"), [("a_docx", docx()), ("a_pdf", pdf()), ("a_html", html()), ("a_rtf", rtf())])
def test_an_interview_is_the_same_in_every_format(name: str, data: bytes) -> None:
    text = study_of(a_txt="\n".join(INTERVIEW))
    study = study_of(**{name: data})
    assert said(study) == said(text)
    assert asked(study) == asked(text)
    assert study.documents[0].kind == "interview transcript"


@pytest.mark.parametrize(("name", "data"), [("a_docx", docx((), SURVEY)), ("a_html", html((), SURVEY))])
def test_a_table_in_a_document_is_read_as_a_table(name: str, data: bytes) -> None:
    study = study_of(**{name: data})
    assert [person.id for person in study.participants] == ["R01", "R02"]
    assert study.participants[0].demographics == {"age": "29"}
    assert study.segments[0].where == 'row 2, "What do you want?"'


def test_words_beside_a_table_of_answers_are_the_researchers() -> None:
    study = study_of(a_docx=docx(("This is what people told us in the spring.",), SURVEY))
    assert not any("spring" in text for _, text in said(study))
    assert "Left out beside the table (no participant's words): 1 paragraph." in study.documents[0].notes


def test_a_table_of_facts_belongs_to_the_interview_below_it() -> None:
    facts = "<table><tr><td>Age</td><td>34</td></tr><tr><td>Town</td><td>Leeds</td></tr></table>"
    study = study_of(a_html=html() + facts.encode())
    assert study.participants[0].demographics == {"age": "34", "location": "Leeds"}
    assert len(said(study)) == 2


def test_a_table_of_speakers_is_a_conversation() -> None:
    rows = [line.split(": ", 1) for line in INTERVIEW]
    assert said(study_of(a_docx=docx((), rows))) == said(study_of(a_txt="\n".join(INTERVIEW)))


def test_headings_of_a_document_are_nobodys_words() -> None:
    study = study_of(a_html="<h1>What we heard in Leeds</h1><p>It is cold in here all the time.</p>")
    assert said(study) == [("R1", "It is cold in here all the time.")]


def test_tracked_insertions_are_read_and_deletions_are_not() -> None:
    run = "<w:r><w:t>{}</w:t></w:r>"
    body = (
        f"<w:sdt><w:sdtContent><w:p>{run.format('P01: I like ')}<w:ins>{run.format('warm')}</w:ins>"
        "<w:del><w:r><w:delText>cold</w:delText></w:r></w:del></w:p></w:sdtContent></w:sdt>"
        f"<w:p>{run.format('Interviewer: Why?')}</w:p>"
    )
    assert said(study_of(a_docx=docx_of(body))) == [("P01", "I like warm")]


def test_what_a_page_does_not_show_is_not_read() -> None:
    page = (
        "<html><head><title>x</title><style>p{}</style></head><body><script>P9: alert(1)</script>"
        "<p>P01: It is <b>so</b> cold<br>at night.</p><p>Interviewer:&nbsp;Why?</p><!-- P8: no --></body></html>"
    )
    assert said(study_of(a_html=page)) == [("P01", "It is so cold at night.")]


def test_a_page_is_read_in_the_encoding_it_names() -> None:
    page = '<meta charset="iso-8859-2"><p>Jest mi zimno, żyję sama i mam ciężko.</p>'
    assert said(study_of(a_html=page.encode("iso-8859-2")))[0][1] == "Jest mi zimno, żyję sama i mam ciężko."


def test_footers_of_pages_are_left_out() -> None:
    pages = [[*INTERVIEW, f"Study of heating, page {number}"] for number in range(1, 5)]
    study = study_of(a_pdf=pdf(*pages))
    assert len(said(study)) == 8
    assert not any("Study of heating" in text for _, text in said(study))
    assert "Left out, as headers and footers of pages: 1 line." in study.documents[0].notes


class Slow:
    """A clock on which every look takes three seconds."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        self.seconds += 3
        return self.seconds


def test_a_pdf_that_takes_too_long_is_given_up_with_its_page() -> None:
    file = SourceFile(name="a.pdf", data=pdf(*[INTERVIEW] * 9))
    with pytest.raises(InputError, match=r"^a\.pdf page 4: too much to read \(12 s"):
        load_pdf(file, ReadingLimits(), Slow())  # type: ignore[arg-type]


def test_a_damaged_pdf_writes_nothing_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), pytest.raises(InputError):
        study_of(a_pdf=b"%PDF-1.4 nothing")
    assert caplog.records == []


def encrypted(data: bytes) -> bytes:
    return data.replace(b"PK\x03\x04\x14\x00\x00", b"PK\x03\x04\x14\x00\x01").replace(
        b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"
    )


ENTITIES = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a_docx", b"PK nothing", "a.docx: is not a Word document that can be read, or it is damaged (BadZipFile"),
        ("a_docx", docx()[:-50], "a.docx: is not a Word document that can be read, or it is damaged"),
        ("a_docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 99, "a.docx: has a password, or comes from an Office program"),
        ("a_docx", encrypted(docx()), "a.docx: is protected with a password."),
        ("a_docx", docx_of("", ENTITIES), "a.docx: 'word/document.xml' declares entities"),
        ("a_docx", docx(()), "a.docx: the file holds no visible text"),
        ("a_docx", docx_of("<w:p/>" * 1_000_001), "a.docx: more than 1,000,000 elements"),
        ("a_pdf", b"P01: hello", "a.pdf: is not a PDF file that can be read, or it is damaged (PdfStreamError"),
        ("a_pdf", pdf([""]), "a.pdf: 1 page and no text, as in a scan. Run text recognition"),
        ("a_rtf", b"P01: hello", "a.rtf: is not a rich text file"),
        ("a_rtf", b"{\\rtf1 }", "a.rtf: the file is empty"),
        ("a_html", b"<p> </p>", "a.html: the file holds no visible text"),
    ],
)  # fmt: skip
def test_a_broken_document_is_refused_in_one_sentence(name: str, data: bytes, message: str) -> None:
    with pytest.raises(InputError) as error:
        study_of(**{name: data})
    assert str(error.value).startswith(message)


def other_encoding(encoding: str, declared: str) -> bytes:
    """A Word document whose XML declares entities, in another encoding than UTF-8."""
    text = f'<?xml version="1.0" encoding="{declared}"?>{ENTITIES}{OPENING}{CLOSING}'
    return rezipped(docx(), word_document_xml=text.encode(encoding))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "latin-1"])
def test_entities_in_any_encoding_are_refused(encoding: str) -> None:
    declared = {"latin-1": "iso-8859-1", "utf-8-sig": "utf-8"}.get(encoding, encoding)
    with pytest.raises(InputError, match=r"'word/document.xml' declares entities"):
        load_files([SourceFile(name="a.docx", data=other_encoding(encoding, declared))], "x")


@pytest.mark.parametrize("encoding", ["utf-7", "cp037"])
def test_encodings_in_which_entities_cannot_be_seen_are_refused(encoding: str) -> None:
    with pytest.raises(InputError, match=r"'word/document.xml' is in an encoding that no office program writes"):
        load_files([SourceFile(name="a.docx", data=other_encoding(encoding, encoding))], "x")


def test_entities_between_two_pieces_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    for size in range(1, 60):
        monkeypatch.setattr("pipeline.sources.formats._packages._PIECE", size + 500)
        padded = ENTITIES.replace("<!DOCTYPE", " " * 480 + "<!DOCTYPE", 1)
        with pytest.raises(InputError, match="declares entities"):
            study_of(a_docx=docx_of("", padded))


@pytest.mark.parametrize(
    ("name", "data", "limits", "message"),
    [
        ("a.html", html(), ReadingLimits(max_nodes=5), "a.html: 13 elements; at most 5"),
        ("a.docx", docx(), ReadingLimits(max_nodes=5), r"a.docx: more than 5 elements"),
        ("a.pdf", pdf(INTERVIEW, INTERVIEW), ReadingLimits(max_pages=1), "a.pdf: 2 pages; at most 1"),
        ("a.pdf", pdf(), ReadingLimits(max_text_chars=20), "a.pdf page 1: too much to read"),
        ("a.rtf", rtf(), ReadingLimits(max_lines=2), "a.rtf: 3 lines; at most 2"),
        ("a.docx", docx(), ReadingLimits(max_members=3), "a.docx: more than 3 files inside"),
    ],
)
def test_limits_of_documents_are_kept(name: str, data: bytes, limits: ReadingLimits, message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}"):
        load_files([SourceFile(name=name, data=data)], "x", limits)
