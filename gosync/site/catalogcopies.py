"""Copies of the catalog in the store's bucket: what a fresh machine begins with.

    catalog/<generation>-<hex>.sqlite   one state, by SQLite's backup API
    catalog/latest.json                 {"format": 1, "key": KEY, "sha256": HEX,
                                         "size_bytes": N, "generation": N,
                                         "journal": [FILE, OFFSET], "made_at": TIME}

A copy is made when a batch is committed and the writer lock is let go, and at the end
of a run. Where it takes long, some batches go by without one: no more than a twentieth
of the time goes to copies. Nothing is lost by that, since the journal has each batch
before it is committed; ``journal`` is how far of it a copy knows, and where the journal
goes on after that the catalog is made of it anew.

``latest.json`` is swapped from what was read, and never to an older state. That a copy
could not be made is logged, and fails nothing: what was committed is in the journal.
"""

from __future__ import annotations

import hashlib
import logging
import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock

import msgspec

from gosync.catalog.db import Catalog
from gosync.clock import Clock, format_time
from gosync.errors import (
    BucketAwayError,
    GosyncError,
    ObjectChangedError,
    ObjectMissingError,
    StoreError,
)
from gosync.store.durable import disk_errors
from gosync.store.layout import CATALOG, JOURNAL, STAGING
from gosync.store.objects.bucket import Bucket
from gosync.store.objects.parts import journal_end

PREFIX = "catalog"
LATEST = f"{PREFIX}/latest.json"
_FORMAT = 1
_KEPT = 2
_COPY = re.compile(rf"{PREFIX}/\d{{12}}-[0-9a-f]{{16}}\.sqlite")
_REST = 20  # of the time that a copy took, before the next one
_PIECE_BYTES = 1 << 20
_MAX_BYTES = 4096

_log = logging.getLogger(__name__)


class CatalogCopy(msgspec.Struct, frozen=True, kw_only=True):
    """What ``latest.json`` says.

    Attributes:
        format: This module's format.
        key: The copy's key.
        sha256: Its digest, hex.
        size_bytes: Its size.
        generation: The store's, as the copy knows it.
        journal: How far of the journal it knows: a file's number, and bytes of it.
        made_at: When it was made, RFC 3339.
    """

    format: int = _FORMAT
    key: str
    sha256: str
    size_bytes: int
    generation: int
    journal: tuple[int, int]
    made_at: str


class CatalogCopies:
    """Makes copies while a run writes; threads may share it."""

    def __init__(
        self, bucket: Bucket, root: Path, *, appended: Callable[[], int], clock: Clock
    ) -> None:
        """Take the store's bucket and folder.

        Args:
            bucket: Where copies go.
            root: Where the catalog is.
            appended: Counts what this run has appended to the journal.
            clock: What time it is.
        """
        self._bucket = bucket
        self._root = root
        self._appended = appended
        self._clock = clock
        self._seen = 0
        self._due_at = float("-inf")
        self._waiting: tuple[int, int] | None = None
        self._lock = Lock()

    def watch(self) -> Callable[[], None] | None:
        """Note how far the journal is; return what is to be done without the lock.

        The caller holds the writer lock, and is about to let it go: what is journaled
        is committed.
        """
        count = self._appended()
        if count == self._seen:
            return None
        self._seen = count
        self._waiting = journal_end(self._root / JOURNAL)
        return self._copy_in_time

    def _copy_in_time(self) -> None:
        if self._clock.monotonic() >= self._due_at and self._lock.acquire(
            blocking=False
        ):
            try:
                self._attempt()
            finally:
                self._lock.release()

    def finish(self, failed: type[BaseException] | None, *_: object) -> None:
        """Copy what the last copy does not know, unless the bucket does not answer."""
        if failed is not None and issubclass(failed, BucketAwayError):
            return
        with self._lock:
            self._attempt()

    def _keep(self, end: tuple[int, int]) -> None:
        """Let the next copy tell at least this; another thread may have more."""
        self._waiting = max(self._waiting or end, end)

    def _attempt(self) -> None:
        end, self._waiting = self._waiting, None
        if end is None:
            return
        began = self._clock.monotonic()
        try:
            copy_catalog(self._bucket, self._root, end, clock=self._clock)
        except GosyncError as error:
            self._keep(end)
            _log.warning("%s: the catalog was not copied: %s", self._bucket.name, error)
        ended = self._clock.monotonic()
        self._due_at = ended + _REST * (ended - began)


def copy_catalog(
    bucket: Bucket, root: Path, journal: tuple[int, int], *, clock: Clock
) -> None:
    """Copy the catalog into the bucket; a newer copy that is there stays.

    Args:
        bucket: Where to.
        root: The store's folder.
        journal: How far of the journal the catalog knows at least.
        clock: What time it is.

    Raises:
        StoreError: disk or bucket refuse.
    """
    file = root / STAGING / secrets.token_hex(8)
    try:
        copy = _make(root, file, journal, clock)
        bucket.put(copy.key, file)
    finally:
        with disk_errors(file):
            file.unlink(missing_ok=True)
    if _point_at(bucket, copy):
        remove_old_copies(bucket, copy.key)
    else:
        bucket.delete([copy.key])


def _make(
    root: Path, file: Path, journal: tuple[int, int], clock: Clock
) -> CatalogCopy:
    with Catalog.open(root / CATALOG, create=False, readonly=True) as catalog:
        catalog.back_up(file)
    with Catalog.open(file, create=False, readonly=True) as copy:
        known = copy.identity.get()
    generation = known.generation if known is not None else 0
    digest = digest_of_file(file)
    with disk_errors(file):
        size_bytes = file.stat().st_size
    return CatalogCopy(
        key=f"{PREFIX}/{generation:012d}-{digest[:16]}.sqlite",
        sha256=digest,
        size_bytes=size_bytes,
        generation=generation,
        journal=journal,
        made_at=format_time(clock.now()),
    )


def digest_of_file(file: Path) -> str:
    """Return a file's SHA-256, hex.

    Raises:
        StoreError: it cannot be read.
    """
    found = hashlib.sha256()
    with disk_errors(file), file.open("rb") as read:
        while piece := read.read(_PIECE_BYTES):
            found.update(piece)
    return found.hexdigest()


def _point_at(bucket: Bucket, copy: CatalogCopy) -> bool:
    """Make a copy the latest; False where a later one is there."""
    data = msgspec.json.encode(copy) + b"\n"
    while True:
        with suppress(ObjectChangedError):
            try:
                found = bucket.get(LATEST, limit_bytes=_MAX_BYTES)
            except ObjectMissingError:
                bucket.create(LATEST, data)
                return True
            known = _parse(found.data)
            if known is not None and known.journal > copy.journal:
                return False
            bucket.replace(LATEST, data, etag=found.etag)
            return True


def remove_old_copies(bucket: Bucket, key: str) -> None:
    """Remove all but the newest copies; the names sort by their generations.

    What has another name is somebody else's.
    """
    copies = [each.key for each in bucket.list(PREFIX) if _COPY.fullmatch(each.key)]
    others = sorted(each for each in copies if each != key)
    bucket.delete(others[: max(0, len(others) - _KEPT + 1)])


def latest_copy(bucket: Bucket) -> CatalogCopy | None:
    """Return the latest copy, None for none that can be read.

    Raises:
        StoreError: the bucket refuses.
    """
    try:
        return _parse(bucket.get(LATEST, limit_bytes=_MAX_BYTES).data)
    except ObjectMissingError:
        return None


def bring_copy(bucket: Bucket, copy: CatalogCopy, file: Path) -> None:
    """Write a copy's bytes into a new file.

    Raises:
        StoreError: it is not there, or has other bytes; or bucket or disk refuse.
    """
    with disk_errors(file), file.open("xb") as written:
        for offset in range(0, copy.size_bytes, _PIECE_BYTES * 8):
            written.write(bucket.get_range(copy.key, offset, _PIECE_BYTES * 8))
    if digest_of_file(file) != copy.sha256:
        raise StoreError(f"{bucket.name}/{copy.key}: its bytes have another digest")


def _parse(data: bytes) -> CatalogCopy | None:
    try:
        copy = msgspec.json.decode(data, type=CatalogCopy)
    except msgspec.DecodeError:
        return None
    return copy if copy.key.startswith(f"{PREFIX}/") else None
