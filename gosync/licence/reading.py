"""The licence files of a zip, classified while or after it is hashed. Pure.

Whoever hashes a zip asks a ``LicenceReader`` which of its entries to keep, and hands
it their contents. Of licences in deeper folders the first are read: a
module that carries hundreds of them tells its readers so by its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from gosync.gomod.dirhash import check_work
from gosync.gomod.module import ModuleVersion
from gosync.gomod.window import Window
from gosync.gomod.zipdir import ZipEntry, read_directory
from gosync.gomod.zipread import read_contents
from gosync.licence.filekinds import LicenceFileKind
from gosync.licence.found import LicenceFile, ModuleLicences, module_licences
from gosync.licence.names import kind_of, may_be_one
from gosync.licence.texts import MAX_TEXT_BYTES, classify

if TYPE_CHECKING:
    from gosync.gomod.window import ReadAt

MAX_DEEPER: Final = 100
MAX_BYTES: Final = 16 << 20
_LAST: Final = (LicenceFileKind.FOLDER, LicenceFileKind.README)


class LicenceReader:
    """Names the licence files of one zip, then reads what they say."""

    def __init__(self) -> None:
        self._prefix = ""
        self._chosen: list[ZipEntry] = []
        self._others: list[ZipEntry] = []

    def wanted(
        self, mv: ModuleVersion, entries: Iterable[ZipEntry]
    ) -> dict[bytes, int]:
        """Return the entries that are licence files to be read: names, sizes in bytes.

        Args:
            mv: The module version.
            entries: All entries of its zip.
        """
        self._prefix = f"{mv}/"
        self._chosen, self._others = _within_limits(self._prefix, entries)
        return {each.name: each.size_bytes for each in self._chosen}

    def licences(self, kept: Mapping[bytes, bytes]) -> ModuleLicences:
        """Return the licences of the module.

        Args:
            kept: The contents of the entries that were wanted, by name.
        """
        too_large = [_unread(self._prefix, each.name) for each in self._others]
        others = [e for e in too_large if e.kind is not LicenceFileKind.FOLDER]
        names = [each.name for each in self._chosen]
        kinds = {each: _kind(self._prefix, each) for each in names}
        if {*kinds.values(), *(each.kind for each in others)} - {
            LicenceFileKind.README
        }:
            # A README counts where nothing else does, and takes longest to classify.
            names = [e for e in names if kinds[e] is not LicenceFileKind.README]
            others = [e for e in others if e.kind is not LicenceFileKind.README]
        files = [_file(self._prefix, each, kept[each]) for each in names]
        return module_licences([*files, *others], left_out=len(self._others))


def read_licences(
    read_at: ReadAt, size_bytes: int, mv: ModuleVersion
) -> ModuleLicences:
    """Return the licences of a module from its zip, without hashing it.

    Args:
        read_at: Reads the zip.
        size_bytes: Its size.
        mv: The module version that it is of.

    Raises:
        MalformedError: Not a zip, or damaged where it has licence files.
        TooLargeError: Its contents together are too large.
        RejectedError: Too many entries.
    """
    window = Window(read_at, size_bytes)
    entries = read_directory(window, size_bytes)
    check_work(entries, size_bytes)
    reader = LicenceReader()
    names = reader.wanted(mv, entries)
    last = {each.name: each for each in entries if each.name in names}
    ordered = sorted(last.values(), key=lambda each: each.header_offset)
    return reader.licences(
        {each.name: b"".join(read_contents(window, each)) for each in ordered}
    )


def read_text(
    read_at: ReadAt, size_bytes: int, mv: ModuleVersion, name: str
) -> bytes | None:
    """Return the text of one licence file of a zip, None if it has no such file.

    Raises:
        MalformedError: Not a zip, or damaged there.
        RejectedError: Too many entries.
    """
    window = Window(read_at, size_bytes)
    full = f"{mv}/{name}".encode()
    found = [e for e in read_directory(window, size_bytes) if e.name == full]
    if not found or found[-1].size_bytes > MAX_TEXT_BYTES:
        return None
    return b"".join(read_contents(window, found[-1]))


def _within_limits(
    prefix: str, entries: Iterable[ZipEntry]
) -> tuple[list[ZipEntry], list[ZipEntry]]:
    """Return the licence files to read, and those that are too many or too large."""
    chosen, others, left_bytes, deeper = [], [], MAX_BYTES, MAX_DEEPER
    for each in _licence_files(prefix, entries):
        is_deeper = _kind(prefix, each.name) is LicenceFileKind.FOLDER
        if each.size_bytes > min(MAX_TEXT_BYTES, left_bytes) or deeper < is_deeper:
            others.append(each)
            continue
        deeper -= is_deeper
        left_bytes -= each.size_bytes
        chosen.append(each)
    return chosen, others


def _licence_files(prefix: str, entries: Iterable[ZipEntry]) -> list[ZipEntry]:
    """Return the licence files, each name once, those that count most first."""
    start, last = prefix.encode(), {}
    for entry in entries:
        if may_be_one(entry.name) and entry.name.startswith(start):
            last[entry.name] = entry
    found = [each for each in last.values() if _kind(prefix, each.name) is not None]
    return sorted(found, key=partial(_rank, prefix))


def _rank(prefix: str, entry: ZipEntry) -> tuple[bool, int, bytes]:
    is_last = _kind(prefix, entry.name) in _LAST
    return is_last, entry.name.count(b"/"), entry.name


def _kind(prefix: str, name: bytes) -> LicenceFileKind | None:
    try:
        return kind_of(name[len(prefix.encode()) :].decode())
    except UnicodeDecodeError:
        return None  # the module's rules refuse it


def _file(prefix: str, name: bytes, text: bytes) -> LicenceFile:
    file = _unread(prefix, name)
    digest = hashlib.sha256(text).hexdigest()
    if file.kind is LicenceFileKind.NOTICE:
        return replace(file, digest=digest)
    found = classify(text, whole=file.kind is not LicenceFileKind.README)
    covered = round(found.covered, 3)
    return replace(file, digest=digest, found=found.licences, covered=covered)


def _unread(prefix: str, name: bytes) -> LicenceFile:
    kind = _kind(prefix, name)
    assert kind is not None
    return LicenceFile(name[len(prefix.encode()) :].decode(), kind, digest="")
