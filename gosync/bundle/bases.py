"""Bases: versions that the receiver has, and that patches are against.

Both sides make the same dictionaries from them, because all that counts is in the
preimage of the base's h1: names and contents. How its zip is compressed does not
matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from gosync.bundle.recipe import RecipeLine, format_recipe, h1_of, recipe_of
from gosync.errors import BundleGapError
from gosync.gomod.dirhash import digest_files
from gosync.gomod.module import ModuleVersion
from gosync.gomod.window import Window
from gosync.gomod.zipdir import read_directory
from gosync.gomod.zipread import read_contents

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import AbstractContextManager

    from gosync.bundle.manifest import Base
    from gosync.gomod.window import ReadAt


class ZipSource(NamedTuple):
    """A zip to read from.

    Attributes:
        read_at: Returns bytes at an offset.
        size_bytes: Its size.
    """

    read_at: ReadAt
    size_bytes: int


class Bases(Protocol):
    """Where the receiver's zips come from."""

    def open(
        self, path: str, version: str, h1: str
    ) -> AbstractContextManager[ZipSource]:
        """Open the zip of a version that has this h1.

        Raises:
            BundleGapError: it is not here.
        """
        ...


class NoBases:
    """A reader without a store."""

    def open(
        self, path: str, version: str, h1: str
    ) -> AbstractContextManager[ZipSource]:
        """Say that the base is not here.

        Raises:
            BundleGapError: always.
        """
        raise BundleGapError(
            f"a patch against {path}@{version} ({h1}), which is not here"
        )


class BaseFiles:
    """What one base contains.

    Attributes:
        recipe: Its recipe, by name.
        digests: The digests of its contents, with a name of each.
    """

    def __init__(self, base: Base, source: ZipSource) -> None:
        """Read a base and prove its h1.

        Raises:
            BundleGapError: the zip here has another h1.
            MalformedError: it is damaged.
        """
        self._mv = ModuleVersion(base.path, base.version)
        lines = recipe_of(self._mv, digest_files(source.read_at, source.size_bytes))
        if lines is None or h1_of(self._mv, lines) != base.h1:
            raise BundleGapError(
                f"a patch against {self._mv} with {base.h1}; the zip here has another",
                hint="run `gosync verify` on this store",
            )
        self.recipe = {line.name: line for line in lines}
        self.digests = {line.digest: line.name for line in reversed(lines)}
        self._window = Window(source.read_at, source.size_bytes)
        self._entries = {
            entry.name: entry
            for entry in read_directory(self._window, source.size_bytes)
        }

    @property
    def recipe_bytes(self) -> bytes:
        """Its recipe, which helps with the recipes of its successors."""
        return format_recipe(self.recipe.values())

    def pieces(self, name: bytes) -> Iterator[memoryview | bytes]:
        """Yield the contents of one of its files."""
        entry = self._entries[f"{self._mv}/".encode() + name]
        return read_contents(self._window, entry)

    def dictionary(self, lines: Iterable[RecipeLine]) -> bytes:
        """Return the contents of these lines of it, one after the other."""
        return b"".join(piece for line in lines for piece in self.pieces(line.name))
