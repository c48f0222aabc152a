"""A stuck process holds the writer lock: a signal ends every command that waits for it.

Nobody is deaf until the wait for the lock is over, which takes a minute.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.integration.forked import Process
from tests.integration.result import finish
from tests.integration.site import Site
from tests.simulator import Simulator
from tests.simulator.standard import module

MODULE = "stuck.example/m"
SOON_SECONDS = 50  # of the 60 that a lock is waited for
_HOLD = """
import pathlib, sys
from gosync.catalog.db import Catalog
from gosync.store.lock import LocalWriterLock
store = pathlib.Path(sys.argv[1])
with LocalWriterLock(store, command="stuck").held(), \\
        Catalog.open(store / "catalog.sqlite", create=False) as catalog, \\
        catalog.transaction():
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def stuck_writer(site: Site) -> Iterator[None]:
    """Hold the writer lock, and the catalog's, in another process."""
    command = [sys.executable, "-c", _HOLD, str(site.store)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        try:
            yield
        finally:
            process.kill()


def _has_open(process: Process, path: Path) -> bool:
    with suppress(OSError):
        for entry in Path(f"/proc/{process.pid}/fd").iterdir():
            with suppress(OSError):
                if entry.readlink() == path:
                    return True
    return False


def end_waiting(site: Site, process: Process, number: int) -> int:
    """Send a signal once a command waits for the lock; return its exit code."""
    try:
        deadline = time.monotonic() + SOON_SECONDS
        while not _has_open(process, site.store / "lock"):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(0.2)  # what opened it waits a moment later
        process.send_signal(number)
        return finish(process, timeout_seconds=SOON_SECONDS).code
    finally:
        process.kill()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Simulator() as sim:
        sim.publish(module(MODULE, "v1.0.0"))
        site = Site(tmp_path_factory.mktemp("stuck"), sim, modules=[MODULE])
        site.sync()
        yield site


@pytest.mark.parametrize(
    ("command", "number", "code"),
    [
        (("run", "--once", "sync"), signal.SIGTERM, 143),
        (("run", "--once", "verify"), signal.SIGINT, 130),
        (("run",), signal.SIGTERM, 0),
        (("sync",), signal.SIGTERM, 143),
        (("sync",), signal.SIGINT, 130),
        (("publish",), signal.SIGTERM, 143),
        (("plan",), signal.SIGTERM, 143),
        (("prune",), signal.SIGTERM, 143),
        (("audit",), signal.SIGTERM, 143),
        (("withdraw", f"{MODULE}@v1.0.0", "--reason", "x"), signal.SIGTERM, 143),
    ],
)
def test_a_signal_ends_a_command_that_waits_for_a_stuck_writer(
    site: Site, command: tuple[str, ...], number: int, code: int
) -> None:
    with stuck_writer(site):
        assert end_waiting(site, site.start(*command), number) == code
