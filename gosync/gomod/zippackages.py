"""The packages of a module, read from its zip without hashing it.

For a zip that was admitted before its imports were read. What is found is what
``dirhash.scan_zip`` finds on its way; only the Go files are inflated, and each is
held against its CRC.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gosync.gomod.dirhash import check_work
from gosync.gomod.goimports import HeadReader, read_imports
from gosync.gomod.module import ModuleVersion
from gosync.gomod.modulepackages import ModulePackages
from gosync.gomod.packages import PackageReader
from gosync.gomod.seen import GoHead
from gosync.gomod.synopsis import read_synopsis
from gosync.gomod.window import Window
from gosync.gomod.zipdir import ZipEntry, read_directory
from gosync.gomod.zipread import inflate_small, read_contents, small_data

if TYPE_CHECKING:
    from gosync.gomod.window import ReadAt


def read_zip_packages(
    read_at: ReadAt, size_bytes: int, mv: ModuleVersion
) -> ModulePackages:
    """Return the packages of a module zip.

    Args:
        read_at: Reads the zip.
        size_bytes: Its size.
        mv: The module version that it is of.

    Raises:
        MalformedError: Not a zip, or damaged where it has Go files.
        TooLargeError: Its contents together, or the imports, are too large.
        RejectedError: Too many entries.
    """
    window = Window(read_at, size_bytes)
    entries = read_directory(window, size_bytes)
    check_work(entries, size_bytes)
    reader = PackageReader(f"{mv}/".encode())
    last = {each.name: each for each in entries if reader.wants(each.name)}
    for entry in sorted(last.values(), key=_offset_of):
        head = _head_of(window, entry)
        reader.take(entry.name, head.imports, head.synopsis)
    return reader.packages()


def _head_of(window: Window, entry: ZipEntry) -> GoHead:
    data = small_data(window, entry)
    contents = None if data is None else inflate_small(entry, data)
    if contents is not None:
        return GoHead(read_imports(contents), read_synopsis(contents))
    head = HeadReader()
    for chunk in read_contents(window, entry):
        head.add(chunk)
    return GoHead(head.imports(), head.synopsis)


def _offset_of(entry: ZipEntry) -> int:
    return entry.header_offset
