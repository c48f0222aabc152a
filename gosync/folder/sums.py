"""Checksum database files of a tree: every record proven to a signed head.

It is what ``go`` does with GOPROXY at the tree. A client's success must not depend on
what it looks up first, and lookups carry different heads. By ``sumdb.mixedheads`` it is
enough to prove each record in the largest head so far, and each head in the largest for
a client that remembers it: the tree has the tiles of all other orders then, too.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Final, TypeVar

from gosync.errors import (
    GosyncError,
    MalformedError,
    RejectedError,
    SecurityError,
    TileMismatchError,
    UnavailableError,
)
from gosync.folder import routes
from gosync.folder.findings import TreeFault, TreeFinding
from gosync.folder.tree import DamagedFileError, FileTree, NotInTreeError
from gosync.gomod.module import ModuleVersion
from gosync.gomod.patterns import PatternSet
from gosync.sumdb.client import ProvenRecord, SumClient
from gosync.sumdb.names import Database
from gosync.sumdb.note import MAX_NOTE_BYTES
from gosync.sumdb.readonly import ReadOnlyOps
from gosync.sumdb.record import MAX_LOOKUP_BYTES, parse_record
from gosync.sumdb.tile import FULL_TILE_BYTES, Tile, tile_in_tree
from gosync.sumdb.tlog import Tree as TreeHead
from gosync.sumdb.tlog import parse_tree
from gosync.sumdb.treehead import SignedHead

_LIMITS: Final = {
    "lookup": MAX_LOOKUP_BYTES,
    "tile": FULL_TILE_BYTES,
    "latest": MAX_NOTE_BYTES,
}
R = TypeVar("R")


class TreeOps(ReadOnlyOps):
    """The sumdb client's operations over a tree; nothing is kept, nothing waits.

    Attributes:
        heads: A note for each tree head that a lookup came with.
        last_head: The head that the last lookup came with, None if it had none.
    """

    def __init__(self, tree: FileTree, database: str, head: bytes = b"") -> None:
        """Begin as a client that has seen this head."""
        super().__init__(head)
        self._tree = tree
        self._folder = routes.sumdb_folder(database)
        self.heads: dict[TreeHead, bytes] = {}
        self.last_head: TreeHead | None = None

    async def read_remote(self, path: str) -> bytes:
        """Return a file of the tree's database."""
        kind = path.partition("/")[0]
        where = f"{self._folder}/{path}"
        self._tree.require(where)
        data = self._tree.read(where, limit_bytes=_LIMITS[kind])
        if kind == "lookup":
            self._note_head(data)
        return data

    def _note_head(self, lookup: bytes) -> None:
        self.last_head = None
        with suppress(RejectedError):  # the client will say so
            note = parse_record(lookup).rest
            head = parse_tree(note.rpartition(b"\n\n")[0] + b"\n")
            self.heads.setdefault(head, note)
            self.last_head = head


class TreeSums:
    """Proves records of module versions, each once.

    Attributes:
        tree: The files.
        database: Whose key is believed; None for nobody's.
    """

    def __init__(
        self, tree: FileTree, database: Database | None, private: PatternSet
    ) -> None:
        """Believe one key, and ask nothing about private modules."""
        self.tree = tree
        self.database = database
        self._private = private
        self._answers: dict[ModuleVersion, ProvenRecord | TreeFinding] = {}
        self._met: dict[TreeHead, ModuleVersion] = {}
        self._head_of: dict[ModuleVersion, TreeHead | None] = {}
        if database is not None:
            self._ops = TreeOps(tree, database.name)
            self._client = SumClient(self._ops, database)

    @property
    def head(self) -> SignedHead | None:
        """The newest head that a lookup came with; None before the first."""
        return self._client.head if self.database is not None else None

    def covers(self, path: str) -> bool:
        """Return whether the database is to know this module."""
        return self.database is not None and not self._private.match(path)

    def lookup_path(self, mv: ModuleVersion) -> str:
        """Return where the lookup of a version lies."""
        assert self.database is not None
        name = routes.of_module(mv.path).of_version(mv.version).lookup
        return f"{routes.sumdb_folder(self.database.name)}/lookup/{name}"

    def prove(self, mv: ModuleVersion) -> ProvenRecord | TreeFinding:
        """Return the proven record of a version, or what is in the way."""
        if mv not in self._answers:
            self._answers[mv] = self._lookup(self._client, mv)
            self._head_of[mv] = self._ops.last_head
        return self._answers[mv]

    def prove_tile(self, tile: Tile) -> TreeFinding | None:
        """Return what is wrong with a tile, None if nothing says that it is.

        It is held against the newest tree that a lookup came with; of a tile above
        it, or whose parents are not here, nobody can say anything.
        """
        where = f"{self._folder}/{tile.path()}"
        return self._held(where, partial(self._compare_tile, tile, where))

    def _compare_tile(self, tile: Tile, where: str) -> TreeFinding | None:
        head = self._client.head
        if head is None:
            return None
        wide = tile_in_tree(tile.l, tile.n, head.tree.n)
        finish(self._client.tiles([wide]))
        if tile.w >= wide.w:
            return None
        files = (f"{self._folder}/{wide.path()}", where)
        whole, narrow = (
            self.tree.read(file, limit_bytes=FULL_TILE_BYTES) for file in files
        )
        if narrow == whole[: tile.size_bytes]:
            return None
        return _wrong(where, f"is not the beginning of {wide.path()}")

    def prove_latest(self) -> TreeFinding | None:
        """Return what is wrong with the database's ``latest``, if something is."""
        return self._held(f"{self._folder}/latest", self._merge_latest)

    def _merge_latest(self) -> None:
        finish(self._client.refresh())

    def _held(
        self, path: str, check: Callable[[], TreeFinding | None]
    ) -> TreeFinding | None:
        """Return what a check of a file finds; None where something else lacks."""
        try:
            return check()
        except SecurityError as exc:
            return _wrong(self._culprit(exc, path), str(exc), security=True)
        except DamagedFileError as exc:
            return _wrong(exc.path, exc.reason)
        except MalformedError as exc:
            return _wrong(path, exc.reason)
        except (GosyncError, ValueError):
            return None

    @property
    def _folder(self) -> str:
        assert self.database is not None
        return routes.sumdb_folder(self.database.name)

    def _culprit(self, error: SecurityError, path: str) -> str:
        """Return the file that an error convicts: a tile, or else this one."""
        if isinstance(error, TileMismatchError) and error.tiles:
            return f"{self._folder}/{error.tiles[0]}"
        return path

    def support(self) -> TreeFinding | None:
        """Return what keeps ``go`` from asking the tree for proofs, if something."""
        if self.database is None:
            return None
        path = f"{routes.sumdb_folder(self.database.name)}/supported"
        nobody = ModuleVersion("", "")
        try:
            self.tree.read(path, limit_bytes=MAX_NOTE_BYTES)
        except NotInTreeError:
            reason = "without it go asks for proofs elsewhere"
            return TreeFinding(
                kind=TreeFault.MISSING, path=path, reason=reason, mv=nobody
            )
        except DamagedFileError as exc:
            return TreeFinding(
                kind=TreeFault.WRONG, path=path, reason=exc.reason, mv=nobody
            )
        return None

    def order_finding(self, mv: ModuleVersion) -> TreeFinding | None:
        """Return what a client would trip over that saw another head before.

        Of a proven version; each head is judged once, with the first that carries it.
        """
        head = self._head_of.get(mv)
        if not isinstance(self._answers.get(mv), ProvenRecord) or head is None:
            return None
        if head in self._met:
            return None
        top = max(self._met, key=lambda each: each.n, default=None)
        self._met[head] = mv
        if top is None:
            return None
        older, newer = sorted((head, top), key=lambda each: each.n)
        assert self.database is not None
        ops = TreeOps(self.tree, self.database.name, self._ops.heads[older])
        client = SumClient(ops, self.database)
        # The first of these takes the older head's own edge, as go does when it starts.
        asked = (self._lookup(client, self._met[each]) for each in (older, newer))
        return next((each for each in asked if isinstance(each, TreeFinding)), None)

    def _lookup(
        self, client: SumClient, mv: ModuleVersion
    ) -> ProvenRecord | TreeFinding:
        path = self.lookup_path(mv)
        kind, security = TreeFault.WRONG, False
        try:
            return finish(client.lookup(mv))
        except NotInTreeError:
            kind, reason = TreeFault.MISSING, "no record of the checksum database"
        except UnavailableError as exc:  # a tile
            kind, reason = TreeFault.UNPROVEN, "this tile of the log is missing"
            if isinstance(exc.__cause__, NotInTreeError):
                path = exc.__cause__.path
        except DamagedFileError as exc:
            path, reason = exc.path, exc.reason
        except MalformedError as exc:
            reason = str(exc)
        except SecurityError as exc:
            path, reason, security = self._culprit(exc, path), str(exc), True
        return TreeFinding(
            kind=kind, path=path, reason=reason, mv=mv, security=security
        )


def _wrong(path: str, reason: str, *, security: bool = False) -> TreeFinding:
    nobody = ModuleVersion("", "")
    return TreeFinding(
        kind=TreeFault.WRONG,
        path=path,
        reason=reason,
        mv=nobody,
        security=security,
    )


def finish(work: Coroutine[object, None, R]) -> R:
    """Return what a coroutine returns that never waits."""
    try:
        work.send(None)
    except StopIteration as end:
        value: R = end.value
        return value
    work.close()
    raise AssertionError("it waited, and files need no waiting for")
