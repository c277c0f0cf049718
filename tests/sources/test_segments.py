"""Cutting long turns: nothing lost, nothing too long, sentences kept whole."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.sources.segments import MAX_WORDS, count_words, split_text


@given(st.lists(st.sampled_from(["cold", "warm,", "so.", "why?", "…", "私", "x" * 300]), max_size=600))
def test_pieces_hold_every_word_in_order_and_none_is_too_long(words: list[str]) -> None:
    text = " ".join(words)
    pieces = split_text(text)
    assert "".join("".join(pieces).split()) == "".join(words)
    assert all(0 < count_words(piece) <= MAX_WORDS for piece in pieces)


def test_pieces_end_where_sentences_end() -> None:
    assert all(piece.endswith("end.") for piece in split_text("one two three four five six end. " * 60))


def test_run_ons_are_cut_at_commas_or_at_the_limit() -> None:
    assert split_text("a b c, d e f g", max_words=4) == ["a b c,", "d e f g"]
    assert split_text("a b c d e", max_words=2) == ["a b", "c d", "e"]


def test_scripts_without_spaces_are_counted_and_cut() -> None:
    assert count_words("私は東京に") == 5
    assert split_text("寒い。" * 60, max_words=50)[0] == "寒い。" * 16


def test_empty_text_has_no_piece() -> None:
    assert split_text("  ") == []
