"""A deterministic stand-in for a language model: an answer that fits a schema, in words of the prompt."""

import hashlib
import json
import re
from typing import Any

NAMES = ("Maja Lind", "Tomas Reyes", "Ines Okafor", "Jonas Petrov", "Leila Haddad", "Sven Kallio", "Ruth Adeyemi")


def write(schema: dict[str, Any], prompt: str, seed: int = 0) -> str:
    """JSON text that fits the schema; strings are sentences of the prompt, so that quotes are verbatim."""
    sentences = _sentences(prompt) or ["It takes me far too long every single week."]
    return json.dumps(_value(schema, "", _Picker(sentences, f"{seed}|{prompt}")), ensure_ascii=False)


def pieces(text: str) -> list[str]:
    """The text as the tokens of a stream."""
    return [text[start : start + 4] for start in range(0, len(text), 4)]


def loop(text: str, most: int) -> str:
    """The text with the first item of its first list written again and again, cut after so many tokens."""
    begin = text.find('["') + 1
    item = text[begin : text.index('"', begin + 1) + 1]
    return (text[:begin] + f"{item}, " * most)[: most * 4]


def tokens(text: str) -> int:
    """Roughly what a tokenizer would count: four characters of ASCII per token, one of any other script."""
    plain = sum(map(str.isascii, text))
    return -(-plain // 4) + len(text) - plain


def _sentences(prompt: str) -> list[str]:
    """Sentences of what participants said, verbatim; of the whole prompt when nothing in it is marked as said."""
    lines = prompt.splitlines()
    found = [part.strip() for text in (_said(lines) or lines) for part in re.split(r"(?<=[.!?])\s+", text)]
    return [text for text in found if 5 <= len(text.split()) <= 40 and not re.search(r"[{}<>]", text)]


def _said(lines: list[str]) -> list[str]:
    """The `text` or the numbered `lines` of every line that is a JSON object: prompts carry the study that way."""
    texts = []
    for line in lines:
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict) and isinstance(value.get("text"), str):
            texts.append(value["text"])
        if isinstance(value, dict) and isinstance(value.get("lines"), dict):
            texts += value["lines"].values()
    return texts


class _Picker:
    """Chooses by hash, so that the same prompt gives the same answer and each field a different sentence."""

    def __init__(self, sentences: list[str], salt: str) -> None:
        self.sentences = sentences
        self.salt = salt

    def number(self, path: str) -> int:
        return int.from_bytes(hashlib.sha256(f"{self.salt}|{path}".encode()).digest()[:4])

    def sentence(self, path: str) -> str:
        return self.sentences[self.number(path) % len(self.sentences)]


def _value(schema: dict[str, Any], path: str, pick: _Picker) -> Any:
    if "enum" in schema:
        return schema["enum"][pick.number(path) % len(schema["enum"])]
    if "anyOf" in schema:
        return _value(schema["anyOf"][0], path, pick)
    match schema.get("type"):
        case "object":
            return {key: _value(part, f"{path}.{key}", pick) for key, part in schema.get("properties", {}).items()}
        case "array":
            count = min(max(schema.get("minItems", 2), 2), schema.get("maxItems", 2))
            return [_value(schema["items"], f"{path}[{index}]", pick) for index in range(count)]
        case "integer" | "number":
            least = int(schema.get("minimum", 1))
            # Without a bound, as in the schema of a frontier: the evidence of a draft has more lines than these.
            return least + pick.number(path) % (int(schema.get("maximum", least + 9)) - least + 1)
        case "boolean":
            return pick.number(path) % 2 == 0
        case _:
            return _text(path, pick)


def _text(path: str, pick: _Picker) -> str:
    leaf = path.rpartition(".")[2]
    if leaf == "name":
        return NAMES[pick.number(path) % len(NAMES)]
    if "demographics" in path or leaf == "age":
        return "34" if leaf == "age" else " ".join(pick.sentence(path).split()[:3])
    return pick.sentence(path)
