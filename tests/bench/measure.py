"""Running a command under the meter, and the medians of several runs."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

_METER = Path(__file__).with_name("meter.py")
GOSYNC = (sys.executable, "-m", "gosync")
CHECKOUT = Path(__file__).resolve().parents[2]
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one command took.

    Attributes:
        wall_seconds: From start to end.
        cpu_seconds: User and system time, children included.
        peak_bytes: The largest resident set of the command or one of its children.
        exit_code: How it ended.
        output: What it wrote to standard output.
    """

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int
    exit_code: int
    output: bytes = b""


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    exit_code: int = 0,
) -> Cost:
    """Run a command and return its cost; it must end with this code."""
    with tempfile.NamedTemporaryFile() as result:
        done = subprocess.run(
            [sys.executable, "-ISE", _METER, result.name, *command],
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)} if env is None else env,
            capture_output=True,
            check=False,
        )
        measured = msgspec.json.decode(result.read() or b"{}", type=Cost)
    if measured.exit_code != exit_code:
        shown = (done.stdout[-2000:] + done.stderr[-2000:]).decode(errors="replace")
        raise RuntimeError(f"{command[:4]} ended with {measured.exit_code}:\n{shown}")
    return replace(measured, output=done.stdout)


def peak_together(command: Sequence[str | Path], *, cwd: Path) -> int:
    """Run a command; return the most that it and its children took at once, in bytes.

    What several of them share is counted once (``Pss``). Looked at ten times a second.
    """
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    peak_bytes = 0
    with subprocess.Popen(
        command, cwd=cwd, env=environment, stdout=subprocess.DEVNULL
    ) as process:
        while process.poll() is None:
            peak_bytes = max(peak_bytes, sum(map(_shared_bytes, _family(process.pid))))
            time.sleep(0.1)
    if process.returncode:
        raise RuntimeError(f"{command[:4]} ended with {process.returncode}")
    return peak_bytes


def _family(process: int) -> Iterator[int]:
    """Yield a process and its children, theirs included."""
    yield process
    with suppress(OSError):
        for tasks in Path(f"/proc/{process}/task").iterdir():
            for child in (tasks / "children").read_text().split():
                yield from _family(int(child))


def _shared_bytes(process: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) << 10
    return 0


def cpu_seconds_of(pid: int) -> float:
    """Return the processor time of a process and of those that it began."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = (int(fields[11]) + int(fields[12])) / _TICKS
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return own + sum(cpu_seconds_of(int(child)) for child in children)


def settle() -> None:
    """Write out what earlier runs left, so that none pays for another.

    What they left is best removed after the last: ext4 gives out no inode that was
    removed within the last minutes, and looks for another one file by file.
    """
    os.sync()
