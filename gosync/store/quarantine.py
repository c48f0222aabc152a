"""Quarantine, the contract: the evidence of what was refused, kept, never published.

An entry is the document evidence.json and the bytes that were refused, each under the
label that the caller gave. ``localquarantine`` keeps folders; ``tests/contract`` runs
every rule below over each implementation.

**Named by what it is.** The id comes from subject, reason and the bytes
(``layout.quarantine_id``): the same evidence is kept once, however often it is served
and whoever keeps it at the same time.

**Whole and durable.** An entry whose id was returned is there with all its bytes after
a power cut. Killed before that, nothing is listed of it, and ``sweep`` removes what was
left.

**Errors.** ``NoSpaceError`` where there is no room, else ``StoreError``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from gosync.store.staging import Readable


class Quarantine(Protocol):
    """Keeps evidence; threads may share it."""

    def keep(
        self,
        subject: str,
        reason: str,
        *,
        evidence: Mapping[str, object],
        files: Mapping[str, Readable | bytes],
    ) -> str:
        """Keep evidence; return its id.

        Args:
            subject: What it is about, ``path@version`` as a rule.
            reason: The rule that was broken.
            evidence: Facts that JSON can say: URL, status, headers, time, hashes.
            files: The bytes by label, in memory or in what is staged; the latter
                stays.

        Raises:
            NoSpaceError: there is no room.
            StoreError: it cannot be kept.
        """
        ...

    def ids(self) -> list[str]:
        """Return the ids of all evidence, sorted.

        Raises:
            StoreError: the storage refuses.
        """
        ...

    def read(self, entry: str) -> bytes:
        """Return the evidence.json of an entry.

        Raises:
            StoreError: it is not there or cannot be read.
        """
        ...

    def sweep(self) -> int:
        """Remove what killed runs left half built, none in the making; count it.

        Raises:
            StoreError: something cannot be removed.
        """
        ...
