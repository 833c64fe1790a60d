"""What comes of damaged model files: a model, an error of ours, or a crash, a hang, memory without end?

    python -m tests.weight_files.mutations [--count 2400] [--first 0] [NAME ...]

Each mutation is a valid file of `tf_keras/`, all of it or a member of its archive, with bytes cut off, flipped, or
replaced. It is loaded in a process of its own together with others; where one dies or takes too long, a new one goes on
after it. Memory is measured on Linux.
"""

from __future__ import annotations

import argparse
import functools
import io
import json
import random
import select
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "tf_keras"
CONFIG, WEIGHTS = "config.json", "model.weights.h5"
MOST_SECONDS, MOST_MEBIBYTES = 2.0, 200.0
# When a mutation counts as a hang: other programs may be running.
_PATIENCE = 20.0
_SPECIAL = (0, 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1)


@dataclass(frozen=True)
class Outcome:
    """What came of a mutation.

    Attributes:
        number: the number of the mutation.
        what: the file, what was mutated in it, and how.
        result: 'refused', 'loaded', or what must not be.
        seconds: the time of the processor.
        mebibytes: the memory beyond that before.
    """

    number: int
    what: str
    result: str
    seconds: float = 0.0
    mebibytes: float = 0.0

    @property
    def is_good(self) -> bool:
        """Whether this is what must come of a damaged file."""
        is_bounded = self.seconds <= MOST_SECONDS and self.mebibytes <= MOST_MEBIBYTES
        return self.result in ("refused", "loaded") and is_bounded


def damage(content: bytes, draw: random.Random) -> tuple[str, bytes]:
    """Return how bytes were changed, and the changed bytes."""
    changed, size = bytearray(content), len(content)
    how = draw.choice(("cut", "bit", "bits", "byte", "bytes", "block", "number", "zeros", "copy"))
    place = draw.randrange(size)
    if how == "cut":
        del changed[place:]
    elif how in ("bit", "bits"):
        for _ in range(1 if how == "bit" else 4):
            changed[draw.randrange(size)] ^= 1 << draw.randrange(8)
    elif how in ("byte", "bytes"):
        for _ in range(1 if how == "byte" else 16):
            changed[draw.randrange(size)] = draw.randrange(256)
    else:
        length = 8 if how == "number" else draw.choice((4, 24, 128))
        place = place // 8 * 8 if how == "number" else place
        other = draw.randrange(size)
        number = draw.choice((*_SPECIAL, size, other // 8 * 8))
        new = {
            "block": draw.randbytes(length), "number": number.to_bytes(8, "little"), "zeros": bytes(length),
            "copy": content[other : other + length],
        }[how]  # fmt: skip
        changed[place : place + length] = new[: size - place]
    return how, bytes(changed)


@functools.cache
def sources(names: tuple[str, ...]) -> list[tuple[str, str, bytes]]:
    """Return the name, the part to mutate and the content of each valid file."""
    found = []
    for path in sorted(FOLDER.glob("*/*")):
        if path.suffix in (".keras", ".h5") and (not names or path.stem in names):
            content, name = path.read_bytes(), f"{path.parent.name}/{path.name}"
            parts = ["all"] if path.suffix == ".h5" else ["all", CONFIG, WEIGHTS, "json", "weights"]
            found += [(name, part, content) for part in parts]
    return found


def mutate(number: int, names: tuple[str, ...]) -> tuple[str, str, bytes]:
    """Return what a mutation is, its part, and its bytes; the number decides."""
    draw = random.Random(number)
    choices = sources(names)
    name, part, content = choices[number % len(choices)]
    if part == "all":
        how, changed = damage(content, draw)
        return f"{name}: {how}", part, changed
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {member: archive.read(member) for member in archive.namelist()}
    member = {"json": CONFIG, "weights": WEIGHTS}.get(part, part)
    how, members[member] = damage(members[member], draw)
    changed = members[member]
    if part not in ("json", "weights"):
        # The checksums of this archive are right.
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for member, value in members.items():
                archive.writestr(member, value)
        changed = file.getvalue()
    return f"{name}, {part}: {how}", part, changed


def _load(number: int, names: tuple[str, ...], folder: Path) -> Outcome:
    from torchkeras_layer import Model
    from torchkeras_layer.saving import load_model

    what, part, content = mutate(number, names)
    path = folder / f"file_{number}"
    path.write_bytes(content)
    model = load_model(FOLDER / what.partition(":")[0].partition(",")[0]) if part == "weights" else None
    before = model.get_weights() if model is not None else []
    start, memory = time.process_time(), _measure_memory()
    try:
        result = "loaded"
        if model is not None:
            model.load_weights(path)
        elif not isinstance(load_model(path), Model):
            result = "no model"
    except ValueError as error:
        is_ours = type(error).__module__.startswith("torchkeras_layer.") and str(path) in str(error)
        result = "refused" if is_ours else f"{type(error).__name__}: {error}"
        pairs = zip(before, model.get_weights() if model is not None else [], strict=True)
        if any(a.tobytes() != b.tobytes() for a, b in pairs):
            result = "half loaded"
    except BaseException as error:
        result = f"{type(error).__name__}: {error}"
    seconds, mebibytes = time.process_time() - start, _measure_memory() - memory if memory else 0.0
    path.unlink()
    return Outcome(number, what, result[:300], round(seconds, 3), round(mebibytes, 1))


def _measure_memory() -> float:
    """Return the largest memory of this process, in MiB, since the last call; 0.0 where this is not Linux."""
    try:
        status = Path("/proc/self/status").read_text()
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return 0.0
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def _work(first: int, end: int, names: tuple[str, ...]) -> None:
    """Load mutations one after the other, and write what came of each into a line."""
    from torchkeras_layer.saving import load_model

    # What is imported and made once is not the file's.
    for name in {name for name, _, _ in sources(names)}:
        load_model(FOLDER / name)
    print(flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(first, end):
            _measure_memory()
            print(json.dumps(asdict(_load(number, names, Path(folder)))), flush=True)


def run(first: int, end: int, names: tuple[str, ...]) -> Iterator[Outcome]:
    """Load mutations in processes of their own, and give what came of each."""
    while first < end:
        command = [sys.executable, "-m", __spec__.name, "--worker", "--first", str(first), "--count", str(end - first)]
        with subprocess.Popen([*command, *names], stdout=subprocess.PIPE, cwd=FOLDER.parents[2], bufsize=0) as worker:
            assert worker.stdout is not None
            worker.stdout.readline()
            while first < end:
                is_ready, _, _ = select.select([worker.stdout], [], [], _PATIENCE)
                line = worker.stdout.readline() if is_ready else b""
                if not line:
                    break
                yield Outcome(**json.loads(line))
                first += 1
            if first < end:
                worker.kill()
                result = f"crash, status {worker.wait()}" if is_ready else "hang"
                yield Outcome(first, mutate(first, names)[0], result)
                first += 1


def main(arguments: list[str] | None = None) -> None:
    """Run mutations, and print how many came to what, and those that must not be."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=2400)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*", help="the stems of the files to mutate; default: all")
    given: Any = parser.parse_args(arguments)
    if given.worker:
        _work(given.first, given.first + given.count, tuple(given.names))
        return
    counts: Counter[str] = Counter()
    slowest, largest = 0.0, 0.0
    for outcome in run(given.first, given.first + given.count, tuple(given.names)):
        counts[outcome.result if outcome.is_good else "bad"] += 1
        slowest, largest = max(slowest, outcome.seconds), max(largest, outcome.mebibytes)
        if not outcome.is_good:
            print(outcome)
    print(dict(counts), f"slowest {slowest:.2f} s, largest {largest:.0f} MiB")


if __name__ == "__main__":
    main()
