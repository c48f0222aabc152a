"""Sink for the contents of a zip's entries, as a scan reads them: a protocol. Pure.

A scan goes over all contents once. Whoever has something to hold them against, as a
file that should have the same bytes, does so while they are at hand, and needs neither
inflate nor hash them again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from gosync.gomod.zipdir import ZipEntry


class ContentSink(Protocol):
    """Takes contents of entries: not all, and before the zip is known to be sound."""

    def take(self, entry: ZipEntry, contents: bytes, digest: str) -> None:
        """Take the whole contents of a small entry, with their hex SHA-256."""
        ...

    def pass_on(
        self, entry: ZipEntry, chunks: Iterable[memoryview | bytes]
    ) -> Iterator[memoryview | bytes]:
        """Take the contents of an entry in chunks, each of which is yielded."""
        ...

    def end(self, entry: ZipEntry, digest: str) -> None:
        """Take the hex SHA-256 of the entry whose chunks all came through last."""
        ...
