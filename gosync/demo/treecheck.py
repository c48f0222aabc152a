"""The published tree checked by gosync's own client, from its files alone.

For every version that a list of the tree names: its lookup is proven to the
tree's signed head with the tree's tiles, and the zip's and go.mod's h1 are the
ones of the record. It is what `go` does, for where no `go` is at hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from gosync.errors import (
    ChecksumMismatchError,
    MalformedError,
    NotFoundError,
    SecurityError,
)
from gosync.gomod.dirhash import hash_go_mod, scan_zip
from gosync.gomod.module import ModuleVersion, unescape_path
from gosync.gomod.patterns import PatternSet
from gosync.gomod.versionlist import parse_list
from gosync.publish import routes
from gosync.sumdb.client import SumClient
from gosync.sumdb.names import Database
from gosync.sumdb.tile import Tile


class TreeOps:
    """The sumdb client's operations over a tree: nothing is kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._head = b""

    async def read_remote(self, path: str) -> bytes:
        """Return a file of the tree's database."""
        try:
            return (self._folder / path).read_bytes()
        except FileNotFoundError as exc:
            raise NotFoundError(f"{path}: not in the tree") from exc

    async def read_head(self) -> bytes:
        """Return the head seen before."""
        return self._head

    async def write_head(self, old: bytes, new: bytes) -> bool:
        """Remember a head."""
        same = old == self._head
        self._head = new if same else self._head
        return same

    async def read_tile(self, tile: Tile) -> bytes | None:
        """Return nothing: every tile comes from the tree."""
        del tile
        return None

    async def write_tiles(self, tiles: Sequence[tuple[Tile, bytes]]) -> None:
        """Keep nothing."""

    async def report(self, error: SecurityError, evidence: Mapping[str, bytes]) -> None:
        """Keep nothing: the error itself is the finding."""


async def check_tree(
    root: Path, database: Database, *, private: Iterable[str] = ()
) -> list[ModuleVersion]:
    """Prove every listed version of a tree, and return them.

    Args:
        root: The tree.
        database: The checksum database, of which the key is known.
        private: GONOSUMDB patterns: modules that no database knows.

    Raises:
        SecurityError: if something is not what the log says.
        NotFoundError: if a file is missing.
        MalformedError: if a file is no such file.
    """
    client = SumClient(TreeOps(root / routes.sumdb_folder(database.name)), database)
    unproven = PatternSet(private)
    proven = []
    for listing in sorted(root.glob("**/@v/list")):  # noqa: ASYNC240 - one task
        path = unescape_path(str(listing.parent.parent.relative_to(root)))
        if unproven.match(path):
            continue
        for version in parse_list(listing.read_bytes(), path=path):
            mv = ModuleVersion(path, version)
            record = await client.lookup(mv)
            at = routes.of_module(path).of_version(version)
            _compare(f"{mv} go.mod", record.mod_h1, _mod_h1(root / at.mod))
            _compare(f"{mv} zip", record.zip_h1, _zip_h1(root / at.zip, mv))
            proven.append(mv)
    return proven


def _mod_h1(path: Path) -> str:
    return hash_go_mod(path.read_bytes())


def _zip_h1(path: Path, mv: ModuleVersion) -> str:
    with path.open("rb") as file:

        def read_at(offset: int, size_bytes: int) -> bytes:
            file.seek(offset)
            return file.read(size_bytes)

        scan = scan_zip(read_at, path.stat().st_size, mv)
    if not scan.checked.ok:
        raise MalformedError("module zip", mv, "breaks a rule")
    return scan.h1


def _compare(subject: str, want: str, got: str) -> None:
    if want != got:
        authority = "the checksum database"
        raise ChecksumMismatchError(subject, want=want, got=got, authority=authority)
