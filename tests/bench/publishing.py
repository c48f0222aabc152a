"""What publishing costs that adds 10 versions to a tree of 1 000, 10 000, 100 000.

A module has ten versions, and each is proven by a log that grows. What is added are
versions of five modules that the tree has, and five new modules; the log's head has
moved since. Measured are the questions that come before (which tiles are lacking) and
the publish itself, by a publisher in this process: its time, and how many files it
wrote, linked or removed. Each tree is published several times over, ten versions each.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Self

from gosync.catalog.db import Catalog
from gosync.catalog.versions import Proof, VersionRow
from gosync.clock import SystemClock
from gosync.demo.log import SumLog
from gosync.gomod.dirhash import hash_go_mod
from gosync.gomod.info import VersionInfo, format_info
from gosync.gomod.modfile import synthesize
from gosync.gomod.module import ModuleVersion
from gosync.publish.publisher import Publisher
from gosync.publish.report import PublishReport
from gosync.publish.storage.localtree import LocalTree
from gosync.publish.storage.tree import TreeStorage
from gosync.publish.work import TreeTarget
from gosync.store.localblobs import LocalBlobStore
from gosync.store.localtiles import LocalTileStore
from gosync.store.root import open_store
from gosync.sumdb.names import parse_gosumdb
from gosync.sumdb.treehead import open_head
from tests.bench.measure import settle
from tests.bench.setting import Setting
from tests.bench.table import Row, within

_EACH = 10  # versions of a module
_ADDED = 10
_ADMITTED = 1_000  # rows of one transaction
_LIMIT_SECONDS = 1.0  # most of it is what the disk takes to make it durable
_LIMIT_FILES = 150
_LIMIT_TIMES = 3.0  # the smallest tree has one short page of modules


def publish_changes(setting: Setting) -> Iterator[Row]:
    """Measure it."""
    passes = max(setting.runs, 2) * 3
    processor: dict[int, float] = {}
    for count in setting.sizes.published:
        with PublishedMirror(setting.room(f"publish-{count}")) as mirror:
            mirror.fill(count)
            settle()
            costs = [mirror.add_and_publish(number) for number in range(passes)]
        figure = f"publishing {_ADDED} new versions into {count}"
        walls = [cost.wall_seconds for cost in costs]
        yield within(figure, walls, limit=_LIMIT_SECONDS, unit="s")
        files = [cost.files for cost in costs]
        yield within(f"{figure}: files", files, limit=_LIMIT_FILES, unit="files")
        processor[count] = median(cost.cpu_seconds for cost in costs)
    least, most = min(processor), max(processor)
    figure = f"publishing into {most}: CPU, times what it takes into {least}"
    ratio = processor[most] / processor[least]
    yield within(figure, [ratio], limit=_LIMIT_TIMES, unit="times")


@dataclass(frozen=True, slots=True)
class PublishCost:
    """What one publish took: seconds, and files written, linked or removed."""

    wall_seconds: float
    cpu_seconds: float
    files: int


class PublishedMirror:
    """A store and its tree, with a log that proves what is in it."""

    def __init__(self, folder: Path, tree: TreeStorage | None = None) -> None:
        """Make an empty one.

        Args:
            folder: Where its store is, and its tree unless that is elsewhere.
            tree: Where its tree is.
        """
        store = folder / "store"
        open_store(store)
        self._catalog = Catalog.open(store / "catalog.sqlite", create=True)
        self._blobs = LocalBlobStore(store)
        self._log = SumLog("sum.bench.example")
        self._log.grow(70_000)
        self._tiles = LocalTileStore(store, self._log.name)
        self._database = parse_gosumdb(self._log.verifier_key)
        self._tree = TreeTarget(tree or LocalTree(folder / "public"), "public")
        self._modules = 0
        self._publisher = Publisher(
            self._catalog,
            self._blobs,
            clock=SystemClock(),
            database=self._database,
            tiles=self._tiles,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._catalog.close()

    def fill(self, count: int) -> PublishCost:
        """Admit and publish so many versions; return the publish's cost."""
        self._modules = count // _EACH
        made = [(n, number) for n in range(self._modules) for number in range(_EACH)]
        for start in range(0, count, _ADMITTED):
            self._admit(made[start : start + _ADMITTED])
        return self._timed()

    def add_and_publish(self, number: int) -> PublishCost:
        """Add ten versions, half of them of new modules; return the cost."""
        stride = self._modules // (_ADDED // 2)
        old = [(number + n * stride, _EACH + number) for n in range(_ADDED // 2)]
        new = [(self._modules + n, 0) for n in range(_ADDED // 2)]
        self._modules += len(new)
        self._admit([*old, *new])
        self._log.grow(300)
        return self._timed(full=False)

    def _timed(self, *, full: bool = True) -> PublishCost:
        wall, cpu = time.perf_counter(), time.process_time()
        report = self._publish()
        assert report.full is full
        return PublishCost(
            time.perf_counter() - wall, time.process_time() - cpu, report.changes
        )

    def _publish(self) -> PublishReport:
        assert self._database is not None
        head = open_head(self._log.head(), self._database.verifier())
        wanted = self._publisher.wanted_tiles(self._tree, head)
        self._tiles.write((tile, self._log.tile(tile)) for tile in wanted)
        return self._publisher.publish(self._tree, head)

    def _admit(self, versions: list[tuple[int, int]]) -> None:
        rows = [self._row(*each) for each in versions]
        self._blobs.sync()
        self._catalog.versions.admit(rows)

    def _row(self, module: int, number: int) -> VersionRow:
        path = f"publish.example/org{module % 97}/mod{module:06d}"
        mv = ModuleVersion(path, f"v1.{number}.0")
        commit = hashlib.sha1(str(mv).encode(), usedforsecurity=False).hexdigest()
        go_mod, data = synthesize(path), path.encode()
        info = format_info(VersionInfo(mv.version))
        mod_h1, zip_h1 = hash_go_mod(go_mod), hash_go_mod(data)
        record = self._log.add(mv, zip_h1=zip_h1, mod_h1=mod_h1)
        return VersionRow(
            path,
            mv.version,
            info_digest=self._blobs.put_bytes(info),
            info_bytes=len(info),
            mod_digest=self._blobs.put_bytes(go_mod),
            mod_bytes=len(go_mod),
            mod_h1=mod_h1,
            zip_digest=self._blobs.put_bytes(data),
            zip_bytes=len(data),
            zip_h1=zip_h1,
            proof=Proof.SUMDB,
            record_id=record,
            record_text=self._log.record(record),
            commit_hash=commit,
        )
