from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pipeline.scoring.file_cache import FileCache


@given(st.binary(), st.lists(st.text(), min_size=1, max_size=3))
def test_what_was_put_is_found_again_under_its_key_only(content: bytes, key: list[str]) -> None:
    cache = FileCache(None)
    cache.put(content, *key)
    assert cache.get(*key) == content
    assert cache.get(*key, "more") is None


def test_another_process_finds_it_in_the_folder(tmp_path: Path) -> None:
    FileCache(tmp_path / "new").put(b"vector", "all-minilm", "text")
    assert FileCache(tmp_path / "new").get("all-minilm", "text") == b"vector"
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_folder_that_cannot_be_written_costs_memory_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = FileCache(tmp_path / "file")
    cache.put(b"kept", "key")
    assert cache.get("key") == b"kept"
