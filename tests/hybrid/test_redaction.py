"""What identifies a participant is replaced, and put back."""

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.redaction import measure
from pipeline.domain.config import HybridConfig
from pipeline.domain.persona import Finding
from pipeline.hybrid.identifiers import find_identifiers
from pipeline.hybrid.redaction import Redactor, in_all_texts
from pipeline.providers import RefineTask
from pipeline.providers.prompts import refine_request
from tests.factories import make_persona
from tests.studies import study_of

TALK = """Interviewer: Thanks, Bernard. How do I reach you?
P13: Write to bernard@example.org or ring 020 7946 0123, see www.example.org/me.
Interviewer: And you, Will?
P02: My name is Will Hart and I will wait. Ring Bernard Osei on +353 86 123 4567, or at Bernard's.
"""
NAMES = """participant,name,answer
P13,Bernard Osei,I like it a lot
P02,Will Hart,I do not like it
P05,Anne Lee,It is fine
"""


def redactor() -> Redactor:
    return Redactor(study_of(a_txt=TALK, b_csv=NAMES))


def test_contacts_and_names_are_replaced_with_stable_numbers() -> None:
    redact = redactor().redact
    assert redact("bernard@example.org or +353 86 123 4567") == "[email 1] or [phone 2]"
    assert (
        redact("Ring Bernard Osei at Bernard's, not BERNARD, on 020 7946 0123.")
        == "Ring P13 at P13's, not P13, on [phone 1]."
    )
    assert redact("See www.example.org/me.") == "See [link 1]."


def test_a_name_that_is_a_word_needs_its_capital_inside_a_sentence() -> None:
    redact = redactor().redact
    assert redact("Will you say that Will will come?") == "Will you say that P02 will come?"
    assert redact("Will Hart came with Hart.") == "P02 came with P02."
    assert redact("Hart will come.") == "P02 will come."


def test_what_was_replaced_comes_back() -> None:
    both = redactor()
    for text in (
        "Write to bernard@example.org or ring 020 7946 0123.",
        "I told Bernard's son.",
        "See www.example.org/me.",
    ):
        assert both.restore(both.redact(text)) == text


def test_ids_become_names_only_where_the_study_says_the_name() -> None:
    assert redactor().restore("P13 and P05 agree, [email 9] too.") == "Bernard and P05 agree, [email 9] too."


def test_contacts_that_the_study_does_not_hold_lose_their_number() -> None:
    assert redactor().redact("made.up@example.com, 0131 496 0187, https://made.up/x") == "[email], [phone], [link]"


@pytest.mark.parametrize(
    "text",
    [
        "in 2026-01-14 07:52",
        "from 12 to 1,500 kWh",
        "rows 20418 and 20433",
        "14/01/2026",
        "it was 0.123456789",
        "24/7",
        "1790",
    ],
)
def test_other_numbers_stay(text: str) -> None:
    assert redactor().redact(text) == text


@pytest.mark.parametrize(
    "number", ["(0131) 496 0187", "07700 900142", "+49 30 901820", "(212) 555-0187", "555-0142", "601 234 567"]
)
def test_telephone_numbers_of_many_countries_go(number: str) -> None:
    assert redactor().redact(f"on {number}, please") == "on [phone], please"


PIECES = [
    "Bernard",
    "bernard",
    "Will",
    " will ",
    "Osei",
    " ",
    ", ",
    ". ",
    "P13",
    "[email 1]",
    "020 7946 0123",
    "x@y.org",
    "'s",
]


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=12).map("".join))
def test_redacting_twice_changes_nothing_more_and_leaves_no_name(text: str) -> None:
    once = redactor().redact(text)
    assert redactor().redact(once) == once
    assert "020 7946 0123" not in once.split()


def test_two_people_of_one_first_name_are_told_apart_by_the_second() -> None:
    names = "participant,name,answer\nP1,Ann Lee,I like it a lot\nP2,Ann Gray,I do not like it\n"
    assert Redactor(study_of(b_csv=names)).redact("Ann Gray asked Ann Lee.") == "P2 asked P1."


def test_particles_inside_a_name_go_with_it() -> None:
    names = "participant,name,answer\nP7,Hanneke de Vries,I like it a lot\n"
    assert Redactor(study_of(b_csv=names)).redact("So Hanneke de Vries de novo.") == "So P7 de novo."


def test_a_word_the_study_mostly_writes_small_is_not_a_name() -> None:
    names = "participant,name,answer\nP7,Kettle Smith,the kettle a kettle my kettle is old\n"
    assert Redactor(study_of(b_csv=names)).redact("The kettle of Kettle Smith.") == "The kettle of P7."


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("IBAN GB29 NWBK 6016 1331 9268 19.", "IBAN [account]."),
        ("GB29 NWBK 6016 1331 9268 18", "GB29 NWBK 6016 1331 9268 18"),
        ("card 4111 1111 1111 1111", "card [card]"),
        ("serial 4111 1111 1111 1112", "serial 4111 1111 1111 1112"),
        ("SSN 219-09-9999", "SSN [id]"),
        ("passport no. 533401234", "passport no. [id]"),
        ("at 192.168.178.24", "at [ip]"),
        ("version 10.0.19.41", "version 10.0.19.41"),
        ("I live at 12 Mill Lane.", "I live at [address]."),
        ("a 20 minute drive", "a 20 minute drive"),
        ("anna dot berg at gmail dot com", "[email]"),
    ],
)
def test_numbers_and_addresses_go_where_their_check_digits_or_shape_say_so(text: str, sent: str) -> None:
    assert redactor().redact(text) == sent


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("ring 0131\u2011496\u20110187", "ring [phone]"),
        ("ring ０１３１ ４９６ ０１８７", "ring [phone]"),
        ("ring ٠١٣١ ٤٩٦ ٠١٨٧", "ring [phone]"),
        ("ａｎｎａ＠ｅｘａｍｐｌｅ．ｏｒｇ", "[email]"),
        ("anna@mail\u2011host.org", "[email]"),
        ("anna (at) example (dot) org", "[email]"),
        ("anna[at]example[.]co.uk", "[email]"),
        ("anna.berg arroba correo punto es", "[email]"),
        ("anna AT example.org", "[email]"),
        ("anna chiocciola example.org", "[email]"),
        ("a n n a @ e x a m p l e . o r g", "[email]"),
        ("we met at noon dot on time", "we met at noon dot on time"),
        ("I was @ home. It was late", "I was @ home. It was late"),
        ("wa.me/447700900142", "[link]"),
        ("T.ME/anna_b", "[link]"),
        ("gb29 nwbk 6016 1331 9268 19 or so", "[account] or so"),
        ("GB29-NWBK-6016-1331-9268-19", "[account]"),
        ("card 4111.1111.1111.1111", "card [card]"),
        ("card 4111 - 1111 - 1111 - 1111", "card [card]"),
        ("qq 12 34 56 c", "[id]"),
        ("DF123456A", "[id]"),
        ("CPF 529.982.247-25", "CPF [id]"),
        ("529.982.247-25", "[id]"),
        ("529.982.247-26", "529.982.247-26"),
        ("756.9217.0769.85", "[id]"),
        ("PESEL 44051401359", "PESEL [id]"),
        ("the tax is 12.50 for all", "the tax is 12.50 for all"),
    ],
)
def test_spellings_that_hide_a_string_do_not_keep_it(text: str, sent: str) -> None:
    assert redactor().redact(text) == sent


@pytest.mark.parametrize(
    "address",
    [
        "Lindenstraße 12, 10969 Berlin", "Rosenthaler Straße 1", "Prinsengracht 263", "Storgatan 5", "Vestergade 12B",
        "Åkebergveien 28", "Pietarinkatu 15", "12 bis, rue de la Gare", "chemin des Vignes 8",
        "Calle de Alcalá 5, 2º B", "Av. Libertad N° 301", "Via Garibaldi, 13", "Rua das Flores, 100",
        "ul. Kwiatowa 12/34", "Strada Lungă Nr. 5", "ул. Ленина, д. 5", "Λεωφόρος Συγγρού 48", "Petőfi utca 12",
        "Atatürk Caddesi No: 5", "Mostowa 3, 33-106 Tarnów",
    ],
)  # fmt: skip
def test_street_addresses_of_many_countries_go(address: str) -> None:
    assert redactor().redact(f"It went to {address}, and back.") == "It went to [address], and back."


@pytest.mark.parametrize(
    "said", ["住所は東京都千代田区千代田1-1です", "Bydlím na adrese Resslova 34", "ich wohne Am Hang 7"]
)
def test_what_is_said_to_be_an_address_goes(said: str) -> None:
    assert "[address]" in redactor().redact(said)


@pytest.mark.parametrize(
    "text",
    [
        "In Chapter 3, 2020 people left.",
        "via Zoom 3 times",
        "Bahnhof 3 war voll",
        "Zoom 5 is slow",
        "Symphony No 9",
        "Platz 3 im Ranking",
        "from Monday 3, 4 people",
        "level 3, room 12",
    ],
)
def test_prose_with_numbers_is_no_address(text: str) -> None:
    assert find_identifiers(text) == ()


def test_places_are_those_of_the_text_as_given() -> None:
    text = "call ０１３１\u2011496 0187, not me @ home"
    (found,) = find_identifiers(text)
    assert (found.kind, text[found.start : found.end]) == ("phone", "０１３１\u2011496 0187")


LOOKALIKES = [
    "０",
    "1 ",
    "-",
    "\u2011",
    ".",
    "＠",
    "a",
    "x@y.org",
    " at ",
    " dot com",
    "GB29",
    "rue ",
    "A",
    "Straße 1",
    "º",
]


@settings(deadline=None)
@given(st.lists(st.sampled_from(LOOKALIKES) | st.text(max_size=6), max_size=15).map("".join))
def test_identifiers_are_in_order_without_overlaps_and_not_empty(text: str) -> None:
    found = find_identifiers(text)
    places = [place for one in found for place in (one.start, one.end)]
    assert places == sorted(places)
    assert all(0 <= one.start < one.end <= len(text) for one in found)


def test_numbers_in_a_row_are_not_each_asked_whether_they_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    real = phonenumbers.is_valid_number
    monkeypatch.setattr(phonenumbers, "is_valid_number", lambda number: asked.append(number) or real(number))
    find_identifiers("1 " * 20_000)
    assert asked == []
    find_identifiers("601 234 987, " * 5_000)
    assert len(asked) <= 10


def test_names_that_people_give_themselves_and_are_greeted_by_are_known() -> None:
    talk = (
        "Interviewer: Welcome, Farida. How is it?\nP01: Everyone calls me Fari. Fari and Farida hate it, says Monday.\n"
    )
    assert Redactor(study_of(a_txt=talk)).redact("Farida, or FARI's, on Monday") == "P01, or P01's, on Monday"


def test_short_forms_nicknames_and_accents_belong_to_the_name() -> None:
    names = 'participant,name,answer\nP1,"Robert ""Buzz"" Núñez",I like it a lot\nP2,ann kowalska,I do not like it\n'
    redact = Redactor(study_of(b_csv=names)).redact
    assert redact("Bob, Buzz and Nunez, or Nu\u0301n\u0303ez") == "P1, P1 and P1, or P1"
    assert redact("kowalska came") == "P2 came"


def test_names_in_scripts_without_spaces_go() -> None:
    names = "participant,name,answer\nP1,田中 太郎,I like it a lot\nP2,王芳,I do not like it\n"
    redacted = Redactor(study_of(b_csv=names)).redact("昨日田中さんと王芳が来た")
    assert not any(name in redacted for name in ("田中", "王芳"))


def test_a_line_end_before_a_name_does_not_hide_it_in_what_is_sent() -> None:
    study = study_of(a_txt=TALK, b_csv=NAMES)
    said = study.segments[0].model_copy(update={"text": "Yes.\nBernard\n020 7946 0123\tOsei"})
    task = RefineTask(
        persona=make_persona(name="Bernard", demographics={"son of Bernard": "Osei"}, background="a\nBernard"),
        findings=(Finding(kind="unsupported", text="Unlike\nBernard"),),
        weak_claims=("Ring\n020 7946 0123",),
        segments=(said,),
        seed=0,
    )
    prompt = refine_request(Redactor(study).redact_task(task), HybridConfig()).prompt
    assert not any(secret in prompt for secret in ("Bernard", "Osei", "7946"))


def test_every_field_of_a_persona_comes_back() -> None:
    both = redactor()
    persona = make_persona(
        name="Bernard", tagline="like Bernard", demographics={"of": "Bernard"}, background="Ring 020 7946 0123.",
        goals=("Be Bernard",), pain_points=("Not Bernard",), behaviours=("Writes to bernard@example.org",),
        motivations=("Bernard's",), quotes=("I am Bernard.",),
    )  # fmt: skip
    sent = in_all_texts(persona, both.redact)
    assert "Bernard" not in sent.model_dump_json()
    assert in_all_texts(sent, both.restore) == persona


@pytest.mark.parametrize(("part", "least"), [("first", 0.95), ("countries", 0.94)])
def test_the_held_out_half_of_the_marked_set_is_found(part: str, least: float) -> None:
    *_, together = measure(held_out=True, part=part)
    assert together.n >= 80
    assert together.found / together.n >= least
    assert together.right / together.replaced >= 0.95
