"""Nothing of unknown origin becomes more than the bounds allow, and nothing honest is refused for it."""

import json
import os
import re
import threading
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.config import explain_validation, found_words, load_config, parse_config, parse_config_text
from pipeline.domain.persona import Persona
from pipeline.domain.study import Study
from pipeline.domain.untrusted import SETTINGS, Bounds, Refused, check_json, parse_json, parse_yaml, read_file
from pipeline.errors import ConfigError
from pipeline.jobs.grid import load_grid

SMALL = Bounds(max_bytes=1_000, max_nodes=20, max_items=10, max_keys=5, max_nesting=4)
WIDE = Bounds(max_bytes=10**6, max_nodes=10**6, max_items=10**6, max_keys=10**6, max_nesting=10**3)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=30,
)


def nodes(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(nodes, inner))


def widest(value: object) -> int:
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return max([len(inner), *map(widest, inner)])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"[" + b"1," * 600 + b"1]", "larger than the 1 kB"),
        (b'{"a": [%s]}' % (b"[1,2,3,4,5,6]," * 4 + b"1"), "more than 20 values"),
        (b"[1,2,3,4,5,6,7,8,9,10,11]", "more than 10 items"),
        (b'{"1":1,"2":2,"3":3,"4":4,"5":5,"6":6}', "more than 5 items"),
        (b"[[[[[1]]]]]", "nested more than 4 levels"),
        (b"[" * 900, "nested more than 4 levels"),
    ],
)
def test_json_beyond_a_bound_is_refused_before_it_is_parsed(text: bytes, why: str) -> None:
    with pytest.raises(Refused, match=why):
        check_json(text, SMALL)


@pytest.mark.parametrize("text", [b'["[{,[{,[{,[{,[{,[{,[{,[{,"]', rb'["\"[[[[[[[[[[[[[[[[[["]', b'{"a\\\\":"]]]]]]"}'])
def test_signs_inside_of_texts_are_not_counted(text: bytes) -> None:
    assert parse_json(text, SMALL) == json.loads(text)


@given(VALUES)
def test_values_within_the_bounds_come_back_and_one_less_is_refused(value: object) -> None:
    data = json.dumps(value).encode()
    assert parse_json(data, WIDE) == value
    # Empty lists and objects count as if they held one value: nothing is parsed to tell them apart.
    counted = nodes(value) + len(re.findall(r"\[\]|\{\}", re.sub(r'"(\\.|[^"\\])*"', "", json.dumps(value))))
    assert parse_json(data, WIDE._replace(max_nodes=counted)) == value
    with pytest.raises(Refused):
        parse_json(data, WIDE._replace(max_nodes=nodes(value) - 1))
    if widest(value) > 1:
        with pytest.raises(Refused):
            parse_json(data, WIDE._replace(max_items=widest(value) - 1, max_keys=widest(value) - 1))


@given(st.text(alphabet='[]{},:"\\ 1a\n', max_size=60))
def test_what_is_no_json_is_never_counted_as_less_than_was_built(text: str) -> None:
    try:
        value = json.loads(text)
    except ValueError:
        with pytest.raises(Refused):
            parse_json(text.encode(), WIDE)
    else:
        with pytest.raises(Refused):
            parse_json(text.encode(), WIDE._replace(max_nodes=nodes(value) - 1))


@pytest.mark.parametrize("text", [b'["' + b'\\"' * 50_000, b'"' * 100_001, b"\\" * 100_000, b'"' + b"\\" * 100_001])
def test_texts_that_never_end_are_scanned_once(text: bytes) -> None:
    check_json(text, WIDE)  # trying them again from each place would take hours


LAUGHS = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (LAUGHS, r"line 2: an alias \(\*a\) is not read"),
        ("a: &a {b: 1}\nc: {<<: *a}", "line 2: an alias"),
        ("- 1\n" * 20_000, "more than 2,000 items|more than 10,000 values"),
        ("[" * 200, "nested more than 20 levels"),
        ("a: " + "x" * 300_000, "larger than the 256 kB"),
        ("count: 1" + ":59" * 5_000, "line 1: a value has more than 10,000 characters"),
        ("count: " + "9" * 9_000, "is not valid YAML"),
        ("count: 2026-99-99", "is not valid YAML"),
        ("count: !!timestamp x", "is not valid YAML"),
        ("count: !!int ''", "is not valid YAML"),
        ("count: !!bool x", "is not valid YAML"),
        ("count: !!python/object:os.system {}", "line 1: is not valid YAML"),
        ("? [a]\n: 1", "is not valid YAML"),
    ],
)
def test_settings_that_stand_for_more_than_they_say_are_refused(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(ConfigError, match=f"x{why}" if why.startswith(" line") else why) as refusal:
        parse_config_text(text, "x")
    assert len(str(refusal.value)) < 200
    for load in (load_config, load_grid):
        (tmp_path / "x.yaml").write_text(text)
        with pytest.raises(ConfigError, match=why):
            load(tmp_path / "x.yaml")


@given(VALUES.filter(lambda value: "\x85" not in repr(value)))
def test_settings_without_aliases_are_read_as_they_always_were(value: object) -> None:
    text = yaml.safe_dump(value)
    if "*id0" not in text:  # the same list twice is written as an alias
        assert parse_yaml(text, SETTINGS) == yaml.safe_load(text)


@pytest.mark.parametrize(
    ("block", "why"),
    [
        ("weights: {completeness: 0, coherence: 0, faithfulness: 0}", "add up to less than 0.01"),
        ("prices: {m: {input_usd: .inf, output_usd: 1}}", "prices.m.input_usd: input should be a? ?(finite|less)"),
        ("prices: {m: {input_usd: 1, output_usd: .nan}}", "prices.m.output_usd: input should be a finite number"),
        ("prices: {m: {input_usd: 1e300, output_usd: 1}}", "less than or equal to 1000000"),
        ("prices: .inf", r"prices: input should be a valid dictionary \(found inf\)"),
        ("max_cost: .inf", "max_cost: input should be a finite number"),
        ("seed: 0x" + "f" * 2_000, r"seed: .* \(found a very large number\)"),
        ("project: [" + "x," * 1_000 + "x]", r"\(found a list of 1,001\)"),
        ("local_model: " + "x" * 9_000 + "\nlocal_provider: [1]", r"\(found a list of 1\)"),
        ("\n".join(f"unknown{number}: 1" for number in range(1_900)), r"and 1,895 more problems\.$"),
        ("frontier_provider: 7\nproject: '" + "y" * 9_000 + "'", "'y{60}'…"),
    ],
)
def test_one_short_sentence_for_settings_that_are_none(block: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why) as refusal:
        parse_config_text(block, "x.yaml")
    assert len(str(refusal.value)) < 600


LONG = ["x" * 10**6, list(range(10**5)), {"a": "x" * 10**6}, 16**5_000, b"x" * 10**6, None]


@pytest.mark.parametrize("value", LONG, ids=["text", "list", "object", "number", "bytes", "nothing"])
def test_a_value_is_quoted_in_a_few_words(value: object) -> None:
    assert len(found_words(value)) < 80


def test_a_run_with_weights_of_nothing_can_still_be_read() -> None:
    from pipeline.domain.config import HybridConfig, Weights

    stored = HybridConfig(weights=Weights(completeness=0, coherence=0, faithfulness=0)).model_dump_json()
    assert HybridConfig.model_validate_json(stored)
    with pytest.raises(ConfigError):
        parse_config(json.loads(stored), "x")


def collections_of(schema: object) -> list[dict]:
    if isinstance(schema, list | tuple):
        return [one for part in schema for one in collections_of(part)]
    if not isinstance(schema, dict):
        return []
    own = [schema] if schema.get("type") in ("list", "tuple", "set", "frozenset", "dict") else []
    return own + [one for part in schema.values() for one in collections_of(part)]


def test_every_collection_that_comes_from_elsewhere_stops_at_its_first_error() -> None:
    from pipeline.domain.bundle import BundledRun, LabelledDesign
    from pipeline.domain.run import Draft
    from pipeline.jobs.grid import Grid
    from pipeline.store.bundle_file import _Manifest

    for model in (Study, BundledRun, LabelledDesign, _Manifest, Draft, Grid):
        found = collections_of(model.__pydantic_core_schema__)
        assert found
        # A list of any JSON values has no wrong ones.
        late = [one for one in found if not one.get("fail_fast") and "pydantic.types.JsonValue" not in str(one)]
        assert not late, model


def test_a_list_of_wrong_items_is_one_error() -> None:
    with pytest.raises(ValueError, match="goals") as refusal:
        Persona.model_validate({"id": "p", "name": "n", "goals": [1] * 1_000, "demographics": {"a": [], "b": []}})
    assert refusal.value.error_count() == 2  # type: ignore[attr-defined]
    assert len(explain_validation(refusal.value)) < 300  # type: ignore[arg-type]


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null"])
def test_a_device_is_not_read(path: str) -> None:
    with pytest.raises(Refused, match="not a regular file"):
        read_file(Path(path), 10)


def test_a_pipe_that_nobody_writes_to_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    refusals: list[str] = []

    def read() -> None:
        for load in (lambda path: read_file(path, 10), load_config, load_grid):
            try:
                load(tmp_path / "pipe")
            except (Refused, ConfigError) as error:
                refusals.append(str(error))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    reader.join(10)
    assert len(refusals) == 3
    assert all("not a regular file" in refusal for refusal in refusals)


def test_a_file_is_read_up_to_its_bound(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x" * 10)
    assert read_file(tmp_path / "x", 10) == b"x" * 10
    with pytest.raises(Refused, match="larger than the 0 kB that are allowed"):
        read_file(tmp_path / "x", 9)
