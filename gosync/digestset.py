"""Set of digests of one width in little memory, for stores of millions of blobs. Pure.

A digest of 32 bytes takes some 40 here, and 170 as hex text in a Python set. It is in
the bucket of its first two bytes, which has what follows them of each, end to end.
"""

from __future__ import annotations

from collections.abc import Container

_HEAD_BYTES = 2  # 65 536 buckets


class PackedSet(Container[bytes]):
    """Byte strings of one width that are spread evenly, as digests are."""

    def __init__(self, width: int) -> None:
        """Begin with none.

        Args:
            width: How many bytes each has, more than two.
        """
        self._width = width - _HEAD_BYTES
        self._buckets: dict[bytes, bytearray] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, item: object) -> bool:
        assert isinstance(item, bytes)
        bucket = self._buckets.get(item[:_HEAD_BYTES])
        return bucket is not None and self._is_in(bucket, item[_HEAD_BYTES:])

    def add(self, item: bytes) -> None:
        """Add one; what is there already stays."""
        bucket = self._buckets.setdefault(item[:_HEAD_BYTES], bytearray())
        rest = item[_HEAD_BYTES:]
        assert len(rest) == self._width
        if not self._is_in(bucket, rest):
            bucket += rest
            self._count += 1

    def _is_in(self, bucket: bytearray, rest: bytes) -> bool:
        at = bucket.find(rest)
        while at >= 0 and at % self._width:  # the end of one and another's beginning
            at = bucket.find(rest, at + 1)
        return at >= 0


class DigestSet(Container[str]):
    """SHA-256 digests in hex."""

    def __init__(self) -> None:
        self._digests = PackedSet(32)

    def __len__(self) -> int:
        return len(self._digests)

    def __contains__(self, item: object) -> bool:
        digest = _bytes_of(item)
        return digest is not None and digest in self._digests

    def add(self, item: str) -> None:
        """Add one; text that is no digest names no blob, and is left out."""
        digest = _bytes_of(item)
        if digest is not None:
            self._digests.add(digest)


def _bytes_of(item: object) -> bytes | None:
    try:
        digest = bytes.fromhex(item) if isinstance(item, str) else b""
    except ValueError:
        return None
    return digest if len(digest) == 32 else None
