"""Databases in a folder, a zip, or the module golang.org/x/vulndb."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Final

import msgspec

from gosync.errors import ConfigError, MalformedError, TooLargeError
from gosync.osv.entry import MAX_ENTRY_BYTES, is_id
from gosync.osv.files import DB, DatabaseTime

MAX_ENTRIES: Final = 200_000
MAX_BYTES: Final = 1 << 30
_SUFFIX: Final = ".json"
_FOLDERS: Final = ("ID", "osv")  # of the database; of the module, in data/


class Snapshot(msgspec.Struct, frozen=True):
    """A database as it was read.

    Attributes:
        entries: The entries' bytes by their ids.
        modified: When the database changed, None where it does not say.
    """

    entries: dict[str, bytes]
    modified: datetime | None


def read_database(path: Path) -> Snapshot:
    """Read a database from a folder or a zip, of its own layout or the module's.

    Raises:
        ConfigError: It cannot be read, or has no entry.
        MalformedError: Its db.json is none.
        TooLargeError: It is larger than any such database.
    """
    try:
        if path.is_dir():
            return _snapshot(_in_folder(path), str(path))
        with path.open("rb") as opened:
            return read_zip(opened, subject=str(path))
    except (OSError, zipfile.BadZipFile) as exc:
        raise ConfigError(
            f"{path}: {exc}", hint="vulndb.source names a URL, a folder or a zip"
        ) from exc


def read_zip(
    opened: IO[bytes], *, subject: str, modified: datetime | None = None
) -> Snapshot:
    """Read a database from a zip.

    Args:
        opened: The zip.
        subject: What messages call it.
        modified: When it changed, where it does not say so itself.

    Raises:
        ConfigError: It has no entry.
        MalformedError: Its db.json is none.
        TooLargeError: It is larger than any such database.
        zipfile.BadZipFile: It is no zip.
    """
    with zipfile.ZipFile(opened) as archive:
        found = _snapshot(_in_zip(archive), subject)
    return msgspec.structs.replace(found, modified=found.modified or modified)


def _in_folder(folder: Path) -> Iterator[tuple[str, int, Path]]:
    for path in folder.rglob(f"*{_SUFFIX}"):
        if path.is_file():
            name = path.relative_to(folder).as_posix()
            yield name, path.stat().st_size, path


def _in_zip(archive: zipfile.ZipFile) -> Iterator[tuple[str, int, zipfile.Path]]:
    for each in archive.infolist():
        if each.filename.endswith(_SUFFIX):
            yield each.filename, each.file_size, zipfile.Path(archive, each.filename)


def _snapshot(
    files: Iterable[tuple[str, int, Path | zipfile.Path]], subject: str
) -> Snapshot:
    entries: dict[str, bytes] = {}
    modified, left_bytes = None, MAX_BYTES
    for name, size_bytes, file in files:
        path = PurePosixPath(name)
        if name == DB or name.endswith(f"/{DB}"):
            modified = _modified(file.read_bytes())
        if path.parent.name not in _FOLDERS or not is_id(path.stem):
            continue
        left_bytes -= size_bytes
        if size_bytes > MAX_ENTRY_BYTES or left_bytes < 0 or len(entries) > MAX_ENTRIES:
            raise TooLargeError(f"{subject}: {name}", limit_bytes=MAX_ENTRY_BYTES)
        entries[path.stem] = file.read_bytes()
    if not entries:
        raise ConfigError(f"{subject}: no vulnerability database: it has no entry")
    return Snapshot(entries, modified)


def _modified(data: bytes) -> datetime:
    try:
        return msgspec.json.decode(data, type=DatabaseTime).modified
    except (msgspec.MsgspecError, UnicodeDecodeError) as exc:
        raise MalformedError(DB, repr(data[:40]), str(exc)) from None
