"""What it costs to read access logs: 10 million lines, reckoned from fewer.

Lines of 10 000 addresses for 5 000 modules in nginx's combined form, a hundred and
twenty a second, all default rules on. What a log takes once (the start, and each
address, module and version that is new) is counted once: a line costs what the second
half of the log took more. By the clock, since a process of its own counts the lines:
on a machine with nothing else to do. The memory is that of both processes at once.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.bench.corpus import MIB
from tests.bench.measure import GOSYNC, peak_together, run
from tests.bench.setting import Setting
from tests.bench.table import Row, within

_LINES = 10_000_000
_ADDRESSES, _MODULES = 10_000, 5_000
_A_SECOND = 120
_KINDS = (".info", ".info", ".mod", ".mod", ".zip", "lookup", "list", "latest")
_START = datetime(2026, 11, 27, tzinfo=UTC)


def read_logs(setting: Setting) -> Iterator[Row]:
    """Measure it."""
    folder, count = setting.room("logs"), setting.sizes.logged
    log, begun = folder / "access.log", folder / "begun.log"
    write_log(log, count)
    write_log(begun, count // 2)
    seconds, peaks = [], []
    for _ in range(setting.runs):
        half = run((*GOSYNC, "access", "-q", begun), cwd=folder).wall_seconds
        cost = run((*GOSYNC, "access", "-q", log), cwd=folder)
        more = max(0.0, cost.wall_seconds - half)  # few lines cost less than noise
        line_seconds = more / (count - count // 2)
        seconds.append(cost.wall_seconds + line_seconds * (_LINES - count))
        command = (*GOSYNC, "access", "-q", log)
        peaks.append(peak_together(command, cwd=folder) / MIB)
    figure = f"10 million lines of access logs, from {count}"
    yield within(figure, seconds, limit=15, unit="s")
    yield within(f"{figure}: memory", peaks, limit=60, unit="MiB")


def write_log(path: Path, count: int) -> None:
    """Write a log whose rules do not fire, but for what is within bounds."""
    chosen = random.Random(1)
    with path.open("w", encoding="ascii") as file:
        for number in range(count):
            moment = _START + timedelta(seconds=number // _A_SECOND)
            address = int(chosen.random() * _ADDRESSES)
            file.write(
                f"10.{address >> 16}.{address >> 8 & 255}.{address & 255} - -"
                f' [{moment:%d/%b/%Y:%H:%M:%S} +0000] "GET {_path(chosen)} HTTP/1.1"'
                f" {200 if chosen.random() < 0.99 else 304}"
                f' {int(chosen.random() * 90_000)} "-" "Go-http-client/1.1"\n'
            )


def _path(chosen: random.Random) -> str:
    number = min(int(chosen.expovariate(1 / 800)), _MODULES - 1)
    module = f"github.com/org{number % 97}/module{number}"
    version = f"v1.{int(chosen.random() * 6)}.{int(chosen.random() * 3)}"
    kind = chosen.choice(_KINDS)
    if kind == "lookup":
        return f"/sumdb/sum.golang.org/lookup/{module}@{version}"
    if kind == "latest":
        return f"/{module}/@latest"
    return f"/{module}/@v/{kind if kind == 'list' else f'{version}{kind}'}"
