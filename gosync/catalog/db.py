"""The catalog file, its tables in one place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from gosync.catalog.census import Census, take_census
from gosync.catalog.connection import Connection
from gosync.catalog.lease_holder import LeaseHolder
from gosync.catalog.opening import open_connection
from gosync.clock import Clock
from gosync.errors import CatalogError
from gosync.hint import advise, command

if TYPE_CHECKING:
    from gosync.catalog.announcements import Announcements
    from gosync.catalog.arrivals import Arrivals
    from gosync.catalog.artifacts import Artifacts
    from gosync.catalog.bundle_table import Bundles
    from gosync.catalog.cursors import Cursors
    from gosync.catalog.failures import Failures
    from gosync.catalog.finding_table import Findings
    from gosync.catalog.heads import Heads
    from gosync.catalog.holders import Holders
    from gosync.catalog.house_records import HouseRecords
    from gosync.catalog.identity import Identity
    from gosync.catalog.imports import Imports
    from gosync.catalog.index_rows import IndexRows
    from gosync.catalog.jobs import Jobs
    from gosync.catalog.leases import Leases
    from gosync.catalog.look_table import Looks
    from gosync.catalog.modules import Modules
    from gosync.catalog.offers import Offers
    from gosync.catalog.old_heads import OldHeadTable
    from gosync.catalog.pins import Pins
    from gosync.catalog.pulled import PulledVersions
    from gosync.catalog.read_logs import ReadLogs
    from gosync.catalog.received import ReceivedTable
    from gosync.catalog.records import Records
    from gosync.catalog.request_table import Requests
    from gosync.catalog.ruling_table import RulingTable
    from gosync.catalog.runs import Runs
    from gosync.catalog.selected import Selected
    from gosync.catalog.selected_counts import SelectedCounts
    from gosync.catalog.selected_sizes import SelectedSizes
    from gosync.catalog.selection_note_table import SelectionNotes
    from gosync.catalog.selections import Selections
    from gosync.catalog.shown_needs import ShownNeeds
    from gosync.catalog.shown_table import ShownModules
    from gosync.catalog.told_alerts import ToldAlerts
    from gosync.catalog.tombstones import Tombstones
    from gosync.catalog.trees import Trees
    from gosync.catalog.troubles import Troubles
    from gosync.catalog.unproven import UnprovenVersions
    from gosync.catalog.upstreams import UpstreamTable
    from gosync.catalog.verified import Verified
    from gosync.catalog.version_table import Versions
    from gosync.catalog.withdrawn_table import WithdrawnVersions
    from gosync.catalog.zipfacts import ZipFacts

# Modules of tables, and their classes: most commands ask for few of them.
_TABLES: Final = {
    "modules": "modules.Modules",
    "offers": "offers.Offers",
    "versions": "version_table.Versions",
    "arrivals": "arrivals.Arrivals",
    "artifacts": "artifacts.Artifacts",
    "records": "records.Records",
    "selected": "selected.Selected",
    "pulled": "pulled.PulledVersions",
    "selected_counts": "selected_counts.SelectedCounts",
    "selected_sizes": "selected_sizes.SelectedSizes",
    "selection_notes": "selection_note_table.SelectionNotes",
    "selections": "selections.Selections",
    "licences": "zipfacts.ZipFacts",
    "packages": "zipfacts.ZipFacts",
    "readmes": "zipfacts.ZipFacts",
    "rulings": "ruling_table.RulingTable",
    "pins": "pins.Pins",
    "failures": "failures.Failures",
    "findings": "finding_table.Findings",
    "cursors": "cursors.Cursors",
    "index_rows": "index_rows.IndexRows",
    "heads": "heads.Heads",
    "old_heads": "old_heads.OldHeadTable",
    "identity": "identity.Identity",
    "house_records": "house_records.HouseRecords",
    "looks": "look_table.Looks",
    "trees": "trees.Trees",
    "troubles": "troubles.Troubles",
    "bundles": "bundle_table.Bundles",
    "imports": "imports.Imports",
    "runs": "runs.Runs",
    "jobs": "jobs.Jobs",
    "upstreams": "upstreams.UpstreamTable",
    "received": "received.ReceivedTable",
    "unproven": "unproven.UnprovenVersions",
    "verified": "verified.Verified",
    "shown": "shown_table.ShownModules",
    "shown_needs": "shown_needs.ShownNeeds",
    "tombstones": "tombstones.Tombstones",
    "withdrawn": "withdrawn_table.WithdrawnVersions",
    "holders": "holders.Holders",
    "leases": "leases.Leases",
    "announcements": "announcements.Announcements",
    "requests": "request_table.Requests",
    "read_logs": "read_logs.ReadLogs",
    "told_alerts": "told_alerts.ToldAlerts",
}
_FACTS: Final = frozenset({"licences", "packages", "readmes"})


class _UndoneError(Exception):
    """Ends a transaction that is not to be committed."""


class Catalog:
    """All tables of one catalog file.

    Attributes:
        modules: Followed modules.
        offers: What upstreams say exists of these.
        versions: Module versions.
        arrivals: Which of these came in last.
        artifacts: Files beside versions.
        records: What proves what trees show of these.
        selected: Which of these are wanted.
        pulled: Which are wanted because a server was asked for them.
        selected_counts: How much is selected, and in which states.
        selected_sizes: How large it is.
        selection_notes: What that could not know.
        selections: What that was made of.
        licences: The licences of versions.
        rulings: What the policy says of versions.
        packages: What the versions' packages import.
        pins: First-sight h1 of private versions.
        failures: Open failures.
        findings: What became upstream of what is held.
        cursors: Index cursors.
        index_rows: The module index, where it is kept.
        heads: Trusted and published tree heads.
        old_heads: Others that clients may remember.
        identity: Which store it is of.
        house_records: Which versions the site's own checksum database has.
        looks: What an audit asks of whom.
        trees: Published trees.
        troubles: What jobs' last runs found wrong.
        bundles: Bundles made here.
        imports: Bundles that came in.
        runs: Past runs.
        jobs: The daemon's jobs.
        upstreams: How each upstream has answered of late.
        received: How much came from them, by month.
        unproven: Versions that came with a cache and wait for their proof.
        verified: What ``gosync verify`` said of the store's versions.
        shown: What published trees show of each module.
        shown_needs: Which modules these require.
        tombstones: Versions that were given up on purpose.
        withdrawn: Versions that nobody is to be given any more.
        holders: Runs that hold leases.
        leases: What these hold.
        announcements: Digests that these rely on.
        requests: What was asked for and is not carried.
        read_logs: How far access logs were read.
        told_alerts: Alerts over these that hooks were told of.
    """

    modules: Modules
    offers: Offers
    versions: Versions
    arrivals: Arrivals
    artifacts: Artifacts
    records: Records
    selected: Selected
    pulled: PulledVersions
    selected_counts: SelectedCounts
    selected_sizes: SelectedSizes
    selection_notes: SelectionNotes
    selections: Selections
    licences: ZipFacts
    packages: ZipFacts
    readmes: ZipFacts
    rulings: RulingTable
    pins: Pins
    failures: Failures
    findings: Findings
    cursors: Cursors
    index_rows: IndexRows
    heads: Heads
    old_heads: OldHeadTable
    identity: Identity
    house_records: HouseRecords
    looks: Looks
    trees: Trees
    troubles: Troubles
    bundles: Bundles
    imports: Imports
    runs: Runs
    jobs: Jobs
    upstreams: UpstreamTable
    received: ReceivedTable
    unproven: UnprovenVersions
    verified: Verified
    shown: ShownModules
    shown_needs: ShownNeeds
    tombstones: Tombstones
    withdrawn: WithdrawnVersions
    holders: Holders
    leases: Leases
    announcements: Announcements
    requests: Requests
    read_logs: ReadLogs
    told_alerts: ToldAlerts

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    if not TYPE_CHECKING:  # who misspells a table is told so

        def __getattr__(self, name: str) -> object:
            """Return a table that is asked for for the first time."""
            if name not in _TABLES:
                raise AttributeError(f"no table {name!r}", name=name, obj=self)
            module, _, table = _TABLES[name].partition(".")
            made = getattr(import_module(f"gosync.catalog.{module}"), table)
            facts = (name,) if name in _FACTS else ()
            # One table each, whichever threads ask at the same time.
            return self.__dict__.setdefault(name, made(self._connection, *facts))

    @property
    def path(self) -> Path:
        """The file."""
        return self._connection.path

    @classmethod
    def open(cls, path: Path, *, create: bool, readonly: bool = False) -> Self:
        """Open a catalog; close it, or use it as a context manager.

        Args:
            path: The file.
            create: Whether to make it when it is not there.
            readonly: Whether to open it without writing anything.

        Raises:
            CatalogError: it is not there, not a catalog, damaged or of an older
                schema that a read-only catalog cannot take further.
            SchemaVersionError: a newer gosync wrote it.
            NoSpaceError: the disk is full.
        """
        return cls(open_connection(path, create=create, readonly=readonly))

    @property
    def in_transaction(self) -> bool:
        """Whether the calling thread is inside of a transaction."""
        return self._connection.in_transaction

    @contextmanager
    def transaction(self, *, forced: bool = True) -> Iterator[None]:
        """Commit everything inside together, or nothing; never await inside.

        Args:
            forced: Whether it is on the disk once this returns; see Connection.

        Raises:
            NoSpaceError: the disk is full; nothing was committed.
            CatalogError: the catalog cannot be written.
        """
        with self._connection.transaction(forced=forced):
            yield

    def snapshot(self) -> AbstractContextManager[None]:
        """Have all that is read inside be of one state; only read inside.

        Others may write meanwhile; what they write stays in the log until the end.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return self._connection.snapshot()

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Undo what is written inside: to read what it would be; never await inside.

        Raises:
            NoSpaceError: the disk is full.
            CatalogError: the catalog cannot be written.
        """
        assert not self.in_transaction, "an outer transaction would be undone as well"
        with suppress(_UndoneError), self.transaction():
            yield
            raise _UndoneError

    def write_under(self, lock: Callable[[], AbstractContextManager[None]]) -> None:
        """Have each transaction preceded by a lock: the store's writer lock."""
        self._connection.write_under(lock)

    def hold(self, *, command: str, clock: Clock) -> LeaseHolder:
        """Return a new holder of leases; to close it lets go of them.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        return LeaseHolder(self._connection, command=command, clock=clock)

    def census(self) -> Census:
        """Count the versions, by state and by what is carried of them.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return take_census(self._connection, tried=self.selected_counts.tried())

    def carried_bytes(self) -> int:
        """Return the sizes of all files that are carried, shared ones each time.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row("SELECT sum(bytes) FROM version_sums")
        return int(row[0] or 0) if row else 0

    def check(self) -> None:
        """Let SQLite look for damage.

        Raises:
            CatalogError: it found some; the reason names the first.
        """
        row = self._connection.row("PRAGMA quick_check(1)")
        if row is None or row[0] != "ok":
            found = "no answer" if row is None else row[0]
            raise CatalogError(
                f"{self.path}: {found}",
                hint=advise("run {}", command("catalog rebuild")),
            )

    def back_up(self, target: Path) -> None:
        """Write a consistent copy to a file that is not there yet.

        Others may read and write meanwhile. The copy is one file, without a log.

        Raises:
            NoSpaceError: the disk is full.
            CatalogError: the copy cannot be written.
        """
        self._connection.back_up(target)

    def close(self) -> None:
        """Close the catalog; a second call does nothing."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
