"""Zip archives: read like a folder; bombs, tricks and damage are refused before anything is unpacked."""

import io
import zipfile
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.sources import ReadingLimits, SourceFile, load_files, load_paths, outline
from tests.formats import docx, xlsx, zipped
from tests.studies import said, study_of

TEXT = b"Interviewer: How?\nP01: With gas, mostly.\n"
OTHER = b"P02: I have a stove and a lot of wood."


def test_files_in_an_archive_keep_their_folders() -> None:
    study = study_of(a_zip=zipped({"one/n.txt": TEXT, "two/n.txt": OTHER, "d.docx": docx()}))
    assert [document.name for document in study.documents] == ["a.zip/d.docx", "a.zip/one/n.txt", "a.zip/two/n.txt"]


def test_archives_inside_an_archive_are_read() -> None:
    assert said(study_of(a_zip=zipped({"b.zip": zipped({"n.txt": TEXT})}))) == [("P01", "With gas, mostly.")]


def test_what_is_no_study_in_an_archive_is_left_out_with_a_sentence() -> None:
    hidden = {"__MACOSX/._n.txt": b"x", ".x/n.txt": b"x"}
    study = study_of(a_zip=zipped({"n.txt": TEXT, "photo.png": b"x", "README.md": b"x", "e.txt": b"", **hidden}))
    assert len(study.documents) == 1
    assert sorted(sentence.split(" is ")[0] for sentence in study.warnings) == [
        "Left out: a.zip/e.txt: the file", "a.zip/README.md", "a.zip/photo.png",
    ]  # fmt: skip


def test_names_from_another_system_are_shown_as_they_were() -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as package:
        package.writestr(zipfile.ZipInfo("Zürich.txt"), TEXT)
    unmarked = data.getvalue().replace(b"\x00\x08\x00\x00", b"\x00\x00\x00\x00")
    assert study_of(a_zip=unmarked).documents[0].name == "a.zip/Zürich.txt"


def test_an_archive_in_a_folder_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({"n.txt": TEXT}))
    (tmp_path / "b.zip").write_bytes(b"nothing")
    study = load_paths([tmp_path])
    assert [document.name for document in study.documents] == ["a.zip/n.txt"]
    assert study.warnings[0].startswith("Left out: b.zip: is not a zip archive")


def test_the_columns_of_tables_in_an_archive_can_be_mapped() -> None:
    parts = outline(SourceFile(name="a.zip", data=zipped({"s.xlsx": xlsx(), "broken.xlsx": b"x"})))
    assert [part.title for part in parts if part.kind == "table"] == ["a.zip/s.xlsx"]


def nested(depth: int) -> bytes:
    data = zipped({"n.txt": TEXT})
    for _ in range(depth):
        data = zipped({"x.zip": data})
    return data


def locked(data: bytes) -> bytes:
    return data.replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01")


def rarely_packed() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_LZMA) as package:
        package.writestr("n.txt", TEXT)
    return data.getvalue()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (zipped({"n.txt": b"\0" * 30_000_000}), "a.zip: 0.0 MB that unpack to 30 MB; at most 6 MB are read"),
        (zipped({f"{n}.txt": b"" for n in range(2001)}), "a.zip: more than 2,000 files inside"),
        (nested(3), "a.zip/x.zip/x.zip/x.zip: archives inside archives, 3 deep. Unpack it first."),
        (zipped({"../../n.txt": TEXT}), "a.zip: the entry '../../n.txt' points outside of the archive"),
        (zipped({"/etc/n.txt": TEXT}), "a.zip: the entry '/etc/n.txt' points outside"),
        (zipped({"C:\\n.txt": TEXT}), "a.zip: the entry 'C:/n.txt' points outside"),
        (locked(zipped({"n.txt": TEXT})), "a.zip: is protected with a password"),
        (rarely_packed(), "a.zip: 'n.txt' is packed in a rare way"),
        (zipped({"n.txt": TEXT})[:-20], "a.zip: is not a zip archive that can be read, or it is damaged"),
        (zipped({}), "a.zip: no files to read"),
        (zipped({"photo.png": b"x"}), "a.zip: nothing usable was found. a.zip/photo.png is left out"),
    ],
)
def test_a_hostile_archive_is_refused_in_one_sentence(data: bytes, message: str) -> None:
    with pytest.raises(InputError) as error:
        study_of(a_zip=data)
    assert str(error.value).startswith(message)


def test_archives_share_one_allowance() -> None:
    inner = zipped({"n.txt": OTHER * 20_000})
    data = zipped({"a.zip": inner, "b.zip": inner})
    with pytest.raises(InputError, match=r"^x\.zip/b\.zip: .* at most 0 MB are read"):
        load_files([SourceFile(name="x.zip", data=data)], "x", ReadingLimits(max_unpacked_bytes=len(OTHER) * 20_100))
