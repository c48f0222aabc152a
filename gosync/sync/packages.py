"""What packages import, for the selection: from the catalog, filled from zips.

The imports of a version are kept by the h1 of its zip. Where they are not, the zip
is read if the store has it, once, and fetched through the gate if it has not, which
reads it on its way. Worker threads ask (``load``, ``prefetch``); a wave of zips that
will be read next is fetched side by side.

What was read of zips is written some at a time. Whoever is killed before reads those
again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import (
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Mapping,
    Sequence,
)
from typing import Final

import anyio

from gosync.catalog.db import Catalog
from gosync.catalog.versions import Need, VersionRow
from gosync.errors import (
    BlobCorruptError,
    BlobMissingError,
    MalformedError,
    TooLargeError,
)
from gosync.gomod.module import ModuleVersion
from gosync.gomod.modulepackages import ModulePackages
from gosync.gomod.packages import pack, unpack
from gosync.hint import command
from gosync.site.site import Site
from gosync.store.blobs import BlobReader
from gosync.store.digest import Digest
from gosync.sync.arriving import Arriving, Fetch, is_here, unanswered

# Packed, some thousands of versions; unpacked they have some twenty times as much.
CACHE_BYTES: Final = 2 << 20
_BATCH = 100

Learn = Callable[[Collection[str]], Awaitable[None]]


class StoredPackages:
    """The packages of versions whose zips the store has; asks nobody.

    Attributes:
        is_estimate: Whether more is to be taken where a zip cannot be read.
        lacking: What was asked for in vain.
        damaged: What the store has lost or damaged, and how it was found.
    """

    is_estimate = True

    def __init__(
        self, catalog: Catalog, blobs: BlobReader, *, keep: bool = False
    ) -> None:
        """Begin with what the catalog has.

        Args:
            catalog: Where imports are kept.
            blobs: Has the zips.
            keep: Whether to write down what is read of zips.
        """
        self._catalog = catalog
        self._blobs = blobs
        self._keep = keep
        self._reading = threading.Lock()
        self._read: dict[str, bytes] = {}
        self._cache = _Cache(CACHE_BYTES)
        self.lacking: set[ModuleVersion] = set()
        self.damaged: dict[ModuleVersion, str] = {}

    def load(self, module: ModuleVersion, /) -> ModulePackages | None:
        """Return a version's packages; None if its zip is not here, or has too many.

        None, too, if the store has lost or damaged the zip: that is one version's
        trouble, and is noted.

        Raises:
            StoreError: if the store or the catalog cannot be read or written.
        """
        found = self._cache.get(module)
        if found is not None:
            return found
        try:
            return self._load(module)
        except (BlobMissingError, BlobCorruptError) as exc:
            again = command("verify", "--repair")
            self.damaged[module] = f"{exc}; `{again}` fetches it anew"
            return None

    def _load(self, module: ModuleVersion) -> ModulePackages | None:
        row = self._catalog.versions.get(module)
        if row is None or row.zip_h1 is None or not is_here(row, Need.ZIP):
            self.lacking.add(module)
            return None
        packed = self._packed(row.zip_h1)
        found = None if packed is None else _unpacked(packed)
        if packed is None or found is None:
            packed = self._read_once(row, row.zip_h1)
            found = None if packed is None else unpack(packed)
        if packed is not None and found is not None:
            self._cache.put(module, found, len(packed))
        return found

    def prefetch(self, modules: Sequence[ModuleVersion]) -> None:
        """Prepare to load these: nothing to do for what is in the store."""

    def flush(self) -> None:
        """Write down what was read.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        with self._reading:
            self._write()

    def unanswered(self) -> list[ModuleVersion]:
        """Return what a later pass may know: nothing, where nobody is asked."""
        return []

    @property
    def unread(self) -> Mapping[ModuleVersion, str]:
        """What could not be read, and why; nothing, where it is taken by estimate."""
        return self.damaged

    def _packed(self, zip_h1: str) -> bytes | None:
        return self._read.get(zip_h1) or self._catalog.packages.get(zip_h1)

    def _read_once(self, row: VersionRow, zip_h1: str) -> bytes | None:
        """Read a zip, unless another thread has by now; None if it has too many.

        One at a time: two threads that read zips wait for each other all the time.
        """
        with self._reading:
            packed = self._packed(zip_h1)
            if packed is not None and _unpacked(packed) is not None:
                return packed
            try:
                packed = pack(self._read_zip(row))
            except TooLargeError:
                return None
            if self._keep:
                self._read[zip_h1] = packed
                if len(self._read) >= _BATCH:
                    self._write()
            return packed

    def _read_zip(self, row: VersionRow) -> ModulePackages:
        from gosync.gomod.zippackages import read_zip_packages  # noqa: PLC0415 - rarely

        assert row.zip_digest is not None
        with self._blobs.open(Digest(row.zip_digest)) as blob:
            try:
                return read_zip_packages(blob.read_at, blob.size_bytes, row.mv)
            except MalformedError as exc:
                raise BlobCorruptError(
                    f"its zip in the store is damaged: {exc}"
                ) from exc

    def _write(self) -> None:
        self._catalog.packages.put(self._read.items())
        self._read.clear()


class PackageSource(StoredPackages):
    """The same, with an upstream behind it: what it lacks comes in a later pass."""

    is_estimate = False

    def __init__(
        self, site: Site, fetch: Fetch, *, retry: bool, learn: Learn | None = None
    ) -> None:
        """Begin with what the store has.

        Args:
            site: Where to look first.
            fetch: Brings versions through the gate.
            retry: Whether to try failed items before their time.
            learn: Is told of which modules zips come, before they do.
        """
        super().__init__(site.catalog, site.blobs, keep=True)
        self._learn = learn
        self._arriving = Arriving(site, fetch, Need.ZIP, retry=retry)

    def load(self, module: ModuleVersion, /) -> ModulePackages | None:
        """Return a version's packages, fetching its zip if it is not here.

        Raises:
            StoreError: as StoredPackages.load.
        """
        self.prefetch([module])
        return super().load(module)

    def prefetch(self, modules: Sequence[ModuleVersion]) -> None:
        """Bring the zips of these; to be called from a worker thread.

        Raises:
            StoreError: if the store or the catalog cannot be written.
        """
        away = list(self._away(modules))
        if away:
            anyio.from_thread.run(self._bring, away)

    async def _bring(self, modules: Sequence[ModuleVersion]) -> None:
        if self._learn is not None:
            await self._learn({each.path for each in modules})
        await self._arriving.bring(modules)

    def unanswered(self) -> list[ModuleVersion]:
        """Return what is lacking without a definite no: a later pass may have it."""
        lacking = unanswered(self._catalog, self.lacking, Need.ZIP)
        return [*lacking, *sorted(self.damaged)]

    @property
    def unread(self) -> Mapping[ModuleVersion, str]:
        """What could not be read, and why."""
        lacking = {each: self._reason(each) for each in self.lacking}
        return lacking | self.damaged

    def _reason(self, module: ModuleVersion) -> str:
        failure = self._catalog.failures.get(module)
        return "it was not fetched" if failure is None else failure.reason

    def _away(self, modules: Iterable[ModuleVersion]) -> Iterable[ModuleVersion]:
        for each in modules:
            if each in self._cache:
                continue
            row = self._catalog.versions.get(each)
            if row is None or not is_here(row, Need.ZIP):
                yield each


class _Cache:
    """Packages that were unpacked, the latest of them; threads may share it."""

    def __init__(self, limit_bytes: int) -> None:
        self._left_bytes = limit_bytes
        self._all: OrderedDict[ModuleVersion, tuple[ModulePackages, int]] = (
            OrderedDict()
        )
        self._lock = threading.Lock()

    def __contains__(self, module: ModuleVersion) -> bool:
        return module in self._all

    def get(self, module: ModuleVersion) -> ModulePackages | None:
        with self._lock:
            found = self._all.get(module)
            if found is None:
                return None
            self._all.move_to_end(module)
            return found[0]

    def put(
        self, module: ModuleVersion, packages: ModulePackages, size_bytes: int
    ) -> None:
        with self._lock:
            if module in self._all:
                return
            self._all[module] = packages, size_bytes
            self._left_bytes -= size_bytes
            while self._left_bytes < 0:
                _, (_, freed_bytes) = self._all.popitem(last=False)
                self._left_bytes += freed_bytes


def _unpacked(packed: bytes) -> ModulePackages | None:
    """Return packages as they were kept; None of another form, to be read again."""
    try:
        return unpack(packed)
    except MalformedError:
        return None
