"""Heads of the house log that somebody may know of; it extends every one of them.

A log must never be signed twice at one size. So a head is signed only under the lease,
and only if it extends every head that anybody may know of: the store's, the tree's,
those that the configuration names as witnesses, and the newest one that was let out,
which is noted beside the configuration, where restoring a store does not reach.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from gosync.errors import ForkError, RollbackError
from gosync.folder.routes import sumdb_folder
from gosync.publish.storage.tree import TreeReader
from gosync.site.options import HouseLogSpec
from gosync.site.treestorage import read_folder
from gosync.store.durable import disk_errors, replace_file
from gosync.sumdb.note import parse_verifier_key
from gosync.sumdb.tlog import Tree
from gosync.sumdb.treehead import SignedHead, open_head


class SignedLog(Protocol):
    """A log of which earlier trees can be told."""

    @property
    def head(self) -> SignedHead | None:
        """The newest signed head."""

    @property
    def size(self) -> int:
        """How many records it has."""

    def tree(self, size: int) -> Tree:
        """Return the tree of its first records."""


def check_extends(
    log: SignedLog, head: SignedHead, where: str, holder: str = "the store"
) -> None:
    """Check that a log extends a head that somebody knows.

    Args:
        log: The log.
        head: The head.
        where: Who knows the head, in messages.
        holder: Who has the log, in messages.

    Raises:
        RollbackError: the log is behind it.
        ForkError: the log has other records.
    """
    if head.tree.n > log.size:
        raise RollbackError(
            f"{where} has a tree head of {head.tree.n} records, {holder} one of"
            f" {log.size}: nothing is signed, since that could be a fork",
            hint="bring the newest store back, or name a tree that has these records"
            " in house_log.witnesses",
        )
    if log.tree(head.tree.n) != head.tree:
        raise ForkError(
            f"{where} has another tree head of {head.tree.n} records",
            old_note=log.head.note if log.head is not None else b"",
            new_note=head.note,
            proof=(),
        )


def known_heads(tree: TreeReader, spec: HouseLogSpec) -> list[tuple[str, SignedHead]]:
    """Return every head that somebody may know of, and where it is.

    Args:
        tree: Reads the published tree.
        spec: The log's key, and its witnesses.

    Raises:
        SignatureError: nobody we know signed one.
        StoreError: a tree or a witness cannot be read.
    """
    verifier = parse_verifier_key(spec.verifier)
    latest = f"{sumdb_folder(spec.name)}/latest"
    notes: dict[str, bytes | None] = {tree.name: tree.read(latest)}
    for witness in spec.witnesses:
        if witness.is_dir():
            notes[str(witness)] = read_folder(witness).read(latest)
        else:
            notes[str(witness)] = _read_file(witness, must_be=True)
    if spec.noted is not None:
        notes[str(spec.noted)] = _read_file(spec.noted, must_be=False)
    return [(name, open_head(note, verifier)) for name, note in notes.items() if note]


def note_head(spec: HouseLogSpec, head: SignedHead | None) -> None:
    """Note a head beside the configuration before anybody outside may see it.

    Raises:
        StoreError: it cannot be written.
    """
    if spec.noted is None or head is None:
        return
    with disk_errors(spec.noted):
        if spec.noted.is_file() and spec.noted.read_bytes() == head.note:
            return
    replace_file(spec.noted, head.note, staging=spec.noted.parent)


def _read_file(file: Path, *, must_be: bool) -> bytes | None:
    with disk_errors(file):
        try:
            return file.read_bytes()
        except FileNotFoundError:
            if must_be:
                raise
            return None
