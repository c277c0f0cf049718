"""Small files of every format, written here so that no binary is kept: an interview, a survey, any text."""

# ruff: noqa: E501 - markup

import io
import json
import re
import zipfile
from collections.abc import Sequence

INTERVIEW = (
    "Interviewer: How do you heat your home?",
    "P01: With gas, mostly, and a lot of jumpers.",
    "Interviewer: What annoys you about it?",
    "P01: The timer, it forgets what I told it every single week.",
)
SURVEY = (
    ("respondent_id", "age", "What do you want?", "What frustrates you?"),
    ("R01", "29", "I want it warm, always", "It logs me out every week"),
    ("R02", "57", "I want to leave it alone", "Nothing about it is ever clear to me"),
)
Table = Sequence[Sequence[object]]


def docx(paragraphs: Sequence[str] = INTERVIEW, table: Table = (), style: str | None = None) -> bytes:
    from docx import Document

    document = Document()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph, style=style)
    if table:
        grid = document.add_table(rows=len(table), cols=len(table[0]))
        for row, values in zip(grid.rows, table, strict=True):
            for cell, value in zip(row.cells, values, strict=True):
                cell.text = str(value)
    return _saved(document)


def xlsx(*sheets: Table) -> bytes:
    from openpyxl import Workbook

    workbook = Workbook()
    workbook.remove(workbook.active)
    for number, rows in enumerate(sheets or (SURVEY,), 1):
        sheet = workbook.create_sheet(f"Sheet {number}")
        for row in rows:
            sheet.append(list(row))
    return _saved(workbook)


def ods(rows: Table = SURVEY, filler: str = "") -> bytes:
    cells = (f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>" for row in rows)
    content = (
        '<?xml version="1.0" encoding="UTF-8"?><office:document-content'
        ' xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
        ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
        ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>'
        f'<table:table table:name="Answers">{"".join(cells)}{filler}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    return zipped({"mimetype": b"", "content.xml": content.encode(), "META-INF/manifest.xml": b"<manifest/>"})


def pdf(*pages: Sequence[str]) -> bytes:
    """Lines of text on pages, as the format's own specification writes them."""
    pages = pages or (INTERVIEW,)
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"", b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids = []
    for lines in pages:
        shown = "".join(f"({_pdf_text(line)}) Tj T*\n" for line in lines)
        stream = f"BT /F1 11 Tf 14 TL 50 780 Td\n{shown}ET".encode("cp1252")
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
        kids.append(len(objects) + 1)
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 840] /Contents %d 0 R"
            b" /Resources << /Font << /F1 3 0 R >> >> >>" % len(objects)
        )
    references = " ".join(f"{kid} 0 R" for kid in kids)
    objects[1] = f"<< /Type /Pages /Kids [{references}] /Count {len(kids)} >>".encode()
    written = bytearray(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    written += b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (
        len(objects) + 1, table, len(objects) + 1, len(written),
    )  # fmt: skip
    return bytes(written)


def html(paragraphs: Sequence[str] = INTERVIEW, table: Table = ()) -> bytes:
    rows = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in table)
    body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return f"<!doctype html><html><body>{body}{f'<table>{rows}</table>' if rows else ''}</body></html>".encode()


def rtf(paragraphs: Sequence[str] = INTERVIEW) -> bytes:
    escaped = (paragraph.replace("\\", "\\\\").replace("{", "\\{").replace("}", "\\}") for paragraph in paragraphs)
    return ("{\\rtf1\\ansi\\ansicpg1252 " + "\\par\n".join(escaped) + "}").encode("cp1252", "replace")


def yaml(rows: Table = SURVEY) -> bytes:
    import yaml

    names, *records = rows
    return yaml.safe_dump([dict(zip(names, record, strict=True)) for record in records]).encode()


def zipped(files: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in files.items():
            package.writestr(name, content)
    return data.getvalue()


def rezipped(data: bytes, **changed: bytes) -> bytes:
    """A zip file with some members replaced: `word_document_xml=b"..."` is `word/document.xml`."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        files = {name: package.read(name) for name in package.namelist()}
    by_key = {re.sub(r"[^\w]", "_", name): name for name in files}
    return zipped({**files, **{by_key[key]: content for key, content in changed.items()}})


def qdpx(texts: dict[str, str], codes: dict[str, str], cases: dict[str, dict[str, str]]) -> bytes:
    """A REFI-QDA project as the standard describes it.

    Args:
        texts: of every source, by its name.
        codes: the code of a passage, by the words of the passage.
        cases: variables and their values, by the name of the case, which is the name of its source, too.
    """
    ids = {
        name: f"00000000-0000-4000-8000-{number:012}" for number, name in enumerate((*texts, *codes.values(), "age"))
    }
    book = "".join(
        f'<Code guid="{ids[code]}" name="{code}" isCodable="true"/>' for code in dict.fromkeys(codes.values())
    )
    people = "".join(
        f'<Case guid="{ids["age"]}" name="{name}">'
        + "".join(
            f'<VariableValue><VariableRef targetGUID="{ids["age"]}"/><IntegerValue>{age}</IntegerValue></VariableValue>'
            for age in known.values()
        )
        + f'<SourceRef targetGUID="{ids[name]}"/></Case>'
        for name, known in cases.items()
    )
    sources = "".join(
        f'<TextSource guid="{ids[name]}" name="{name}" plainTextPath="internal://{ids[name]}.txt">'
        + "".join(
            f'<PlainTextSelection guid="{ids[code]}" startPosition="{text.index(passage)}" endPosition="{text.index(passage) + len(passage)}">'
            f'<Coding guid="{ids[code]}"><CodeRef targetGUID="{ids[code]}"/></Coding></PlainTextSelection>'
            for passage, code in codes.items() if passage in text
        )
        + "</TextSource>"
        for name, text in texts.items()
    )  # fmt: skip
    project = (
        '<?xml version="1.0" encoding="utf-8"?><Project xmlns="urn:QDA-XML:project:1.0" name="Lamps">'
        f"<CodeBook><Codes>{book}</Codes></CodeBook>"
        f'<Variables><Variable guid="{ids["age"]}" name="Age" typeOfVariable="Integer"/></Variables>'
        f"<Cases>{people}</Cases><Sources>{sources}</Sources></Project>"
    )
    return zipped(
        {"project.qde": project.encode(), **{f"sources/{ids[name]}.txt": text.encode() for name, text in texts.items()}}
    )


def corpus() -> dict[str, bytes]:
    """One small file of every format, by name."""
    text = "\n".join(INTERVIEW).encode()
    table = "\n".join(",".join(f'"{cell}"' for cell in row) for row in SURVEY)
    turns = [dict(zip(("speaker", "text"), line.split(": ", 1), strict=True)) for line in INTERVIEW]
    cues = "\n".join(f"00:00:0{n}.000 --> 00:00:0{n + 1}.000\n{line}\n" for n, line in enumerate(INTERVIEW))
    documents = {
        "a.docx": docx(), "b.docx": docx(("Notes",), SURVEY), "a.xlsx": xlsx(), "b.xlsx": xlsx(SURVEY, SURVEY),
        "a.ods": ods(), "a.pdf": pdf(), "b.pdf": pdf(*[INTERVIEW] * 3), "a.html": html(), "b.html": html((), SURVEY),
        "a.rtf": rtf(), "a.qdpx": qdpx({"P1": "\n".join(INTERVIEW)}, {INTERVIEW[1].partition(": ")[2]: "comfort"}, {"P1": {"Age": "41"}}),
        "a.yaml": yaml(), "a.zip": zipped({"one/a.txt": text, "b.csv": table.encode()}),
    }  # fmt: skip
    return {
        **documents,
        "b.zip": zipped({"inner.zip": documents["a.zip"], "a.docx": documents["a.docx"]}),
        "a.txt": text, "a.md": b"# Interview\n\n" + text, "a.csv": table.encode(),
        "a.tsv": table.replace(",", "\t").encode(), "a.json": json.dumps({"id": "P1", "transcript": turns}).encode(),
        "a.jsonl": "\n".join(json.dumps({"id": "P1", **turn}) for turn in turns).encode(),
        "a.vtt": f"WEBVTT\n\n{cues}".encode(), "a.srt": cues.replace(".000", ",000").encode(),
    }  # fmt: skip


def _saved(document: object) -> bytes:
    data = io.BytesIO()
    document.save(data)  # type: ignore[attr-defined]
    return data.getvalue()


def _ods_cell(value: object) -> str:
    return f'<table:table-cell office:value-type="string"><text:p>{value}</text:p></table:table-cell>'


def _pdf_text(line: str) -> str:
    return line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
