"""A store, a catalog, a log that signs, and a tree to publish, for tests."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

from gosync.catalog.db import Catalog
from gosync.catalog.versions import Need, Proof, VersionRow, Want
from gosync.demo.exchange import RequestKind
from gosync.demo.log import SumLog
from gosync.demo.modules import ModuleSource, commit_hash
from gosync.demo.upstream import SampleVersion
from gosync.gomod.dirhash import hash_go_mod
from gosync.gomod.info import Origin, VersionInfo, format_info
from gosync.gomod.modfile import synthesize
from gosync.gomod.module import ModuleVersion
from gosync.publish.publisher import Publisher
from gosync.publish.storage.localtree import LocalTree
from gosync.publish.work import PublishOptions, TreeTarget
from gosync.store.localblobs import LocalBlobStore
from gosync.store.localtiles import LocalTileStore
from gosync.store.root import open_store
from gosync.sumdb.names import parse_gosumdb
from gosync.sumdb.treehead import SignedHead, open_head

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gosync.publish.report import PublishReport

NAME = "sum.test.example"
TIME = datetime(2024, 3, 5, 10, 0, 0, tzinfo=UTC)


class FixedClock:
    """A clock that stands still."""

    def now(self) -> datetime:
        return TIME

    def monotonic(self) -> float:
        return 0.0


@dataclass(frozen=True)
class Stat:
    """What must not change about a file that did not change."""

    inode: int
    mtime_ns: int
    ctime_ns: int


class World:
    """Everything that a publish works with, below one folder."""

    def __init__(self, folder: Path, *, records: int = 0, seed: bytes = b"w") -> None:
        self.folder = folder
        self.store = folder / "var"
        self.root = folder / "public"
        open_store(self.store)
        self.blobs = LocalBlobStore(self.store)
        self.log = SumLog(NAME, seed=seed)
        self.log.grow(records)
        self.tiles = LocalTileStore(self.store, NAME)
        self.tree = TreeTarget(LocalTree(self.root), "tree-1")
        self.options = PublishOptions()
        self.reopen()

    def another(self, name: str) -> tuple[TreeTarget, Path]:
        """Return another tree, and its folder."""
        root = self.folder / name
        return TreeTarget(LocalTree(root), name), root

    def reopen(self) -> None:
        """Open the catalog, and make a publisher of it."""
        self.catalog = Catalog.open(self.store / "catalog.sqlite", create=True)
        self.database = parse_gosumdb(self.log.verifier_key)
        assert self.database is not None
        self.publisher = Publisher(
            self.catalog,
            self.blobs,
            clock=FixedClock(),
            database=self.database,
            tiles=self.tiles,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.catalog.close()

    def add(
        self,
        path: str,
        *versions: str,
        need: Need = Need.ZIP,
        private: bool = False,
        commit: str | None = None,
        go_mod: bytes | None = None,
        zip_data: bytes | None = None,
        info: bool = True,
    ) -> None:
        """Admit versions of a module, each with a record unless it is private."""
        rows = [
            self._row(
                ModuleVersion(path, version),
                need,
                private=private,
                commit=commit or hashlib.sha1(f"{path}@{version}".encode()).hexdigest(),
                go_mod=synthesize(path) if go_mod is None else go_mod,
                zip_data=zip_data or f"zip of {path}@{version}".encode(),
                info=info,
            )
            for version in versions
        ]
        self.blobs.sync()
        self.catalog.versions.admit(rows)

    def _row(
        self,
        mv: ModuleVersion,
        need: Need,
        *,
        private: bool,
        commit: str,
        go_mod: bytes,
        zip_data: bytes,
        info: bool,
    ) -> VersionRow:
        whole = need is Need.ZIP
        origin = Origin(vcs="git", hash=commit)
        info_data = format_info(VersionInfo(mv.version, TIME, origin))
        h1 = "h1:" + b64encode(hashlib.sha256(zip_data).digest()).decode()
        record_id = None
        if not private:
            mod_h1 = hash_go_mod(go_mod)
            record_id = self.log.add(mv, zip_h1=h1, mod_h1=mod_h1)
        return VersionRow(
            mv.path,
            mv.version,
            need=need,
            info_digest=self.blobs.put_bytes(info_data) if whole or info else None,
            info_bytes=len(info_data) if whole or info else None,
            mod_digest=self.blobs.put_bytes(go_mod),
            mod_bytes=len(go_mod),
            mod_h1=hash_go_mod(go_mod),
            zip_digest=self.blobs.put_bytes(zip_data) if whole else None,
            zip_bytes=len(zip_data) if whole else None,
            zip_h1=h1 if whole else None,
            proof=Proof.PINNED if private else Proof.SUMDB,
            record_id=record_id,
            record_text=None if record_id is None else self.log.record(record_id),
            commit_hash=commit,
            version_time="2024-03-05T10:00:00.000000Z",
        )

    def add_source(self, source: ModuleSource, *, private: bool = False) -> None:
        """Admit a real module, as the gate would."""
        publication = SampleVersion(source)
        mv = source.module_version
        files = {
            kind: publication.file(kind)
            for kind in (RequestKind.INFO, RequestKind.MOD, RequestKind.ZIP)
        }
        digests = {kind: self.blobs.put_bytes(data) for kind, data in files.items()}
        zip_h1, mod_h1 = publication.zip_h1, publication.mod_h1
        record_id = None
        if not private:
            record_id = self.log.add(mv, zip_h1=zip_h1, mod_h1=mod_h1)
        row = VersionRow(
            mv.path,
            mv.version,
            info_digest=digests[RequestKind.INFO],
            info_bytes=len(files[RequestKind.INFO]),
            mod_digest=digests[RequestKind.MOD],
            mod_bytes=len(files[RequestKind.MOD]),
            zip_digest=digests[RequestKind.ZIP],
            zip_bytes=len(files[RequestKind.ZIP]),
            zip_h1=zip_h1,
            mod_h1=mod_h1,
            proof=Proof.PINNED if private else Proof.SUMDB,
            record_id=record_id,
            record_text=None if record_id is None else self.log.record(record_id),
            commit_hash=commit_hash(source),
        )
        self.catalog.versions.admit([row])

    def withdraw(self, path: str, *versions: str) -> None:
        self.catalog.versions.withdraw(
            ModuleVersion(path, version) for version in versions
        )

    def forget(self, path: str, *versions: str) -> None:
        self.catalog.selected.forget(
            ModuleVersion(path, version) for version in versions
        )

    def want(self, path: str, version: str) -> None:
        self.catalog.versions.want([Want(path, version)])

    def narrow(self, path: str, *versions: str) -> None:
        """Give up the zips of versions of which the ``.mod`` is selected."""
        narrowed = [ModuleVersion(path, version) for version in versions]
        wants = [Want(mv.path, mv.version, Need.MOD) for mv in narrowed]
        self.catalog.selected.select(wants, complete=True, now=TIME)
        self.catalog.selected.narrow(narrowed)

    def head(self, size: int | None = None) -> SignedHead:
        assert self.database is not None
        return open_head(self.log.head(size), self.database.verifier())

    def publish(self, size: int | None = None) -> PublishReport:
        """Publish with the log's newest head, the tiles fetched before."""
        head = self.head(size)
        self.fetch_tiles(head)
        return self.publisher.publish(self.tree, head, options=self.options)

    def fetch_tiles(self, head: SignedHead) -> None:
        wanted = self.publisher.wanted_tiles(self.tree, head, options=self.options)
        self.tiles.write((tile, self.log.tile(tile)) for tile in wanted)

    def read(self, path: str) -> bytes:
        return (self.root / path).read_bytes()

    def files(self) -> dict[str, bytes]:
        return snapshot(self.root)


def snapshot(root: Path) -> dict[str, bytes]:
    """Return every file's bytes by its path."""
    return {
        file.relative_to(root).as_posix(): file.read_bytes()
        for file in sorted(root.rglob("*"))
        if file.is_file()
    }


def stats(root: Path) -> Mapping[str, Stat]:
    """Return what tells whether a file or folder was touched."""
    return {
        str(file): Stat(found.st_ino, found.st_mtime_ns, found.st_ctime_ns)
        for file in (root, *sorted(root.rglob("*")))
        for found in [file.lstat()]
    }
