"""Far more pulled through than may be kept, while clients read what lists name."""

from __future__ import annotations

import http.client
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event, local
from urllib.parse import urlsplit

import pytest

from gosync.catalog.db import Catalog
from gosync.catalog.versions import Need
from gosync.gomod.module import ModuleVersion
from tests.bench.corpus import MadeModule, Piece, join_zip
from tests.bench.upstream import nginx, publish
from tests.integration.serving import Serving
from tests.simulator import Simulator
from tests.simulator.static import write_static
from tests.tiers import EVERY_STEP

_MODULES = 100 if EVERY_STEP else 5
_VERSIONS = 100 if EVERY_STEP else 8
_ZIP_BYTES = 250_000 if EVERY_STEP else 60_000
_LIMIT_BYTES = (1 << 30) if EVERY_STEP else 500_000
_PULLERS, _READERS = 8, 3


class _Client:
    """One connection a thread."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._address = parts.hostname or "", parts.port
        self._own = local()
        self._open: list[http.client.HTTPConnection] = []

    def close(self) -> None:
        for each in self._open:
            each.close()

    def get(self, path: str) -> tuple[int, bytes]:
        connection = getattr(self._own, "connection", None)
        if connection is None:
            connection = http.client.HTTPConnection(*self._address, timeout=120)
            self._own.connection = connection
            self._open.append(connection)
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()


def _made() -> Iterator[MadeModule]:
    dice = random.Random(1)
    for version in range(_VERSIONS):
        for number in range(_MODULES):
            mv = ModuleVersion(f"keep.example/m{number}", f"v1.{version}.0")
            go_mod = f"module {mv.path}\n".encode()
            pieces = [
                Piece.of("go.mod", go_mod),
                Piece.of("data", dice.randbytes(_ZIP_BYTES)),
            ]
            yield MadeModule(mv, go_mod, join_zip(f"{mv}/", pieces))


def _write_upstream(root: Path, aside: Path) -> tuple[str, list[ModuleVersion]]:
    """Write proxy and database as files; no more than one zip is in memory."""
    upstream, made = Simulator(), []
    aside.mkdir()
    for number, each in enumerate(_made()):
        (aside / str(number)).write_bytes(each.zip)
        publish(upstream, MadeModule(each.mv, each.go_mod, each.zip))
        upstream.publication(each.mv).served.clear()
        made.append(each.mv)
    write_static(upstream, root)
    for number, mv in enumerate(made):
        (aside / str(number)).replace(root / f"{mv.path}/@v/{mv.version}.zip")
    return upstream.verifier_key, made


@pytest.mark.timeout(3000)  # the second tier pulls 2.5 GB
@pytest.mark.sampled
def test_what_lists_name_is_served_while_far_more_is_pulled_than_is_kept(
    tmp_path: Path,
) -> None:
    key, made = _write_upstream(tmp_path / "upstream", tmp_path / "aside")
    folder = tmp_path / "site"
    folder.mkdir()
    with nginx(tmp_path / "upstream", tmp_path / "nginx", workers=2) as (url, _):
        (folder / "gosync.toml").write_text(
            f'[upstream]\nproxies = "{url}"\nsumdb = "{key}"\n'
            f'[serve]\npull_through = true\nmax_bytes = "{_LIMIT_BYTES}"\n'
            "[publish]\nupper_tiles = false\n"
        )
        with Serving(folder) as server:
            pulled, read = _pull_and_read(server, folder / "public", made)
            assert server.stop() == 0, server.logged()
        print(f"{len(made)} pulled, {read} read")
        logged = server.logged()
        assert pulled == [], logged
    assert read > len(made) // 4
    path = folder / "var/catalog.sqlite"
    with closing(Catalog.open(path, create=False, readonly=True)) as catalog:
        kept = catalog.pulled.latest_first()
        rows = [catalog.versions.get(each.mv) for each in kept]
    whole = {str(row.mv) for row in rows if row and row.carried is Need.ZIP}
    kept_bytes = sum(each.size_bytes for each in kept)
    assert 0.8 * _LIMIT_BYTES < kept_bytes <= _LIMIT_BYTES
    blobs = sum(
        each.stat().st_size
        for each in (folder / "var/blobs").rglob("*")
        if each.is_file()
    )
    assert blobs <= 1.05 * _LIMIT_BYTES
    listed = {
        f"{each.parent.parent.relative_to(folder / 'public')}@{version}"
        for each in (folder / "public").rglob("@v/list")
        for version in each.read_text().split()
    }
    assert listed == whole, logged


def _pull_and_read(
    server: Serving, tree: Path, made: list[ModuleVersion]
) -> tuple[list[str], int]:
    """Pull everything while others read; return what failed, and how much was read."""
    is_over = Event()
    failed: list[str] = []

    def pull(mv: ModuleVersion) -> None:
        for kind in ("mod", "zip"):
            check(f"/{mv.path}/@v/{mv.version}.{kind}")

    def check(path: str) -> None:
        status, body = client.get(path)
        if status != 200:
            failed.append(f"{status} {path} {body[:200]!r}")

    def read(seed: int) -> int:
        dice, count = random.Random(seed), 0
        while not is_over.is_set():
            module = f"keep.example/m{dice.randrange(_MODULES)}"
            named = _listed(client, tree, module, of_tree=dice.random() < 0.9)
            if not named:
                is_over.wait(0.01)
                continue
            for kind in ("info", "mod", "zip"):
                check(f"/{module}/@v/{dice.choice(named)}.{kind}")
                count += 1
        return count

    with (
        closing(_Client(server.url)) as client,
        ThreadPoolExecutor(_PULLERS + _READERS) as pool,
    ):
        reading = [pool.submit(read, seed) for seed in range(_READERS)]
        list(pool.map(pull, made))
        is_over.set()
        return failed, sum(each.result() for each in reading)


def _listed(client: _Client, tree: Path, module: str, *, of_tree: bool) -> list[str]:
    if not of_tree:
        return client.get(f"/{module}/@v/list")[1].decode().split()
    try:
        return (tree / module / "@v/list").read_text().split()
    except FileNotFoundError:
        return []
