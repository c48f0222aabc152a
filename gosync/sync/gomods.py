"""go.mod files for module graphs: from the store, filled through the gate.

Graphs are read in worker threads (``load``, ``prefetch``) while the event loop
fetches (``bring``), wave by wave, with the need of a ``.mod`` alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import anyio

from gosync.catalog.db import Catalog
from gosync.catalog.versions import Need
from gosync.errors import BlobCorruptError, BlobMissingError, RejectedError
from gosync.gomod.modfile import GoMod, parse_lax
from gosync.gomod.module import ModuleVersion
from gosync.hint import command
from gosync.site.site import Site
from gosync.store.blobs import BlobReader
from gosync.store.digest import Digest
from gosync.sync.arriving import Arriving, Fetch, unanswered


class StoredGoMods:
    """The go.mod files that the store has; asks nobody.

    Attributes:
        lacking: What was asked for in vain.
        damaged: What the store has lost or damaged, and how it was found.
    """

    def __init__(
        self, catalog: Catalog, blobs: BlobReader, *, bears_damage: bool = True
    ) -> None:
        """Begin with what the catalog has.

        Args:
            catalog: Says which blobs are go.mod files.
            blobs: Has them.
            bears_damage: Whether a damaged one is noted, and else is as one that is
                not here; if not, it is an error.
        """
        self._catalog = catalog
        self._blobs = blobs
        self._bears_damage = bears_damage
        self._parsed: dict[ModuleVersion, GoMod | None] = {}
        self.lacking: set[ModuleVersion] = set()
        self.damaged: dict[ModuleVersion, str] = {}

    def load(self, module: ModuleVersion) -> GoMod | None:
        """Return a version's go.mod; None when it is not here, or is none."""
        if module not in self._parsed:
            data = self.read(module)
            self._parsed[module] = None if data is None else _parse(data)
        return self._parsed[module]

    def read(self, module: ModuleVersion) -> bytes | None:
        """Return the bytes of a version's ``.mod``, or None.

        Raises:
            StoreError: if the store or the catalog cannot be read.
        """
        row = self._catalog.versions.get(module)
        if row is None or row.mod_digest is None:
            self.lacking.add(module)
            return None
        try:
            return self._blobs.read(Digest(row.mod_digest))
        except (BlobMissingError, BlobCorruptError) as exc:
            if not self._bears_damage:
                raise
            again = command("verify", "--repair")
            self.damaged[module] = f"{exc}; `{again}` fetches it anew"
            return None

    def is_here(self, module: ModuleVersion) -> bool:
        """Return whether the store has a version's ``.mod``, damaged or not."""
        if module in self._parsed and module not in self.damaged:
            return self._parsed[module] is not None
        row = self._catalog.versions.get(module)
        return row is not None and row.mod_digest is not None


class GoModSource(StoredGoMods):
    """The same, with an upstream behind it."""

    def __init__(self, site: Site, fetch: Fetch, *, retry: bool) -> None:
        """Begin with what the store has.

        Args:
            site: Where to look first.
            fetch: Brings versions through the gate.
            retry: Whether to try failed items before their time.
        """
        super().__init__(site.catalog, site.blobs)
        self._arriving = Arriving(site, fetch, Need.MOD, retry=retry)

    def prefetch(self, modules: Sequence[ModuleVersion]) -> None:
        """Bring these; to be called from a worker thread."""
        unknown = [each for each in modules if each.version]
        if any(not self.is_here(each) for each in unknown):
            anyio.from_thread.run(self.bring, unknown)

    async def bring(self, modules: Iterable[ModuleVersion]) -> None:
        """Fetch the ``.mod`` of what is not here; a failure is noted, not raised.

        Raises:
            StoreError: if the store or the catalog cannot be written.
        """
        await self._arriving.bring(each for each in modules if not self.is_here(each))

    def unanswered(self) -> list[ModuleVersion]:
        """Return what is lacking without a definite no: a later pass may have it."""
        lacking = unanswered(self._catalog, self.lacking, Need.MOD)
        return [*lacking, *sorted(self.damaged)]


def _parse(data: bytes) -> GoMod | None:
    """Parse what the gate admitted; Go refuses what is none, and so do graphs."""
    try:
        return parse_lax(data)
    except RejectedError:
        return None
