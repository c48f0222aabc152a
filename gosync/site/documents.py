"""Artifacts of a store, written into its tree: documents, the vulnerability database.

They lie below their kinds' folders (gosync.folder.routes). Nothing of the module
protocol names them, so they come after the rest; one that the store has no more
leaves the tree.

Of the vulnerability database each file has a ``.gz`` beside it, which is what
govulncheck asks for, and they appear in waves: entries, ``vulns.json``,
``modules.json``, ``db.json``; so an index names nothing that is not there. It has
some ten thousand files, so what is there already is told by a digest of all of them,
in a file beside the tree's marker.

A tree has pages besides that come with gosync (``TreePages``), likewise.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable, Mapping
from itertools import groupby
from types import MappingProxyType
from typing import Final

from gosync.artifact import DOCUMENT, VULNDB, Artifact
from gosync.folder.routes import ARTIFACT_FOLDERS, MARKER_FOLDER, artifact_file
from gosync.publish.storage.tree import TreeWriter
from gosync.site.attestations import FOLDER as ATTESTATIONS
from gosync.site.houselog import FOLDER as HOUSE_LOG
from gosync.site.options import TreePages
from gosync.site.site import Site
from gosync.site.treestorage import tree_storage
from gosync.store.digest import Digest

_PACKED: Final = ".gz"
_MARKS: Final = f"{MARKER_FOLDER}/complete"  # digests of what is there whole
_COMPLETE: Final = f"{_MARKS}/{VULNDB}"
_DOCUMENTS: Final = f"{_MARKS}/{DOCUMENT}"  # the names of those that are the store's
_NONE: Final[Mapping[str, str]] = MappingProxyType({})
_DB: Final = "index/db.json"
_WAVES: Final = {"index/vulns.json": 1, "index/modules.json": 2, _DB: 3}


def write_documents(site: Site) -> int:
    """Bring the tree's artifacts up to the store's; return how many files changed.

    The tree's lease is held.

    Raises:
        StoreError: a blob cannot be read, or the tree not written.
    """
    every = site.catalog.artifacts.all()
    documents = [each for each in every if each.kind == DOCUMENT]
    database = [each for each in every if each.kind == VULNDB]
    writer = tree_storage(site.options).writer()
    return sum(
        (
            _documents(site, writer, documents),
            *(_pages(writer, each) for each in site.options.pages),
            _database(site, writer, database),
        )
    )


def first_page(pages: Iterable[TreePages], folder: str) -> str:
    """Return where the first of the pages of a folder lies, "" where none are."""
    found = (_in_folder(e, next(iter(e.names))) for e in pages if e.folder == folder)
    return next(found, "")


def packed(data: bytes) -> bytes:
    """Return the bytes of a file's ``.gz``: the same for the same bytes."""
    return gzip.compress(data, mtime=0)


def _documents(site: Site, writer: TreeWriter, kept: Iterable[Artifact]) -> int:
    files = {_file(each): each for each in kept}
    own = tuple(_in_folder(pages, "") for pages in site.options.pages)
    files = {path: each for path, each in files.items() if not path.startswith(own)}
    lines = (writer.read(_DOCUMENTS) or b"").decode().split("\n")
    told = dict(each.partition(" ")[::2] for each in lines if each)
    known = set(told)
    if not files and not known:
        return 0  # what lies there is somebody else's
    gone = {path for path in known - files.keys() if not path.startswith(own)}
    writer.open()
    before = writer.changes
    writer.write(_DOCUMENTS, _names(known | files.keys()))  # ours before they are there
    writer.then()
    for path, artifact in files.items():
        if told.get(path) != artifact.digest or writer.size(path) is None:
            writer.write(path, _read(site, artifact))
    _remove(writer, gone)
    writer.then()
    writer.write(_DOCUMENTS, _names(files, _settled(files)))
    writer.commit()
    return writer.changes - before


def _names(paths: Iterable[str], settled: Mapping[str, str] = _NONE) -> bytes:
    """Return the lines of paths, with the digests of those that are settled."""
    lines = (f"{path} {settled.get(path, '')}".rstrip() for path in sorted(paths))
    return "\n".join(lines).encode()


def _settled(files: Mapping[str, Artifact]) -> dict[str, str]:
    """Return the digests of files that need not be read again; they prove themselves.

    Of attestations there may be as many as versions, and of records of the house log.
    """
    root = ARTIFACT_FOLDERS[DOCUMENT]
    below = (f"{root}/{ATTESTATIONS}", f"{root}/{HOUSE_LOG}")
    return {p: each.digest for p, each in files.items() if p.startswith(below)}


def _pages(writer: TreeWriter, pages: TreePages) -> int:
    there = set(writer.walk(_in_folder(pages, "").rstrip("/")))
    mark, state = f"{_MARKS}/{pages.folder.rpartition('/')[2]}", pages.state().encode()
    wanted = {_in_folder(pages, name) for name in pages.names}
    if there == wanted and writer.read(mark) == state:
        return 0
    writer.open()
    before = writer.changes
    for name, data in pages.files().items():
        writer.write(_in_folder(pages, name), data)
    _remove(writer, there - wanted)
    writer.then()
    writer.write(mark, state)
    writer.commit()
    return writer.changes - before


def _in_folder(pages: TreePages, name: str) -> str:
    return f"{pages.folder}/{name}"


def _database(site: Site, writer: TreeWriter, kept: list[Artifact]) -> int:
    lines = "".join(sorted(f"{each.name} {each.digest}\n" for each in kept))
    state = hashlib.sha256(lines.encode()).hexdigest().encode()
    begins = f"{ARTIFACT_FOLDERS[VULNDB]}/{_DB}"
    is_there = not kept or writer.size(begins) is not None
    mark = writer.read(_COMPLETE)
    if is_there and mark == state:
        return 0
    if not kept and mark is None:
        return 0  # what lies there is somebody else's
    there = set(writer.walk(ARTIFACT_FOLDERS[VULNDB]))
    writer.open()
    before = writer.changes
    writer.write(_COMPLETE, b"")  # ours from here on, and not whole
    writer.then()
    wanted: set[str] = set()
    for _, wave in groupby(sorted(kept, key=_wave), key=lambda each: _wave(each)[0]):
        for each in wave:
            path, data = _file(each), _read(site, each)
            wanted |= {path, path + _PACKED}
            if writer.write(path, data) or path + _PACKED not in there:
                writer.write(path + _PACKED, packed(data))
        writer.then()
    _remove(writer, there - wanted)
    writer.write(_COMPLETE, state)
    writer.commit()
    return writer.changes - before


def _wave(artifact: Artifact) -> tuple[int, str]:
    return _WAVES.get(artifact.name, 0), artifact.name


def _file(artifact: Artifact) -> str:
    path = artifact_file(artifact.kind, artifact.name)
    assert path is not None
    return path


def _read(site: Site, artifact: Artifact) -> bytes:
    digest = Digest(artifact.digest)
    return site.blobs.read(digest, limit_bytes=artifact.size_bytes)


def _remove(writer: TreeWriter, paths: Iterable[str]) -> None:
    for path in sorted(paths):
        writer.remove(path)
