"""The published tree checked by gosync's own client, from its files alone.

For every version that a list of the tree names: its lookup is proven to the
tree's signed head with the tree's tiles, and the zip's and go.mod's h1 are the
ones of the record. It is what `go` does, for where no `go` is at hand.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gosync.closure.files import routes_of, scan_tree_zip
from gosync.errors import ChecksumMismatchError
from gosync.folder.sums import TreeOps
from gosync.folder.tree import FileTree
from gosync.gomod.dirhash import hash_go_mod
from gosync.gomod.modfile import MAX_GO_MOD_BYTES
from gosync.gomod.module import ModuleVersion, unescape_path
from gosync.gomod.patterns import PatternSet
from gosync.gomod.versionlist import parse_list
from gosync.sumdb.client import SumClient
from gosync.sumdb.names import Database


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
        RejectedError: if a file is no such file.
    """
    tree = FileTree(root)
    client = SumClient(TreeOps(tree, database.name), database)
    unproven = PatternSet(private)
    proven = []
    for listing in sorted(root.glob("**/@v/list")):  # noqa: ASYNC240 - one task
        path = unescape_path(str(listing.parent.parent.relative_to(root)))
        if unproven.match(path):
            continue
        for version in parse_list(listing.read_bytes(), path=path):
            mv = ModuleVersion(path, version)
            record = await client.lookup(mv)
            at = routes_of(mv)
            mod = tree.read(at.mod, limit_bytes=MAX_GO_MOD_BYTES)
            _compare(f"{mv} go.mod", record.mod_h1, hash_go_mod(mod))
            _compare(f"{mv} zip", record.zip_h1, scan_tree_zip(tree, at.zip, mv).h1)
            proven.append(mv)
    return proven


def _compare(subject: str, want: str, got: str) -> None:
    if want != got:
        authority = "the checksum database"
        raise ChecksumMismatchError(subject, want=want, got=got, authority=authority)
