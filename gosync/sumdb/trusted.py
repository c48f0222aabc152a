"""The trusted tree head: one timeline, forward only.

Pure state and one rule. A signed head that comes along is

* SAME: the tree that is trusted already;
* PAST: an older tree that the trusted one begins with. Caches in front of a
  database serve such heads all the time; nothing changes and nothing is wrong;
* FUTURE: a newer tree that begins with the trusted one. It becomes the trusted one;
* anything else is a fork: the database has shown two histories to two people. Both
  notes and the hashes that show it leave in a ``ForkError``, and what is trusted
  stays as it was. An older head that contradicts the trusted one is a fork too;
  "older" is no excuse, and the trusted head never moves back.

Which of the two trees begins with the other is a matter of hashes of the newer one.
The caller brings them, proven up to the newer tree's root (``proof``): ``question``
says which, ``merge`` judges. The proof lines of a fork are the hash that the newer
tree has for the older one's records, then the consistency proof for it, each in
base64; who holds both notes can check them without the database's help.
"""

from __future__ import annotations

from enum import Enum

import msgspec

from gosync.errors import ForkError
from gosync.sumdb.merkle import prove_tree, tree_proof_indexes
from gosync.sumdb.tlog import (
    EMPTY_TREE_HASH,
    HashReader,
    Tree,
    format_hash,
    subtree_indexes,
    tree_hash,
)
from gosync.sumdb.treehead import SignedHead

_EMPTY_TREE = Tree(0, EMPTY_TREE_HASH)


class Timeline(Enum):
    """Where a head stands, seen from the head that was trusted before."""

    PAST = "past"
    SAME = "same"
    FUTURE = "future"


class HeadQuestion(msgspec.Struct, frozen=True):
    """What must be read to place a head on the timeline.

    Attributes:
        tree: The newer of the two trees; its tiles are read.
        indexes: Stored hashes of it; none when the trees alone tell.
    """

    tree: Tree
    indexes: tuple[int, ...]


class TrustedTree:
    """The trusted head of one checksum database."""

    def __init__(self, head: SignedHead | None = None) -> None:
        self._head = head

    @property
    def head(self) -> SignedHead | None:
        """The trusted head; None as long as none was seen."""
        return self._head

    def question(self, head: SignedHead) -> HeadQuestion:
        """Return what ``merge`` will read to judge ``head``."""
        older, newer = self._in_order(head.tree)
        if older == newer or older.n == newer.n or not older.n:
            return HeadQuestion(newer, ())
        indexes = dict.fromkeys(subtree_indexes(0, older.n))
        # Only a fork needs these, but then the database may no longer help.
        indexes.update(dict.fromkeys(tree_proof_indexes(newer.n, older.n)))
        return HeadQuestion(newer, tuple(indexes))

    def merge(self, head: SignedHead, read: HashReader) -> Timeline:
        """Place a signed head on the timeline; a newer one becomes the trusted one.

        Args:
            head: A head whose signature was checked.
            read: Reads the hashes that ``question`` asked for, proven.

        Raises:
            ForkError: The head contradicts the trusted one.
        """
        trusted = self._trusted_tree()
        if head.tree == trusted and self._head is not None:
            return Timeline.SAME
        older, newer = self._in_order(head.tree)
        same_size = older.n == newer.n
        computed = newer.hash if same_size else tree_hash(older.n, read)
        if computed != older.hash:
            raise self._fork(head, computed, read)
        if head.tree.n < trusted.n:
            return Timeline.PAST
        self._head = head
        return Timeline.FUTURE

    def _trusted_tree(self) -> Tree:
        return _EMPTY_TREE if self._head is None else self._head.tree

    def _in_order(self, tree: Tree) -> tuple[Tree, Tree]:
        """Return the older and the newer one of the trusted tree and ``tree``."""
        trusted = self._trusted_tree()
        return (tree, trusted) if tree.n < trusted.n else (trusted, tree)

    def _fork(self, head: SignedHead, computed: bytes, read: HashReader) -> ForkError:
        """Return the error that keeps both notes and what shows their contradiction."""
        older, newer = self._in_order(head.tree)
        proof = [computed]
        if 0 < older.n < newer.n:
            proof += prove_tree(newer.n, older.n, read)
        return ForkError(
            f"the checksum database forked: its tree of {newer.n} records"
            f" does not begin with its tree of {older.n} records",
            old_note=b"" if self._head is None else self._head.note,
            new_note=head.note,
            proof=tuple(format_hash(line) for line in proof),
        )
