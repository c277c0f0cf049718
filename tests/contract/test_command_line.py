"""The command line as other programs see it: exit codes, one JSON document, one sentence per fault."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import jsonschema
import pytest

from pipeline.cli.main import main
from pipeline.store import Store
from tests.contract.run_schema import OUTCOMES, RUN_SCHEMA
from tests.domain.test_config import RECORD
from tests.loopback import AnthropicServer, OllamaServer, OpenAIServer

ROOT = Path(__file__).resolve().parents[2]
STUDY = "data/hearthwise"


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def persona(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Runs the program as a user would, with an environment that holds no key and no server."""

    def run(*arguments: str, **variables: str) -> Done:
        for name in [name for name in os.environ if name.startswith(("ANTHROPIC", "OPENAI", "OLLAMA", "PERSONA"))]:
            monkeypatch.delenv(name)
        defaults = {"OLLAMA_HOST": "http://127.0.0.1:9", "PERSONA_DB": str(tmp_path / "persona.db")}
        for name, value in (defaults | variables).items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(ROOT)
        capsys.readouterr()
        try:
            code = main(arguments)
        except SystemExit as leaving:  # argparse leaves by itself
            code = int(leaving.code or 0)
        return Done(code, *capsys.readouterr())

    return run


def document(done: Done) -> dict:
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)
    jsonschema.validate(run, RUN_SCHEMA)
    outcomes = sum(count for name, count in run["counts"].items() if name in OUTCOMES)
    assert outcomes == len(run["personas"])
    assert run["cost"]["spent_usd"] == pytest.approx(sum(call["cost_usd"] for call in run["calls"]))
    return run


GUESSED = """\
Ivy: Tell me about the lamp in your living room.
Gus: Who would put a lamp on the floor? My brother did, and he tripped over it every night on his way to bed.
Ivy: Go on.
Gus: I then put it on the shelf where the cat sleeps. And guess who knocked it over in the middle of the night?
Ivy: Tell me more about the app.
Gus: Why would a lamp need an app? I never opened mine again, because the switch on the cord is good enough.
"""
"""Who asks is a guess from behaviour, and the guess is wrong."""


def test_a_doubt_about_roles_is_one_warning_of_the_document_and_one_line_of_the_terminal(
    persona, tmp_path: Path
) -> None:
    (tmp_path / "lamps.txt").write_text(GUESSED)
    done = persona(
        "generate", "--from", str(tmp_path / "lamps.txt"), "--count", "1", "--local-provider", "builtin", "--json"
    )
    warnings = document(done)["warnings"]
    assert len([sentence for sentence in warnings if "lamps.txt: who asks is a guess" in sentence]) == 1
    assert len(set(warnings)) == len(warnings)
    assert [done.stderr.count(sentence) for sentence in warnings] == [1] * len(warnings)


def test_generate_prints_one_document_that_keeps_the_contract(persona) -> None:
    arguments = ["--hybrid", "--from", STUDY, "--count", "5", "--max-cost", "0.50", "--json"]
    run = document(persona("generate", *arguments))
    assert len(run["personas"]) == 5
    assert run["counts"]["drafted"] == 10
    assert run["study"]["participants"] >= 12
    assert run["config"]["local_provider"] == "builtin"
    assert any("builtin" in warning for warning in run["warnings"])


def test_simulated_run_is_marked_and_spends_within_its_budget(persona) -> None:
    arguments = ["--frontier-provider", "simulated", "--quality-threshold", "1.0", "--max-cost", "0.10", "--json"]
    run = document(persona("generate", "--hybrid", "--from", STUDY, *arguments))
    assert run["simulated"] is True
    assert 0 < run["cost"]["spent_usd"] <= 0.10


def test_five_cents_buy_several_simulated_calls(persona) -> None:
    arguments = ["--frontier-provider", "simulated", "--quality-threshold", "1.0", "--max-cost", "0.05", "--json"]
    run = document(persona("generate", "--hybrid", "--from", STUDY, *arguments))
    assert sum(call["stage"] == "refine" for call in run["calls"]) == 5, "the last ones with a lower limit"
    assert run["cost"]["spent_usd"] <= 0.05


@pytest.mark.parametrize(
    "arguments",
    [
        ["--hybrid", "--from", "data/"],
        ["--hybrid", "--from", "data/", "--quality-threshold", "0.8"],
        ["--hybrid", "--from", "data/", "--no-frontier"],
        ["--hybrid", "--from", "data/", "--max-cost", "2.00"],
    ],
)
def test_commands_of_the_seed_record_work_word_for_word(persona, arguments: list[str]) -> None:
    done = persona("generate", *arguments)
    assert done.returncode == 0, done.stderr
    assert "Spent $0" in done.stdout


def test_block_of_the_seed_record_runs_and_says_that_its_model_is_retired(persona, tmp_path: Path) -> None:
    file = tmp_path / "hybrid.yaml"
    file.write_text(RECORD)
    with AnthropicServer() as server:
        done = persona("generate", "--from", STUDY, "--config", str(file), "--json", ANTHROPIC_API_KEY="key-of-nobody")
        assert not server.requests
    run = document(done)
    assert run["config"]["frontier_model"] == "claude-sonnet-4-20250514"
    retired = [warning for warning in run["warnings"] if "retired" in warning]
    assert "2026-06-15" in retired[0]
    assert "claude-sonnet-5-5" in retired[0]
    assert "key-of-nobody" not in done.stdout + done.stderr


def test_same_seed_gives_the_same_personas(persona) -> None:
    arguments = ["generate", "--hybrid", "--from", STUDY, "--frontier-provider", "simulated", "--json"]
    first, second = (document(persona(*arguments))["personas"] for _ in range(2))
    assert first == second


def test_run_can_be_listed_shown_and_deleted(persona) -> None:
    run = document(persona("generate", "--from", STUDY, "--json"))
    assert set(run["counts"]) & set(OUTCOMES) <= {"local_only", "kept_local"}
    assert [entry["id"] for entry in json.loads(persona("runs", "--json").stdout)] == [run["run_id"]]
    assert document(persona("show", run["run_id"][:7], "--json")) == run
    assert persona("delete", run["run_id"]).returncode == 0
    gone = persona("show", run["run_id"])
    assert gone.returncode == 2
    assert run["run_id"] in gone.stderr


def test_output_folder_holds_what_was_printed(persona, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    run = document(persona("generate", "--from", STUDY, "--output", str(folder), "--json"))
    assert json.loads((folder / "run.json").read_text()) == run
    names = [entry["name"] for entry in json.loads((folder / "personas.json").read_text())]
    assert names == [entry["persona"]["name"] for entry in run["personas"]]
    assert all(name in (folder / "personas.md").read_text() for name in names)


def test_identifiers_in_an_output_folder_are_a_warning_with_the_way_out(persona, tmp_path: Path) -> None:
    said = "I always write to mira.olsen@example.org when the boiler stops at night."
    (tmp_path / "boilers.txt").write_text(f"Interviewer: Tell me about it.\nMira: {said}\n")
    asked = ("generate", "--from", str(tmp_path / "boilers.txt"), "--count", "1", "--output", str(tmp_path / "out"))
    with OllamaServer() as ollama:  # a stand-in that writes what was said
        done = persona(*asked, "--local-provider", "ollama", OLLAMA_HOST=ollama.url)
    assert "mira.olsen@example.org" in (tmp_path / "out" / "personas.md").read_text()
    assert "mira.olsen@example.org (" in done.stderr
    assert "--identifiers replace" in done.stderr


def test_score_rates_personas_of_a_run_against_their_study(persona, tmp_path: Path) -> None:
    persona("generate", "--from", STUDY, "--output", str(tmp_path), "--json")
    done = persona("score", str(tmp_path / "personas.json"), "--from", STUDY, "--independent", "--json")
    entries = json.loads(done.stdout)
    assert len(entries) == 5
    assert all(0 <= entry["score"]["overall"] <= 1 for entry in entries)
    assert {"field", "text", "support", "document", "segment", "quote"} == set(entries[0]["claims"][0])


FAULTS = {
    "Ollama down": (["--local-provider", "ollama"], 1, "Ollama does not answer"),
    "no local server named": (["--local-provider", "openai"], 2, "local_base_url"),
    "unknown provider": (["--local-provider", "magic"], 2, "there is no local provider 'magic'"),
    "unpriced model": (["--frontier-model", "claude-mythos-99"], 2, "No price is known"),
    "negative budget": (["--max-cost", "-1"], 2, "max_cost"),
    "threshold over one": (["--quality-threshold", "1.5"], 2, "quality_threshold"),
    "not a number": (["--count", "many"], 2, "--count"),
    "missing config": (["--config", "none.yaml"], 2, "none.yaml"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_gives_one_clear_sentence_and_its_exit_code(persona, fault: str) -> None:
    arguments, code, sentence = FAULTS[fault]
    done = persona("generate", "--hybrid", "--from", STUDY, *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "content"), [("empty.txt", b""), ("zeros.csv", bytes(4096)), ("photo.txt", bytes(range(256)) * 20)]
)
def test_file_without_text_is_refused_by_name(persona, tmp_path: Path, name: str, content: bytes) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    done = persona("generate", "--from", str(file))
    assert (done.returncode, done.stdout) == (2, "")
    assert name in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_missing_key_degrades_visibly(persona) -> None:
    run = document(persona("generate", "--hybrid", "--from", STUDY, "--quality-threshold", "1", "--json"))
    assert run["counts"]["frontier_unavailable"] == 5
    assert any("ANTHROPIC_API_KEY" in warning for warning in run["warnings"])
    assert run["cost"]["spent_usd"] == 0


def test_unknown_models_are_named_before_anything_is_spent(persona) -> None:
    with OllamaServer() as ollama:
        arguments = ["--local-provider", "ollama", "--local-model", "nobody:1b"]
        done = persona("generate", "--from", STUDY, *arguments, OLLAMA_HOST=ollama.url)
    assert done.returncode == 2
    assert "ollama pull nobody:1b" in done.stderr


@pytest.mark.parametrize("frontier", ["anthropic", "openai"])
def test_same_run_completes_against_servers_that_speak_the_wire_formats(persona, frontier: str) -> None:
    servers = {"anthropic": AnthropicServer, "openai": OpenAIServer}
    with OllamaServer() as ollama, servers[frontier]() as paid:
        name = frontier.upper()
        variables = {"OLLAMA_HOST": ollama.url, f"{name}_API_KEY": "key-of-nobody", f"{name}_BASE_URL": paid.url}
        arguments = ["--hybrid", "--from", STUDY, "--frontier-provider", frontier, "--quality-threshold", "1"]
        done = persona("generate", *arguments, "--json", **variables)
    run = document(done)
    assert run["simulated"] is False
    assert run["counts"].get("refined", 0) + run["counts"].get("refine_not_better", 0) == 5
    assert {call["provider"] for call in run["calls"]} == {"ollama", frontier}
    assert run["cost"]["spent_usd"] > 0
    assert "key-of-nobody" not in done.stdout + done.stderr


@pytest.mark.slow
def test_module_and_installed_program_are_the_same_and_keep_stdout_clean(tmp_path: Path) -> None:
    environment = os.environ | {"PERSONA_DB": str(tmp_path / "p.db"), "OLLAMA_HOST": "http://127.0.0.1:9"}
    study = tmp_path / "answers.csv"
    study.write_text(
        "participant,answer\n" + "".join(f'R{n},"I want to know my heating costs, {n}."\n' for n in range(4))
    )
    for program in (["-m", "pipeline"], [str(Path(sys.executable).parent / "persona")]):
        command = [sys.executable, *program, "generate", "--from", str(study), "--count", "1", "--json"]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        jsonschema.validate(json.loads(done.stdout), RUN_SCHEMA)


def test_help_names_every_command(persona) -> None:
    done = persona("--help")
    assert done.returncode == 0
    for command in ("generate", "resume", "score", "runs", "show", "delete", "check", "app"):
        assert command in done.stdout


NAMES = "\x1b[31mred\x1b]0;title\x07 \x9b31m \u202egnp.exe [bold]loud[/bold]"


def test_names_from_elsewhere_do_not_steer_the_terminal(persona, tmp_path: Path) -> None:
    study = tmp_path / "answers.csv"
    study.write_text(
        "participant,answer\n" + "".join(f'R{n},"I want to know my heating costs tonight, {n}."\n' for n in range(4))
    )
    assert persona("generate", "--from", str(study), "--count", "1", "--local-provider", "builtin").returncode == 0
    (run,) = json.loads(persona("runs", "--json").stdout)
    Store(tmp_path / "persona.db").rename_run(run["id"], NAMES)
    for arguments in (["runs"], ["runs", "--json"], ["show", run["id"]], ["show", run["id"], "--json"]):
        said = persona(*arguments).stdout
        assert not {"\x1b", "\x9b", "\u202e", "\x07"} & set(said), arguments
    assert json.loads(persona("runs", "--json").stdout)[0]["name"] == NAMES
    for arguments in (["show", NAMES + "x"], ["score", NAMES, "--from", str(study)], [NAMES]):
        refused = persona(*arguments)
        assert refused.returncode in (1, 2)
        assert not {"\x1b", "\x9b", "\u202e", "\x07"} & set(refused.stderr)
