"""Versions of a folder of modules, and their files."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gosync.errors import UsageError
from gosync.folder.athens import AthensLayout
from gosync.folder.detection import detect, require_kind
from gosync.folder.inventory import Inventory, take_inventory
from gosync.folder.layouts import Layout, TargetKind, VersionsLayout
from gosync.folder.routes import SUMDB_FOLDER
from gosync.folder.tree import FileTree
from gosync.folder.walk import Entry, walk
from gosync.gomod.filekind import FileKind
from gosync.gomod.module import ModuleVersion

if TYPE_CHECKING:
    from gosync.gomod.window import ReadAt

KINDS: Final = (
    TargetKind.TREE,
    TargetKind.GOPROXY,
    TargetKind.MODCACHE,
    TargetKind.ATHENS,
    TargetKind.ATHENS_S3,
)
_SMALL_BYTES: Final = 16 << 20
_DOWNLOADS: Final = "cache/download"
_UNPACKED_BYTES: Final = 1 << 40


class ModuleCache:
    """One folder of modules, open to be read.

    Attributes:
        root: Where it begins.
        kind: Which kind it is.
    """

    def __init__(self, folder: Path, kind: TargetKind | None) -> None:
        """Look what a folder is, and what is in it.

        Args:
            folder: The folder, or one that has a cache in it.
            kind: Which kind it is; None to find out.

        Raises:
            UsageError: Nothing says what it is, or it cannot be read.
        """
        found = detect(folder) if kind is None else require_kind(folder, kind)
        if found.kind not in KINDS:
            raise UsageError(
                f"{folder}: {found.kind} cannot be imported",
                hint=f"one of {', '.join(KINDS)} can",
            )
        self.root, self.kind = found.root, found.kind
        self._tree = FileTree(found.root)
        self._inventory: Inventory = take_inventory(
            walk(self._tree, _layout(found.kind))
        )

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

    def _entry(self, mv: ModuleVersion, kind: FileKind) -> Entry | None:
        return self._inventory.versions.get(mv, {}).get(kind)


@contextmanager
def open_cache(source: Path, kind: TargetKind | None) -> Iterator[ModuleCache]:
    """Open a folder of modules, or a zip of one, which is unpacked for a while.

    Raises:
        UsageError: It is neither, or nothing says what it is.
    """
    if source.is_dir():
        yield ModuleCache(source, kind)
        return
    with tempfile.TemporaryDirectory(prefix="gosync-import-") as folder:
        _unpack(source, Path(folder))
        yield ModuleCache(Path(folder), kind)


def _unpack(source: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(source) as archive:
            size_bytes = sum(each.file_size for each in archive.infolist())
            if size_bytes > _UNPACKED_BYTES:
                raise UsageError(f"{source}: too large to be unpacked")
            archive.extractall(folder)  # it keeps every name below the folder
    except (OSError, zipfile.BadZipFile) as exc:
        raise UsageError(
            f"{source}: neither a folder nor a zip of one: {exc}",
            hint="name a GOMODCACHE, an Athens store, a tree, or a zip of one",
        ) from exc


def _layout(kind: TargetKind) -> Layout:
    if kind is TargetKind.ATHENS:
        return AthensLayout()
    return VersionsLayout(kind)
