"""Bundles: what comes out is what went in, and nothing that was changed on the way gets in."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.cli.main import main
from pipeline.domain.bundle import QUOTE_WITHHELD, WITHHELD, Bundle, without_source
from pipeline.domain.config import HybridConfig, Settings
from pipeline.domain.run import ModelCall, RunStatus, Timing
from pipeline.domain.untrusted import Bounds
from pipeline.errors import InputError, PersonaError, StoreError
from pipeline.jobs.worker import Worker
from pipeline.results.data_sent import outbound, outbound_notes
from pipeline.results.export import run_document
from pipeline.store import Store
from pipeline.store.bundle_file import FORMAT, BundleLimits, open_bundle, read_bundle, write_bundle
from tests.factories import make_call, make_draft, make_final
from tests.results.test_report import SAID, make_study, quoting

NOW = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
TEXT = st.text(max_size=30)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bundles")


def filled(path: Path, status: RunStatus = "completed", **config: object) -> tuple[Store, str]:
    """A store with one run that quotes its study, sent something and was answered."""
    store = Store(path)
    store.save_study(make_study())
    settings = HybridConfig.model_validate({"frontier_provider": "simulated", **config})
    run_id = store.create_run("study-1", settings, name="Night tariff", simulated=True, now=NOW)
    log = store.log(run_id)
    cited = quoting(_run_of(0.9)).personas[0]
    for number, overall in enumerate((0.9, 0.4)):
        log.draft_written(make_draft(number, overall).draft)
        log.draft_assessed(f"draft-{number + 1:03}", make_draft(number, overall).assessment)
    log.draft_assessed("draft-001", cited.assessment)
    log.call_opened(_call("in_flight"))
    log.call_closed(_call("ok"))
    log.persona_finished(cited)
    log.persona_finished(make_final(make_draft(1, 0.4), "refined", refined=0.8, cost_micros=20_000))
    log.warn("Something to know.")
    if status != "running":
        _finish(store, run_id, status)
    return store, run_id


def _run_of(overall: float):
    from tests.factories import make_run

    return make_run([overall])


def _call(status) -> ModelCall:
    texts = {"payload": json.dumps({"prompt": SAID}), "reply": None if status == "in_flight" else "{}"}
    return make_call(0, draft=1, status=status, simulated=True).model_copy(update=texts)


def _finish(store: Store, run_id: str, status: RunStatus) -> None:
    ending = {"error": None, "timing": Timing(wall_s=2.5), "frontier_only_micros": 40_000, "price_source": "a list"}
    store.finish_run(run_id, status, **ending, scorer_version="test/1", now=NOW)


@pytest.fixture(scope="module")
def exported(home: Path) -> tuple[Store, str, bytes]:
    store, run_id = filled(home / "from.db")
    return store, run_id, write_bundle(store.bundle([run_id]), NOW)


@pytest.fixture
def empty(tmp_path: Path) -> Store:
    return Store(tmp_path / "empty.db")


def document(store: Store, run_id: str) -> dict:
    return run_document(store.run(run_id)) | {"imported_at": None}


def repacked(data: bytes, change: Callable[[dict[str, bytes]], None], *, honest: bool = False) -> bytes:
    """The bundle with its members changed; `honest` renews the checksums, as whoever forges one would."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    if honest:
        manifest = json.loads(members["manifest.json"])
        for name in manifest["members"].keys() & members.keys():
            noted = {"sha256": hashlib.sha256(members[name]).hexdigest(), "bytes": len(members[name])}
            manifest["members"][name] = noted
        members["manifest.json"] = json.dumps(manifest).encode()
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


def edit(member: str, /, **values: object) -> Callable[[dict[str, bytes]], None]:
    """Sets values in the JSON of the member whose name begins so."""

    def change(members: dict[str, bytes]) -> None:
        full = next(name for name in members if name.startswith(member))
        members[full] = json.dumps(json.loads(members[full]) | values).encode()

    return change


# --- there and back --------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["completed", "cancelled", "failed", "interrupted"])
def test_imported_run_is_the_same_document_and_study(tmp_path: Path, empty: Store, status: RunStatus):
    store, run_id = filled(tmp_path / "from.db", status)
    taken = empty.import_bundle(read_bundle(write_bundle(store.bundle([run_id]), NOW), "x.zip"), NOW)
    assert (taken.runs, taken.known) == ((run_id,), ())
    assert document(empty, run_id) == document(store, run_id)
    assert empty.study("study-1") == store.study("study-1")
    assert empty.run(run_id).imported_at == NOW
    assert empty.bundle([run_id]) == store.bundle([run_id])


def test_words_of_a_private_study_go_into_no_bundle_and_it_stays_private_elsewhere(tmp_path: Path, empty: Store):
    store, run_id = filled(tmp_path / "private.db")
    store.set_private("study-1", True)
    with pytest.raises(InputError, match="never leaves this machine"):
        write_bundle(store.bundle([run_id]), NOW)
    data = write_bundle(without_source(store.bundle([run_id])), NOW)
    empty.import_bundle(read_bundle(data, "x.zip"), NOW)
    assert empty.is_private("study-1")


def test_importing_twice_changes_nothing(exported, empty: Store):
    _, run_id, data = exported
    empty.import_bundle(read_bundle(data, "x.zip"), NOW)
    empty.rename_run(run_id, "My own name for it")
    before = empty.run(run_id)
    taken = empty.import_bundle(read_bundle(data, "x.zip"), NOW)
    assert (taken.runs, taken.known) == ((), (run_id,))
    assert empty.run(run_id) == before


def test_same_bundle_gives_the_same_bytes(exported):
    store, run_id, data = exported
    assert write_bundle(store.bundle([run_id]), NOW) == data


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(name=TEXT, note=TEXT, tags=st.lists(TEXT, max_size=3), error=TEXT | st.none(), text=TEXT)
def test_any_words_survive_the_way_through_a_file(exported, name, note, tags, error, text):
    store, run_id, _ = exported
    bundle = store.bundle([run_id])
    run, study = bundle.runs[0], bundle.studies[0]
    said = {"name": name, "note": note, "tags": tuple(tags), "error": error}
    spoken = study.segments[0].model_copy(update={"text": text})
    changed = bundle.model_copy(
        update={
            "runs": (run.model_copy(update=said),),
            "studies": (study.model_copy(update={"segments": (spoken,)}),),
        }
    )
    assert read_bundle(write_bundle(changed, NOW), "x.zip") == changed


def test_saved_comparison_travels_with_its_runs(tmp_path: Path, empty: Store):
    store, first = filled(tmp_path / "from.db")
    _, second = filled(tmp_path / "from.db")
    saved = store.save_comparison("Cheap and dear", [first, second], NOW, note="Read B", annotations={first: "old"})
    for _ in range(2):
        empty.import_bundle(read_bundle(write_bundle(store.bundle([first, second]), NOW), "x.zip"), NOW)
    assert empty.comparisons() == [store.comparison(saved)]
    assert store.bundle([first]).comparisons == ()


# --- without the words of the study ----------------------------------------------------------------


def test_bundle_without_source_holds_no_word_of_the_study_beyond_the_personas_own(exported):
    store, run_id, _ = exported
    bare = without_source(store.bundle([run_id]))
    run = bare.runs[0].model_copy(update={"personas": (), "drafts": ()})
    claims = [claim for found in run.assessments.values() for claim in found.claims if claim.field != "quotes"]
    assert claims
    assert all(claim.quote is None for claim in claims)
    assert [segment.text for segment in bare.studies[0].segments] == [""]
    assert [call.payload for call in run.calls] == [WITHHELD]
    assert all(claim.quote is None for final in bare.runs[0].personas for claim in final.assessment.claims)


def test_run_without_source_differs_only_in_its_quotes(exported, empty: Store):
    store, run_id, _ = exported
    empty.import_bundle(without_source(store.bundle([run_id])), NOW)
    here, there = document(empty, run_id), document(store, run_id)
    for persona in there["personas"]:
        for entry in (entry for entry in persona["evidence"] if entry["field"] == "quotes"):
            entry["claim"] = QUOTE_WITHHELD
        persona["persona"]["quotes"] = []
        for entry in persona["evidence"]:
            entry["quote"] = None
    for read in (here, there):
        # Statements that personas share are counted without quotes.
        read["coverage"].pop("overlaps")
    assert here == there
    statement = " ".join(outbound_notes(outbound(empty.run(run_id), empty.study("study-1"))))
    assert "are not known here" in statement


def test_study_without_words_runs_nothing_until_its_files_are_uploaded(exported, empty: Store):
    store, run_id, _ = exported
    empty.import_bundle(without_source(store.bundle([run_id])), NOW)
    config = HybridConfig(local_provider="builtin", enabled=False)
    with pytest.raises(InputError, match="without its text"):
        Worker(empty).run("study-1", config, Settings())
    empty.save_study(make_study())
    assert empty.study("study-1") == make_study()


def test_fuller_bundle_fills_in_the_study_and_a_poorer_one_takes_nothing_away(tmp_path: Path, empty: Store):
    store, first = filled(tmp_path / "from.db")
    _, second = filled(tmp_path / "from.db")
    empty.import_bundle(without_source(store.bundle([first])), NOW)
    empty.import_bundle(store.bundle([second]), NOW)
    assert empty.study("study-1") == make_study()
    taken = empty.import_bundle(without_source(store.bundle([second])), NOW)
    assert taken.known == (second,)
    assert document(empty, second) == document(store, second)


# --- imported runs are read, and nothing else ------------------------------------------------------


def test_imported_run_is_never_resumed(tmp_path: Path, empty: Store):
    store, run_id = filled(tmp_path / "from.db", "interrupted")
    empty.import_bundle(store.bundle([run_id]), NOW)
    with pytest.raises(StoreError, match="was imported"):
        empty.reopen_run(run_id, NOW)
    assert empty.mark_interrupted(NOW) == []


def test_money_of_an_imported_run_counts_for_no_project(tmp_path: Path, empty: Store):
    store, run_id = filled(tmp_path / "from.db", project="heating", project_max_cost=0.03)
    empty.import_bundle(store.bundle([run_id]), NOW)
    empty.delete_run(run_id)
    empty.save_study(make_study())
    config = store.run(run_id).config
    own = empty.create_run("study-1", config, name="Ours", simulated=True, now=NOW)
    empty.log(own).call_opened(make_call(0, cost_micros=25_000, status="in_flight", simulated=True))


def test_running_run_is_not_exported(tmp_path: Path):
    store, run_id = filled(tmp_path / "from.db", "running")
    with pytest.raises(InputError, match="still running"):
        store.bundle([run_id])


# --- what is refused, and leaves nothing behind ----------------------------------------------------


def test_id_that_is_here_with_other_content_is_refused_and_nothing_else_of_the_bundle_stays(tmp_path, empty: Store):
    store, first = filled(tmp_path / "from.db")
    _, second = filled(tmp_path / "from.db")
    empty.import_bundle(store.bundle([second]), NOW)
    bundle = store.bundle([first, second])
    forged = bundle.runs[1].model_copy(update={"scorer_version": "another"})
    with pytest.raises(StoreError, match="other content"):
        empty.import_bundle(bundle.model_copy(update={"runs": (bundle.runs[0], forged)}), NOW)
    assert [run.id for run in empty.runs()] == [second]


CHANGES: dict[str, tuple[Callable[[dict[str, bytes]], object], bool, str]] = {
    "tampered": (edit("runs/", name="Another"), False, "checksum"),
    "future": (edit("manifest.json", format="persona.bundle/5", more=1), False, "Update the program"),
    "other program": (edit("manifest.json", format="something"), False, "is not that of a bundle of runs"),
    "no manifest": (lambda members: members.pop("manifest.json"), False, "has no manifest.json"),
    "no study": (lambda members: members.pop("studies/study-1.json"), False, "studies/study-1.json"),
    "extra": (lambda members: members.update({"readme.txt": b"hello"}), False, "readme.txt"),
    "traversal": (lambda members: members.update({"../../etc/passwd": b"x"}), False, "../../etc/passwd"),
    "absolute": (lambda members: members.update({"/tmp/x.json": b"x"}), False, "/tmp/x.json"),
    "traversing id": (edit("manifest.json", runs=["../../x"]), False, "cannot be imported"),
    "running": (edit("runs/", status="running"), True, "status"),
    "other id": (edit("runs/", id="run-00000000"), True, "differs from its manifest"),
    "other study": (edit("runs/", study_id="study-2"), True, "study-2"),
    "unknown setting": (edit("runs/", config={"surprise": 1}), True, "surprise"),
    "persona of no draft": (edit("runs/", drafts=[]), True, "there is no draft"),
    "endless time": (edit("runs/", timing={"wall_s": float("inf")}), True, "not a number"),
    "no zone": (edit("runs/", created_at="2026-03-02T09:30:00"), True, "created_at"),
    "end of time": (edit("runs/", created_at="9999-12-31T23:59:59-12:00"), True, "out of range"),
    "negative money": (edit("runs/", frontier_only_micros=-1), True, "frontier_only_micros"),
    "not JSON": (lambda members: members.update({"studies/study-1.json": b"{"}), True, "cannot be imported"),
    "nested": (lambda members: members.update({"manifest.json": b"[" * 100_000}), False, "nested more than 40 levels"),
}


@pytest.mark.parametrize(("change", "honest", "sentence"), CHANGES.values(), ids=CHANGES)
def test_changed_bundle_is_refused_in_a_sentence(exported, change, honest, sentence):
    with pytest.raises(InputError, match=sentence.replace(".", r"\.").replace("/", r"/")) as refused:
        read_bundle(repacked(exported[2], change, honest=honest), "x.zip")
    assert str(refused.value).startswith("x.zip: cannot be imported: ")


@pytest.mark.parametrize("data", [b"", b"PK", b"hello world" * 100, b"PK\x05\x06" + bytes(18)])
def test_file_that_is_no_bundle_is_refused(data: bytes):
    with pytest.raises(InputError, match="cannot be imported"):
        read_bundle(data, "x.zip")


def test_bundle_that_is_too_large_is_refused_before_it_is_unpacked(exported, tmp_path: Path):
    data = exported[2]
    bomb = repacked(data, lambda members: members.update({"bomb": bytes(20_000_000)}))
    assert len(bomb) < 100_000
    for limits in (BundleLimits(file_bytes=100), BundleLimits(unpacked_bytes=1_000_000), BundleLimits(members=3)):
        with pytest.raises(InputError, match="are allowed"):
            read_bundle(bomb, "x.zip", limits)
    (tmp_path / "x.zip").write_bytes(bomb)
    with pytest.raises(InputError, match="are allowed"):
        open_bundle(tmp_path / "x.zip", BundleLimits(file_bytes=100))


TINY = Bounds(max_bytes=100_000, max_nodes=2_000, max_items=500)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b'{"segments": [%s{}]}' % (b"{}," * 600), "holds a list or an object of more than 500 items"),
        (b"[%s[]]" % (b"[[],[],[],[]]," * 450), "holds more than 2,000 values"),
        (b"{%s}" % b",".join(b'"%d":1' % key for key in range(11_000)), "are allowed|more than 2,000 values"),
        (b"[" * 99, "nested more than 40 levels deep"),
        (b'"%s"' % (b"x" * 200_000), "a member has 200,002 bytes, and 100,000 are allowed"),
    ],
)
@pytest.mark.parametrize("member", ["studies/", "runs/", "manifest"])
def test_a_member_that_would_become_too_much_is_refused(exported, member: str, content: bytes, sentence: str):
    def change(members: dict[str, bytes]) -> None:
        members[next(name for name in members if name.startswith(member))] = content

    data = repacked(exported[2], change, honest=member != "manifest")
    with pytest.raises(InputError, match=sentence):
        read_bundle(data, "x.zip", BundleLimits(document=TINY))


def test_ratio_of_expansion_is_bounded(exported):
    data = repacked(exported[2], lambda members: members.update({"bomb": bytes(3_000_000)}))
    with pytest.raises(InputError, match=r"unpacked it has 3,0.* bytes, and 1,000,000 are allowed"):
        read_bundle(data, "x.zip")


def test_archive_of_more_entries_than_are_listed_is_refused_before_they_are():
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for number in range(200):
            archive.writestr(str(number), b"")
    with pytest.raises(InputError, match="more than 10 members"):
        read_bundle(target.getvalue(), "x.zip", BundleLimits(members=10))


def test_a_real_bundle_packs_far_less_than_is_allowed(exported):
    with zipfile.ZipFile(io.BytesIO(exported[2])) as archive:
        assert sum(entry.file_size for entry in archive.infolist()) < 20 * len(exported[2])


def test_every_truncation_is_refused(exported):
    data = exported[2]
    for length in range(0, len(data), 97):
        with pytest.raises(InputError):
            read_bundle(data[:length], "x.zip")


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(where=st.floats(0, 1, exclude_max=True), value=st.integers(1, 255))
def test_every_flipped_byte_is_refused_or_harmless(exported, where: float, value: int):
    data = bytearray(exported[2])
    data[int(where * len(data))] ^= value
    try:
        bundle = read_bundle(bytes(data), "x.zip")
    except PersonaError:
        return
    assert bundle == read_bundle(exported[2], "x.zip")


def test_removing_any_member_is_refused(exported):
    with zipfile.ZipFile(io.BytesIO(exported[2])) as archive:
        names = archive.namelist()
    for name in names:
        with pytest.raises(InputError):
            read_bundle(repacked(exported[2], lambda members, name=name: members.pop(name)), "x.zip")


def test_format_name_is_fixed():
    assert FORMAT == "persona.bundle/4"
    assert Bundle.model_fields.keys() == {"source_text", "studies", "private", "runs", "comparisons", "designs"}


# --- the commands ----------------------------------------------------------------------------------


def test_commands_export_import_and_refuse(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    _, run_id = filled(tmp_path / "from.db")
    here, there, file = (str(tmp_path / name) for name in ("from.db", "to.db", "x.zip"))
    assert main(["export", run_id, "--bundle", file, "--db", here, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["runs"] == [run_id]
    assert main(["import", file, "--db", there, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"runs": [run_id], "known": [], "labels": 0, "edits": 0}
    assert main(["export", run_id, "--html", str(tmp_path / "x.html"), "--db", there]) == 0
    assert SAID not in (tmp_path / "x.html").read_text()
    (tmp_path / "x.zip").write_bytes(b"no zip")
    capsys.readouterr()
    assert main(["import", file, "--db", str(tmp_path / "new.db")]) == 2
    assert "is not a zip archive" in capsys.readouterr().err
    assert not (tmp_path / "new.db").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--html", "x.html", "--without-source"], "needs --bundle"),
        (["--bundle", "x.zip", "--with-source"], "is not for --bundle"),
        (["--bundle", "missing/x.zip"], "cannot be written"),
    ],
)
def test_export_says_what_does_not_fit(tmp_path: Path, capsys, monkeypatch, arguments, sentence):
    _, run_id = filled(tmp_path / "from.db")
    monkeypatch.chdir(tmp_path)
    assert main(["export", run_id, *arguments, "--db", str(tmp_path / "from.db")]) == 2
    assert sentence in capsys.readouterr().err
