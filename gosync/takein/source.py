"""Sources of an import: what has versions of modules, and is only read."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from gosync.folder.shared import SharedFolder
from gosync.gomod.filekind import FileKind
from gosync.gomod.module import ModuleVersion
from gosync.store.staging import Staged

if TYPE_CHECKING:
    from gosync.gomod.window import ReadAt


class PlacedZip(NamedTuple):
    """A version, and where its zip is.

    Attributes:
        mv: The version.
        path: The zip's path in the source's folder, "" for a version without one.
        size_bytes: How much there is to read.
    """

    mv: ModuleVersion
    path: str
    size_bytes: int


class VersionSource(Protocol):
    """Where versions are taken from; threads may share it.

    Attributes:
        root: The folder that it is.
    """

    root: Path

    def versions(self) -> list[ModuleVersion]:
        """Return the versions of which a ``.mod`` or a ``.zip`` is there, ascending."""
        ...

    def has(self, mv: ModuleVersion, kind: FileKind) -> bool:
        """Return whether a file of a version is there."""
        ...

    def read(self, mv: ModuleVersion, kind: FileKind) -> bytes | None:
        """Return a small file, None where there is none.

        Raises:
            RejectedError: It is damaged, or larger than any such file.
        """
        ...

    def open_zip(self, mv: ModuleVersion) -> AbstractContextManager[tuple[ReadAt, int]]:
        """Open the zip of a version: what reads it at an offset, and its size.

        Raises:
            RejectedError: It cannot be read.
        """
        ...

    def copy_zip(self, mv: ModuleVersion, staged: Staged) -> None:
        """Fill an empty staged file with the zip of a version.

        Raises:
            RejectedError: It cannot be read.
            StoreError: The staged file cannot be written.
        """
        ...

    def share(self) -> SharedFolder:
        """Return its folder as a worker elsewhere opens it."""
        ...

    def placed_zip(self, mv: ModuleVersion) -> PlacedZip:
        """Return where a version's zip is."""
        ...

    def noted_h1(self, mv: ModuleVersion) -> str | None:
        """Return the ``h1:`` that the source wrote down for a zip, None for none."""
        ...

    def place(self, mv: ModuleVersion, kind: FileKind) -> str:
        """Return where a file lies, as a URL."""
        ...

    def sumdb(self, name: str) -> Path | None:
        """Return a folder with its part of a checksum database, if it has one."""
        ...
