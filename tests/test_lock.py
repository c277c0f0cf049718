"""The lock (requirements*.txt) against the ranges (pyproject.toml): facts of the files themselves, no stand-in."""

import re
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
GROUPS = {
    "requirements.txt": ("checkout",),
    "requirements-dev.txt": ("checkout", "dev"),
    "requirements-real-model.txt": ("checkout", "dev", "real-model"),
}


def ranges(*groups: str) -> list[Requirement]:
    """Every range of pyproject.toml: of the dependencies and these groups, with the extras that the tests need."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    lines = [*project["project"]["dependencies"]]
    if "dev" in groups:
        lines += [line for extra in project["project"]["optional-dependencies"].values() for line in extra]
    for group in groups:
        lines += project["dependency-groups"][group]
    return [Requirement(line) for line in lines]


def locked(text: str) -> dict[str, list[Version]]:
    """The versions of every package; more than one where they depend on the system or on Python's version."""
    versions: dict[str, list[Version]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", text, re.MULTILINE):
        versions.setdefault(canonicalize_name(name), []).append(Version(version))
    return versions


def disagreements(requirements: list[Requirement], versions: dict[str, list[Version]]) -> list[str]:
    """A line for each range that the lock misses or leaves; empty when they agree."""
    found = []
    for requirement in requirements:
        pins = versions.get(canonicalize_name(requirement.name), [])
        if not pins or any(pin not in requirement.specifier for pin in pins):
            found.append(f"{requirement}: locked {[str(pin) for pin in pins]}; write the lock again with `make lock`")
    return found


@pytest.mark.parametrize("name", GROUPS)
def test_lock_holds_every_range_of_the_project(name: str) -> None:
    assert disagreements(ranges(*GROUPS[name]), locked((ROOT / name).read_text())) == []


@pytest.mark.parametrize("text", ["", "rich==14.0.0 \\\n", "rich==15.1.0 ; sys_platform == 'win32'\nrich==16.0.0\n"])
def test_missing_or_outdated_pin_is_a_disagreement(text: str) -> None:
    assert len(disagreements([Requirement("rich>=15,<16")], locked(text))) == 1


@pytest.mark.parametrize("name", GROUPS)
def test_every_locked_package_has_a_hash(name: str) -> None:
    entries = re.split(r"^(?=[A-Za-z0-9])", (ROOT / name).read_text(), flags=re.MULTILINE)
    pinned = [entry for entry in entries if "==" in entry.split("\n")[0] and not entry.startswith("#")]
    assert len(pinned) > 50
    assert [entry.split(" ")[0] for entry in pinned if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize(("smaller", "larger"), list(pairwise(GROUPS)))
def test_each_lock_has_the_same_versions_as_the_smaller_one(smaller: str, larger: str) -> None:
    base, more = (locked((ROOT / name).read_text()) for name in (smaller, larger))
    assert {name: more.get(name) for name in base} == base
