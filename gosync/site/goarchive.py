"""Archive of Go: a toolchain's zip made into what people unpack.

A toolchain's zip is a module's: its files lie below ``golang.org/toolchain@VERSION/``,
no mode says what may be run, and each ``go.mod`` is called ``_go.mod``, since a
module's zip may have none but its own. ``go`` undoes that when it switches to the
toolchain (cmd/go/internal/toolchain), and this does the same: files lie below ``go/``,
and those that go itself makes executable are. The same zip makes the same bytes: names
are sorted, times are zero, nobody owns anything.
"""

from __future__ import annotations

import gzip
import re
import zipfile
from collections.abc import Iterator
from typing import BinaryIO, Final

import msgspec

from gosync.errors import StoreError

_MODULE: Final = "golang.org/toolchain"
_RUNNABLE: Final = re.compile(r"(?:bin|pkg/tool)/.*|lib/(?:.*/)?go_[^/]+_[^/]+_exec")
_LEVEL: Final = 6
_ZIP_DATE: Final = (1980, 1, 1, 0, 0, 0)
_PIECE_BYTES: Final = 1 << 20


class _Entry(msgspec.Struct, frozen=True):
    """A file of the archive, and the zip's entry that it comes from."""

    name: str
    info: zipfile.ZipInfo
    mode: int


def write_archive(
    toolchain: BinaryIO, archive: BinaryIO, *, version: str, is_zip: bool
) -> None:
    """Write the archive of a toolchain.

    Args:
        toolchain: The toolchain's zip, proven; read at any place.
        archive: Where to.
        version: Its version, ``v0.0.1-go1.24.0.linux-amd64``.
        is_zip: Whether a zip is wanted; else it is a ``.tar.gz``.

    Raises:
        StoreError: the zip cannot be read.
    """
    try:
        with zipfile.ZipFile(toolchain) as source:
            entries = list(_entries(source, f"{_MODULE}@{version}/"))
            write = _write_zip if is_zip else _write_tar
            write(source, entries, archive)
    except (zipfile.BadZipFile, EOFError, ValueError) as error:
        raise StoreError(f"{_MODULE}@{version}: {error}") from error


def _entries(source: zipfile.ZipFile, prefix: str) -> Iterator[_Entry]:
    for info in sorted(source.infolist(), key=lambda each: each.filename):
        name = info.filename.removeprefix(prefix)
        if info.is_dir() or name == info.filename:
            continue
        folder, slash, last = name.rpartition("/")
        restored = f"{folder}{slash}go.mod" if last == "_go.mod" else name
        mode = 0o755 if _RUNNABLE.fullmatch(name) else 0o644
        yield _Entry(f"go/{restored}", info, mode)


def _write_tar(
    source: zipfile.ZipFile, entries: list[_Entry], archive: BinaryIO
) -> None:
    import tarfile  # noqa: PLC0415 - it is large, and toolchains are published rarely

    with (
        gzip.GzipFile("", "wb", _LEVEL, archive, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for entry in entries:
            member = tarfile.TarInfo(entry.name)
            member.size, member.mode = entry.info.file_size, entry.mode
            with source.open(entry.info) as file:
                tar.addfile(member, file)


def _write_zip(
    source: zipfile.ZipFile, entries: list[_Entry], archive: BinaryIO
) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        for entry in entries:
            member = zipfile.ZipInfo(entry.name, _ZIP_DATE)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = (0o100000 | entry.mode) << 16
            with source.open(entry.info) as file, made.open(member, "w") as to:
                while piece := file.read(_PIECE_BYTES):
                    to.write(piece)
