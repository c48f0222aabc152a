"""gosync's own store: every blob that the catalog names, and what nothing names.

Rows are read once, without the store's lock and without writing. A blob must have
its digest, and as a file of its version it is held against the record that proved
the version when it was admitted; that record is proven anew with the store's own
tiles, up to the head that is trusted. Where the tiles do not reach (they are kept
for what was published), what the catalog says of it counts.

A blob that no row names is what an interrupted run leaves; it is an orphan once it
is older than any run (a day). ``gosync prune`` takes it away.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from gosync.catalog.db import Catalog
from gosync.catalog.versions import Proof, VersionRow
from gosync.clock import Clock
from gosync.closure.sums import finish
from gosync.closure.tree import DamagedFileError, NotInTreeError, Tree
from gosync.errors import (
    GosyncError,
    MalformedError,
    SecurityError,
    TileMismatchError,
    UnavailableError,
)
from gosync.gomod.module import ModuleVersion
from gosync.gomod.seen import SeenEntries
from gosync.store.digest import Digest
from gosync.store.layout import BLOBS, blob_path, database_folder
from gosync.store.tiles import TileStore
from gosync.sumdb.client import SumClient
from gosync.sumdb.names import Database
from gosync.sumdb.tile import Tile, parse_tile_path
from gosync.verify.answers import Answer
from gosync.verify.checks import Checked, Checker
from gosync.verify.layouts import Kind, Place, Role
from gosync.verify.proofs import answer_of_row
from gosync.verify.targets import stamp_of
from gosync.verify.verdicts import Cause, Evidence, Finding, Fix, Verdict
from gosync.verify.walk import Entry, Unread, walk

_ORPHAN_SECONDS: Final = 24 * 3600
_PIECE_BYTES: Final = 1 << 20


class StoreLayout:
    """A store's names: blobs, and what lies beside them."""

    kind = Kind.STORE

    def __init__(self, rows: Mapping[ModuleVersion, VersionRow]) -> None:
        self._rows = rows

    def place(self, path: str, *, is_folder: bool) -> Place:
        """Return what is there for: everything is looked into."""
        del path
        return Place(role=Role.WAY if is_folder else Role.OWN, enter=True)

    def path_of(self, mv: ModuleVersion, role: Role) -> str:
        """Return a file's blob."""
        return blob_path(Digest(digests_of(self._rows[mv])[role]))

    def lacks(self, mv: ModuleVersion, roles: Collection[Role]) -> list[Role]:
        """Return the files whose blobs are not there."""
        return [role for role in digests_of(self._rows[mv]) if role not in roles]


def digests_of(row: VersionRow) -> dict[Role, str]:
    """Return the digests of a version's blobs."""
    found = {
        Role.INFO: row.info_digest,
        Role.MOD: row.mod_digest,
        Role.ZIP: row.zip_digest,
    }
    return {role: digest for role, digest in found.items() if digest is not None}


class StoreTarget:
    """A store.

    Attributes:
        kind: STORE.
        name: Its path.
        tree: Its files.
        rows: What the catalog carries.
        is_still: Yes; what ``check`` needs of the catalog was read.
    """

    kind = Kind.STORE
    is_still = True

    def __init__(
        self, root: Path, catalog: Catalog, database: Database | None, clock: Clock
    ) -> None:
        self.name = str(root)
        self.tree = Tree(root)
        self._clock = clock
        rows = (row for row in catalog.versions.all_rows() if row.carried is not None)
        self.rows = {ModuleVersion(row.path, row.version): row for row in rows}
        self._entries = {mv: self._look(row) for mv, row in self.rows.items()}
        self._database = database
        self._head = catalog.heads.get(database.name) if database is not None else b""
        self._checker = Checker(self.tree, StoreLayout(self.rows), SeenEntries())
        self._unread: list[Unread] = []

    def _look(self, row: VersionRow) -> dict[Role, Entry]:
        mv = ModuleVersion(row.path, row.version)
        entries = {}
        for role, digest in digests_of(row).items():
            path = blob_path(Digest(digest))
            try:
                found = (self.tree.root / path).lstat()
            except OSError:
                continue  # the layout says that it lacks
            entries[role] = Entry(path, Place(role=role, mv=mv), found)
        return entries

    def versions(self) -> Mapping[ModuleVersion, int]:
        """See Target."""
        return {
            mv: sum(each.stat.st_size for each in entries.values())
            for mv, entries in self._entries.items()
        }

    def unread(self) -> list[Unread]:
        """See Target."""
        return self._unread

    def stamp(self, mv: ModuleVersion) -> str:
        """See Target."""
        return stamp_of(self._entries[mv])

    async def prepare(self, batch: Sequence[ModuleVersion]) -> None:
        """See Target; it is here."""

    def check(self, mv: ModuleVersion, answer: Answer) -> Checked:
        """See Target."""
        entries = self._entries[mv]
        done = self._checker.check(mv, entries, answer)
        bad = {each.path for each in done.findings}
        for entry in entries.values():
            if entry.path not in bad:
                done.findings += self._digest_findings(mv, entry)
        return done

    def _digest_findings(self, mv: ModuleVersion, entry: Entry) -> Iterator[Finding]:
        want = entry.path.rpartition("/")[2]
        got = self._digest(entry.path)
        if got != want:
            yield Finding(
                verdict=Verdict.CORRUPT,
                path=entry.path,
                mv=mv,
                reason="its bytes do not have the blob's digest",
                expected=f"sha256:{want}",
                found=f"sha256:{got}",
                fix=Fix.FETCH,
            )

    def _digest(self, path: str) -> str:
        digest = hashlib.sha256()
        try:
            with self.tree.open(path) as (read_at, size_bytes):
                for offset in range(0, size_bytes, _PIECE_BYTES):
                    digest.update(read_at(offset, _PIECE_BYTES))
        except (NotInTreeError, DamagedFileError) as exc:
            return f"nothing: {exc}"
        return digest.hexdigest()

    def rest(self) -> list[Finding]:
        """See Target: orphans, and tiles."""
        return [*self._orphans(), *self._tiles()]

    def _orphans(self) -> Iterator[Finding]:
        named = {
            digest for row in self.rows.values() for digest in digests_of(row).values()
        }
        now = self._clock.now().timestamp()
        for entry in self._walk(BLOBS):
            name = entry.path.rpartition("/")[2]
            if entry.is_folder or name in named:
                continue
            if now - entry.stat.st_mtime > _ORPHAN_SECONDS:
                yield Finding(
                    verdict=Verdict.ORPHAN,
                    path=entry.path,
                    reason="no version has this blob; `gosync prune` removes it",
                    fix=Fix.DROP,
                )

    def _walk(self, folder: str) -> Iterator[Entry]:
        """Yield what is below a folder of the store, with whole paths."""
        if not (self.tree.root / folder).is_dir():
            return
        for each in walk(self.tree, StoreLayout({}), below=folder):
            path = f"{folder}/{each.path}"
            if isinstance(each, Unread):
                self._unread.append(replace(each, path=path))
            else:
                yield replace(each, path=path)

    def _tiles(self) -> Iterator[Finding]:
        if self._database is None or not self._head:
            return
        folder = database_folder(self._database.name)
        client = self.client()
        assert client is not None
        found: dict[str, Finding] = {}
        for entry in self._walk(folder):
            if not entry.is_folder:
                for finding in _check_tile(client, folder, entry):
                    found.setdefault(finding.path, finding)
        yield from found.values()

    def client(self) -> SumClient | None:
        """Return a client of the store's own tiles, which asks nobody."""
        if self._database is None or not self._head:
            return None
        tiles = TileStore(self.tree.root, self._database.name)
        return SumClient(StoreOps(self._head, tiles), self._database)


def _check_tile(client: SumClient, folder: str, entry: Entry) -> Iterator[Finding]:
    name = entry.path.removeprefix(f"{folder}/")
    try:
        tile = parse_tile_path(name)
    except MalformedError as exc:
        yield _tile_finding(Verdict.ORPHAN, entry.path, exc.reason, Fix.DROP)
        return
    if not entry.is_file or entry.stat.st_size != tile.size_bytes:
        reason = f"{entry.stat.st_size} bytes are no tile of {tile.w} hashes"
        yield _tile_finding(Verdict.CORRUPT, entry.path, reason, Fix.FETCH)
        return
    try:
        finish(client.tiles([tile]))
    except TileMismatchError as exc:
        path = f"{folder}/{exc.tiles[0]}" if exc.tiles else entry.path
        yield _tile_finding(Verdict.CORRUPT, path, str(exc), Fix.FETCH)
    except (GosyncError, ValueError):
        return  # its parents are not here: nobody can say


def _tile_finding(verdict: Verdict, path: str, reason: str, fix: Fix) -> Finding:
    return Finding(verdict=verdict, path=path, reason=reason, fix=fix)


class StoreSource:
    """The store's own records, proven anew with its own tiles."""

    def __init__(self, target: StoreTarget, database: Database | None) -> None:
        self._rows = target.rows
        self._client = target.client()
        self._name = database.name if database is not None else ""

    async def ask(self, mv: ModuleVersion) -> Answer | None:
        """See proofs.Source."""
        row = self._rows.get(mv)
        if row is None:
            return None
        answer = answer_of_row(row)
        if row.proof is not Proof.SUMDB or self._client is None:
            return answer
        assert row.record_id is not None
        assert row.record_text is not None
        try:
            await self._client.prove_record(row.record_id, row.record_text)
        except UnavailableError:
            return answer
        except SecurityError as exc:
            reason = f"the catalog's record does not hold: {exc}"
            return Answer(cause=Cause.UNPROVEN, reason=reason)
        return replace(answer, evidence=self._evidence(row))

    def _evidence(self, row: VersionRow) -> Evidence:
        assert self._client is not None
        head = self._client.head
        assert head is not None
        return Evidence.of_tree(f"{self._name}, in the store", row.record_id, head.tree)


class StoreOps:
    """The sumdb client's operations over a store, which change nothing."""

    def __init__(self, head: bytes, tiles: TileStore) -> None:
        self._head = head
        self._tiles = tiles

    async def read_remote(self, path: str) -> bytes:
        """Return a tile; there is nothing else here."""
        data = None
        if path.startswith("tile/"):
            data = self._tiles.read(parse_tile_path(path))
        if data is None:
            raise UnavailableError(f"{path}: not in the store")
        return data

    async def read_head(self) -> bytes:
        """Return the trusted head."""
        return self._head

    async def write_head(self, old: bytes, new: bytes) -> bool:
        """Change nothing."""
        del new
        return old == self._head

    async def read_tile(self, tile: Tile) -> bytes | None:
        """Return nothing: what is cached would not be convicted."""
        del tile
        return None

    async def write_tiles(self, tiles: Sequence[tuple[Tile, bytes]]) -> None:
        """Keep nothing."""

    async def report(self, error: SecurityError, evidence: Mapping[str, bytes]) -> None:
        """Keep nothing: the report says it."""
