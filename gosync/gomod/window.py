"""Many small reads from few large ones.

A zip is read through ``read_at(offset, size)``, which a caller implements over
a file (``os.pread``) or over bytes. A call costs microseconds and a zip has
thousands of small entries, so a window reads ahead and serves slices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from gosync.errors import MalformedError

if TYPE_CHECKING:
    ReadAt: TypeAlias = Callable[[int, int], bytes]
    """Return ``size`` bytes from ``offset``; fewer only where the file ends."""

WINDOW_BYTES = 256 << 10  # fits a core's cache


class Window:
    """One block of a file, moved to where a read asks for it."""

    __slots__ = ("_block", "_read_at", "_size_bytes", "_start")

    def __init__(self, read_at: ReadAt, size_bytes: int) -> None:
        self._read_at = read_at
        self._size_bytes = size_bytes
        self._start = 0
        self._block = memoryview(b"")

    def view(self, offset: int, size: int) -> memoryview:
        """Return ``size`` bytes from ``offset``, fewer where the file ends."""
        skip = offset - self._start
        if skip < 0 or skip + size > len(self._block):
            self._move(offset, size)
            skip = 0
        return self._block[skip : skip + size]

    def exactly(self, offset: int, size: int) -> memoryview:
        """Return ``size`` bytes from ``offset``.

        Raises:
            MalformedError: They are not all within the file.
        """
        view = self.view(offset, size)
        if len(view) != size:
            raise MalformedError("zip", f"offset {offset}", "beyond the file's end")
        return view

    def pieces(self, offset: int, size: int) -> Iterator[memoryview]:
        """Yield a range in pieces of at most one window, less at the file's end."""
        if size <= WINDOW_BYTES:
            yield self.view(offset, size)
            return
        for at in range(offset, min(offset + size, self._size_bytes), WINDOW_BYTES):
            yield self.view(at, min(WINDOW_BYTES, offset + size - at))

    def _move(self, offset: int, size: int) -> None:
        if not 0 <= offset <= self._size_bytes:
            raise MalformedError("zip", f"offset {offset}", "outside the file")
        wanted = min(max(size, WINDOW_BYTES), self._size_bytes - offset)
        self._block = memoryview(self._read_at(offset, wanted))
        self._start = offset
