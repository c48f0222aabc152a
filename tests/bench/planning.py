"""What planning a large selection costs: 10 000 modules with 20 versions each.

The offers stand in the catalog, as lists or the index brought them, and no list is
due: what is measured is gosync's own work, from the rules over the offers to the
plan that is printed. Each run plans from an empty selection.

And what a project's graph costs: 1 500 modules whose go.mod files are in the store.
"""

from __future__ import annotations

import random
import shutil
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from gosync.catalog.db import Catalog
from gosync.catalog.modules import Module
from gosync.catalog.versions import Need, Proof, VersionRow
from gosync.gomod.deps import Deps
from gosync.gomod.dirhash import hash_go_mod
from gosync.gomod.needs import needs_of_project
from gosync.project import read_project
from gosync.store.blobs import BlobStore
from gosync.store.localblobs import LocalBlobStore
from gosync.store.root import open_store
from gosync.sync.gomods import StoredGoMods
from tests.bench.corpus import MIB
from tests.bench.measure import GOSYNC, run
from tests.bench.setting import Setting
from tests.bench.table import Row, within

_VERSIONS_EACH = 20
_FACTS = '{"top":"","own":{},"retracted":[],"deprecated":""}'


def plan_selection(setting: Setting) -> Iterator[Row]:
    """Measure it."""
    folder = setting.room("plan")
    paths = [
        f"plan.example/org{number % 97}/mod{number:05d}"
        for number in range(setting.sizes.planned)
    ]
    _write_config(folder, paths)
    _offer(folder / "store", paths)
    kept = folder / "kept.sqlite"
    shutil.copy(folder / "store/catalog.sqlite", kept)
    runs = []
    for _ in range(setting.runs):
        shutil.copy(kept, folder / "store/catalog.sqlite")
        cost = run((*GOSYNC, "plan", "--no-sizes", "--json"), cwd=folder)
        planned = msgspec.json.decode(cost.output)
        assert len(planned["adds"]) == len(paths) * _VERSIONS_EACH
        runs.append(cost)
    of = f"{len(paths)} modules, {len(paths) * _VERSIONS_EACH} versions"
    walls = [cost.wall_seconds for cost in runs]
    yield within(f"plan of {of}", walls, limit=10, unit="s")
    peaks = [cost.peak_bytes / MIB for cost in runs]
    yield within(f"plan of {of}: memory", peaks, limit=300, unit="MiB")


def _write_config(folder: Path, paths: list[str]) -> None:
    (folder / "modules.txt").write_text("\n".join(paths))
    (folder / "gosync.toml").write_text(
        """\
[store]
path = "store"
min_free = "1MiB"

[upstream]
proxies = ["http://127.0.0.1:9"]
sumdb = "off"
list_interval_seconds = 1e9

[[select]]
modules_file = "modules.txt"
versions = ">=v1.0.0 <v9.0.0"
"""
    )


def _offer(store: Path, paths: list[str]) -> None:
    """Write what the lists of these modules would have said."""
    open_store(store)
    now = datetime.now(UTC)
    versions = [f"v1.{minor}.{patch}" for minor in range(5) for patch in range(4)]
    file = store / "catalog.sqlite"
    with Catalog.open(file, create=True) as catalog, catalog.transaction():
        catalog.modules.track(Module(path) for path in paths)
        for path in paths:
            catalog.offers.listed(path, versions, now)
            catalog.modules.listed(
                path, now, list_digest="0" * 64, pseudo_only=False, latest=None
            )
        catalog.modules.set_facts((path, _FACTS) for path in paths)


def resolve_graph(setting: Setting) -> Iterator[Row]:
    """Measure how long a project's graph takes, its go.mod files in the store."""
    folder = setting.room("graph")
    count = setting.sizes.required
    _store_graph(folder, count)
    command = (sys.executable, "-m", "tests.bench.planning", str(folder))
    seconds = []
    for _ in range(setting.runs):
        resolved = msgspec.json.decode(run(command, cwd=folder).output)
        assert resolved["modules"] == count
        seconds.append(resolved["seconds"])
    yield within(f"graph of {count} modules", seconds, limit=2, unit="s")


def _store_graph(folder: Path, count: int) -> None:
    """Write modules that require about twelve others each, and a project of all."""
    dice = random.Random(7)
    paths = [f"graph.example/org{number % 53}/mod{number}" for number in range(count)]
    open_store(folder / "store")
    blobs = LocalBlobStore(folder / "store")
    with Catalog.open(folder / "store/catalog.sqlite", create=True) as catalog:
        catalog.versions.admit(
            _row(blobs, path, dice.sample(paths, min(12, count))) for path in paths
        )
    blobs.sync()
    project = folder / "project"
    project.mkdir()
    required = "".join(f"\t{path} v1.9.0\n" for path in paths)
    (project / "go.mod").write_text(
        f"module p.example/p\n\ngo 1.22\n\nrequire (\n{required})\n"
    )


def _row(blobs: BlobStore, path: str, required: list[str]) -> VersionRow:
    lines = "".join(f"\t{each} v1.9.0\n" for each in required if each != path)
    data = f"module {path}\n\ngo 1.22\n\nrequire (\n{lines})\n".encode()
    return VersionRow(
        path,
        "v1.9.0",
        need=Need.MOD,
        mod_digest=blobs.put_bytes(data),
        mod_bytes=len(data),
        mod_h1=hash_go_mod(data),
        proof=Proof.PINNED,
    )


def _resolve(folder: Path) -> dict[str, float]:
    begun = time.perf_counter()
    project = read_project(folder / "project")
    with Catalog.open(
        folder / "store/catalog.sqlite", create=False, readonly=True
    ) as catalog:
        gomods = StoredGoMods(catalog, LocalBlobStore(folder / "store"))
        needs = needs_of_project(project.mains, [], gomods.load, deps=Deps.ALL)
    return {"seconds": time.perf_counter() - begun, "modules": len(needs.zips)}


if __name__ == "__main__":
    print(msgspec.json.encode(_resolve(Path(sys.argv[1]))).decode())
