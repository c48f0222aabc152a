"""Versions of a folder of modules, and their files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gosync.folder.athens import AthensLayout
from gosync.folder.inventory import Inventory, take_inventory
from gosync.folder.layouts import Layout, Role, TargetKind, VersionsLayout
from gosync.folder.routes import SUMDB_FOLDER
from gosync.folder.shared import SharedFolder
from gosync.folder.tree import FileTree, reading
from gosync.folder.walk import Entry, walk
from gosync.gomod.filekind import FileKind
from gosync.gomod.module import ModuleVersion
from gosync.store.staging import Staged, copy_into
from gosync.takein.source import PlacedZip

if TYPE_CHECKING:
    from gosync.gomod.window import ReadAt

_SMALL_BYTES: Final = 16 << 20
_HASH_BYTES: Final = 4096
_DOWNLOADS: Final = "cache/download"


class ModuleCache:
    """One folder of modules, open to be read.

    Attributes:
        root: Where it begins.
        kind: Which kind it is.
    """

    def __init__(self, root: Path, kind: TargetKind) -> None:
        """Look what is in a folder.

        Args:
            root: The folder.
            kind: Which kind it is.

        Raises:
            UsageError: It is no folder, or cannot be read.
        """
        self.root, self.kind = root, kind
        self._tree = FileTree(root)
        self._inventory: Inventory = take_inventory(walk(self._tree, _layout(kind)))

    def versions(self) -> list[ModuleVersion]:
        """Return the versions of which a ``.mod`` or a ``.zip`` is there, ascending."""
        return sorted(
            mv
            for mv, parts in self._inventory.versions.items()
            if FileKind.MOD in parts or FileKind.ZIP in parts
        )

    def has(self, mv: ModuleVersion, kind: FileKind) -> bool:
        """Return whether a file of a version is there."""
        return self._entry(mv, kind) is not None

    def read(self, mv: ModuleVersion, kind: FileKind) -> bytes | None:
        """Return a small file, None where there is none.

        Raises:
            DamagedFileError: It is no plain file, or cannot be read.
            TooLargeError: It is larger than any such file.
        """
        entry = self._entry(mv, kind)
        if entry is None:
            return None
        return self._tree.read(entry.path, limit_bytes=_SMALL_BYTES)

    @contextmanager
    def open_zip(self, mv: ModuleVersion) -> Iterator[tuple[ReadAt, int]]:
        """Open the zip of a version: what reads it at an offset, and its size.

        Raises:
            DamagedFileError: It is no plain file, or cannot be read.
        """
        entry = self._entry(mv, FileKind.ZIP)
        assert entry is not None
        with self._tree.open(entry.path) as opened:
            yield opened

    def copy_zip(self, mv: ModuleVersion, staged: Staged) -> None:
        """Fill an empty staged file with the zip of a version; see VersionSource."""
        entry = self._entry(mv, FileKind.ZIP)
        assert entry is not None
        with (
            self._tree.open_file(entry.path) as (descriptor, size_bytes),
            reading(entry.path),
        ):
            copy_into(staged, descriptor, size_bytes)

    def share(self) -> SharedFolder:
        """Return its folder as a worker elsewhere opens it."""
        return SharedFolder.of(self._tree)

    def placed_zip(self, mv: ModuleVersion) -> PlacedZip:
        """Return where a version's zip is."""
        entry = self._entry(mv, FileKind.ZIP)
        if entry is None:
            return PlacedZip(mv, "", 0)
        return PlacedZip(mv, entry.path, entry.stat.st_size)

    def noted_h1(self, mv: ModuleVersion) -> str | None:
        """Return what ``.ziphash`` says, None where there is none."""
        entry = self._entry(mv, Role.ZIPHASH)
        if entry is None:
            return None
        text = self._tree.read(entry.path, limit_bytes=_HASH_BYTES)
        return text.decode("ascii", "replace").strip() or None

    def place(self, mv: ModuleVersion, kind: FileKind) -> str:
        """Return where a file lies, as a URL."""
        entry = self._entry(mv, kind)
        path = self.root if entry is None else self.root / entry.path
        return path.absolute().as_uri()

    def sumdb(self, name: str) -> Path | None:
        """Return the folder that has its part of a checksum database, if it has."""
        below = _DOWNLOADS if self.kind is TargetKind.MODCACHE else ""
        folder = self.root / below / SUMDB_FOLDER / name
        return folder if folder.is_dir() else None

    def _entry(self, mv: ModuleVersion, kind: FileKind | Role) -> Entry | None:
        return self._inventory.versions.get(mv, {}).get(kind)


def _layout(kind: TargetKind) -> Layout:
    if kind is TargetKind.ATHENS:
        return AthensLayout()
    return VersionsLayout(kind)
