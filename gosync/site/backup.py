"""Backup: a dated copy of what a store cannot fetch again, while others work on it.

    DIR/.gosync-backup            says that the folder is one for backups
    DIR/20261126T224500.123456Z/  one backup; the name is when it was made
        backup.json               its files, with sizes and digests; written last
        catalog.sqlite            one state, by SQLite's backup API
        store.json                which store it is
        journal/00000001.jsonl    ...
    DIR/latest                    a link to the newest, where there can be links

The catalog is copied before the journal, so that the journal says no less, as in a
store. Blobs, tiles and the tree are not copied: they are large, prove themselves, and
lie beside what is brought back. Secret keys and the configuration are not in a store.

A backup is made under another name and gets its own when all of it is durable; then the
oldest ones go. Journal files that have not grown since the backup before are linked.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from gosync import __version__
from gosync.catalog.db import Catalog
from gosync.clock import Clock, format_time
from gosync.errors import StoreError, UsageError
from gosync.site.opening import is_behind_journal
from gosync.site.options import SiteOptions
from gosync.site.site import read_catalog
from gosync.store.durable import disk_errors, make_folder, sync_folder, write_all
from gosync.store.layout import CATALOG, IDENTITY, JOURNAL, parse_journal_name
from gosync.store.lock import StoreLock
from gosync.work.progress import Progress

MARK = ".gosync-backup"
RECORD = "backup.json"
_FORMAT = 1
_PARTIAL = ".partial"
_NAME = re.compile(r"\d{8}T\d{6}\.\d{6}Z")
_LATEST = "latest"
_HARMLESS = frozenset({"lost+found"})
_CHUNK_BYTES = 1 << 20
_PRIVATE = 0o700
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


class BackupFile(msgspec.Struct, frozen=True):
    """A file of a backup.

    Attributes:
        name: Its path below the backup's folder.
        size_bytes: Its size.
        sha256: Its digest, hex.
    """

    name: str
    size_bytes: int
    sha256: str


class BackupRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What ``backup.json`` says.

    Attributes:
        format: This module's format.
        made_at: When it was begun, RFC 3339.
        gosync: The version of gosync that made it.
        files: Its files.
    """

    format: int = _FORMAT
    made_at: str
    gosync: str = __version__
    files: tuple[BackupFile, ...]


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """A backup that was made.

    Attributes:
        folder: Its folder.
        record: What it has.
        kept: The folders of all backups that are there now, oldest first.
        removed: Those of older ones that went.
        same_disk: Whether it lies on the disk of the catalog, which is the store's own
            unless that is in a bucket.
    """

    folder: Path
    record: BackupRecord
    kept: tuple[str, ...]
    removed: tuple[str, ...]
    same_disk: bool

    @property
    def size_bytes(self) -> int:
        """The sizes of its files together."""
        return sum(file.size_bytes for file in self.record.files)


class BackupReport(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of a backup; its fields are the document's keys.

    Attributes:
        folder: Its folder.
        made_at: When it was begun.
        files: Its files.
        bytes: Their sizes together.
        kept: The folders of all backups that are there now, oldest first.
        removed: Those of older ones that went.
        same_disk: Whether it lies on the disk of the catalog, which is the store's own
            unless that is in a bucket.
    """

    folder: str
    made_at: str
    files: tuple[BackupFile, ...]
    bytes: int
    kept: tuple[str, ...]
    removed: tuple[str, ...]
    same_disk: bool

    @classmethod
    def of(cls, made: Backup) -> BackupReport:
        """Return what is told of a backup."""
        return BackupReport(
            folder=str(made.folder),
            made_at=made.record.made_at,
            files=made.record.files,
            bytes=made.size_bytes,
            kept=made.kept,
            removed=made.removed,
            same_disk=made.same_disk,
        )


def back_up(
    options: SiteOptions, folder: Path, *, keep: int, clock: Clock, progress: Progress
) -> Backup:
    """Make a backup of a store; its lock is not needed.

    Args:
        options: Where the store is.
        folder: Where backups are kept; made when it is not there.
        keep: How many are kept, this one too.
        clock: What time it is.
        progress: Is told how far it is.

    Raises:
        UsageError: if the folder holds something else, or lies in store or tree.
        LockedError: if another backup is made into it.
        StoreError: if the store cannot be read, or the folder not written.
        NoSpaceError: if there is no room for it; older backups stay.
    """
    _check_folder(options, folder)
    with read_catalog(options) as catalog:
        make_folder(folder)
        with (
            StoreLock(folder, command="gosync backup", clock=clock).acquire(),
            disk_errors(folder),
        ):
            _claim(folder)
            made_at = format_time(clock.now())
            name = _free_name(folder, made_at)
            files = _copy_one_state(options.store_path, catalog, folder, progress)
            record = BackupRecord(made_at=made_at, files=files)
            _finish(folder, name, record)
            removed = _remove_old(folder, keep)
    return Backup(
        folder=folder / name,
        record=record,
        kept=tuple(_backups(folder)),
        removed=tuple(removed),
        same_disk=folder.stat().st_dev == options.store_path.stat().st_dev,
    )


def _check_folder(options: SiteOptions, folder: Path) -> None:
    """Refuse a folder that is somebody else's, or that backups should outlive."""
    tree = options.tree_path
    for place in (options.store_path, *([tree] if isinstance(tree, Path) else [])):
        if folder.resolve().is_relative_to(place.resolve()):
            raise UsageError(
                f"{folder} lies in {place}", hint="keep backups on another disk"
            )
    with disk_errors(folder):
        if not os.path.lexists(folder):
            return
        if not folder.is_dir():
            raise UsageError(f"{folder} is no folder")
        names = {entry.name for entry in folder.iterdir()} - _HARMLESS
    if names and MARK not in names:
        raise UsageError(
            f"{folder} is not empty and no folder of backups",
            hint="name an empty folder, or one that does not exist",
        )


def _claim(folder: Path) -> None:
    """Say that the folder is for backups; clear what a killed one left."""
    mark = folder / MARK
    if not mark.exists():
        _write(mark, b'{"format":1}\n')
        sync_folder(folder)
    partial = folder / _PARTIAL
    if os.path.lexists(partial):
        shutil.rmtree(partial)


def _free_name(folder: Path, made_at: str) -> str:
    """Return the backup's name: its time.

    Raises:
        StoreError: if one of that time is there.
    """
    name = re.sub("[-:]", "", made_at)
    if os.path.lexists(folder / name):
        raise StoreError(f"{folder / name}: it is there", hint="set the clock right")
    return name


def _copy_one_state(
    store: Path, catalog: Catalog, folder: Path, progress: Progress
) -> tuple[BackupFile, ...]:
    """Copy until catalog and journal fit: a run may count up between the two."""
    while True:
        files = tuple(_copy_all(store, catalog, folder, progress))
        partial = folder / _PARTIAL
        with Catalog.open(partial / CATALOG, create=False, readonly=True) as copy:
            if not is_behind_journal(partial, copy):
                return files
        _claim(folder)


def _copy_all(
    store: Path, catalog: Catalog, folder: Path, progress: Progress
) -> Iterator[BackupFile]:
    """Copy into the folder of the backup in the making; yield what was copied."""
    partial = folder / _PARTIAL
    (partial / JOURNAL).mkdir(parents=True, mode=_PRIVATE)
    partial.chmod(_PRIVATE)
    progress.phase("copying the catalog")
    catalog.back_up(partial / CATALOG)
    _check_copy(partial / CATALOG)
    yield _described(partial, CATALOG)
    if (store / IDENTITY).exists():
        _copy_lines(store / IDENTITY, partial / IDENTITY)
        yield _described(partial, IDENTITY)
    before = _newest(folder)
    names = _journal_names(store)
    progress.phase("copying the journal", len(names))
    for name in names:
        path = f"{JOURNAL}/{name}"
        size_bytes = _copy_lines(store / path, partial / path)
        file = _described(partial, path)
        _link_unchanged(before, partial, file)
        progress.advance(size_bytes=size_bytes)
        yield file


def _check_copy(path: Path) -> None:
    """Let SQLite look at the copy, and make it durable."""
    with Catalog.open(path, create=False, readonly=True) as copy:
        copy.check()
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _journal_names(store: Path) -> list[str]:
    names = []
    for entry in (store / JOURNAL).iterdir():
        with suppress(ValueError):
            names.append((parse_journal_name(entry.name), entry.name))
    return [name for _, name in sorted(names)]


def _copy_lines(source: Path, target: Path) -> int:
    """Copy a file that others append to, up to its last whole line, durably."""
    end = 0
    with source.open("rb") as file:
        descriptor = os.open(target, _NEW, 0o600)
        try:
            while chunk := file.read(_CHUNK_BYTES):
                write_all(descriptor, chunk)
                newline = chunk.rfind(b"\n")
                end = file.tell() - len(chunk) + newline + 1 if newline >= 0 else end
            os.ftruncate(descriptor, end)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    return end


def _described(partial: Path, name: str) -> BackupFile:
    with (partial / name).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return BackupFile(name, file.tell(), digest)


def _link_unchanged(before: Path | None, partial: Path, file: BackupFile) -> None:
    """Share a file with the backup before, if that has the same bytes."""
    if before is None or file not in _record_of(before).files:
        return
    shared = partial / f"{file.name}.same"
    with suppress(OSError):  # a file system without links
        shared.hardlink_to(before / file.name)
        if _described(partial, f"{file.name}.same").sha256 == file.sha256:
            shared.replace(partial / file.name)
        else:  # the older one rotted
            shared.unlink()


def _finish(folder: Path, name: str, record: BackupRecord) -> None:
    """Write what the backup has, make all of it durable, and give it its name."""
    partial = folder / _PARTIAL
    data = msgspec.json.format(msgspec.json.encode(record), indent=2)
    _write(partial / RECORD, data + b"\n")
    sync_folder(partial / JOURNAL)
    sync_folder(partial)
    partial.rename(folder / name)
    _point_to(folder, name)
    sync_folder(folder)


def _point_to(folder: Path, name: str) -> None:
    """Let the link to the newest lead to this one; a medium may have no links."""
    fresh = folder / f".{_LATEST}"
    with suppress(OSError):
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(name)
        fresh.replace(folder / _LATEST)


def _remove_old(folder: Path, keep: int) -> Iterator[str]:
    """Remove the oldest backups; only what says that it is one."""
    for name in _backups(folder)[:-keep]:
        shutil.rmtree(folder / name)
        yield name


def _backups(folder: Path) -> list[str]:
    """Return the names of the whole backups, oldest first."""
    return sorted(
        entry.name
        for entry in folder.iterdir()
        if _NAME.fullmatch(entry.name)
        and not entry.is_symlink()
        and (entry / RECORD).is_file()
    )


def _newest(folder: Path) -> Path | None:
    names = _backups(folder)
    return folder / names[-1] if names else None


def _record_of(backup: Path) -> BackupRecord:
    """Return what a backup has; nothing for one that cannot be read."""
    try:
        return msgspec.json.decode((backup / RECORD).read_bytes(), type=BackupRecord)
    except (OSError, msgspec.DecodeError):
        return BackupRecord(made_at="", files=())


def _write(path: Path, data: bytes) -> None:
    descriptor = os.open(path, _NEW, 0o600)
    try:
        write_all(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
