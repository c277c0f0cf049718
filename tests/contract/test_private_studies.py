"""A study that never leaves this machine does not, whatever is configured and by whichever way it is run."""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from pipeline.cli.main import main
from pipeline.domain.config import HybridConfig, Settings
from pipeline.domain.study import Study
from pipeline.errors import ConfigError, PersonaError, ProviderError
from pipeline.hybrid.pipeline import HybridPipeline
from pipeline.jobs.experiment import ensure_drafts, plan_experiment
from pipeline.jobs.grid import Grid
from pipeline.jobs.worker import Worker
from pipeline.providers import ProviderSpec, provider_class
from pipeline.providers._errors import leaves_machine
from pipeline.sources import SourceFile, load_files
from pipeline.store import Store
from tests.factories import make_call
from tests.loopback import AnthropicServer, OllamaServer

SAID = """participant,answer
P1,I want to know what tonight costs before it starts. I never open the app in the morning.
P2,I hate that the app is slow. I always check the meter myself. I need a warm kitchen.
P3,I want a schedule for each room. It annoys me that the bill is late.
"""
ELSEWHERE = "http://10.255.255.1:11434"
"""Never asked: refused before."""
ALL_LOCAL = HybridConfig(local_provider="builtin", enabled=False, count=1)


@pytest.fixture
def paid() -> Iterator[AnthropicServer]:
    with AnthropicServer() as server:
        yield server


@pytest.fixture
def settings(paid: AnthropicServer) -> Settings:
    return Settings().with_secrets({"ANTHROPIC_BASE_URL": paid.url, "ANTHROPIC_API_KEY": "key-of-nobody"})


@pytest.fixture
def study() -> Study:
    return load_files([SourceFile(name="a.csv", data=SAID.encode())], "Private")


@pytest.fixture
def store(tmp_path: Path, study: Study) -> Store:
    kept = Store(tmp_path / "persona.db")
    kept.save_study(study)
    kept.set_private(study.id, True)
    return kept


SENDING = {
    "frontier": {"local_provider": "builtin", "quality_threshold": 1.0},
    "openai frontier": {"local_provider": "builtin", "frontier_provider": "openai", "frontier_model": "gpt-5.4-mini"},
    "batch": {"local_provider": "builtin", "quality_threshold": 1.0, "refine_mode": "batch"},
    "ollama elsewhere": {"local_provider": "ollama", "local_base_url": ELSEWHERE, "enabled": False},
    "compatible server elsewhere": {"local_provider": "openai", "local_base_url": f"{ELSEWHERE}/v1", "enabled": False},
    "cloud model of a server here": {"local_provider": "ollama", "local_model": "gpt-oss:120b-cloud", "enabled": False},
    "judge elsewhere": {"local_provider": "builtin", "judge_model": "m", "local_base_url": ELSEWHERE, "enabled": False},
    "embedding elsewhere": {
        "local_provider": "builtin", "embedding_model": "m", "local_base_url": ELSEWHERE, "enabled": False,
    },
}  # fmt: skip


@pytest.mark.parametrize("changes", SENDING.values(), ids=SENDING)
def test_no_configuration_starts_a_run_that_would_send(changes, store, study, settings, paid) -> None:
    with pytest.raises(ConfigError, match="never leave"):
        Worker(store).run(study.id, HybridConfig.model_validate({"count": 1, **changes}), settings)
    assert store.runs() == []
    assert not paid.requests


def test_automatic_drafting_passes_an_ollama_elsewhere_by(store, study) -> None:
    elsewhere = Settings().with_secrets({"OLLAMA_HOST": ELSEWHERE})
    run_id = Worker(store).run(study.id, HybridConfig(enabled=False, count=1), elsewhere)
    assert store.run(run_id).config.local_provider == "builtin"


def test_what_works_inside_this_program_or_on_this_machine_goes_on(store, study) -> None:
    with OllamaServer() as ollama:
        config = HybridConfig(local_provider="ollama", frontier_provider="simulated", quality_threshold=1.0, count=1)
        run_id = Worker(store).run(study.id, config, Settings().with_secrets({"OLLAMA_HOST": ollama.url}))
    run = store.run(run_id)
    assert run.status == "completed"
    assert {call.place for call in run.calls} == {"here"}


def test_a_resumed_run_and_a_branch_obey_a_switch_that_came_later(store, study, settings, paid) -> None:
    store.set_private(study.id, False)
    run_id = Worker(store).run(study.id, ALL_LOCAL, settings)
    store.set_private(study.id, True)
    paying = HybridConfig(local_provider="builtin", count=1, quality_threshold=1.0)
    with pytest.raises(ConfigError, match="never leaves"):
        Worker(store).branch(run_id, paying, settings, wait=True)
    store.set_private(study.id, False)
    cancelled = Worker(store).run(study.id, paying.model_copy(update={"max_cost": 0}), settings)
    with store._write() as db:
        db.execute("UPDATE runs SET status = 'interrupted' WHERE id = ?", [cancelled])
    store.set_private(study.id, True)
    with pytest.raises(ConfigError, match="never leaves"):
        Worker(store).resume(cancelled, settings, wait=True)
    assert not [sent for sent in paid.requests if "messages" in sent.path]


def test_an_experiment_is_refused_before_its_drafts(store, study, settings) -> None:
    grid = Grid.model_validate(
        {
            "experiment": "e",
            "from": ["a.csv"],
            "hybrid": {"local_provider": "builtin", "count": 1},
            "grid": {"quality_threshold": [0.5, 1]},
        }
    )
    with pytest.raises(ConfigError, match=r"cell 1 .*never leaves"):
        ensure_drafts(grid, study, store, Worker(store), settings, None, lambda _run: None)
    run_id = Worker(store).run(study.id, ALL_LOCAL, settings)
    drafted = store.run(run_id)
    with pytest.raises(ConfigError, match="never leaves"):
        plan_experiment(grid, drafted, settings, None, drafted.created_at, made_for=study.id, private=True)


def test_a_switch_turned_on_while_a_run_goes_on_stops_its_next_request(store, study, settings, paid) -> None:
    store.set_private(study.id, False)
    config = HybridConfig(local_provider="builtin", count=1, quality_threshold=1.0)
    run_id = store.create_run(study.id, config, name="r", simulated=False, now=make_call(0).started_at)
    store.set_private(study.id, True)
    result = HybridPipeline(config, settings).execute(study, store.log(run_id))
    assert [(final.outcome, final.reason) for final in result.personas] == [
        ("refine_failed", "Not sent: this study never leaves this machine.")
    ]
    assert store.run(run_id).spent_micros == 0
    assert not [sent for sent in paid.requests if "messages" in sent.path]


@pytest.mark.parametrize("stage", ["draft", "embed", "judge", "count", "refine"])
@pytest.mark.parametrize("place", ["away", "unknown"])
def test_no_row_is_written_for_a_request_that_leaves(stage, place, store, study) -> None:
    call = make_call(0).model_copy(update={"stage": stage, "place": place, "status": "in_flight"})
    run_id = store.create_run(study.id, ALL_LOCAL, name="r", simulated=False, now=call.started_at)
    with pytest.raises(ProviderError, match="never leaves"):
        store.log(run_id).call_opened(call)
    assert store.run(run_id).calls == ()


def test_from_python_the_switch_is_an_argument(study, settings) -> None:
    with pytest.raises(ConfigError, match="never leaves"):
        HybridPipeline(HybridConfig(local_provider="builtin"), settings, private=True)
    assert HybridPipeline(ALL_LOCAL, settings, private=True).run(study).status == "completed"


def test_the_command_line_sets_the_switch_and_never_lifts_it(tmp_path, monkeypatch, capsys, paid) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", paid.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "key-of-nobody")
    (tmp_path / "a.csv").write_text(SAID)
    common = [
        "generate",
        "--from",
        str(tmp_path / "a.csv"),
        "--db",
        str(tmp_path / "p.db"),
        "--local-provider",
        "builtin",
    ]
    assert main([*common, "--private", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["status"] == "completed"
    assert main([*common, "--hybrid", "--quality-threshold", "1"]) == 2
    assert "never leaves this machine" in capsys.readouterr().err
    (kept,) = Store(tmp_path / "p.db").studies()
    assert kept.private
    assert not paid.requests


def test_the_switch_is_the_study_s_and_goes_with_it(store, study) -> None:
    assert store.is_private(study.id)
    assert [kept.private for kept in store.studies()] == [True]
    store.save_study(study.model_copy(update={"name": "again"}))
    assert store.is_private(study.id)
    store.delete_study(study.id)
    assert not store.is_private(study.id)
    with suppress(PersonaError):
        store.set_private(study.id, True)
    assert not store.is_private(study.id)


@pytest.mark.parametrize(
    ("address", "leaves"),
    [
        ("http://127.0.0.1:11434", False),
        ("http://localhost:8000/v1", False),
        ("http://[::1]:8000", False),
        ("http://0.0.0.0:11434", False),
        ("127.0.0.2:11434", False),
        ("http://localhost.evil.example", True),
        ("http://127.0.0.1.example.org", True),
        ("http://10.0.0.5:11434", True),
        ("https://ollama.com", True),
        ("http://user@example.org#@127.0.0.1", True),
        ("http://127.0.0.1@example.org", True),
        ("http://2130706433", True),
        ("", True),
    ],
)
def test_only_loopback_addresses_are_this_machine(address, leaves, monkeypatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    assert leaves_machine(address) is leaves


def test_a_proxy_gets_what_is_sent_to_this_machine_unless_it_is_excepted(monkeypatch) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.example.org:3128")
    monkeypatch.setenv("no_proxy", "")
    assert leaves_machine("http://127.0.0.1:11434")
    monkeypatch.setenv("no_proxy", "localhost,127.0.0.1")
    assert not leaves_machine("http://127.0.0.1:11434")


@pytest.mark.parametrize("name", ["anthropic", "openai"])
def test_a_paid_provider_is_elsewhere_even_behind_a_gateway_on_this_machine(name) -> None:
    spec = ProviderSpec(model="m", base_url="http://127.0.0.1:4000/v1")
    assert provider_class(name, "frontier")(spec).is_away


@pytest.mark.parametrize("behind", ["native", "v1", "silent v1"])
def test_renamed_cloud_model_behind_an_ollama_stand_in_is_refused(behind: str, store: Store, study: Study) -> None:
    with OllamaServer(models=("mine",)) as server:
        server.remote, server.tells_remote = {"mine"}, behind != "silent v1"
        config = HybridConfig(local_provider="ollama", local_model="mine", enabled=False, count=1)
        settings = Settings().with_secrets({"OLLAMA_HOST": server.url})
        if behind != "native":
            config = config.model_copy(update={"local_provider": "openai", "local_base_url": f"{server.url}/v1"})
        with pytest.raises(ConfigError, match="never leaves this machine"):
            Worker(store).run(study.id, config, settings)
        assert server.generations == []
