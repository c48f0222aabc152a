"""Archives of Go in the tree: ``dl/``, for the toolchains that it carries.

An archive is made once, when its toolchain comes into the tree, and goes when that
leaves. It appears before the lists name it, and goes after they do not. What is ours is
told by a file beside the tree's marker: what else lies in ``dl/`` is somebody's.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterable, Sequence
from tempfile import TemporaryFile
from typing import BinaryIO, Final, cast

import msgspec

from gosync.catalog.versions import VersionRow
from gosync.folder.layouts import TOOLCHAIN
from gosync.folder.routes import (
    DOWNLOADS_FOLDER,
    MARKER_FOLDER,
    PAGE_NAMES,
    of_module,
)
from gosync.gomod.filekind import FileKind
from gosync.publish.pages.downloads import (
    INDEX,
    PAGE,
    SUMS,
    GoDownload,
    ToolchainName,
    downloads_page,
    format_index,
    format_sums,
    newest_first,
    parse_toolchain,
)
from gosync.publish.pages.wordfile import words_of
from gosync.publish.pages.words import Words
from gosync.publish.storage.tree import TreeWriter
from gosync.site.goarchive import write_archive
from gosync.site.site import Site
from gosync.site.treestorage import tree_storage
from gosync.store.digest import Digest

_MARK: Final = f"{MARKER_FOLDER}/complete/{DOWNLOADS_FOLDER}"
_LISTS: Final = (INDEX, SUMS)
_PAGES: Final = tuple(f"{DOWNLOADS_FOLDER}/{name}" for name in PAGE_NAMES)


class _Made(msgspec.Struct, frozen=True):
    """An archive that the tree has, or is about to have.

    Attributes:
        toolchain: The digest of the toolchain's zip that it is made of.
        sha256: Its own digest, "" before it is there whole.
        size_bytes: Its size, 0 before that.
    """

    toolchain: str
    sha256: str = ""
    size_bytes: int = 0


_decode = msgspec.json.Decoder(dict[str, _Made]).decode


def write_downloads(site: Site) -> int:
    """Bring the tree's archives up to its toolchains; return how many files changed.

    The tree's lease is held.

    Raises:
        StoreError: a blob cannot be read, or the tree not written.
        NoSpaceError: a disk is full.
    """
    writer = tree_storage(site.options).writer()
    known = _known(writer)
    wanted = _wanted(site, writer) if site.options.toolchains.archives else {}
    if not known and not wanted:
        return 0
    languages = words_of(site.options.page_options.languages)
    if _is_done(writer, known, wanted, languages):
        return 0
    writer.open()
    before = writer.changes
    made = {name: known.get(name, _Made("")) for name in {*known, *wanted}}
    _mark(writer, made)  # ours, before they are there
    writer.then()
    for name, (_, row) in wanted.items():
        made[name] = _put(site, writer, name, row, made[name])
        writer.then()  # one waits in memory, and not all of them
    kept = {name: made[name] for name in wanted}
    named = [_download(found[0], kept[n]) for n, found in wanted.items()]
    lists = _lists(named, languages)
    for path in (*_LISTS, *_PAGES):
        if path in lists:
            writer.write(path, lists[path])
        else:
            writer.remove(path)
    writer.then()
    for name in sorted(made.keys() - kept.keys()):
        writer.remove(_path(name))
    _mark(writer, kept)
    writer.commit()
    return writer.changes - before


def _known(writer: TreeWriter) -> dict[str, _Made]:
    data = writer.read(_MARK)
    if not data:
        return {}
    try:
        return _decode(data)
    except msgspec.MsgspecError:
        return {}  # nothing there is known to be ours


def _wanted(
    site: Site, writer: TreeWriter
) -> dict[str, tuple[ToolchainName, VersionRow]]:
    """Return the toolchains whose zip is in the tree, by their archives' names."""
    at, wanted = of_module(TOOLCHAIN), {}
    for row in site.catalog.versions.of(TOOLCHAIN):
        name = parse_toolchain(row.version)
        if name is None or FileKind.ZIP not in row.blobs():
            continue
        if writer.size(at.of_version(row.version).zip) is not None:
            wanted[name.file] = (name, row)
    return wanted


def _is_done(
    writer: TreeWriter,
    known: dict[str, _Made],
    wanted: dict[str, tuple[ToolchainName, VersionRow]],
    languages: Sequence[Words],
) -> bool:
    """Return whether archives and lists are those that are wanted, told by sizes."""
    zips = {name: row.blobs()[FileKind.ZIP][0] for name, (_, row) in wanted.items()}
    if {name: made.toolchain for name, made in known.items()} != zips:
        return False
    named = [_download(found[0], known[n]) for n, found in wanted.items()]
    lists = _lists(named, languages)
    sizes = {path: len(data) for path, data in lists.items()}
    sizes |= {_path(name): made.size_bytes for name, made in known.items()}
    paths = {*sizes, *_LISTS, *_PAGES}
    return all(writer.size(path) == sizes.get(path) for path in paths)


def _put(
    site: Site, writer: TreeWriter, name: str, row: VersionRow, made: _Made
) -> _Made:
    """Make an archive and put it into the tree, if it is not there."""
    digest, _ = row.blobs()[FileKind.ZIP]
    is_there = made.size_bytes and writer.size(_path(name)) == made.size_bytes
    if made.toolchain == digest and is_there:
        return made
    with site.blobs.open(Digest(digest)) as blob, TemporaryFile() as archive:
        if blob.descriptor is None:
            zip_file: BinaryIO = io.BytesIO(site.blobs.read(Digest(digest)))
        else:
            path = f"/proc/self/fd/{blob.descriptor}"
            zip_file = cast("BinaryIO", open(path, "rb"))  # noqa: PTH123, SIM115 - an own position in it
        with zip_file:
            is_zip = name.endswith(".zip")
            target = cast("BinaryIO", archive)
            write_archive(zip_file, target, version=row.version, is_zip=is_zip)
        archive.seek(0, os.SEEK_SET)
        data = archive.read()
    writer.write(_path(name), data)
    return _Made(digest, hashlib.sha256(data).hexdigest(), len(data))


def _lists(
    downloads: Iterable[GoDownload], languages: Sequence[Words]
) -> dict[str, bytes]:
    """Return the lists by their paths, none of no archives."""
    ordered = newest_first(downloads)
    if not ordered:
        return {}
    pages = {words.page(PAGE): downloads_page(ordered, words) for words in languages}
    return {INDEX: format_index(ordered), SUMS: format_sums(ordered), **pages}


def _download(name: ToolchainName, made: _Made) -> GoDownload:
    return GoDownload(name, made.sha256, made.size_bytes)


def _mark(writer: TreeWriter, made: dict[str, _Made]) -> None:
    writer.write(_MARK, msgspec.json.encode(made, order="sorted"))


def _path(name: str) -> str:
    return f"{DOWNLOADS_FOLDER}/{name}"
