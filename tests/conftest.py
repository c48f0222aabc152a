"""Fixtures for all tests, and the guard that keeps them on this machine.

A test with the marker `long` is left out of the first tier, one with `every_step` of
all but the second (see tests/tiers.py).
With GOSYNC_TEST_FAIL_ON_SKIP=1 in the environment a test that would be skipped
fails: where everything is installed, a skip is a test that nobody ran.

Temporary folders lie in memory (/dev/shm) where there is room: most tests wait for
fsync otherwise. PYTEST_DEBUG_TEMPROOT names another place. A test that needs a
file system on a disk has the marker `disk`.
"""

from __future__ import annotations

import gc
import ipaddress
import logging
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.newcatalogs import copy_new_catalogs
from tests.simulator.objects import ObjectServer
from tests.tiers import EVERY_STEP, LONG, examples

_CHECKOUT = Path(__file__).parents[1]
_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 4 << 30


def _refuse_foreign_hosts(event: str, args: tuple[Any, ...]) -> None:
    """Let sockets reach loopback only; the marker `network` lifts it."""
    if event != "socket.connect" or not _guard["on"]:
        return
    address = args[1]
    if not isinstance(address, tuple):
        return  # a Unix socket
    try:
        loopback = ipaddress.ip_address(address[0]).is_loopback
    except ValueError:
        loopback = address[0] == "localhost"
    if not loopback:
        raise AssertionError(f"a test wanted to connect to {address[0]}")


def _put_temporary_folders_in_memory() -> None:
    """Let pytest make its folders on a tmpfs that can hold what a run keeps."""
    with suppress(OSError):
        room = os.statvfs(_MEMORY)
        if room.f_bavail * room.f_frsize >= _ROOM_BYTES and not (
            room.f_flag & (os.ST_NOEXEC | os.ST_RDONLY)
        ):
            folder = _MEMORY / f"gosync-tests-{os.getuid()}"
            folder.mkdir(mode=0o700, exist_ok=True)
            os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(folder))


def _load_hypothesis_profile() -> None:
    """Let property tests try what they tried before; in the second tier much more.

    A deadline by the clock on the wall says how busy the machine is, and no more.
    """
    settings.register_profile(
        "gosync",
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        max_examples=examples(50),
        derandomize=not EVERY_STEP,
        print_blob=True,
    )
    settings.load_profile("gosync")


_put_temporary_folders_in_memory()
_load_hypothesis_profile()
copy_new_catalogs()
_guard = {"on": True}
# The next run, and commands that tests start, find the bytecode of those before them:
# otherwise each worker of each run takes ten seconds to compile all tests.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
sys.addaudithook(_refuse_foreign_hosts)


def pytest_collection_finish() -> None:
    """Keep what was collected out of the garbage collector's way.

    It stays to the end, and to go over it again and again takes a tenth of the time.
    """
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Leave out what the first tier has no time for; order the rest."""
    unwanted = [
        name
        for name, wanted in (("long", LONG), ("every_step", EVERY_STEP))
        if not wanted
    ]
    left = [item for item in items if any(map(item.get_closest_marker, unwanted))]
    config.hook.pytest_deselected(items=left)
    out = set(left)
    items[:] = [item for item in items if item not in out]
    _order(items)


def _order(items: list[pytest.Item]) -> None:
    """Put the files first that take longest, by the markers of their tests.

    pytest-xdist hands out a file after the other, so that what a module sets up is set
    up once: whatever takes long begins early, and no worker is left alone with it. Of
    the rest the files with the most tests come first.
    """
    seconds: Counter[Path] = Counter()
    sizes = Counter(item.path for item in items)
    for item in items:
        seconds[item.path] += _seconds(item)
    ranks = {path: (-seconds[path], -size, path) for path, size in sizes.items()}
    items.sort(key=lambda item: ranks[item.path])


def _seconds(item: pytest.Item) -> int:
    """Return about how long a test takes, 0 for a quick one."""
    slow = item.get_closest_marker("slow")
    if slow is not None and slow.args:
        return int(slow.args[0])
    if slow is not None:
        return 3
    return 1 if item.get_closest_marker("long") else 0


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[
    None, pytest.TestReport, pytest.TestReport
]:
    report = yield
    if not hasattr(report, "wasxfail"):
        _fail_on_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[
    None, pytest.CollectReport, pytest.CollectReport
]:
    report = yield
    _fail_on_skip(report)
    return report


def _fail_on_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped and os.environ.get("GOSYNC_TEST_FAIL_ON_SKIP") == "1":
        reason = report.longrepr
        if isinstance(reason, tuple):
            reason = reason[2]
        report.outcome = "failed"
        report.longrepr = f"{reason}\n(and GOSYNC_TEST_FAIL_ON_SKIP=1 is set)"


@pytest.fixture(autouse=True)
def _offline(request: pytest.FixtureRequest):
    _guard["on"] = request.node.get_closest_marker("network") is None
    yield
    _guard["on"] = True


@pytest.fixture(autouse=True)
def _as_it_was() -> Generator[None]:
    """What a command that runs in this process leaves behind reaches no other test."""
    yield
    os.chdir(_CHECKOUT)
    logger = logging.getLogger("gosync")
    logger.handlers.clear()
    logger.setLevel(logging.NOTSET)
    logger.propagate = True


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy, git or gosync variables of the developer reach a test."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name in ("CAINFO", "CAPATH", "CERT", "KEY"):
        monkeypatch.delenv(f"GIT_SSL_{name}", raising=False)


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Path]:
    """The test's folder; on a disk for the marker `disk`."""
    if request.node.get_closest_marker("disk") is None:
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="gosync-test-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def object_server(tmp_path_factory: pytest.TempPathFactory) -> Generator[ObjectServer]:
    """A real object store, started for the first test that wants one."""
    with ObjectServer(tmp_path_factory.mktemp("objects")).serving() as server:
        yield server


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
