"""A site outside that makes bundles: real zips, a log that signs, no upstream.

outside = Outside(folder)
outside.add("example.com/m", "v1.0.0", {"a.go": b"package m"})
outside.publish()
created = outside.create()
"""

from __future__ import annotations

import random
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Self

from gosync.bundle.make.create import create_bundle
from gosync.bundle.make.created import Created, CreateOptions
from gosync.bundle.make.sharing import PackSharing
from gosync.bundle.options import TargetSpec
from gosync.bundle.read.folder import BundleFolder
from gosync.catalog.versions import Need, Proof, State, VersionRow, Want
from gosync.config.load import parse_config
from gosync.demo.log import SumLog
from gosync.gomod.dirhash import hash_go_mod, hash_zip
from gosync.gomod.info import VersionInfo, format_info
from gosync.gomod.module import ModuleVersion
from gosync.ingest.entries import version_entry
from gosync.site.publisher import make_publisher, tree_target
from gosync.site.site import open_site
from gosync.site.storeparts import shared_store
from gosync.store.digest import parse_digest
from gosync.store.localblobs import LocalBlobStore
from gosync.sumdb.treehead import open_head
from gosync.work.sweep import Sweep
from tests.unit.gomod.zipfiles import make_zip, reader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gosync.bundle.format.features import ReaderFeatures
    from gosync.bundle.format.need import NeedFile
    from gosync.sumdb.treehead import SignedHead

NAME = "sum.test.example"
TARGET = "enclave-a"
TIME = datetime(2026, 3, 5, 10, 0, 0, tzinfo=UTC)


class StepClock:
    """A clock that goes on by a second each time it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def now(self) -> datetime:
        self.asked += 1
        return TIME + timedelta(seconds=self.asked)

    def monotonic(self) -> float:
        return float(self.asked)


class Outside:
    """A store with a catalog and a published tree; a context manager."""

    def __init__(
        self, folder: Path, *, records: int = 300, log: SumLog | None = None
    ) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.log = log or SumLog(NAME, seed=b"outside")
        if log is None:
            self.log.grow(records)
        self.out = folder / "media"
        self.clock = StepClock()
        upstream = {"proxies": "off", "sumdb": self.log.verifier_key}
        config = parse_config({"upstream": upstream}, {}, base=folder)
        self.options = config.site_options()
        self._stack = ExitStack()
        self.open()

    def open(self) -> None:
        """Open the store, as each command does anew."""
        self._stack.close()
        self.site = self._stack.enter_context(
            open_site(self.options, command="test", clock=self.clock)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(
        self,
        path: str,
        version: str,
        files: Mapping[str, bytes] | None = None,
        *,
        zip_data: bytes | None = None,
        go_mod: bytes | None = None,
        need: Need = Need.ZIP,
        private: bool = False,
        selected: bool = True,
    ) -> VersionRow:
        """Admit a version as the gate would, and select it."""
        mv = ModuleVersion(path, version)
        go_mod = go_mod or f"module {path}\n".encode()
        named = {"go.mod": go_mod, **(files or {})}
        data = zip_data or make_zip(named.items(), prefix=f"{mv}/", streamed=True)
        zip_h1 = hash_zip(reader(data), len(data))
        info = format_info(VersionInfo(version, TIME, None))
        blobs, whole = self.site.blobs, need is Need.ZIP
        record_id = None
        if not private:
            record_id = self.log.add(mv, zip_h1=zip_h1, mod_h1=hash_go_mod(go_mod))
        row = VersionRow(
            path,
            version,
            need=need,
            info_digest=blobs.put_bytes(info) if whole else None,
            info_bytes=len(info) if whole else None,
            mod_digest=blobs.put_bytes(go_mod),
            mod_bytes=len(go_mod),
            mod_h1=hash_go_mod(go_mod),
            zip_digest=blobs.put_bytes(data) if whole else None,
            zip_bytes=len(data) if whole else None,
            zip_h1=zip_h1 if whole else None,
            proof=Proof.PINNED if private else Proof.SUMDB,
            record_id=record_id,
            record_text=None if record_id is None else self.log.record(record_id),
            selected=need if selected else None,
            state=State.PRESENT,
        )
        blobs.sync()
        self.site.journal.append([version_entry(row)])
        self.site.catalog.versions.admit([row])
        return row

    def blob(self, digest: str | None) -> Path:
        """Return the file of a blob."""
        return LocalBlobStore(self.options.store_path).path(parse_digest(digest or ""))

    def select(self, *wants: Want) -> None:
        """Select these versions and nothing else."""
        self.site.catalog.selected.select(wants, complete=True, now=TIME)

    def publish(self) -> SignedHead:
        """Publish with the log's newest head, its tiles fetched before."""
        database = self.site.options.database
        assert database is not None
        assert self.site.tiles is not None
        head = open_head(self.log.head(), database.verifier())
        publisher, tree = make_publisher(self.site), tree_target(self.site)
        wanted = publisher.wanted_tiles(tree, head)
        self.site.tiles.write((tile, self.log.tile(tile)) for tile in wanted)
        publisher.publish(tree, head)
        return head

    def create(
        self,
        *,
        full: bool = False,
        exact: bool = False,
        volume_bytes: int = 1 << 30,
        need: NeedFile | None = None,
        sealed_base: bool = True,
        out: Path | None = None,
        sweep: Sweep | None = None,
        reader: ReaderFeatures | None = None,
    ) -> Created:
        """Make the next bundle; by the workers of a sweep, if one is given."""
        target = TargetSpec(
            name=TARGET, volume_bytes=volume_bytes, sealed_base=sealed_base
        )
        options = CreateOptions(
            target=target,
            out=out or self.out,
            full=full,
            exact=exact,
            need=need,
            reader=reader,
        )
        shared = shared_store(self.options)
        sharing = None if sweep is None else PackSharing(sweep, shared)
        return create_bundle(self.site, options, sharing=sharing)

    def bundle(self, **options: object) -> BundleFolder:
        """Make the next bundle and open it."""
        created = self.create(**options)  # type: ignore[arg-type]
        assert created.path is not None
        return BundleFolder.open(created.path)


def source(seed: int, *, files: int = 6, size_bytes: int = 3_000) -> dict[str, bytes]:
    """Return files that look a bit like source, the same for the same seed."""
    dice = random.Random(seed)
    words = ["func", "return", "type", "err", "nil", "struct", "package", "range"]
    found = {}
    for number in range(files):
        text = " ".join(dice.choices(words, k=size_bytes // 6))
        unique = f"// {dice.getrandbits(64):x}\n"
        found[f"pkg{number % 3}/file{number}.go"] = (unique + text).encode()
    return found


def changed(
    files: Mapping[str, bytes], seed: int, *, count: int = 1
) -> dict[str, bytes]:
    """Return the files with a line added to some of them."""
    dice = random.Random(seed)
    names = dice.sample(sorted(files), count)
    return {
        name: data + f"\n// {seed}\n".encode() if name in names else data
        for name, data in files.items()
    }
