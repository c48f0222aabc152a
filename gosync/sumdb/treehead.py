"""Signed tree heads: a log's size and root hash, and the note that vouches for it."""

from __future__ import annotations

import msgspec

from gosync.sumdb.note import Verifier, open_note
from gosync.sumdb.tlog import Tree, parse_tree


class SignedHead(msgspec.Struct, frozen=True):
    """A tree head and the signed note that vouches for it.

    Attributes:
        note: The note's bytes as they came, all signatures included.
        tree: The tree in it.
    """

    note: bytes
    tree: Tree


def open_head(note: bytes, verifier: Verifier) -> SignedHead:
    """Return the tree head of a signed note that ``verifier``'s key signed.

    Raises:
        MalformedError: It is no signed note, or its text no tree head.
        SignatureError: The key did not sign it.
    """
    return SignedHead(note, parse_tree(open_note(note, [verifier]).text))
