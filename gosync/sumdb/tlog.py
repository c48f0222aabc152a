"""Transparency logs: hashes, their storage order, and tree heads (RFC 6962).

A log of N records is a binary tree over their hashes. The hash of a range of
records is that of the largest power of two below its size on the left and the
rest on the right, so a range whose start and size are one power of two is a
perfect subtree with one stored hash, and every tree is a row of such subtrees,
large to small::

    record hash   sha256(0x00 ‖ record text)              RFC 6962, section 2.1
    node hash     sha256(0x01 ‖ left ‖ right)             RFC 6962, section 2.1
    empty tree    sha256()                                RFC 6962, section 2.1

Perfect subtrees have coordinates (level, n): level 0 is the records, and (level,
n) covers the records ``n << level`` up to ``(n + 1) << level``. Stored hashes are
numbered in the order in which a growing log completes them (Crosby and Wallach,
"Efficient Data Structures for Tamper-Evident Logging", section 3.3): record 0 has
index 0, record 1 index 1, their parent index 2, record 2 index 3, and so on.

A tree head is what a checksum database signs (design/25530-sumdb): three lines,
then any more, each ending in a newline::

    go.sum database tree
    N           the number of records, canonical decimal, below 2**63
    HASH        the root hash, 32 bytes as canonical base64

Extra lines are reserved for additions: signed too, but nothing is taken from them.
A change that old readers must not misread would have another first line.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import msgspec

from gosync.errors import MalformedError

HASH_SIZE_BYTES: Final = 32
EMPTY_TREE_HASH: Final = hashlib.sha256(b"").digest()

_HEAD_FIRST_LINE: Final = b"go.sum database tree"
_MAX_HEAD_BYTES: Final = 1_000_000
_MAX_NUMBER: Final = 2**63 - 1

# Given indexes in storage order, the stored hashes in the same order.
HashReader: TypeAlias = Callable[[Sequence[int]], Sequence[bytes]]


class Tree(msgspec.Struct, frozen=True):
    """The tree over the first ``n`` records of a log.

    Attributes:
        n: The number of records.
        hash: The root hash, 32 bytes.
    """

    n: int
    hash: bytes


def record_hash(text: bytes) -> bytes:
    """Return the hash of a record, a leaf of the tree (RFC 6962, 2.1)."""
    return hashlib.sha256(b"\x00" + text).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node over its children's (RFC 6962, 2.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def stored_hash_index(level: int, n: int) -> int:
    """Return the storage index of the perfect subtree (level, n)."""
    # It is completed by its last record. Before that record, its number of
    # hashes have been stored as for any tree; its own come level by level.
    last_record = ((n + 1) << level) - 1
    return stored_hash_count(last_record) + level


def split_stored_hash_index(index: int) -> tuple[int, int]:
    """Return (level, n) of a storage index; the inverse of stored_hash_index.

    Raises:
        ValueError: The index is negative.
    """
    if index < 0:
        raise ValueError(f"negative hash index {index}")
    # Every record stores nearly two hashes, so its number is a little above half.
    record = index // 2
    while stored_hash_count(record + 1) <= index:
        record += 1
    level = index - stored_hash_count(record)
    return level, record >> level


def stored_hash_count(n: int) -> int:
    """Return how many hashes a log of ``n`` records has stored."""
    # One a record and one a join; the row of perfect subtrees lacks its joins.
    return 2 * n - n.bit_count()


def subtree_indexes(lo: int, hi: int) -> list[int]:
    """Return the storage indexes of the row of perfect subtrees over [lo, hi).

    Args:
        lo: The first record; 0, or a point where a tree over ``hi`` splits.
        hi: The record after the last.
    """
    indexes = []
    while lo < hi:
        level = (hi - lo).bit_length() - 1
        indexes.append(stored_hash_index(level, lo >> level))
        lo += 1 << level
    return indexes


def fold_subtrees(hashes: Sequence[bytes]) -> bytes:
    """Return the hash over a row of perfect subtrees, large to small."""
    folded = hashes[-1]
    for left in reversed(hashes[:-1]):
        folded = node_hash(left, folded)
    return folded


def tree_hash(n: int, read: HashReader) -> bytes:
    """Return the root hash of the first ``n`` records."""
    if n == 0:
        return EMPTY_TREE_HASH
    return fold_subtrees(read(subtree_indexes(0, n)))


def parse_tree(text: bytes) -> Tree:
    """Return the tree that a tree head's text describes.

    Raises:
        MalformedError: It is no tree head.
    """
    what = "tree head"
    lines = text[: _MAX_HEAD_BYTES + 1].split(b"\n", 3)
    if len(lines) < 4 or lines[0] != _HEAD_FIRST_LINE or len(text) > _MAX_HEAD_BYTES:
        raise MalformedError(what, text[:80], "is not the three lines of a tree")
    n = parse_decimal(what, lines[1])
    return Tree(n, parse_hash(what, lines[2]))


def format_tree(tree: Tree) -> bytes:
    """Return a tree head's text, to be signed; the inverse of parse_tree."""
    return b"%s\n%d\n%s\n" % (_HEAD_FIRST_LINE, tree.n, format_hash(tree.hash).encode())


def parse_decimal(what: str, digits: bytes) -> int:
    """Return a record number or count in canonical decimal, below 2**63.

    Raises:
        MalformedError: It has a sign, leading zeros, other characters, or is too
            large. ``what`` names the thing it stands in.
    """
    if not (digits.isdigit() and len(digits) <= 19):
        raise MalformedError(what, digits[:80], "not a decimal number below 2**63")
    number = int(digits)
    if number > _MAX_NUMBER or b"%d" % number != digits:
        raise MalformedError(what, digits, "not a canonical number below 2**63")
    return number


def parse_hash(what: str, encoded: bytes) -> bytes:
    """Return the 32 bytes of a hash in canonical base64.

    Raises:
        MalformedError: It is not. ``what`` names the thing it stands in.
    """
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != HASH_SIZE_BYTES or base64.b64encode(raw) != encoded:
        raise MalformedError(what, encoded[:80], "not a hash in base64")
    return raw


def format_hash(raw: bytes) -> str:
    """Return a hash as base64, the way heads and go.sum lines write it."""
    return base64.b64encode(raw).decode("ascii")
