"""JSON lists in the tree's ``.gosync/``: what its files alone do not tell.

An empty list has no file. What is read was written by anybody: what is no list of such
values is none, and of the values those that are sound count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

import msgspec

from gosync.errors import StoreError
from gosync.publish.storage.tree import TreeReader, TreeWriter

T = TypeVar("T", bound=msgspec.Struct)


class ListFile(Generic[T]):
    """A file that holds a list of structs."""

    def __init__(
        self,
        path: str,
        kind: type[list[T]],
        is_sound: Callable[[T], bool],
        *,
        limit_bytes: int,
    ) -> None:
        """Describe the file.

        Args:
            path: Its path in the tree.
            kind: The list that it is.
            is_sound: Whether a value that was read counts.
            limit_bytes: The most of it that is read.
        """
        self._path = path
        self._decoder = msgspec.json.Decoder(kind)
        self._is_sound = is_sound
        self._limit_bytes = limit_bytes

    def write(self, writer: TreeWriter, values: Iterable[T]) -> None:
        """Bring the file up to date.

        Raises:
            StoreError: if it cannot be written.
        """
        values = list(values)
        if values:
            data = msgspec.json.format(msgspec.json.encode(values), indent=1) + b"\n"
            if writer.read(self._path, limit_bytes=self._limit_bytes) != data:
                writer.write(self._path, data)
        elif writer.size(self._path) is not None:
            writer.remove(self._path)

    def read(self, tree: TreeReader) -> list[T]:
        """Return what a tree's file lists; nothing where it cannot be read."""
        try:
            data = tree.read(self._path, limit_bytes=self._limit_bytes) or b""
            found = self._decoder.decode(data)
        except (StoreError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return []
        return [each for each in found if self._is_sound(each)]
