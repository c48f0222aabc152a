"""Tree as a folder, with compressed copies of its texts and pages beside them.

Web servers that find ``list.gz`` beside ``list`` send it to whom takes gzip, and
compress nothing themselves (nginx: ``gzip_static``, ``brotli_static``); they do not
look which of the two is newer. So a copy is never behind its file, whatever ends a
publish:

- it is shown in the same wave as its file and before it: cut off in between, the file
  is the older one, and written again by the next publish, as is the copy;
- it goes before its file is removed, or is to become too short for one.

A copy is of the same wave as its file, so what I6 says of ``list`` holds for
``list.gz``. It is no file of the tree's own: whoever lists a folder does not see it.

Copies have texts of ``LEAST_BYTES`` and more that are written, not linked: ``list``,
pages, the files of the search and of the index. Linked ``.mod`` and ``.info`` have
none, nor have the databases' folders, nor what somebody else puts into the tree: only
names that gosync gives have copies, and only copies of such are removed.

``.gosync/packed.json`` names the codings of which there may be copies. It is durable
before the first copy is there, and outlives the option: whoever writes the tree after a
coding was taken out of the configuration removes its copies first.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, Literal, TypeAlias

import msgspec

from gosync.errors import UsageError
from gosync.folder import routes
from gosync.folder.indexfiles import INDEX_FOLDER
from gosync.publish.storage.localtree import LocalTree, LocalTreeWriter
from gosync.publish.storage.tree import TreeReader, TreeWriter
from gosync.store.durable import disk_errors

Coding: TypeAlias = Literal["br", "gzip", "zstd"]

LEAST_BYTES: Final = 1 << 10
SUFFIXES: Final[dict[str, str]] = {"br": ".br", "gzip": ".gz", "zstd": ".zst"}
NOTE: Final = f"{routes.MARKER_FOLDER}/packed.json"
_TEXTS: Final = frozenset(
    {"html", "json", "jsonl", "txt", "atom", "css", "js", "svg", "md", "sh", "ps1"}
)
_FOLDERS: Final = tuple(
    f"{each}/"
    for each in (
        routes.PAGES_FOLDER,
        routes.DOCS_FOLDER,
        routes.EXPLAIN_FOLDER,
        routes.DOWNLOADS_FOLDER,
        INDEX_FOLDER,
    )
)
_NAMES: Final = frozenset({routes.LIST_NAME, *routes.PAGE_NAMES})


class PackedTree(LocalTree):
    """A tree that is a folder with compressed copies."""

    def __init__(self, root: Path, codings: Sequence[str]) -> None:
        """Take the folder.

        Args:
            root: The folder.
            codings: Of which its texts have copies; none to remove those there are.
        """
        super().__init__(root)
        self._codings = tuple(codings)

    def reader(self) -> TreeReader:
        """Return what reads the folder."""
        return PackedTreeWriter(self._root, self._codings)

    def writer(self, *, beside: bool = False) -> TreeWriter:
        """Return what writes below the folder."""
        return PackedTreeWriter(self._root, self._codings, beside=beside)


class PackedTreeWriter(LocalTreeWriter):
    """Writes below one folder, with copies."""

    def __init__(
        self, root: Path, codings: Sequence[str], *, beside: bool = False
    ) -> None:
        super().__init__(root, beside=beside)
        self._codings = tuple(sorted(set(codings)))

    def open(self) -> None:
        """Make the folder ready; copies of codings that are none any more go.

        Raises:
            UsageError: Brotli is not installed.
            StoreError: the tree cannot be written.
        """
        if "br" in self._codings:
            _compress_brotli(b"")  # it may not be installed
        super().open()
        with disk_errors(self.name):
            noted = noted_codings(self._root)
        if noted == self._codings:
            return
        # Both names stand there until the removed ones are gone for certain.
        self._note({*noted, *self._codings})
        gone = [SUFFIXES[each] for each in noted if each not in self._codings]
        for path in list(self._walk("")) if gone else ():
            if _plain_of(path, gone):
                super().remove(path)
        self._note(self._codings)

    def _note(self, codings: Iterable[str]) -> None:
        data = msgspec.json.encode(sorted(codings)) + b"\n"
        is_new = super().write(NOTE, data)
        self.written -= is_new  # nor is the note the tree's own
        super().commit()

    def write(self, path: str, data: bytes, *, compare: bool = True) -> bool:
        """Stage a generated file and its copies; see TreeWriter."""
        if not is_text(path):
            return super().write(path, data, compare=compare)
        if compare and self.read(path) == data and self._has_copies(path, len(data)):
            return False
        with disk_errors(self.name):
            staged = self._stage((data,))  # first: a copy may be no older than its file
            self._copy(path, data)
            self._wait(staged, self._prefix + path)
        self.written += 1
        return True

    def _copy(self, path: str, data: bytes) -> None:
        for coding in self._codings:
            copy = path + SUFFIXES[coding]
            if len(data) >= LEAST_BYTES:
                super().write(copy, packed(coding, data), compare=False)
            else:
                super().remove(copy)

    def _has_copies(self, path: str, size_bytes: int) -> bool:
        wanted = size_bytes >= LEAST_BYTES
        return all(
            (self.size(path + SUFFIXES[coding]) is not None) is wanted
            for coding in self._codings
        )

    def remove(self, path: str) -> bool:
        """Remove a file, its copies before it."""
        if is_text(path):
            for coding in self._codings:
                super().remove(path + SUFFIXES[coding])
        return super().remove(path)

    def names(self, folder: str) -> list[str]:
        """Return the names in a folder, sorted, without copies."""
        below = f"{folder}/" if folder else ""
        names = super().names(folder)
        return [each for each in names if not self._is_hidden(below + each)]

    def walk(self, folder: str = "") -> Iterator[str]:
        """Yield the path of every file below a folder, without copies."""
        found = super().walk(folder)
        return (each for each in found if not self._is_hidden(each))

    def _is_hidden(self, path: str) -> bool:
        return path == NOTE or bool(_plain_of(path, self._suffixes))

    @property
    def _suffixes(self) -> list[str]:
        return [SUFFIXES[each] for each in self._codings]


def noted_codings(root: Path) -> tuple[str, ...]:
    """Return the codings of which a tree may have copies; a damaged note says all."""
    try:
        data = (root / NOTE).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return ()
    try:
        noted = msgspec.json.decode(data, type=list[Coding])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return tuple(sorted(SUFFIXES))
    return tuple(sorted(set(noted)))


def is_text(path: str) -> bool:
    """Return whether a file of this name has copies, if it is long enough."""
    folder, _, name = path.rpartition("/")
    if folder.endswith(f"/{routes.VERSIONS_FOLDER}"):
        return name in _NAMES
    is_ours = path in routes.ROOT_FILES or path.startswith(_FOLDERS)
    return is_ours and name.rpartition(".")[2] in _TEXTS


def packed(coding: str, data: bytes) -> bytes:
    """Return data compressed, the same bytes each time."""
    if coding == "gzip":
        return zlib.compress(data, level=9, wbits=31)
    if coding == "br":
        return _compress_brotli(data)
    import zstandard  # noqa: PLC0415 - for trees alone that have such copies

    return zstandard.ZstdCompressor(level=19).compress(data)


def _compress_brotli(data: bytes) -> bytes:
    try:
        import brotli  # noqa: PLC0415 - of an extra
    except ImportError as exc:
        raise UsageError(
            "publish.precompress: Brotli is not installed",
            hint='pip install "gosync[serve]"',
        ) from exc
    compressed: bytes = brotli.compress(data)
    return compressed


def _plain_of(path: str, suffixes: Sequence[str]) -> str:
    """Return the file that a path is a copy of, "" for one that is no copy."""
    for suffix in suffixes:
        if path.endswith(suffix) and is_text(plain := path.removesuffix(suffix)):
            return plain
    return ""
