"""gosync's own store as a target: blobs that the catalog names, and orphans.

Rows are read batch by batch, without the store's lock and without writing; what was
read of a version with findings is kept, so that a row that changes meanwhile is seen.

A blob must have its digest, and as a file of its version it is held against the record
that proved the version when it was admitted; that record is proven anew with the
store's own tiles, up to the head that is trusted. Where the tiles do not reach (they
are kept for what was published), what the catalog says of it counts.

A row must say of its blobs and its record what these say themselves. What is wrong
with a row, or with the whole file, is found at ``catalog.sqlite``.

A blob that no row names is what an interrupted run leaves; it is an orphan once it
is older than any run (a day). ``gosync prune`` takes it away. One with other bytes is
worse: a sync that wants the blob would keep it. What lies beside blobs
and catalog is in ``files``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from gosync.catalog.db import Catalog
from gosync.catalog.versions import VersionRow
from gosync.clock import Clock
from gosync.errors import CatalogError, MalformedError
from gosync.folder.layouts import OWN, Part, PathPlace, TargetKind
from gosync.folder.shared import SharedFolder
from gosync.folder.tree import DamagedFileError, FileTree, NotInTreeError
from gosync.folder.walk import Entry, Unread
from gosync.gomod.module import ModuleVersion
from gosync.gomod.seen import SeenEntries
from gosync.hint import command
from gosync.site.opening import journal_trouble
from gosync.store.digest import Digest
from gosync.store.layout import BLOBS, CATALOG, JOURNAL, blob_path, parse_blob_path
from gosync.store.objects.blobs import ObjectBlobStore
from gosync.store.objects.quarantine import ObjectQuarantine
from gosync.store.shared import SharedStore
from gosync.sumdb.client import SumClient
from gosync.sumdb.names import Database
from gosync.verify.look.checks import Checked
from gosync.verify.look.permissions import access_finding, access_trouble
from gosync.verify.look.portions import Portion, SharedTree, make_portion
from gosync.verify.look.targets import Target, stamp_of
from gosync.verify.ownstore.bucketevidence import evidence_findings
from gosync.verify.ownstore.buckettree import BucketTree
from gosync.verify.ownstore.checking import (
    StoreOpener,
    digests_of,
    wrong_h1s,
    wrong_sizes,
)
from gosync.verify.ownstore.files import StoreFiles, digest_of_file
from gosync.verify.ownstore.proof import StoreOps, StoreProofSource
from gosync.verify.prove.answers import ProofAnswer
from gosync.verify.verdicts import CacheFinding, Fix, Verdict

_ORPHAN_SECONDS: Final = 24 * 3600


def _is_blob(path: str) -> bool:
    """Return whether a path is a blob's: nothing else there is the store's."""
    try:
        parse_blob_path(path)
    except MalformedError:
        return False
    return True


class StoreTarget(Target):
    """A store.

    Attributes:
        kind: STORE.
        name: Its path.
        tree: Its files.
        catalog: Its catalog.
        rows: What the catalog says of versions that are looked at, or had findings.
        by_portions: A process that checks is handed rows and entries.
        source: What its own records prove.
    """

    kind = TargetKind.STORE
    is_still = False
    source: StoreProofSource

    def __init__(
        self,
        root: Path,
        catalog: Catalog,
        database: Database | None,
        clock: Clock,
        *,
        blobs: ObjectBlobStore | None = None,
        shared: SharedStore | None = None,
    ) -> None:
        """Take a store, read.

        Args:
            root: Its folder.
            catalog: Its catalog.
            database: The checksum database.
            clock: What time it is.
            blobs: Its blobs, where they are not in the folder.
            shared: How a worker opens these.
        """
        self._shared = shared
        self.name = str(root if blobs is None else blobs)
        self.tree = FileTree(root) if blobs is None else BucketTree(root, blobs)
        self.by_portions = blobs is None
        self.catalog = catalog
        self._clock = clock
        self.rows: dict[ModuleVersion, VersionRow] = {}
        self._entries: dict[ModuleVersion, dict[Part, Entry]] = {}
        self._database = database
        self._head = catalog.heads.get(database.name) if database is not None else b""
        self.source = StoreProofSource(self.rows, self.client(), database)
        self._checker = StoreOpener(self.rows).open(
            self.tree, SeenEntries(), self.tree.root.stat()
        )
        self._unread: list[Unread] = []

    def _look(self, row: VersionRow) -> dict[Part, Entry]:
        mv = row.mv
        entries: dict[Part, Entry] = {}
        for role, digest in digests_of(row).items():
            path = blob_path(Digest(digest))
            try:
                found = self.tree.lstat(path)
            except (OSError, DamagedFileError):
                continue  # the layout says that it lacks
            entries[role] = Entry(path, PathPlace(role=role, mv=mv), found)
        return entries

    def versions(self) -> Mapping[ModuleVersion, int]:
        """See Target; whoever has few of them asks the catalog page by page."""
        known = self.catalog.verified.carried()
        return {mv: size_bytes for mv, size_bytes, _ in known}

    def carried(self) -> Iterator[VersionRow]:
        """Yield the rows of all versions that are carried, page by page."""
        rows = self.catalog.versions.all_rows()
        return (row for row in rows if row.carried is not None)

    def has(self, mv: ModuleVersion) -> bool:
        """See Target."""
        return mv in self.rows

    async def prepare(self, batch: Sequence[ModuleVersion]) -> None:
        """See Target: read their rows, and what the disk says of their blobs."""
        self.keep(batch)

    def keep(self, versions: Iterable[ModuleVersion]) -> None:
        """Read the rows of versions, and what the disk says of their blobs.

        A version of which nothing is carried any more is none; a row that was read
        before stays as it was then.
        """
        for mv in versions:
            row = None if mv in self.rows else self.catalog.versions.get(mv)
            if row is not None and row.carried is not None:
                self._keep(row)

    def _keep(self, row: VersionRow) -> None:
        self._entries[row.mv] = self._look(row)
        self.rows[row.mv] = row

    def release(self, versions: Iterable[ModuleVersion]) -> None:
        """See Target."""
        for mv in versions:
            self.rows.pop(mv, None)
            self._entries.pop(mv, None)

    def unread(self) -> list[Unread]:
        """See Target."""
        return self._unread

    def stamp(self, mv: ModuleVersion) -> str:
        """See Target; also of one that nobody prepared."""
        entries = self._entries.get(mv)
        if entries is None:
            row = self.catalog.versions.get(mv)
            entries = {} if row is None else self._look(row)
        return stamp_of(entries)

    def check(self, mv: ModuleVersion, answer: ProofAnswer) -> Checked:
        """See Target; of what went meanwhile nothing is wrong."""
        if mv not in self.rows:
            return Checked(mv, answer)
        return self._checker.check(mv, self._entries[mv], answer)

    def portion(self, answers: Mapping[ModuleVersion, ProofAnswer]) -> Portion | None:
        """See Target; None where a version went meanwhile."""
        if not answers.keys() <= self.rows.keys():
            return None
        opener = StoreOpener({mv: self.rows[mv] for mv in answers})
        shared = self._share(opener.rows)
        root = self.tree.root.stat()
        return make_portion(shared, root, opener, self._entries, answers)

    def _share(self, rows: Mapping[ModuleVersion, VersionRow]) -> SharedTree:
        if self._shared is None or not isinstance(self.tree, BucketTree):
            return SharedFolder.of(self.tree)
        digests = (d for row in rows.values() for d in digests_of(row).values())
        return self.tree.share(self._shared, map(Digest, digests))

    def _is_wrong(self, row: VersionRow) -> bool:
        """Return whether something was found about a row, and not the journal."""
        wrong = any(wrong_sizes(row, self._look(row))) or any(wrong_h1s(row))
        return wrong or row.mv in self.source.doubted

    def changed(self, versions: Iterable[ModuleVersion]) -> set[ModuleVersion]:
        """See Target: those whose rows name other blobs by now.

        A sync or a prune may go on beside: what it took away is not missing.
        """
        rows = {mv: self.catalog.versions.get(mv) for mv in versions if mv in self.rows}
        return {
            mv
            for mv, row in rows.items()
            if row is None or digests_of(row) != digests_of(self.rows[mv])
        }

    def rest(self) -> list[CacheFinding]:
        """See Target: the catalog's file, orphans, and what lies beside."""
        files = StoreFiles(self.tree, self._unread)
        found = [*self._catalog_findings(), *self._orphans()]
        if self._database is not None and (client := self.client()) is not None:
            found += files.tiles(client, self._database.name)
        found += self._journal_findings(files)
        if not files.has_odd_journal:  # what it says may stand there
            found += self._journal_behind()
        return [*found, *self._evidence(files)]

    def _journal_findings(self, files: StoreFiles) -> Iterator[CacheFinding]:
        for finding in files.journal(self.carried()):
            row = None if finding.mv is None else self.catalog.versions.get(finding.mv)
            if row is not None and row.carried is not None:
                if self._is_wrong(row):
                    continue  # that was found, and not the journal
                self.keep([row.mv])
            yield finding

    def _evidence(self, files: StoreFiles) -> Iterator[CacheFinding]:
        if not isinstance(self.tree, BucketTree):
            return files.evidence()
        bucket = self.tree.bucket
        return evidence_findings(bucket, ObjectQuarantine(bucket, self.tree.root))

    def _journal_behind(self) -> Iterator[CacheFinding]:
        """Yield that the journal is older than the catalog, or another store's."""
        trouble = journal_trouble(self.tree.root, self.catalog)
        if trouble is not None:
            reason = f"{trouble.value}: the catalog has come further"
            yield CacheFinding(
                verdict=Verdict.INCOMPLETE, path=JOURNAL, reason=reason, fix=Fix.REWRITE
            )

    def _catalog_findings(self) -> Iterator[CacheFinding]:
        entry = Entry(CATALOG, OWN, (self.tree.root / CATALOG).lstat())
        root = self.tree.root.stat()
        if reason := access_trouble(entry, root):
            finding = access_finding(entry, reason, root)
            if entry.stat.st_nlink > 1:  # it is open: a copy would be another catalog
                finding = replace(finding, fix=Fix.NOTHING)
            yield finding
        try:
            self.catalog.check()
        except CatalogError as exc:
            reason = f"{exc}; {exc.hint}"
            yield CacheFinding(verdict=Verdict.CORRUPT, path=CATALOG, reason=reason)

    def _orphans(self) -> Iterator[CacheFinding]:
        named = self.catalog.versions.named_blobs()
        now = self._clock.now().timestamp()
        for entry in self._blob_entries():
            name = entry.path.rpartition("/")[2]
            if entry.is_folder or name in named or not _is_blob(entry.path):
                continue
            if now - entry.stat.st_mtime > _ORPHAN_SECONDS:
                yield CacheFinding(
                    verdict=Verdict.ORPHAN,
                    path=entry.path,
                    reason=f"no version has this blob; `{command('prune')}` removes it",
                    fix=Fix.DROP,
                )
            elif not self._is_what_it_says(entry.path):
                yield CacheFinding(
                    verdict=Verdict.CORRUPT,
                    path=entry.path,
                    reason="no version has this blob, and a sync would take it for one",
                    fix=Fix.DROP,
                )

    def _blob_entries(self) -> Iterator[Entry]:
        if isinstance(self.tree, BucketTree):
            return self.tree.entries()
        return StoreFiles(self.tree, self._unread).below(BLOBS)

    def _is_what_it_says(self, path: str) -> bool:
        """Return whether a blob has its digest, or went away meanwhile."""
        try:
            return digest_of_file(self.tree, path) == path.rpartition("/")[2]
        except NotInTreeError:
            return True
        except DamagedFileError:
            return False

    def client(self) -> SumClient | None:
        """Return a client of the store's own tiles, which asks nobody."""
        if self._database is None or not self._head:
            return None
        ops = StoreOps(self._head, self.tree, self._database.name)
        return SumClient(ops, self._database)
