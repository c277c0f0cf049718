from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from pipeline.errors import ConfigError
from pipeline.providers._errors import Endpoint, checked_key, retry_after, shown_address, token_count, web_address

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
KEY = "sk-live-77ab41c09e"
ENDPOINT = Endpoint(label="Acme", model="m-1", address="https://acme.test", key_variable="ACME_KEY", key=SecretStr(KEY))


class ConnectError(Exception):
    """Named as httpx names it."""


class ReadTimeout(Exception):
    """Named as httpx names it."""


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("1.5", 1.5),
        ("0", 0.0),
        ("Mon, 01 Jun 2026 12:00:30 GMT", 30.0),
        ("Mon, 01 Jun 2026 11:00:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("nan", None),
        ("inf", None),
        ("9" * 400, None),
    ],
)
def test_retry_after_reads_seconds_and_dates(value: str, seconds: float | None) -> None:
    assert retry_after({"Retry-After": value}, lambda: NOON) == seconds


@given(st.text())
def test_retry_after_never_fails_on_nonsense(value: str) -> None:
    seconds = retry_after({"retry-after": value}, lambda: NOON)
    assert seconds is None or seconds >= 0


def test_refused_connection_is_not_billed_and_may_be_retried() -> None:
    error = Exception("SDK's own")
    error.__cause__ = ConnectError()
    lost = ENDPOINT.lost(error)
    assert (lost.retryable, lost.fate) == (True, "not_charged")
    assert "https://acme.test" in str(lost)


def test_previous_attempts_failure_lends_no_fate() -> None:
    retried = ReadTimeout()
    retried.__context__ = ConnectError()
    assert ENDPOINT.lost(retried).fate == "unknown"


def test_detail_is_quoted_on_one_line_and_cut() -> None:
    text = str(ENDPOINT.status(400, "line one\nline\ttwo\x07 " + "x" * 1000))
    assert "(line one line two " in text
    assert len(text) < 400


@pytest.mark.parametrize("detail", [f"wrong key {KEY}", f"wrong key {KEY[:7]}…", f"…{KEY[-8:]} is wrong"])
def test_detail_with_any_piece_of_the_key_is_left_out(detail: str) -> None:
    assert "wrong" not in str(ENDPOINT.status(403, detail))


def test_detail_that_repeats_the_request_is_left_out() -> None:
    sent = "Ruth said:\n  the bill comes far too late for me to change anything"
    assert "bill" not in str(ENDPOINT.status(400, "cannot parse 'the bill comes far too late for me'", sent=sent))


@pytest.mark.parametrize(("status", "remedy"), [(401, "ACME_KEY"), (413, "context_tokens"), (418, "max_output_tokens")])
def test_remedy_fits_the_status(status: int, remedy: str) -> None:
    assert remedy in str(ENDPOINT.status(status))


@pytest.mark.parametrize("value", ["localhost:8000", "ftp://x", "http://", "http://h:99999", "http://[::1", "", "/v1"])
def test_address_must_be_a_web_address(value: str) -> None:
    with pytest.raises(ConfigError, match=r"local_base_url: .* is not a web address"):
        web_address("local_base_url", value)


def test_password_in_an_address_is_never_shown() -> None:
    assert shown_address("https://me:secret@host/v1?token=abc") == "https://host/v1"
    with pytest.raises(ConfigError) as caught:
        web_address("OPENAI_BASE_URL", "ftp://me:secret@host")
    assert "secret" not in str(caught.value)


def test_key_loses_the_blanks_of_pasting() -> None:
    assert checked_key("K", SecretStr(f" {KEY}\n")) == KEY
    assert checked_key("K", SecretStr("  ")) is None
    assert checked_key("K", None) is None


@pytest.mark.parametrize("key", ["sk-ä", "sk-1\n2", "“sk-1”"])
def test_key_that_cannot_be_sent_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        checked_key("ACME_KEY", SecretStr(key))
    assert "ACME_KEY" in str(caught.value)
    assert key not in str(caught.value)


@pytest.mark.parametrize(("value", "count"), [(5, 5), (0, 0), (-1, None), (True, None), ("5", None), (1.5, None)])
def test_only_a_count_counts(value: object, count: int | None) -> None:
    assert token_count(value) == count
