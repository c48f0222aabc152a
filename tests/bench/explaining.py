"""What `gosync explain` costs for a CI log of 10 MB, hostile and not.

The log has what CI prints around `go`, and the failures of real ones now and then.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

from tests.bench.measure import GOSYNC, run
from tests.bench.setting import Setting
from tests.bench.table import Row, within

_LOGS = Path(__file__).parents[1] / "testdata/vectors/go-logs"
_NOISE = (
    "2026-11-26T21:11:41.1234567Z go: downloading github.com/x/y{} v1.2.3",
    "2026-11-26T21:11:41.1234567Z     foo_test.go:12: checking {}",
    "2026-11-26T21:11:41.1234567Z ok  \tgithub.com/x/y/z{}\t0.012s",
    "2026-11-26T21:11:41.1234567Z #12 3.456 Step {} copies go.mod go.sum",
)
_BYTES = 10_000_000
_LINES_BETWEEN = 1000


def explain_logs(setting: Setting) -> Iterator[Row]:
    """Measure it."""
    folder = setting.room("explain")
    logs = {
        "a CI log of 10 MB": (_ci_log(), 0),
        "10 MB of failures without a class": (_repeated("go: nothing known {}"), 3),
        "10 MB of one line": ("go: a.example/m@v1.0.0: https://" * (_BYTES // 32), 3),
    }
    for name, (text, code) in logs.items():
        log = folder / "log.txt"
        log.write_text(text, encoding="utf-8")
        seconds = [
            run((*GOSYNC, "explain", log.name), cwd=folder, exit_code=code).cpu_seconds
            for _ in range(setting.runs)
        ]
        yield within(f"explain {name}", seconds, limit=1, unit="s CPU")


def _ci_log() -> str:
    failures = itertools.cycle(
        path.read_text("utf-8") for path in sorted(_LOGS.glob("*.txt"))
    )
    parts, size = [], 0
    for number in itertools.count():
        part = f"{_NOISE[number % len(_NOISE)].format(number)}\n"
        if number % _LINES_BETWEEN == 0:
            part += next(failures)
        parts.append(part)
        size += len(part)
        if size >= _BYTES:
            return "".join(parts)
    raise AssertionError


def _repeated(line: str) -> str:
    return "".join(f"{line.format(n)}\n" for n in range(_BYTES // (len(line) + 5)))
