"""What is about to leave is looked through for identifiers of people."""

import json

import pytest

from pipeline.domain.bundle import without_verbatim
from pipeline.domain.comparison import Comparison
from pipeline.errors import InputError
from pipeline.results.export import personas_markdown, run_document
from pipeline.results.export_check import checked, identifiers_in, without_identifiers
from pipeline.results.report import posters, run_report
from tests.factories import make_call, make_persona, make_run
from tests.results.test_report import SAID, make_study, quoting

PHONE, MAIL = "+353 1 496 0123", "maren.oduya@example.org"


def leaking():
    """A run whose first persona has copied a number, with an address in its warnings."""
    run = make_run([0.9, 0.4])
    copied = make_persona().model_copy(update={"background": f"Call me on {PHONE}.", "quotes": (f"Ring {PHONE}!",)})
    first = run.personas[0].model_copy(update={"persona": copied})
    return run.model_copy(update={"personas": (first, *run.personas[1:]), "warnings": (f"Sent by {MAIL}",)})


def test_identifiers_are_found_with_their_places():
    found = identifiers_in(leaking())
    assert [(one.kind, one.text, one.place) for one in found] == [
        ("phone", PHONE, "personas 1, persona, background"),
        ("phone", PHONE, "personas 1, persona, quotes 1"),
        ("email", MAIL, "warnings 1"),
    ]


def test_a_run_without_identifiers_has_none():
    assert identifiers_in(make_run([0.9, 0.4]), make_study()) == ()


def test_replaced_identifiers_get_the_same_placeholder_everywhere():
    (run,) = without_identifiers([leaking()])
    assert run.personas[0].persona.background == "Call me on [phone 1]."
    assert run.personas[0].persona.quotes == ("Ring [phone 1]!",)
    assert run.warnings == ("Sent by [email 1]",)
    assert identifiers_in(run) == ()


def test_two_strings_of_a_kind_get_two_placeholders():
    run = make_run([0.9]).model_copy(update={"warnings": (f"{MAIL} and ben@example.org",)})
    (changed,) = without_identifiers([run])
    assert changed.warnings == ("[email 2] and [email 1]",)


def test_refusing_names_what_was_found_and_where():
    with pytest.raises(InputError, match=r"Not written: 3 strings .*\+353 1 496 0123 \(telephone number, personas 1"):
        checked([leaking()], "refuse")


def test_leaving_changes_nothing():
    run = leaking()
    assert checked([run], "leave") == [run]


def test_a_comparison_is_looked_through_too():
    saved = Comparison.model_validate(
        {
            "id": "cmp-1",
            "title": MAIL,
            "note": f"Ask {MAIL}",
            "run_ids": ("run-1", "run-2"),
            "annotations": {"run-1": PHONE},
            "created_at": "2026-03-02T09:30:00Z",
        }
    )
    assert [one.place for one in identifiers_in(saved)] == ["title", "note", "annotations, run-1"]


@pytest.mark.parametrize(
    "written",
    [
        lambda run: run_report(run, make_study()),
        lambda run: posters(run, run.personas),
        lambda run: personas_markdown(run),
        lambda run: str(run_document(run)),
    ],
    ids=["report", "posters", "markdown", "json"],
)
def test_no_file_holds_an_identifier_after_replacing(written):
    (run,) = checked([leaking()], "replace")
    text = written(run)
    assert PHONE not in text
    assert MAIL not in text


@pytest.mark.parametrize(
    "written",
    [lambda run: posters(run, run.personas), lambda run: personas_markdown(run), lambda run: str(run_document(run))],
    ids=["posters", "markdown", "json"],
)
def test_without_words_no_quote_travels(written):
    run = quoting(make_run([0.9, 0.4]), quotes=(SAID,))
    assert SAID in written(run)
    assert SAID not in written(without_verbatim(run))


def test_a_request_is_looked_through_as_its_server_reads_it():
    payload = json.dumps({"prompt": f"Answers:\n{MAIL}\nend"})
    run = make_run([0.9]).model_copy(update={"calls": (make_call(1).model_copy(update={"payload": payload}),)})
    (shown,) = without_identifiers([run])
    assert json.loads(shown.calls[0].payload) == {"prompt": "Answers:\n[email 1]\nend"}
