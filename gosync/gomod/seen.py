"""What entries of zips contain, remembered by their compressed bytes.

Versions of a module are mostly alike, so many of their zips carry the same file,
compressed by the same compressor into the same bytes. Equal compressed bytes
inflate to equal contents; whoever reads many zips need inflate them only once.
A memory holds nothing but such facts, so that even a zip that is refused later
may be asked and told.

- An entry is *looked up* by what the directory says of it: CRC and both sizes.
  Anyone can make these fit, so they only say whose bytes are worth comparing.
- It is *known* if its compressed bytes have the SHA-256 of those that were
  inflated then, and found to have that CRC and that size. So one file passes for
  another only by a collision of SHA-256, which would forge an ``h1:`` as well.
- Of entries with the same CRC and sizes the last one counts, so that bytes made
  to differ (those after the end of a deflate stream are ignored) take no room.

All that is remembered was deflated; stored contents need no inflating, and the
bytes of another method cannot be read. Headers, descriptors and names belong to
the entry and not to its contents; they are checked each time.

Hashing compressed bytes costs an eighth of reading their entry. To be known at
its second sight, an entry must be hashed at its first, when nobody knows whether
there will be another; so this is paid from a credit, which repeats restore, each
with what it spares. Where nothing repeats the credit is soon spent, and with it a
hundredth of a second; then a memory costs about a microsecond an entry, and what
does repeat is hashed at its second sight and known at the third.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from gosync.gomod.zipdir import ZipEntry

if TYPE_CHECKING:
    from gosync.gomod.goimports import Literals

    _Key: TypeAlias = tuple[int, int, int]

DEFAULT_LIMIT = 100_000  # measured: 420 bytes each, 48 MB resident in all

_CREDIT_BYTES = 16 << 20
_HEAD_IMPORTS = 16  # more are read again
_SPARED = 8  # reading an entry costs so many times the hash of its compressed bytes


class GoHead(msgspec.Struct, frozen=True, gc=False):
    """What was read of a Go file.

    Attributes:
        imports: Its imports, as ``goimports.read_imports`` returns them.
        synopsis: Of its package comment, "" for none.
    """

    imports: Literals | None
    synopsis: str = ""


class Seen(msgspec.Struct, frozen=True, gc=False):
    """An entry that was read and found right.

    Attributes:
        packed: The SHA-256 of its compressed bytes, None if they were not hashed.
        digest: The SHA-256 of its contents, in hex.
        head: What it imports, if it was read as a Go file and that is little.
    """

    packed: bytes | None
    digest: str
    head: GoHead | None = None


class SeenEntries:
    """A memory that several readers in several threads may share.

    It has two halves. What is new, and what is found again, goes to the young
    one; when that is full, it becomes the old one, whose entries are forgotten.
    So no list of uses is kept, and no lock is needed: each step on a table is one
    operation; threads that turn the halves at once only forget some more, and the
    credit need not be exact.
    """

    __slots__ = ("_credit_bytes", "_half", "_old", "_young")

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        """Remember so many entries at most."""
        self._half = limit // 2
        self._credit_bytes = _CREDIT_BYTES
        self._young: dict[_Key, Seen] = {}
        self._old: dict[_Key, Seen] = {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def get(self, entry: ZipEntry) -> Seen | None:
        """Return the entry last seen with this CRC and these sizes, or None."""
        key = (entry.crc, entry.compressed_bytes, entry.size_bytes)
        seen = self._young.get(key)
        if seen is None:
            seen = self._old.get(key)
            if seen is None:
                return None
            self._keep(key, seen)
        earned = self._credit_bytes + _SPARED * entry.compressed_bytes
        self._credit_bytes = min(earned, _CREDIT_BYTES)
        return seen

    def may_hash(self, entry: ZipEntry) -> bool:
        """Take the hash of an unseen entry from the credit, if it is enough."""
        if self._credit_bytes < entry.compressed_bytes:
            return False
        self._credit_bytes -= entry.compressed_bytes
        return True

    def put(
        self,
        entry: ZipEntry,
        packed: bytes | None,
        digest: str,
        head: GoHead | None = None,
    ) -> None:
        """Remember an entry whose contents have its CRC and size.

        Args:
            entry: The entry.
            packed: The SHA-256 of the compressed bytes that were inflated, if known.
            digest: The SHA-256 of the contents, in hex.
            head: What was read of it as a Go file.
        """
        if head is not None and head.imports and len(head.imports) > _HEAD_IMPORTS:
            head = None
        key = (entry.crc, entry.compressed_bytes, entry.size_bytes)
        self._keep(key, Seen(packed, digest, head))

    def _keep(self, key: _Key, seen: Seen) -> None:
        young = self._young
        if len(young) >= self._half:
            self._old = young
            self._young = young = {}
        young[key] = seen


@cache
def seen_here() -> SeenEntries:
    """Return what this process remembers, for whoever has no memory of its own."""
    return SeenEntries()
