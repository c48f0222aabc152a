"""Bases: versions that the receiver has, and that patches are against.

Both sides make the same dictionaries from them, because all that counts is in the
preimage of the base's h1: names and contents. How its zip is compressed does not
matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, NamedTuple, Protocol

from gosync.bundle.format.manifest import Base
from gosync.bundle.format.recipe import RecipeLine, format_recipe, h1_of, recipe_of
from gosync.errors import BundleGapError, RejectedError
from gosync.gomod.dirhash import digest_files
from gosync.gomod.module import ModuleVersion
from gosync.gomod.window import Window
from gosync.gomod.zipdir import read_directory
from gosync.gomod.zipread import read_contents
from gosync.hint import advise, command

if TYPE_CHECKING:
    from gosync.gomod.window import ReadAt


_VERIFY = advise("run {} on this store", command("verify"))


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

    def open(self, mv: ModuleVersion, h1: str) -> AbstractContextManager[ZipSource]:
        """Open the zip of a version that has this h1.

        Raises:
            BundleGapError: it is not here.
        """
        ...


class NoBases:
    """A reader without a store."""

    def open(self, mv: ModuleVersion, h1: str) -> AbstractContextManager[ZipSource]:
        """Say that the base is not here.

        Raises:
            BundleGapError: always.
        """
        raise BundleGapError(f"a patch against {mv} ({h1}), which is not here")


class BaseFiles:
    """The files of one base, by name and by digest.

    Attributes:
        recipe: Its recipe, by name.
        digests: The digests of its contents, with a name of each.
    """

    def __init__(self, base: Base, source: ZipSource) -> None:
        """Read a base and prove its h1.

        Raises:
            BundleGapError: the zip here is damaged, or has another h1.
        """
        self._mv = base.mv
        self._window = Window(source.read_at, source.size_bytes)
        try:
            files = digest_files(source.read_at, source.size_bytes)
            entries = read_directory(self._window, source.size_bytes)
        except RejectedError as error:
            raise BundleGapError(
                f"a patch against {self._mv}; the zip here is damaged: {error}",
                hint=_VERIFY,
            ) from error
        lines = recipe_of(self._mv, files)
        if lines is None or h1_of(self._mv, lines) != base.h1:
            raise BundleGapError(
                f"a patch against {self._mv} with {base.h1}; the zip here has another",
                hint=_VERIFY,
            )
        self.recipe = {line.name: line for line in lines}
        self.digests = {line.digest: line.name for line in reversed(lines)}
        self._entries = {entry.name: entry for entry in entries}

    @property
    def recipe_bytes(self) -> bytes:
        """Its recipe, which helps with the recipes of its successors."""
        return format_recipe(self.recipe.values())

    def pieces(self, name: bytes) -> Iterator[memoryview | bytes]:
        """Yield the contents of one of its files; who uses them proves them.

        Raises:
            BundleGapError: the zip is no longer what it was.
            MalformedError: it is damaged.
        """
        entry = self._entries.get(f"{self._mv}/".encode() + name)
        if entry is None:
            raise BundleGapError(
                f"{self._mv}: its zip changed while it was read", hint=_VERIFY
            )
        return read_contents(self._window, entry)

    def dictionary(self, lines: Iterable[RecipeLine]) -> bytes:
        """Return the contents of these lines of it, one after the other."""
        return b"".join(piece for line in lines for piece in self.pieces(line.name))
