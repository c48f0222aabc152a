"""A store has one owner for what servers lack: `gosync run`'s, or a server's."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gosync.serve.runtime import owner_pid, runtime_folder
from tests.integration.manager import Manager
from tests.integration.pulling import pulling_site
from tests.integration.service import Service
from tests.integration.serving import Serving
from tests.integration.site import Site
from tests.simulator import Simulator
from tests.simulator.standard import module

M = "std.example/plain"
_PATIENCE_SECONDS = 60.0


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as started:
        for number in range(4):
            started.publish(module(M, f"v1.{number}.0"))
        yield started


def owner_of(site: Site) -> int | None:
    """Return the process that is a site's owner."""
    return owner_pid(runtime_folder(site.store))


def parent(pid: int) -> int:
    """Return the parent of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[1])


def owners_below(pid: int) -> list[int]:
    """Return the owner processes that a process began."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    children = [child for task in tasks for child in _children(task)]
    return [int(child) for child in children if b"--owner" in _command(child)]


def _command(pid: int | str) -> bytes:
    """Return a process's command line; one that ended has none any more."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def _children(task: Path) -> list[str]:
    try:
        return (task / "children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):  # a thread that ended
        return []


def is_alive(pid: int) -> bool:
    """Return whether a process runs."""
    return _command(pid) != b""


def until(true: Callable[[], object]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def idle_site(folder: Path, sim: Simulator) -> Site:
    """Return a site that pulls through, whose daemon has no job to do."""
    site = pulling_site(folder, sim, workers=1)
    jobs = ("sync", "lists", "audit", "verify", "publish", "prune")
    off = {f"daemon.jobs.{name}": {"interval": "off"} for name in jobs}
    site.declare(**off)
    return site


def brought(server: Serving, number: int) -> bool:
    return server.get(f"/{M}/@v/v1.{number}.0.zip").status == 200


def test_a_server_uses_the_owner_of_the_daemon_and_takes_over(
    sim: Simulator, tmp_path: Path
) -> None:
    (tmp_path / "site").mkdir()
    site = idle_site(tmp_path / "site", sim)
    with Manager() as manager, Service(site, manager) as service:
        until(lambda: owner_of(site))
        first = owner_of(site)
        assert first is not None
        assert parent(first) == service.process.pid
        with Serving(site.folder, environment=site.environment) as server:
            assert brought(server, 0)
            assert owners_below(server.process.pid) == []
            assert owner_of(site) == first

            service.process.kill()
            service.process.wait()
            assert brought(server, 1)
            until(lambda: owners_below(server.process.pid) == [owner_of(site)])
            until(lambda: not is_alive(first))
            assert server.stop() == 0
    site.check(sim)


@pytest.mark.long
@pytest.mark.slow(60)
def test_a_daemon_takes_over_from_a_server_and_from_its_own_owner(
    sim: Simulator, tmp_path: Path
) -> None:
    (tmp_path / "site").mkdir()
    site = idle_site(tmp_path / "site", sim)
    with (
        Manager() as manager,
        Serving(site.folder, environment=site.environment) as server,
    ):
        assert brought(server, 0)
        with Service(site, manager) as service:
            assert owners_below(service.process.pid) == []
            server.process.kill()
            server.process.wait()
            until(lambda: owners_below(service.process.pid) == [owner_of(site)])
            killed = owner_of(site)
            assert killed is not None
            os.kill(killed, signal.SIGKILL)
            until(lambda: owners_below(service.process.pid) not in ([killed], []))
            until(lambda: owners_below(service.process.pid) == [owner_of(site)])
            with Serving(site.folder, environment=site.environment) as other:
                assert brought(other, 1)
                before = owner_of(site)
                service.signal(signal.SIGHUP)
                until(lambda: owner_of(site) not in (before, None))
                assert brought(other, 2)
                assert other.stop() == 0
            assert service.stop() == 0
            assert owner_of(site) is None
    site.check_store()
    site.check_tree(sim)
