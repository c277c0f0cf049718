"""What hostile input costs: each file and answer in a process of its own, with its time and its memory (Linux).

    python benchmarks/hostile_input.py [NAME…]

Every line must end in a refusal, in under 1 s of computing and 200 MB of memory, the interpreter and all that it
imports included. The time is that of the processor, because on a busy machine the clock says more about the neighbours,
and is taken after the program has refused something small, so that it has imported what it needs. Model answers come
from a server on this machine that stands in for a gateway.
"""

import hashlib
import io
import json
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

MOST_S, MOST_MB = 1.0, 200
MILLION = 1_000_000
EMPTIES = b"{}," * (10 * MILLION) + b"{}"
STUDY = b'{"id":"s","name":"s","documents":[],"participants":[],"segments":[%s]}'


# --- what is sent in -------------------------------------------------------------------------------


def bundle(study: bytes, level: int = 9) -> bytes:
    """A bundle whose study is these bytes, with valid checksums."""
    noted = {"sha256": hashlib.sha256(study).hexdigest(), "bytes": len(study)}
    manifest = {
        **{"format": "persona.bundle/2", "program": "p", "created_at": "2026-01-01T00:00:00Z", "source_text": True},
        **{"studies": ["s"], "runs": [], "comparisons": [], "members": {"studies/s.json": noted}},
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        archive.writestr("manifest.json", json.dumps(manifest))
        archive.writestr("studies/s.json", study)
    return target.getvalue()


def keys(number: int) -> bytes:
    """Return a JSON object with this many keys."""
    return b"{%s}" % b",".join(b'"%d":{}' % key for key in range(number))


LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join(['*' + before] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)

FILES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "bundle: ten million objects": ("bundle.zip", lambda: bundle(STUDY % EMPTIES)),
    "bundle: the same, not packed": ("bundle.zip", lambda: bundle(STUDY % EMPTIES, 0)),
    "bundle: as many as are read, all wrong": ("bundle.zip", lambda: bundle(STUDY % (b"{}," * 240_000 + b"{}"), 0)),
    "bundle: lists of lists": ("bundle.zip", lambda: bundle(STUDY % (b"[[[[]]]]," * 240_000 + b"[]"), 0)),
    "bundle: unknown keys": ("bundle.zip", lambda: bundle(keys(240_000), 0)),
    "bundle: nested": ("bundle.zip", lambda: bundle(b"[" * 10 * MILLION, 0)),
    "bundle: one long text": ("bundle.zip", lambda: bundle(b'"%s"' % (b"a" * 90 * MILLION))),
    "personas: ten million objects": ("personas.json", lambda: b"[%s]" % EMPTIES),
    "personas: as many as are read, all wrong": ("personas.json", lambda: b"[%s{}]" % (b"{}," * 4_900)),
    "personas: a goal list without end": (
        "personas.json",
        lambda: b'{"name":"A","goals":[%s""]}' % (b'"",' * 6 * MILLION),
    ),
    "personas: wrong goals": ("personas.json", lambda: b'{"name":"A","goals":[%s1]}' % (b"1," * 4_900)),
    "personas: nested": ("personas.json", lambda: b"[" * 15 * MILLION),
    "labels: half a million rows": ("labels.csv", lambda: b"draft,verdict\n" + b"draft-001,1\n" * 400_000),
    "labels: as many as are read, the last one wrong": (
        "labels.csv",
        lambda: b"draft,verdict\n" + b"draft-001,1\n" * 19_999 + b"draft-001,7\n",
    ),
    "labels: a million columns": ("labels.csv", lambda: b"draft,verdict" + b",a" * MILLION + b"\nd,1\n"),
    "labels: a long place": ("labels.csv", lambda: b"draft,verdict,place\nd,1," + b"9" * 100_000 + b"\n"),
    "labels: 50 MB": ("labels.csv", lambda: b"draft,verdict\n" + b"draft-001,1\n" * 4 * MILLION),
    "cases: two million rows": ("cases.csv", lambda: b"score,label\n" + b"0.5,1\n" * 2 * MILLION),
    "cases: a million columns": ("cases.csv", lambda: b"score,label" + b",a" * MILLION + b"\n0.5,1\n"),
    "settings: aliases": ("config.yaml", LAUGHS.encode),
    "settings: ten million objects": ("config.yaml", lambda: b"hybrid: [%s]" % EMPTIES),
    "settings: as many as are read": ("config.yaml", lambda: b"hybrid: [%s1]" % (b"1," * 1_990)),
    "settings: unknown ones": ("config.yaml", lambda: b"\n".join(b"a%d: 1" % key for key in range(1_990))),
    "settings: nested": ("config.yaml", lambda: b"[" * 200_000),
    "settings: a long value": ("config.yaml", lambda: b"max_cost: " + b"x" * 250_000),
    "settings: a long number": ("config.yaml", lambda: b"count: " + b"9" * 250_000),
    "settings: a longer number": ("config.yaml", lambda: b"count: 0x" + b"f" * 250_000),
    "settings: a number to the base of 60": ("config.yaml", lambda: b"count: 1" + b":59" * 80_000),
    "settings: no such day": ("config.yaml", lambda: b"count: 2026-99-99"),
    "grid: aliases": ("grid.yaml", LAUGHS.encode),
    "grid: ten million cells": ("grid.yaml", lambda: b"experiment: x\ngrid: {count: [%s1]}" % (b"1," * 10 * MILLION)),
    "grid: more cells than are run": (
        "grid.yaml",
        lambda: (
            b"experiment: x\nfrom_drafts: r\ngrid: {seed: %s, count: %s}" % ((str(list(range(1_900))).encode(),) * 2)
        ),
    ),
    "study: JSON of ten million objects": ("study.json", lambda: b"[%s]" % EMPTIES),
    "study: YAML with aliases": ("study.yaml", LAUGHS.encode),
    "study: YAML of three million values": ("study.yaml", lambda: b"[%s1]" % (b"1," * 3 * MILLION)),
}

ANSWERS: dict[str, Callable[[], Iterator[bytes]]] = {
    "an answer of 50 MB": lambda: iter([_message(b"a" * 50 * MILLION)]),
    "an answer without end": lambda: (b"a" * 65_536 for _ in iter(int, 1)),
    "ten million objects": lambda: iter([b"[%s]" % EMPTIES]),
    "as many parts as are read": lambda: iter([b'{"content":[%s{}]}' % (b"{}," * 9_000)]),
    "ten million goals": lambda: iter([_message(json.dumps('{"name":"A","goals":[' + "1," * 10 * MILLION).encode())]),
    "as many goals as are read": lambda: iter([_message(('{"name":"A","goals":[' + "1," * 10_000 + "1]}").encode())]),
    "no JSON": lambda: iter([_message(b"Hello")]),
}


def _message(text: bytes) -> bytes:
    return (
        b'{"id":"m","type":"message","role":"assistant","model":"m","stop_reason":"end_turn","usage":{"input_tokens":9,'
        b'"output_tokens":9},"content":[{"type":"text","text":%s}],"choices":[{"index":0,"finish_reason":"stop",'
        b'"message":{"role":"assistant","content":%s}}],"message":{"role":"assistant","content":%s}}'
        % ((json.dumps(text.decode()).encode(),) * 3)
    )


_SHOWN = b'{"model_info":{},"capabilities":["completion"]}'


class Gateway(BaseHTTPRequestHandler):
    """Answers every request with the body that its address names."""

    def do_GET(self) -> None:
        """Describe the model."""
        self._answer([_SHOWN])

    def do_POST(self) -> None:
        """Describe the model, or send the hostile body as its answer."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.endswith("/api/show"):
            self._answer([_SHOWN])
            return
        number = int(self.path.split("/")[1])
        self._answer(list(ANSWERS.values())[number]())

    def _answer(self, pieces: Iterable[bytes]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        try:
            for piece in pieces:
                self.wfile.write(piece)
        except OSError:  # hung up on, as it should be
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Print nothing."""


# --- what a process of its own does ----------------------------------------------------------------


def command_of(file: Path) -> list[str]:
    """The command line that takes in a file of this name."""
    named = str(file)
    return {
        "bundle.zip": ["import", named],
        "personas.json": ["score", named, "--from", str(ROOT / "data" / "example")],
        "cases.csv": ["calibrate", "--csv", named],
        "config.yaml": ["generate", "--config", named, "--from", str(ROOT / "data" / "example")],
        "grid.yaml": ["experiment", named],
    }.get(file.name, ["generate", "--from", named])


def take_in(file: Path) -> str:
    """What the command line says of a file; labels, which have no command, are read as the page does."""
    from contextlib import redirect_stderr

    if file.name == "labels.csv":
        from datetime import UTC, datetime

        from pipeline.calibration.label_files import read_labels
        from pipeline.errors import InputError
        from pipeline.sources import SourceFile

        try:
            return (
                f"READ {len(read_labels(SourceFile(name=file.name, data=file.read_bytes()), datetime.now(UTC)).rows)}"
            )
        except InputError as error:
            return str(error)
    from pipeline.cli.main import main

    said = io.StringIO()
    with redirect_stderr(said):
        code = main([*command_of(file), "--db", str(file.parent / "p.db")])
    return said.getvalue() if code == 2 else f"EXIT {code} {said.getvalue()}"


def ask(vendor: str, address: str) -> str:
    """What becomes of the answer of a gateway."""
    from pydantic import SecretStr

    from pipeline.errors import PersonaError
    from pipeline.providers import ProviderSpec, Request, provider_class
    from pipeline.providers.replies import persona_reader

    role = "local" if vendor == "ollama" else "frontier"
    spec = ProviderSpec(model="m", role=role, base_url=address, api_key=SecretStr("none"))
    request = {"system": "s", "prompt": "p", "json_schema": {}, "max_output_tokens": 9, "seed": 0, "temperature": None}
    try:
        reply = provider_class(vendor, role)(spec).complete(Request.model_validate({"stage": "refine", **request}))
        persona_reader("p")(reply)
    except PersonaError as error:
        return str(error)
    return "READ"


def child(kind: str, *arguments: str) -> None:
    """Print the time, the peak of memory and the refusal; what is imported on the way is timed apart."""
    run = (lambda place: take_in(Path(place))) if kind == "file" else partial(ask, arguments[0])
    run(arguments[-1])
    before = time.process_time()
    said = run(arguments[-2])
    status = Path("/proc/self/status").read_text()
    # Not `getrusage`: what it calls the peak of a process may be that of its parent.
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) // 1024
    print(json.dumps([time.process_time() - before, peak, said]))


# --- the table -------------------------------------------------------------------------------------


def measured(name: str, *arguments: str) -> bool:
    """Run one attack, print its line, and return whether it was refused within the bounds."""
    done = subprocess.run([sys.executable, __file__, "--child", *arguments], capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        print(f"MISS  {name}: ended with {done.returncode}: {done.stderr.strip().splitlines()[-1:]}")
        return False
    seconds, peak, said = json.loads(done.stdout.splitlines()[-1])
    refused = not said.startswith(("READ", "EXIT"))
    good = refused and seconds < MOST_S and peak < MOST_MB and len(said) < 1_000
    sentence = " ".join(said.split())
    print(f"{'ok  ' if good else 'MISS'}  {seconds:5.2f} s {peak:5} MB  {name:55} {sentence[-100:]}", flush=True)
    return good


def main(wanted: list[str]) -> int:
    """Print the table; return 1 when a line of it misses its bound."""
    bad = total = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, (file, make) in FILES.items():
            if wanted and not any(word in name for word in wanted):
                continue
            path = Path(folder) / file
            path.write_bytes(make())
            small = path.parent / "small" / file
            small.parent.mkdir(exist_ok=True)
            small.write_bytes(b"[1, 2")
            total += 1
            bad += not measured(f"{name} ({path.stat().st_size / 1000:,.0f} kB)", "file", str(path), str(small))
    with ThreadingHTTPServer(("127.0.0.1", 0), Gateway) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for number, name in enumerate(ANSWERS):
            for vendor in ("anthropic", "openai", "ollama"):
                if wanted and not any(word in name for word in wanted):
                    continue
                total += 1
                at = f"http://127.0.0.1:{server.server_port}/"
                bad += not measured(f"{vendor}: {name}", "answer", vendor, f"{at}{number}", f"{at}{len(ANSWERS) - 1}")
        server.shutdown()
    print(f"{total - bad} of {total} refused in under {MOST_S:.0f} s and {MOST_MB} MB.")
    return 1 if bad else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(*sys.argv[2:])
    else:
        sys.exit(main(sys.argv[1:]))
