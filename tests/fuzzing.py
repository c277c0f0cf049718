"""Thousands of broken files, read in processes that may neither hang nor grow.

Every input follows from its number alone, so a failure is reproduced with `python -m tests.fuzzing NUMBER`.
"""

import io
import multiprocessing
import random
import re
import resource
import signal
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from multiprocessing.sharedctypes import Synchronized
from typing import NamedTuple

from pipeline.domain.study import Study
from pipeline.errors import InputError
from pipeline.sources import SourceFile, load_files
from tests.formats import corpus, zipped

SECONDS = 10
"""Processor time one input may take; the clock on the wall would measure the other work of the machine."""
_WAITING = 120
"""Seconds by the clock after which a process waits for something that never comes."""
GROWTH = 2**30
"""Bytes by which reading one input may let a process grow."""

_CONTEXT = multiprocessing.get_context("forkserver")
_NUMBER = re.compile(rb"\d{1,9}")
_NUMBERS = (b"0", b"-1", b"1", b"65536", b"1048577", b"99999999", b"4294967296", b"9" * 40, b"1e999", b"NaN")
_TIMES = (1, 1, 1, 1, 100, 20_000, 300_000)
_MOST_BYTES = 2_000_000
_PIECES = (
    *(
        b"<w:p/>",
        b"<row/>",
        b"[",
        b"(",
        b"{",
        b'"',
        b"\n",
        b",",
        b"- ",
        b"<div>",
        b"<td>",
        b"\x00",
        b"\t",
        b"\r",
        b"\r\n",
    ),
    *(
        b"<",
        b">",
        b"&h;",
        b"<!DOCTYPE x [<!ENTITY h 'ha'>]>",
        b"</w:p>",
        b"<table>",
        b"<a x='",
        b"<!--",
        b"{a: ",
        b"? ",
    ),
    *(b": ", b"P01: ", b"Interviewer: ", b"---\n", b"*a", b"&a ", b"=cmd|' /C calc'!A0", b"WEBVTT", b"x", b"a b "),
    *(b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", "私".encode(), "é".encode("cp1252"), b"(00:12) ", b"**", b"<v "),
    *(b"\\bin999999999 ", b"\\u-99999 ?", b"\\'", b"\\par", b"obj", b"endobj", b"stream\n", b"1 0 R ", b"3 0 R "),
    *(b"/Kids [2 0 R 2 0 R 2 0 R]", b"/Filter /FlateDecode", b"(x) Tj ", b"q ", b"PK\x03\x04", b"PK\x01\x02"),
)


class Report(NamedTuple):
    """What became of a range of inputs."""

    outcomes: Counter[str]
    """`study`, `refused`; failures are not in it."""
    failures: list[str]
    slowest: str
    """The input that took longest, and how long."""
    largest_mb: float
    """Largest memory of a process, with the interpreter and all libraries."""


class _Read(NamedTuple):
    number: int
    name: str
    outcome: str
    seconds: float
    peak_mb: float


def run(numbers: Sequence[int], workers: int = 2) -> Report:
    """Read the inputs of these numbers in processes of their own; one that dies is replaced."""
    queue = _CONTEXT.SimpleQueue()
    shares = [list(numbers[start::workers]) for start in range(workers)]
    reads: list[_Read] = []
    failures: list[str] = []
    processes: dict[int, tuple[multiprocessing.process.BaseProcess, Synchronized[int]]] = {}
    for place, share in enumerate(shares):
        processes[place] = _started(share, queue)
    while processes:
        while not queue.empty():
            reads.append(_Read(*queue.get()))
        for place, (process, current) in list(processes.items()):
            process.join(0.02)
            if process.exitcode is None:
                continue
            del processes[place]
            if process.exitcode and current.value < 0:
                failures.append(f"a process could not start (exit {process.exitcode})")
            elif process.exitcode:
                failures.append(f"{current.value}: {_name(current.value)} ended its process ({process.exitcode})")
                rest = shares[place][shares[place].index(current.value) + 1 :]
                shares[place] = rest
                processes[place] = _started(rest, queue)
    while not queue.empty():
        reads.append(_Read(*queue.get()))
    failures += [
        f"{read.number}: {read.name} {read.outcome}" for read in reads if read.outcome not in ("study", "refused")
    ]
    return Report(
        outcomes=Counter(read.outcome for read in reads if read.outcome in ("study", "refused")),
        failures=failures,
        slowest=max((read.seconds, f"{read.number} ({read.name}, {read.seconds:.1f} s)") for read in reads)[1],
        largest_mb=max((read.peak_mb for read in reads), default=0),
    )


def made(number: int) -> SourceFile:
    """The broken file of a number."""
    chance = random.Random(number)
    name, data = chance.choice(sorted(_corpus().items()))
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        data = _mutated(data, chance)
    if chance.random() < 0.05:  # a file under an ending that is not its own
        name = chance.choice(sorted(_corpus()))
    return SourceFile(name=name, data=data)


def outcome(file: SourceFile) -> str:
    """`study`, `refused`, or what is wrong with how the file was read."""
    try:
        study = load_files([file], "any")
    except InputError as error:
        sentence = str(error)
        is_plain = sentence.startswith(file.name) and "\n" not in sentence and len(sentence) < 800
        return "refused" if is_plain else f"is refused in no plain sentence: {sentence[:300]!r}"
    except Exception as error:
        return f"raised {type(error).__name__}: {str(error)[:200]}"
    return "study" if _is_whole(study) else "became a study that does not add up"


def _is_whole(study: Study) -> bool:
    said = [segment for segment in study.segments if segment.role == "participant"]
    return (
        bool(said)
        and {segment.participant for segment in said} == {person.id for person in study.participants}
        and sum(person.words for person in study.participants) == study.words
        and Study.model_validate_json(study.model_dump_json()) == study
    )


@cache
def _corpus() -> dict[str, bytes]:
    return corpus()


def _name(number: int) -> str:
    return made(number).name


def _started(numbers: Sequence[int], queue: object) -> tuple[multiprocessing.process.BaseProcess, "Synchronized[int]"]:
    current = _CONTEXT.Value("q", -1)
    process = _CONTEXT.Process(target=_work, args=(numbers, queue, current))
    process.start()
    return process, current


def _work(numbers: Sequence[int], queue: object, current: "Synchronized[int]") -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for number in numbers:
        current.value = number
        file = made(number)
        before = _address_space()
        resource.setrlimit(resource.RLIMIT_AS, (before + GROWTH, resource.RLIM_INFINITY))
        # Not handled: a signal ends the process, also where no Python code runs.
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        signal.alarm(_WAITING)
        started = time.process_time()
        told = outcome(file)
        seconds = time.process_time() - started
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        queue.put((number, file.name, told, seconds, peak))  # type: ignore[attr-defined]


def _address_space() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


# --- mutations -------------------------------------------------------------------------------------


def _mutated(data: bytes, chance: random.Random) -> bytes:
    if data.startswith(b"PK") and chance.random() < 0.75:  # else the checksum hides everything behind one error
        return _inside(data, chance)
    return chance.choice(MUTATIONS)(data, chance)


def _inside(data: bytes, chance: random.Random) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            files = {name: package.read(name) for name in package.namelist()}
    except Exception:
        return _flipped(data, chance)
    if not files:
        return data
    speaking = re.compile(r"document|sheet\d|content|workbook|shared|styles|\.qde|\.txt|\.csv|zip")
    likely = [name for name in files if speaking.search(name)]
    name = chance.choice(likely or sorted(files))
    if chance.random() < 0.05:
        return zipped({key: content for key, content in files.items() if key != name})
    return zipped({**files, name: _mutated(files[name], chance)})


def _flipped(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 3, 30)) if data else 0):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def _without(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data) + 1)
    return data[:start] + data[start + chance.randrange(1, 60) :]


def _doubled(data: bytes, chance: random.Random) -> bytes:
    start, end = sorted((chance.randrange(len(data) + 1), chance.randrange(len(data) + 1)))
    return (
        data[:end] + data[start:end] * min(chance.choice((1, 2, 50)), 1 + 1_000_000 // (end - start + 1)) + data[end:]
    )


def _spliced(data: bytes, chance: random.Random) -> bytes:
    other = chance.choice(sorted(_corpus().values()))
    start, from_ = chance.randrange(len(data) + 1), chance.randrange(len(other))
    return data[:start] + other[from_ : from_ + chance.randrange(1, 4_000)] + data[start:]


def _stuffed(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data) + 1)
    piece = chance.choice(_PIECES)
    return data[:start] + piece * min(chance.choice(_TIMES), _MOST_BYTES // len(piece)) + data[start:]


def _renumbered(data: bytes, chance: random.Random) -> bytes:
    found = list(_NUMBER.finditer(data))
    if not found:
        return _stuffed(data, chance)
    match = chance.choice(found)
    return data[: match.start()] + chance.choice(_NUMBERS) + data[match.end() :]


def _reheaded(data: bytes, chance: random.Random) -> bytes:
    other = chance.choice(sorted(_corpus().values()))
    length = chance.choice((4, 8, 30, 200))
    return other[:length] + data[length:]


MUTATIONS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _flipped, _cut, _without, _doubled, _spliced, _stuffed, _renumbered, _reheaded,
)  # fmt: skip


def _told(numbers: Sequence[str]) -> Iterator[str]:
    for number in numbers:
        file = made(int(number))
        yield f"{number}: {file.name}, {len(file.data):,} bytes: {outcome(file)}"


if __name__ == "__main__":
    sys.stdout.write("\n".join(_told(sys.argv[1:])) + "\n")
