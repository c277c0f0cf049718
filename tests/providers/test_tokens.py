"""Bounds of tokens against counts of a real tokenizer: SmolLM2's, whose small vocabulary makes the most tokens."""

import pytest

from pipeline.providers.tokens import least_tokens, most_tokens

COUNTED = [
    ("I usually check the app before breakfast, and honestly the loading takes so long.", 16),
    ("Die Heizkostenabrechnung verstehe ich überhaupt nicht.", 23),
    ("Zazwyczaj sprawdzam rozkład jazdy wieczorem, ponieważ rano wszystko się opóźnia.", 43),
    ("Обычно я проверяю приложение перед завтраком.", 33),
    ("普段は朝食の前にアプリを確認しますが、読み込みが遅すぎます。", 56),
    ("보통 아침 식사 전에 앱을 확인하는데 로딩이 너무 오래 걸려서 포기했습니다.", 86),
    ("Siobhán Ní Dhomhnaill, Wojciech Szczęsny, Nguyễn Phương Linh", 36),
    ("paid 1,249.50 on 2026-11-03 at 07:45 (ref #A98-XK-20031)", 45),
    ("omggg sooo slowwww lmaooo cant evennnn rn fr fr no cap", 22),
    ("בדרך כלל אני בודק את האפליקציה לפני ארוחת הבוקר.", 50),
]
"""Texts, and the tokens that a llama.cpp server with SmolLM2 made of them (2026-11-30)."""


@pytest.mark.parametrize(("text", "tokens"), COUNTED)
def test_counts_of_a_real_tokenizer_are_within_the_bounds(text: str, tokens: int) -> None:
    assert least_tokens(text) <= tokens <= most_tokens(text)


@pytest.mark.parametrize(
    "text", ["", "a", "warm " * 400, "暖房の費用が分からない。" * 40, "Привет, мир! 12:30", "\ud800 half a pair"]
)
def test_least_is_below_most(text: str) -> None:
    assert least_tokens(text) <= most_tokens(text)


def test_japanese_counts_several_tokens_per_character() -> None:
    # 10,949 Japanese characters were 18,468 tokens on a real server, and 2,738 by a rule of four characters per token.
    assert most_tokens("暖房の費用が" * 1825) > 18_468


def test_words_that_were_not_read_are_noticed() -> None:
    # A real server read 2,050 of the 11,680 tokens of a prompt with more than 8,000 words.
    assert least_tokens("the kettle is loud " * 2000) > 2_050
