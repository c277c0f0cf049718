import json
import re
import subprocess
import sys
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.run import OUTCOME_MEANING, CallStatus, Outcome
from pipeline.text.wording import (
    CALL_MEANING,
    CALL_WORDS,
    OUTCOME_WORDS,
    count,
    duration,
    escape_markdown,
    label,
    milliseconds,
    percent,
    percent_range,
    printable,
    score,
    share,
    signed,
    usd,
)


@pytest.mark.parametrize(
    ("micros", "words"),
    [
        (0, "$0"),
        (1, "$0.000001"),
        (20_100, "$0.0201"),
        (50_000, "$0.05"),
        (500_000, "$0.50"),
        (123_456, "$0.123"),
        (999_499, "$0.999"),
        (999_600, "$1.00"),
        (1_234_500_000, "$1,234.50"),
        (-50_000, "−$0.05"),
    ],
)
def test_money_has_three_digits_under_a_dollar_and_cents_above(micros, words):
    assert usd(micros) == words


@given(st.integers(min_value=1, max_value=10**12))
def test_money_is_never_shown_more_than_half_a_per_cent_off(micros):
    shown = float(usd(micros).replace("$", "").replace(",", ""))
    assert shown == pytest.approx(micros / 1_000_000, rel=0.0051)


def test_simulated_money_says_so():
    assert usd(20_000, simulated=True) == "$0.02 (simulated)"


def test_a_score_has_two_decimals_and_a_missing_one_is_a_dash():
    assert (score(0.7), score(1.0), score(None)) == ("0.70", "1.00", "–")


def test_a_difference_has_a_real_sign_and_zero_has_none():
    assert (signed(0.15), signed(-0.09), signed(-0.004)) == ("+0.15", "−0.09", "0.00")


def test_a_share_shows_its_counts():
    assert share(4, 10) == "40 % · 4 of 10"
    assert share(0, 0) == "–"


def test_a_negative_per_cent_has_a_minus_sign_and_zero_has_none():
    assert (percent(0.424), percent(-0.123), percent(-0.001)) == ("42 %", "−12 %", "0 %")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.42, "0.4 s"),
        (9.96, "10 s"),
        (59.6, "1 min"),
        (72, "1 min 12 s"),
        (7500, "2 h 5 min"),
        (-1, "0 s"),
    ],
)
def test_a_duration_is_in_words(seconds, words):
    assert duration(seconds) == words


def test_a_count_agrees_with_its_noun():
    assert (count(1, "persona"), count(5, "persona"), count(2, "entry", "entries"), count(1200, "segment")) == (
        "1 persona",
        "5 personas",
        "2 entries",
        "1,200 segments",
    )


def test_every_outcome_has_words_and_a_meaning():
    assert set(OUTCOME_WORDS) == set(get_args(Outcome)) == set(OUTCOME_MEANING)


@pytest.mark.parametrize(
    "text",
    [
        "**bold** _it_ `code` ~~gone~~",
        "[click](https://evil.example) ![pixel](http://evil.example/p.png)",
        "# heading",
        "- item",
        "1. item",
        "> quote",
        "$x^2$ and $$y$$",
        "<img src=x onerror=alert(1)> &amp;",
        ":red[text] :blue-badge[x] :small[y]",
        "| a | b |",
    ],
)
def test_markdown_in_untrusted_text_is_escaped_character_by_character(text):
    escaped = escape_markdown(text)
    assert not re.search(r"(?<!\\)[*_`\[\]()#~$<>&|{}!^]", escaped)
    assert re.sub(r"\\(.)", r"\1", escaped).replace("\u2060", "") == text


@pytest.mark.parametrize(
    "text", [":material/home:", ":smile:", "https://a.example", "www.a.example", "me@a.example", "a -> b -- c >= d"]
)
def test_what_streamlit_replaces_after_parsing_is_split_by_a_word_joiner(text):
    seen_after_parsing = re.sub(r"\\(.)", r"\1", escape_markdown(text))
    assert not re.search(r":[\w+/-]+:|https?://|www\.|\w@\w|->|--|>=", seen_after_parsing)


def test_line_breaks_and_indentation_become_single_spaces():
    assert escape_markdown("    code\n\n- list\ttab") == r"code \- list tab"


@given(st.text())
def test_escaping_loses_no_visible_character(text):
    shown = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", escape_markdown(text)).replace("\u2060", "")
    assert shown == " ".join(text.split()).replace("\u2060", "")


@pytest.mark.slow
def test_words_load_nothing_heavy():
    code = "import sys, pipeline.text.wording; print({'pandas', 'altair', 'streamlit', 'scipy'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "set()"


def test_every_status_of_a_call_has_words_and_a_meaning():
    assert set(CALL_WORDS) == set(CALL_MEANING) == set(get_args(CallStatus))


@pytest.mark.parametrize(
    ("time_ms", "words"),
    [(0, "0 ms"), (4.4, "4 ms"), (999, "999 ms"), (999.6, "1 s"), (1500, "1.5 s"), (72_000, "1 min 12 s")],
)
def test_the_time_of_a_call_is_told_in_its_own_unit(time_ms, words):
    assert milliseconds(time_ms) == words


def test_escaped_text_cannot_turn_the_words_behind_it_around():
    assert escape_markdown("\u202egnp.evil\u202c שלום \u2067x\u2069") == "gnp\\.evil שלום x"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("  A   name\n", "A name"),
        ("safe\u202egnp.exe", "safegnp.exe"),
        ("שלום", "שלום"),
        ("x" * 50 + "y" * 30, "x" * 41 + "…" + "y" * 18),
    ],
)
def test_label_is_one_short_line_that_cannot_turn_what_follows(text: str, shown: str) -> None:
    assert label(text) == shown


@pytest.mark.parametrize("sign", ["\x1b", "\x9b", "\x85", "\r", "\x07", "\u202e", "\u2066", "\u200f", "\u2028", "\x7f"])
def test_nothing_that_steers_a_terminal_reaches_it(sign: str) -> None:
    assert printable(f"a{sign}b") == f"a\\u{ord(sign):04x}b"
    document = json.dumps({"name": f"a{sign}b"}, ensure_ascii=False)
    assert sign not in printable(document)
    assert json.loads(printable(document)) == json.loads(document)


def test_lines_and_letters_of_all_languages_stay() -> None:
    text = "Zoë\tקפה\nعربي 寿司 — 🙂"
    assert printable(text) == text


@pytest.mark.parametrize(
    ("micros", "text"), [(10**306, "$1e+300"), (-(10**306), "−$1e+300"), (10**18, "$1,000,000,000,000.00")]
)
def test_endless_amounts_are_shown_like_numbers(micros: int, text: str) -> None:
    assert usd(micros) == text


def test_an_interval_with_equal_ends_is_one_number() -> None:
    assert percent_range(0.62, 0.951) == "62 % to 95 %"
    assert percent_range(0.998, 1.0) == "100 %"
