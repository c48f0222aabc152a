"""A store of gosync as a source of an import: its journal and its blobs, only read.

The journal says which version has which blobs, whatever schema the catalog has; where
it says nothing the catalog is asked. No lock is taken: blobs never change, and what
another run prunes meanwhile is missing like any file that goes away. What was withdrawn
there is not taken.

The records that proved its versions are lookups under the newest head that the store
trusts, so that they are proven here as a cache's are, with its tiles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gosync.catalog.db import Catalog
from gosync.catalog.versions import VersionRow
from gosync.errors import RejectedError
from gosync.folder.shared import SharedFolder
from gosync.folder.tree import FileTree, NotInTreeError, reading
from gosync.gomod.filekind import FileKind
from gosync.gomod.module import ModuleVersion, escape_path, escape_version
from gosync.ingest.rebuild import RebuildReport, recall
from gosync.publish.contents import has_record, lookup_bytes
from gosync.store.digest import Digest
from gosync.store.layout import CATALOG, blob_path, database_folder
from gosync.store.localjournal import LocalJournal
from gosync.store.staging import Staged, copy_into
from gosync.takein.source import PlacedZip

if TYPE_CHECKING:
    from gosync.gomod.window import ReadAt

_SMALL_BYTES: Final = 16 << 20
_LOOKUPS: Final = "lookup"


class ForeignStore:
    """One store, open to be read.

    Attributes:
        root: The store's folder.
    """

    def __init__(self, root: Path, scratch: Path) -> None:
        """Learn what a store has.

        Args:
            root: The store's folder.
            scratch: A folder for the lookups of its records.

        Raises:
            UsageError: It is no folder.
            StoreError: Neither journal nor catalog can be read.
        """
        self.root = root
        self._scratch = scratch
        self._tree = FileTree(root)
        self._rows, self._heads = _contents(root)

    def versions(self) -> list[ModuleVersion]:
        """Return the versions that it carries, ascending."""
        return sorted(self._rows)

    def has(self, mv: ModuleVersion, kind: FileKind) -> bool:
        """Return whether a file of a version is there."""
        return kind in self._rows[mv].blobs()

    def read(self, mv: ModuleVersion, kind: FileKind) -> bytes | None:
        """Return a small file, None where there is none; see VersionSource."""
        if not self.has(mv, kind):
            return None
        with _named_blobs():
            return self._tree.read(self._path(mv, kind), limit_bytes=_SMALL_BYTES)

    @contextmanager
    def open_zip(self, mv: ModuleVersion) -> Iterator[tuple[ReadAt, int]]:
        """Open the zip of a version; see VersionSource."""
        with _named_blobs(), self._tree.open(self._path(mv, FileKind.ZIP)) as opened:
            yield opened

    def copy_zip(self, mv: ModuleVersion, staged: Staged) -> None:
        """Fill a staged file with the zip of a version; see VersionSource."""
        path = self._path(mv, FileKind.ZIP)
        with (
            _named_blobs(),
            self._tree.open_file(path) as (descriptor, size_bytes),
            reading(path),
        ):
            copy_into(staged, descriptor, size_bytes)

    def share(self) -> SharedFolder:
        """Return its folder as a worker elsewhere opens it."""
        return SharedFolder.of(self._tree)

    def placed_zip(self, mv: ModuleVersion) -> PlacedZip:
        """Return where a version's zip is."""
        blob = self._rows[mv].blobs().get(FileKind.ZIP)
        if blob is None:
            return PlacedZip(mv, "", 0)
        return PlacedZip(mv, blob_path(Digest(blob.digest)), blob.size_bytes or 0)

    def noted_h1(self, mv: ModuleVersion) -> str | None:
        """Return the h1 that the store has proven for a zip."""
        return self._rows[mv].zip_h1

    def place(self, mv: ModuleVersion, kind: FileKind) -> str:
        """Return where a file lies, as a URL."""
        path = self.root / self._path(mv, kind) if self.has(mv, kind) else self.root
        return path.absolute().as_uri()

    def sumdb(self, name: str) -> Path | None:
        """Return a folder with its part of a checksum database, if it has one."""
        tiles = self.root / database_folder(name) / "tile"
        head = self._heads.get(name)
        if head is None or not tiles.is_dir():
            return None
        folder = self._scratch / database_folder(name)
        if not folder.exists():
            folder.mkdir(parents=True)
            (folder / "tile").symlink_to(tiles.absolute())
            for mv, row in self._rows.items():
                _write_lookup(folder / _LOOKUPS, mv, row, head)
        return folder

    def _path(self, mv: ModuleVersion, kind: FileKind) -> str:
        return blob_path(Digest(self._rows[mv].blobs()[kind].digest))


@contextmanager
def _named_blobs() -> Iterator[None]:
    """Say of a blob that the store names and lacks that the version is damaged.

    Raises:
        RejectedError: It is missing.
    """
    try:
        yield
    except NotInTreeError as exc:
        raise RejectedError(f"its blob is missing: {exc}") from exc


def _contents(
    root: Path,
) -> tuple[Mapping[ModuleVersion, VersionRow], dict[str, bytes]]:
    """Return a store's versions, and its newest head of each checksum database."""
    memory = recall(LocalJournal(root), RebuildReport())
    if memory.named:
        gone = {
            mv for (mv, _), told in memory.withdrawn.items() if told.undone_at is None
        }
        rows = {mv: row for mv, row in memory.rows.items() if mv not in gone}
        return rows, {name: note for name, (_, note) in memory.heads.items()}
    path = root / CATALOG
    if not path.exists():
        return {}, {}
    with Catalog.open(path, create=False, readonly=True) as catalog:
        carried = (row for row in catalog.versions.all_rows() if row.carried)
        return {row.mv: row for row in carried if not row.withdrawn}, {}


def _write_lookup(
    folder: Path, mv: ModuleVersion, row: VersionRow, head: bytes
) -> None:
    if not has_record(row):
        return
    path = folder / f"{escape_path(mv.path)}@{escape_version(mv.version)}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(lookup_bytes(row, head))
