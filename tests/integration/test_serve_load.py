"""The server under many clients: one fetch, few files, little memory."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from gosync.demo.exchange import RequestKind
from gosync.gomod.module import ModuleVersion
from tests.integration.pulling import pulling_site
from tests.integration.serving import Serving
from tests.simulator import Simulator
from tests.simulator.standard import module

M = "std.example/plain"
KINDS = ("info", "mod", "zip")
_PSS_LIMIT_BYTES = 200 << 20
pytestmark = pytest.mark.long


async def _ask(url: str, path: str) -> tuple[int, bytes]:
    """Ask on a connection of its own; return status and body."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode()
        )
        await writer.drain()
        answer = await reader.read(-1)
    finally:
        writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


async def _all(url: str, path: str, count: int) -> list[tuple[int, bytes]]:
    return await asyncio.gather(*(_ask(url, path) for _ in range(count)))


def test_five_hundred_clients_over_four_workers_cause_one_fetch(tmp_path: Path) -> None:
    with Simulator() as sim:
        sim.publish(module(M, "v1.0.0"))
        site = pulling_site(tmp_path, sim, workers=4)
        with (
            Serving(site.folder, environment=site.environment) as server,
            sim.delay("*.zip", 1.0),
        ):
            answers = asyncio.run(_all(server.url, f"/{M}/@v/v1.0.0.zip", 500))
        right = sim.publication(ModuleVersion(M, "v1.0.0")).file(RequestKind.ZIP)

        assert sim.counts()[RequestKind.ZIP] == 1
    digests = {(status, hashlib.sha256(body).digest()) for status, body in answers}
    assert digests == {(200, hashlib.sha256(right).digest())}


def test_few_open_files_are_enough(tmp_path: Path) -> None:
    """The limit is 256: many connections wait for their turn, and none fails."""
    tree = tmp_path / "tree/rsc.io/quote/@v"
    tree.mkdir(parents=True)
    (tree / "v1.0.0.zip").write_bytes(b"z" * (2 << 20))
    folder = tmp_path / "server"
    folder.mkdir()
    with Serving(folder, tmp_path / "tree", prefix=("prlimit", "--nofile=256")) as one:
        answers = asyncio.run(_all(one.url, "/rsc.io/quote/@v/v1.0.0.zip", 200))

        assert {(status, len(body)) for status, body in answers} == {(200, 2 << 20)}
        assert one.get("/readyz").status == 200


def test_a_thousand_idle_connections_take_little_memory(tmp_path: Path) -> None:
    with Simulator() as sim:
        sim.publish(module(M, "v1.0.0"))
        site = pulling_site(tmp_path, sim)
        with Serving(site.folder, environment=site.environment) as server:
            server.get(f"/{M}/@v/v1.0.0.zip")
            sizes = asyncio.run(_with_idle(server, 1_000))

    print({name: f"{size >> 20} MiB" for name, size in sizes.items()})
    workers = [size for name, size in sizes.items() if not name.startswith("owner")]
    assert 0 < sum(workers) < _PSS_LIMIT_BYTES
    assert len(sizes) - len(workers) == 1
    assert all(size < _PSS_LIMIT_BYTES for size in sizes.values())


async def _with_idle(server: Serving, count: int) -> dict[str, int]:
    parts = urlsplit(server.url)
    idle = [
        await asyncio.open_connection(parts.hostname, parts.port) for _ in range(count)
    ]
    path = f"/{M}/@v/v1.0.0.mod"
    for _ in range(20):
        answers = await _all(server.url, path, 64)
        assert {status for status, _ in answers} == {200}
    sizes = {name: _pss(pid) for pid, name in _processes(server.process.pid)}
    for _, writer in idle:
        writer.close()
    return sizes


def _processes(pid: int) -> list[tuple[int, str]]:
    """Return a process and its children, each with what it is."""
    found = [(pid, f"{pid}")]
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        is_owner = b"--owner" in Path(f"/proc/{child}/cmdline").read_bytes()
        found.append((int(child), f"{'owner ' * is_owner}{child}"))
    return found


def _pss(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) << 10
    return 0


def test_owners_that_are_killed_again_and_again_leave_nothing_wrong(
    tmp_path: Path,
) -> None:
    """Clients pull forty versions while the owner is killed at any moment."""
    with Simulator() as sim:
        for number in range(40):
            sim.publish(module(M, f"v1.{number}.0", say=f"{number}"))
        site = pulling_site(tmp_path, sim)
        paths = [
            f"/{M}/@v/v1.{number}.0.{kind}" for number in range(40) for kind in KINDS
        ]
        with Serving(site.folder, environment=site.environment) as server:
            server.wait_until(lambda: server.get("/readyz").status == 200)
            with ThreadPoolExecutor(4) as pool:
                asked = [pool.submit(server.get, path) for path in paths]
                for pause in (0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2):
                    time.sleep(pause)
                    _kill_owner(server)
                answers = [each.result() for each in asked]
            again = [server.get(path) for path in paths]
            assert server.stop() == 0
        right = [
            sim.publication(
                ModuleVersion(M, path.split("/")[-1][: -len(kind) - 1])
            ).file(RequestKind(kind))
            for path in paths
            for kind in (path.rpartition(".")[2],)
        ]

        assert {answer.status for answer in answers} <= {200, 503}
        pairs = zip(answers, right, strict=True)
        assert all(a.status != 200 or a.body == body for a, body in pairs)
        assert [each.body for each in again] == right
        site.check(sim)


def _kill_owner(server: Serving) -> None:
    for pid, name in _processes(server.process.pid):
        if name.startswith("owner"):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
