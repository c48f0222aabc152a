"""What is known of where stores lie, beside the stores: a small file of JSON.

``gosync init`` writes ``.gosync.json`` beside the configuration; systemd's state folder
(``$STATE_DIRECTORY``) has one, too. Each run notes in them which store it had::

    {"format": 1, "places": {"/srv/gosync/var": {"store": ID, "disk": "1f03...",
                                                 "with_record": false}}}

Where neither a store nor a tree is there, they tell a first run from a disk that is not
mounted: a folder is begun only on the file system that it was on last, or, if it never
was, on the record's own. Who has no record begins anywhere. It holds nothing secret,
and where it cannot be written nothing is lost.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from gosync.errors import StoreError
from gosync.site.options import SiteOptions
from gosync.site.refusals import other_disk
from gosync.store.durable import replace_file

RECORD = ".gosync.json"
_FORMAT = 1
_MAX_BYTES = 1 << 20
_log = logging.getLogger(__name__)


class RecordedPlace(msgspec.Struct, frozen=True):
    """Where a store or its tree was last.

    Attributes:
        store: The store's id.
        disk: The file system's id, as far as the system has one.
        with_record: Whether it was that of the record itself: ids of file systems may
            change when they are mounted anew.
    """

    store: str
    disk: str
    with_record: bool


class PlacesRecord(msgspec.Struct, frozen=True):
    """What such a file holds."""

    format: int = _FORMAT
    places: dict[str, RecordedPlace] = {}


def record_files(config: Path | None) -> tuple[Path, ...]:
    """Return the records of a configuration: the one beside it, and systemd's."""
    beside = [] if config is None else [config.absolute().parent / RECORD]
    folders = os.environ.get("STATE_DIRECTORY", "").split(":")
    return (*beside, *(Path(folder) / RECORD for folder in folders if folder))


def begin_record(folder: Path) -> bool:
    """Write an empty record beside a new configuration; return whether it is there."""
    return _write(folder / RECORD, _read(folder / RECORD) or PlacesRecord())


def check_place(options: SiteOptions) -> None:
    """Check that store and tree may be begun here without being told so.

    Raises:
        StoreAwayError: one is known to belong on another file system.
    """
    for file in options.records:
        record = _read(file)
        for folder in _folders(options):
            if record is not None and not _is_known(record, file, folder):
                raise other_disk(folder)


def _folders(options: SiteOptions) -> Iterator[Path]:
    """Yield the folders that belong on some file system: a bucket does on none."""
    yield options.store_path
    if isinstance(options.tree_path, Path):
        yield options.tree_path


def _is_known(record: PlacesRecord, file: Path, folder: Path) -> bool:
    disk, own_disk = _disk_of(folder), _disk_of(file.parent)
    place = record.places.get(str(folder))
    if place is None:
        return disk == own_disk
    return disk == place.disk or (place.with_record and disk == own_disk)


def note_place(options: SiteOptions, store: str) -> None:
    """Note where store and tree are.

    Beside the configuration only where ``gosync init`` began a record.
    """
    for file in options.records:
        record = _read(file)
        if record is None and file == options.records[0]:
            continue
        places = dict(record.places) if record else {}
        own_disk = _disk_of(file.parent)
        for folder in _folders(options):
            if folder.is_dir():
                disk = _disk_of(folder)
                places[str(folder)] = RecordedPlace(
                    store, disk, with_record=disk == own_disk
                )
        if record is None or record.places != places:
            _write(file, PlacesRecord(places=places))


def _read(file: Path) -> PlacesRecord | None:
    try:
        with file.open("rb") as opened:
            return msgspec.json.decode(opened.read(_MAX_BYTES), type=PlacesRecord)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def _write(file: Path, record: PlacesRecord) -> bool:
    try:
        replace_file(file, msgspec.json.encode(record) + b"\n", staging=file.parent)
    except StoreError as exc:
        _log.debug("%s", exc)
        return False
    return True


def _disk_of(path: Path) -> str:
    """Return the id of the file system that a path is on, or would be made on."""
    for folder in (path, *path.parents):
        try:
            number = os.statvfs(folder).f_fsid or folder.stat().st_dev
        except OSError:
            continue
        return f"{number:x}"
    return ""
