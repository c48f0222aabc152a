"""Proof source of the own store: its records, proven with its own tiles."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from gosync.catalog.versions import Proof, VersionRow
from gosync.errors import (
    MalformedError,
    SecurityError,
    TileMismatchError,
    UnavailableError,
)
from gosync.folder.tree import DamagedFileError, FileTree, NotInTreeError
from gosync.gomod.module import ModuleVersion
from gosync.store.layout import database_folder
from gosync.sumdb.client import SumClient
from gosync.sumdb.names import Database
from gosync.sumdb.readonly import ReadOnlyOps
from gosync.sumdb.tile import Tile, parse_tile_path
from gosync.verify.prove.answers import ProofAnswer
from gosync.verify.prove.prover import answer_of_row
from gosync.verify.verdicts import Cause, Evidence


class StoreProofSource:
    """The store's records, proven anew.

    Attributes:
        doubted: The versions whose records do not hold, of those it was asked about.
    """

    def __init__(
        self,
        rows: Mapping[ModuleVersion, VersionRow],
        client: SumClient | None,
        database: Database | None,
    ) -> None:
        """Take what the catalog carries, and what proves records."""
        self._rows = rows
        self._client = client
        self._name = database.name if database is not None else ""
        self.doubted: set[ModuleVersion] = set()

    async def ask(self, mv: ModuleVersion) -> ProofAnswer | None:
        """See proofs.Source."""
        row = self._rows.get(mv)
        if row is None:
            return None
        answer = None
        try:
            answer = answer_of_row(row)
            if row.proof is not Proof.SUMDB or self._client is None:
                return answer
            await self._client.prove_record(row.record_id or 0, row.record_text or b"")
        except (UnavailableError, TileMismatchError):
            return answer  # the catalog's word counts; a bad tile is found as such
        except (MalformedError, SecurityError) as exc:
            reason = f"the catalog's record does not hold: {exc}"
            self.doubted.add(mv)
            return ProofAnswer(cause=Cause.UNPROVEN, reason=reason, doubt=reason)
        return replace(answer, evidence=self._evidence(row))

    def _evidence(self, row: VersionRow) -> Evidence:
        assert self._client is not None
        head = self._client.head
        assert head is not None
        return Evidence.of_tree(f"{self._name}, in the store", row.record_id, head.tree)


class StoreOps(ReadOnlyOps):
    """The sumdb client's operations over a store, which change nothing."""

    def __init__(self, head: bytes, tree: FileTree, name: str) -> None:
        """Take the trusted head, the store's files, and the database's name."""
        super().__init__(head)
        self._tree = tree
        self._folder = database_folder(name)

    async def read_remote(self, path: str) -> bytes:
        """Return a tile; there is nothing else here."""
        data = self._read(parse_tile_path(path)) if path.startswith("tile/") else None
        if data is None:
            raise UnavailableError(f"{path}: not in the store")
        return data

    def _read(self, tile: Tile) -> bytes | None:
        """Return a tile, a partial one from the full one of its place too."""
        for each in (tile, tile.full()):
            path = f"{self._folder}/{each.path()}"
            try:
                data = self._tree.read(path, limit_bytes=each.size_bytes)
            except (NotInTreeError, DamagedFileError):
                continue
            if len(data) == each.size_bytes:
                return data[: tile.size_bytes]
        return None

    async def write_head(self, old: bytes, new: bytes) -> bool:
        """Change nothing."""
        del new
        return old == self._head
