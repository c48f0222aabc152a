"""Nobody outside asks storage where its bytes lie: an object store has no answer.

What is local by nature has a path, and is listed with its reason. All else goes
through the contracts of ``gosync.store`` and ``gosync.publish.storage.tree``.
"""

from __future__ import annotations

import ast
import inspect
import typing
from collections.abc import Iterator
from pathlib import Path

import pytest

import gosync
from gosync.bundle.read.medium import Medium, MediumFile
from gosync.bundle.take.copies import BundleCopies
from gosync.publish.storage.tree import TreeReader, TreeStorage, TreeWriter
from gosync.store.blobs import BlobReader, BlobStore, BlobWriter, OpenBlob
from gosync.store.journal import Journal
from gosync.store.quarantine import Quarantine
from gosync.store.scratch import ScratchFiles
from gosync.store.staging import Readable, Staged
from gosync.store.tiles import TileStore
from gosync.store.writerlock import WriterLock

_PACKAGE = Path(gosync.__file__).parent
_LOCAL = frozenset(
    {
        *("LocalBlobStore", "LocalStaged", "LocalOpenBlob", "LocalJournal"),
        *("LocalWriterLock", "LocalTree", "LocalTreeWriter"),
        *("LocalTileStore", "LocalQuarantine", "LocalBundleCopies"),
        *("BLOBS", "STAGING", "blob_path", "parse_blob_path"),
    }
)
_FROM = (
    *("gosync.store.", "gosync.publish.storage.localtree"),
    "gosync.bundle.take.localcopies",
)
_HINTS = (*_LOCAL, "blobs.path", "staged.path")
# Who may know where bytes lie on a disk, and why.
_BESIDE_THE_STORE = {
    "site/site.py": "opens the tiles, which are local",
    "site/storeparts.py": "opens a store's parts",
    "site/catalogcopies.py": "stages a copy of the catalog",
    "verify/ownstore/buckettree.py": "shows a bucket's blobs as a store's files",
    "site/opening.py": "looks whether a disk is mounted",
    "site/followed.py": "keeps the index that it follows on the local disk",
    "site/refusals.py": "names what is not there",
    "ingest/rebuild.py": "opens a store whose catalog is lost",
    "ingest/known.py": "opens a journal before the store is opened",
    "verify/ownstore/checking.py": "looks at files that lie in a store",
    "verify/ownstore/files.py": "looks at files that lie in a store",
    "publish/storage/localtree.py": "links the blobs of its own kind",
    "takein/foreignstore.py": "reads the folder of another store",
    "bundle/take/waiting.py": "opens a store's copies of bundles",
    "site/treestorage.py": "makes what is configured a tree",
    "bundle/make/tree_archive.py": "packs the tree of a folder",
    "closure/files.py": "looks at a copy of a tree on some medium",
    "folder/detection.py": "recognises a store by its folders",
    "publish/storage/packedtree.py": "is the storage of a tree, with copies beside it",
    "verify/ownstore/actions.py": "moves files that lie in a store",
    "verify/ownstore/plan.py": "looks at files that lie in a store",
    "verify/ownstore/target.py": "looks at files that lie in a store",
}
_CONTRACTS = (
    *(Readable, Staged, ScratchFiles, OpenBlob, BlobReader, BlobWriter, BlobStore),
    *(TreeReader, TreeWriter, TreeStorage, Journal, WriterLock),
    *(TileStore, Quarantine, BundleCopies, Medium, MediumFile),
)


@pytest.mark.parametrize("contract", _CONTRACTS, ids=lambda each: each.__name__)
def test_no_contract_speaks_of_paths(contract: type) -> None:
    names = {"Path": Path}
    for name, member in inspect.getmembers(contract):
        call = member.fget if isinstance(member, property) else member
        if name.startswith("_") or not callable(call):
            continue
        hints = typing.get_type_hints(call, localns=names)
        assert Path not in hints.values(), (contract.__name__, name)


def _local_names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(_FROM):
            yield from {alias.name for alias in node.names} & _LOCAL
        elif isinstance(node, ast.Attribute) and node.attr == "path":
            owner = ast.unparse(node.value).rpartition(".")[2]
            if owner in {"blobs", "_blobs", "staged"}:
                yield f"{owner}.path"


def test_nobody_else_knows_where_bytes_lie() -> None:
    found = {}
    for path in sorted(_PACKAGE.rglob("*.py")):
        name = path.relative_to(_PACKAGE).as_posix()
        text = path.read_text()
        if not name.startswith("store/") and any(each in text for each in _HINTS):
            names = set(_local_names(ast.parse(text)))
            if names:
                found[name] = names
    unlisted = {name: found[name] for name in found if name not in _BESIDE_THE_STORE}
    assert unlisted == {}, "ask the storage for bytes, or say here why not"
    assert _BESIDE_THE_STORE.keys() <= found.keys(), "it is not needed"


@pytest.mark.parametrize(
    "text",
    [
        "from gosync.store.localblobs import LocalBlobStore",
        "from gosync.store.layout import CATALOG, STAGING",
        "from gosync.publish.storage.localtree import LocalTree",
        "self._blobs.path(digest)",
        "site.blobs.path",
        "open(staged.path)",
    ],
)
def test_the_border_is_seen_where_it_is_crossed(text: str) -> None:
    assert list(_local_names(ast.parse(text)))
