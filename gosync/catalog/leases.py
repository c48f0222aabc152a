"""Leases: what excludes whole runs from each other, by name.

    import              takes a bundle in, or may not have one come in meanwhile
    bundle              numbers bundles
    select              makes the selection or reads it whole, or forgets what it left
    prune               removes blobs, or must have every one stay
    audit               asks what became of what is held
    verify:MODULE@V     acts on a version
    fetch:MODULE@V      fetches a version, until its row is committed
    publish:TREE        brings a published tree up, or writes what is beside modules
    publish:TREE/*      writes files of modules in a tree; given way with between two
    house-log           signs the site's own checksum database, and writes it in a tree

Who takes several takes them in this order, after those of the daemon:

    serve               brings what a served tree lacks
    job:NAME            runs a job of the daemon

A lease has one holder (``gosync.catalog.holders``) and a fence: a number that grows
with every lease that is taken, whatever its name, and is never given twice. A holder
that is gone loses its leases to whoever asks next. Should it live all the same, and
only have been silent, each of its transactions begins by looking for its fences, and
fails: nothing is committed under a lease that somebody else has now.

A power cut may undo a lease, and give its fence again: it ended every holder, too. So
a fence means nothing outside of the catalog.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from gosync.catalog.connection import Connection
from gosync.catalog.holders import COLUMNS, HolderRow
from gosync.clock import format_time

SELECT: Final = "select"
PRUNE: Final = "prune"
AUDIT: Final = "audit"
BUNDLE: Final = "bundle"
IMPORT: Final = "import"
SERVE: Final = "serve"
HOUSE_LOG: Final = "house-log"


def publish_lease(tree: object) -> str:
    """Return the name of the lease to change a tree."""
    return f"publish:{tree}"


def modules_lease(tree: object) -> str:
    """Return the name of the lease to write files of a tree's modules.

    Whoever brings the whole tree up holds it, too, and gives way with it between two
    modules; to publish or take out one of them it is enough.
    """
    return f"{publish_lease(tree)}/*"


def verify_lease(version: object) -> str:
    """Return the name of the lease to act on a version, ``path@version``."""
    return f"verify:{version}"


def fetch_lease(version: object) -> str:
    """Return the name of the lease to fetch a version, ``path@version``."""
    return f"fetch:{version}"


def job_lease(name: str) -> str:
    """Return the name of the lease to run a job of the daemon."""
    return f"job:{name}"


class Lease(msgspec.Struct, frozen=True):
    """A lease that was taken.

    Attributes:
        name: What it is for.
        fence: Its number; every later lease has a larger one.
    """

    name: str
    fence: int


class Leases:
    """The tables of leases and of who waits for one."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def holder(self, name: str) -> HolderRow | None:
        """Return who holds a lease, gone or not; None if it is free.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row(
            f"SELECT {COLUMNS} FROM leases JOIN holders ON holders.id = leases.holder"  # noqa: S608 - own names
            " WHERE leases.name = ?",
            (name,),
        )
        return None if row is None else HolderRow(*row)

    def names(self) -> Mapping[int, list[str]]:
        """Return the names of all leases, by their holders' numbers.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found: dict[int, list[str]] = {}
        for holder, name in self._connection.rows(
            "SELECT holder, name FROM leases ORDER BY name"
        ):
            found.setdefault(holder, []).append(name)
        return found

    def put(self, name: str, holder: int, now: datetime) -> Lease:
        """Write a lease down that nobody has; return it.

        Raises:
            CatalogError: somebody has it, or the catalog cannot be written.
        """
        with self._connection.brief_transaction():
            found = self._connection.rows(
                "INSERT INTO leases (name, holder, since) VALUES (?, ?, ?)"
                " RETURNING fence",
                (name, holder, format_time(now)),
            )
        return Lease(name, int(found[0][0]))

    def remove(self, lease: Lease) -> None:
        """Let a lease go; one that somebody else has now stays.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        with self._connection.brief_transaction():
            self._connection.write("DELETE FROM leases WHERE fence = ?", (lease.fence,))

    def fences(self, holder: int) -> set[int] | None:
        """Return the fences of a holder's leases; None if it was taken for dead.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            "SELECT leases.fence FROM holders LEFT JOIN leases"
            " ON leases.holder = holders.id WHERE holders.id = ?",
            (holder,),
        )
        return {row[0] for row in found} - {None} if found else None

    def has_all(self, holder: int, count: int) -> bool:
        """Return whether a holder is there and has so many leases; by an index.

        A lease ends by its holder, or with it. So where as many are left as it holds,
        they are the same ones.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row(
            "SELECT (SELECT count(*) FROM leases WHERE holder = id) >= ?"
            " FROM holders WHERE id = ?",
            (count, holder),
        )
        return row is not None and bool(row[0])

    def wait(self, name: str, holder: int, now: datetime) -> None:
        """Write down that a holder waits for a lease.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        with self._connection.brief_transaction():
            self._connection.write(
                "INSERT OR IGNORE INTO lease_waits (name, holder, since)"
                " VALUES (?, ?, ?)",
                (name, holder, format_time(now)),
            )

    def stop_waiting(self, name: str, holder: int) -> None:
        """Write down that a holder waits for a lease no longer.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        with self._connection.brief_transaction():
            self._connection.write(
                "DELETE FROM lease_waits WHERE name = ? AND holder = ?", (name, holder)
            )

    def waiting(self, name: str) -> list[HolderRow]:
        """Return who waits for a lease, the first come first, gone or not.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            f"SELECT {COLUMNS} FROM lease_waits"  # noqa: S608 - own names
            " JOIN holders ON holders.id = lease_waits.holder"
            " WHERE lease_waits.name = ? ORDER BY lease_waits.since, holders.id",
            (name,),
        )
        return [HolderRow(*row) for row in found]
