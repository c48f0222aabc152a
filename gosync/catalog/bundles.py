"""The ledger of bundles made here: what each site was sent, and what it has.

    planned  a sequence number is taken; nothing is on disk that counts
    written  its files are durable under its id
    sealed   they were read back and proven; it may be carried away
    acked    the site's receipt came back, or a later one says that it came
    revoked  it never arrived, or its site was lost: it is no base any more

A killed create leaves a bundle planned or written; the next one for that target
takes over its sequence, and its time when it would make the same.

What a site holds after a bundle is kept for bundles that can be a base: the last
acked one and what was sealed after it.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class BundleState(StrEnum):
    """How far a bundle has come."""

    PLANNED = "planned"
    WRITTEN = "written"
    SEALED = "sealed"
    ACKED = "acked"
    REVOKED = "revoked"


class BundleKind(StrEnum):
    """What a bundle carries: everything, what is new, or what a site lacks."""

    FULL = "full"
    INCREMENT = "increment"
    REPAIR = "repair"


class BundleRow(msgspec.Struct, frozen=True):
    """One bundle; the fields are the table's columns, in their order.

    Attributes:
        target: The site that it is for.
        sequence: Its number among that site's bundles, from 1.
        state: How far it has come.
        kind: What it carries.
        base_sequence: The bundle that it builds on, None for none.
        bundle_id: Its id, None before it is written.
        tree_size: The records of the tree head that it carries, None for no head.
        planned_at: When it was planned: the time that its header names.
        sealed_at: When it was sealed, or None.
        acked_at: When its receipt came, or None.
        reads: What the gosync of its site can read, as its receipt says: JSON.
        rules_fingerprint: A digest of the rules that made its selection.
        rules: These rules, as people read them.
    """

    target: str
    sequence: int
    state: BundleState
    kind: BundleKind
    base_sequence: int | None
    bundle_id: str | None
    tree_size: int | None
    planned_at: str
    sealed_at: str | None
    acked_at: str | None
    reads: str | None = None
    rules_fingerprint: str | None = None
    rules: str | None = None
