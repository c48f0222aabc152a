"""A cache of inflated file contents, from their hashing to their packing.

What travels is hashed before it is packed, since recipes come first. Most of it is
small and would be inflated a second time a moment later; so it is kept, up to a limit
that most segments do not reach. What is not here is read from its zip again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

LIMIT_BYTES: Final = 64 << 20  # in each of two processes


class ContentCache:
    """Contents by their SHA-256, hex; threads may share it, its limit is not exact."""

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        """Keep so many bytes at most."""
        self._left_bytes = limit_bytes
        self._contents: dict[str, bytes] = {}

    def put(self, digest: str, contents: bytes) -> None:
        """Keep contents, if there is room."""
        if len(contents) <= self._left_bytes and digest not in self._contents:
            self._left_bytes -= len(contents)
            self._contents[digest] = contents

    def take(self, digest: str) -> bytes | None:
        """Return contents and forget them, None if they are not here."""
        contents = self._contents.pop(digest, None)
        if contents is not None:
            self._left_bytes += len(contents)
        return contents

    def forget(self, digests: Iterable[str]) -> None:
        """Forget contents that nobody will take any more."""
        for digest in digests:
            self.take(digest)
