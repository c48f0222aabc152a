"""The daemon on a clock that somebody else holds: a year in minutes.

    python -m tests.integration.timelapse CONFIG CLOCK STEP_SECONDS

It is `gosync run` in a process of its own, which can be killed, but for its clock:
that stands still while anything works, and goes on where the daemon waits. Whenever
STEP_SECONDS of it are over the daemon tells what it needs, as one line of JSON, and
waits for a line that says what happens next:

    {"elapsed": 86400, "rss_bytes": ..., "descriptors": ...}
    {"offset": -3600, "end": false}

CLOCK is a file with the seconds that have passed, for whoever starts it again. The
wall clock shows START, the seconds that have passed, and the offset, that is how wrong
it is.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import anyio.lowlevel

from gosync import log
from gosync.config import load_config
from gosync.daemon.daemon import Daemon
from gosync.daemon.notify import Notifier

START = datetime(2025, 1, 1, tzinfo=UTC)
_NO_LIMIT = 1e9  # the daemon looks at its clock when something is due, not before


class LapseClock:
    """A clock that goes on when it is told to, and stops at every step."""

    def __init__(self, file: Path, step_seconds: float) -> None:
        state = json.loads(file.read_text())
        self._file = file
        self._step = step_seconds
        self.elapsed: float = state["elapsed"]
        self.offset: float = state["offset"]

    def now(self) -> datetime:
        return START + timedelta(seconds=self.elapsed + self.offset)

    def monotonic(self) -> float:
        return self.elapsed

    async def sleep(self, seconds: float) -> None:
        """Let time pass; at a step whoever holds the clock has a say."""
        left = seconds
        while left > 0:
            until_step = self._step - self.elapsed % self._step
            passed = min(left, until_step)
            left -= passed
            self.elapsed += passed
            if passed == until_step:
                self.elapsed = round(self.elapsed / self._step) * self._step
                before = self.offset
                self._ask()
                if self.offset != before:  # what is due is another question now
                    left = 0
            self._write()
        await anyio.lowlevel.checkpoint()

    def _write(self) -> None:
        new = self._file.with_suffix(".new")
        new.write_text(json.dumps({"elapsed": self.elapsed, "offset": self.offset}))
        new.replace(self._file)

    def _ask(self) -> None:
        print(json.dumps(_needs() | {"elapsed": self.elapsed}), flush=True)
        answer = json.loads(sys.stdin.readline() or '{"end": true}')
        self.offset = answer.get("offset", self.offset)
        if answer.get("end"):
            signal.raise_signal(signal.SIGTERM)


def _needs() -> dict[str, int]:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "rss_bytes": pages * os.sysconf("SC_PAGESIZE"),
        "descriptors": sum(1 for _ in Path("/proc/self/fd").iterdir()),
    }


async def _main(config_file: Path, clock_file: Path, step_seconds: float) -> None:
    clock = LapseClock(clock_file, step_seconds)
    daemon = Daemon(
        load_config(config_file, {}),
        reload=lambda: load_config(config_file, {}),
        clock=clock,
        notifier=Notifier({}),
        sleep=clock.sleep,
        look_seconds=_NO_LIMIT,
    )
    await daemon.run()


if __name__ == "__main__":
    log.configure(level=20, form="text")
    anyio.run(_main, Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]))
