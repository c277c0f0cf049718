"""Bytes to text in the encodings people really have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.sources.encoding import DecodedText, tidy
from pipeline.sources.encoding import decode as decode_within
from pipeline.sources.reading import ReadingLimits, SourceFile

WESTERN = "I’m the café owner in Zürich – naïve, £20 a month."


def decode(file: SourceFile) -> DecodedText:
    return decode_within(file, ReadingLimits())


JAPANESE = "私は毎日電車で通勤しています。\nとても寒いです。"
SURVEY = "respondent_id,comment\nR01,とても寒いです\nR02,タイマーがむずかしい\n"
RUSSIAN = "Привет, я живу в Москве и работаю учителем. Дома очень холодно."


@pytest.mark.parametrize(
    ("encoding", "text", "note"),
    [
        ("utf-8", WESTERN, None),
        ("utf-8-sig", WESTERN, None),
        ("utf-16", WESTERN, "utf-16"),
        ("utf-16-le", "hello there", "utf-16-le"),
        ("utf-16-be", WESTERN, "utf-16-be"),
        ("utf-16-le", JAPANESE, "utf-16-le"),
        ("utf-16-be", RUSSIAN, "utf-16-be"),
        ("utf-32", WESTERN, "utf-32"),
        ("cp1252", WESTERN, "Windows-1252"),
        ("iso8859-15", "Le coût est 20 € à Orléans", "iso8859-15"),
        ("mac_roman", "Le café est déjà fermé, voilà", "mac-roman"),
        ("cp850", "Der Zähler ist in Köln, für mich.", "cp850"),
        ("cp1250", "Jestem pielęgniarką w Łodzi i żyję sama, ciężko mi.", "Windows-1250"),
        ("iso8859-2", "Jestem pielęgniarką w Łodzi i żyję sama, ciężko mi.", "iso8859-2"),
        ("cp1250", "Bydlím v Praze, jsem učitelka a je mi zima, řekl", "Windows-1250"),
        ("cp1252", "Ég bý á Íslandi og mér er kalt, þetta er gott", "Windows-1252"),
        ("cp1254", "Merhaba, İstanbul'da yaşıyorum ve öğretmenim.", "Windows-1254"),
        ("cp1251", RUSSIAN, "cp1251"),
        ("koi8-r", RUSSIAN, "koi8-r"),
        ("cp1253", "Καλημέρα, μένω στην Αθήνα και δουλεύω ως δάσκαλος.", "cp1253"),
        ("cp1255", "שלום, אני גר בתל אביב ועובד כמורה. קר מאוד בבית.", "cp1255"),
        ("cp1256", "مرحبا، أعيش في القاهرة وأعمل مدرسا. البيت بارد جدا.", "cp1256"),
        ("cp932", JAPANESE, "cp932"),
        ("cp932", SURVEY, "cp932"),
        ("euc_jp", JAPANESE, "euc-jp"),
        ("iso2022_jp", JAPANESE, "iso-2022-jp"),
        ("gbk", "我每天坐地铁上班，家里非常冷，我不喜欢这个应用。", "gb18030"),
        ("big5", "我每天坐地鐵上班，家裡非常冷，我不喜歡這個應用。", "big5"),
        ("cp949", "저는 매일 지하철로 출근합니다. 집이 너무 추워요.", "cp949"),
    ],
)
def test_encodings_are_recognised_and_told(encoding: str, text: str, note: str | None) -> None:
    decoded = decode(SourceFile(name="a.txt", data=text.encode(encoding)))
    assert decoded.text == text
    assert decoded.notes == ((f"Read as {note}.",) if note else ())


def test_a_damaged_character_does_not_spoil_the_others() -> None:
    decoded = decode(SourceFile(name="a.txt", data=(WESTERN * 3).encode() + b"\xff"))
    assert decoded.text.startswith(WESTERN)
    assert decoded.notes == ("Read as UTF-8 with 1 damaged character replaced.",)


def test_the_encoding_of_a_long_file_is_told_from_its_start() -> None:
    text = (RUSSIAN + "\n") * 20_000
    assert decode(SourceFile(name="a.txt", data=text.encode("koi8-r"))).text == text


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028"])
def test_line_ends_are_one_kind(end: str) -> None:
    assert decode(SourceFile(name="a.txt", data=f"one{end}two".encode())).text == "one\ntwo"


@pytest.mark.parametrize("data", [b"abc\x00def" * 9, bytes(range(1, 32)) * 9, b"\xff\xfe\x00", b"\xef\xbb\xbf"])
def test_what_is_not_text_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match=r"^a\.txt: "):
        decode(SourceFile(name="a.txt", data=data))


@given(st.text())
def test_tidy_text_has_one_line_and_nothing_invisible(text: str) -> None:
    tidied = tidy(text)
    assert tidied == tidy(tidied)
    assert not set(tidied) & {"\n", "\t", "\x00", "\u202e", "\ufeff"}
    tidied.encode()
