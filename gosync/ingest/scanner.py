"""Zip scanner: worker processes that read staged zips, or the thread that asks.

To read a zip of many small files keeps a core busy; in one process it and everything
else would wait for each other at every file. Workers are started once enough was read
that they pay: a run that finds little new has none. One that expects much begins with
them, since what reads zips and their licences is set up once in each process. A zip
whose worker was killed is read here.

Each worker remembers what the zips had that it read, as this process does for its own.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from msgspec.structs import replace

from gosync.gomod import readme as readmes
from gosync.gomod.dirhash import ZipScan, scan_zip
from gosync.gomod.module import ModuleVersion
from gosync.gomod.seen import SeenEntries
from gosync.gomod.zipdir import ZipEntry
from gosync.ingest.scansahead import ScansAhead
from gosync.licence.found import pack
from gosync.licence.reading import LicenceReader
from gosync.store.staging import Staged, read_at
from gosync.work.workers import Workers

if TYPE_CHECKING:
    from gosync.gomod.window import ReadAt

WORTH_BYTES: Final = 16 << 20  # to read them takes longer than to start a worker
WORKERS: Final = 2
USUAL_BYTES: Final = 80 << 10  # half of all module zips are larger


class ScannedZip(NamedTuple):
    """What was read of a zip.

    Attributes:
        scan: What checking and hashing it found.
        licences: Its licences, packed (gosync.licence.found).
        readme: Its README, packed (gosync.gomod.readme).
    """

    scan: ZipScan
    licences: bytes
    readme: bytes


class _Item(NamedTuple):
    """A staged zip, as another process is told of it."""

    mv: ModuleVersion
    size_bytes: int


class _Reader:
    """Reads zips, and remembers what they have in common."""

    def __init__(self) -> None:
        self._seen = SeenEntries()

    def __call__(self, item: _Item, descriptor: int | None) -> ScannedZip:
        """Read the zip in an open file."""
        assert descriptor is not None
        return self.read(partial(read_at, descriptor), item)

    def read(self, read: ReadAt, item: _Item) -> ScannedZip:
        """Read a zip."""
        return read_zip(read, item.size_bytes, item.mv, self._seen)


def read_zip(
    read: ReadAt, size_bytes: int, mv: ModuleVersion, seen: SeenEntries
) -> ScannedZip:
    """Read all of a zip that is kept of it.

    Raises:
        RejectedError: as scan_zip.
    """
    texts = _Texts()
    scan = scan_zip(
        read, size_bytes, mv, seen=seen, with_packages=True, keep=texts.wanted
    )
    licences = pack(texts.licences.licences(scan.kept))
    readme = readmes.pack(readmes.readme_of(texts.readme, scan.kept))
    return ScannedZip(replace(scan, kept={}), licences, readme)


class _Texts:
    """The texts of one zip that are read whole: licence files and the README."""

    def __init__(self) -> None:
        self.licences = LicenceReader()
        self.readme: bytes | None = None

    def wanted(self, mv: ModuleVersion, entries: list[ZipEntry]) -> dict[bytes, int]:
        """Return the entries to keep: names, sizes in bytes."""
        self.readme = readmes.readme_name(mv, entries)
        found = self.licences.wanted(mv, entries)
        if self.readme is not None:
            found.setdefault(self.readme, readmes.MAX_FILE_BYTES)
        return found


class ZipScanner:
    """Reads zips; a context manager. Threads may share it.

    Attributes:
        ahead: What was read already, wherever.
    """

    def __init__(
        self, *, workers: int = WORKERS, worth_bytes: int = WORTH_BYTES
    ) -> None:
        """Begin; no process is started yet.

        Args:
            workers: How many processes may read zips.
            worth_bytes: How much is read here before.
        """
        self.ahead = ScansAhead()
        self._reader = _Reader()
        self._worth_bytes = self._left_bytes = worth_bytes
        self._workers = Workers(_Reader, count=workers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._workers.close()

    def expect(self, size_bytes: int) -> None:
        """Read nothing here first, if so much is to come that workers pay."""
        if size_bytes >= self._worth_bytes:
            self._left_bytes = 0

    def scan(self, staged: Staged, mv: ModuleVersion) -> ScannedZip:
        """Check and hash a staged zip, read its packages and licences; see scan_zip.

        Raises:
            RejectedError: as scan_zip.
            StoreError: it cannot be read.
        """
        known = self.ahead.get(mv, staged.digest)
        if known is not None:
            return known
        item = _Item(mv, staged.size_bytes)
        self._left_bytes -= item.size_bytes  # threads may lose one; it is a threshold
        if staged.descriptor is not None and self._left_bytes <= 0:
            scan = self._workers.ask(item, descriptor=staged.descriptor)
            if scan is not None:
                return scan
        return self._reader.read(staged.read_at, item)
