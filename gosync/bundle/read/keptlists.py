"""Lists of the selections of earlier bundles, kept in the store of either side.

    lists/<id>.zst     one zstd frame: the lines of ``format.selectionlist``

Outside keeps the list of each bundle that it seals, inside of each that it applies. So
a bundle tells its own list as a difference to that of the one whose receipt came back,
and whoever takes it in makes it whole again. A list that is gone costs no more than its
size: outside writes a whole one, inside asks for one (need.json). So nothing else names
these files, and the newest few are kept.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

from gosync.bundle.format.selectionlist import (
    SelectionList,
    completed,
    format_list,
    list_of,
    parse_list,
)
from gosync.bundle.read.folder import BundleFolder
from gosync.bundle.read.zstd import PIECE_BYTES, open_reader, write_frame
from gosync.catalog.bundles import BundleRow, BundleState
from gosync.catalog.db import Catalog
from gosync.catalog.imports import ImportState
from gosync.errors import MalformedError
from gosync.store.digest import is_digest
from gosync.store.durable import disk_errors, make_folder, replace_file
from gosync.store.layout import LISTS, is_staged_name

_log = logging.getLogger(__name__)
_KEPT = 16  # of a target's bundles, and of those that came in
_SUFFIX = ".zst"


class KeptLists:
    """The kept lists of one store; whoever writes holds the lease of its bundles."""

    def __init__(self, store: Path) -> None:
        self._folder = store / LISTS

    def get(self, bundle_id: str) -> SelectionList | None:
        """Return the list of a bundle; None if it is not here, or damaged.

        Raises:
            StoreError: it cannot be read.
        """
        path = self._path(bundle_id)
        with disk_errors(path):
            try:
                with path.open("rb") as file, open_reader(file) as frame:
                    return parse_list(iter(lambda: frame.read(PIECE_BYTES), b""))
            except FileNotFoundError:
                return None
            except MalformedError as error:
                _log.warning("%s: %s", path, error)
                return None

    def has(self, bundle_id: str) -> bool:
        """Return whether there is a bundle's list."""
        return self._path(bundle_id).is_file()

    def keep(self, bundle_id: str, listed: SelectionList) -> None:
        """Keep a bundle's list, durable before it returns.

        Raises:
            StoreError: it cannot be written.
            NoSpaceError: the disk is full.
        """
        lines, packed = format_list(listed), io.BytesIO()
        write_frame([lines], packed, size_bytes=len(lines))
        make_folder(self._folder)
        path = self._path(bundle_id)
        replace_file(path, packed.getvalue(), staging=self._folder)

    def sweep(self, catalog: Catalog, *, used: str | None = None) -> None:
        """Remove the lists that no bundle is told by any more.

        Args:
            catalog: The catalog.
            used: The bundle that the newest one was told by, if any.

        Raises:
            CatalogError: the catalog cannot be read.
            StoreError: one cannot be removed.
        """
        ids = _used(catalog) | {used}
        with disk_errors(self._folder):
            for path in list(self._folder.glob("*")):
                torn = is_staged_name(path.name)
                if torn or (is_digest(path.stem) and path.stem not in ids):
                    path.unlink()

    def complete(self, bundles: Iterable[BundleFolder]) -> None:
        """Make the lists of bundles whole, as far as what is here allows.

        Raises:
            VolumeError: a manifest is missing or damaged.
            StoreError: a kept list cannot be read.
        """
        known: dict[str, BundleFolder] = {}
        for bundle in sorted(bundles, key=lambda each: each.header.sequence):
            said = bundle.manifest.list_base
            if said is None:
                known[bundle.id] = bundle
                continue
            near = known.get(said.base)
            bases = (list_of(near.manifest),) if near is not None else ()
            if self._complete(bundle, bases):
                known[bundle.id] = bundle

    def _complete(
        self, bundle: BundleFolder, near: tuple[SelectionList, ...] = ()
    ) -> bool:
        """Complete one bundle's list by its base's or, if kept, by itself."""
        said = bundle.manifest.list_base
        assert said is not None
        kept = (self.get(bundle_id) for bundle_id in (said.base, bundle.id))
        for base in chain(near, kept):
            if base is None:
                continue
            try:
                bundle.manifest = completed(bundle.manifest, base)
            except MalformedError as error:
                _log.warning("bundle %s: %s", bundle.id[:8], error)
            else:
                return True
        return False

    def _path(self, bundle_id: str) -> Path:
        return self._folder / f"{bundle_id}{_SUFFIX}"


def _used(catalog: Catalog) -> set[str]:
    """Return the bundles whose lists others may be told by."""
    came = [r for r in catalog.imports.all() if r.state is ImportState.APPLIED]
    ids = {row.bundle_id for row in came[-_KEPT:]}
    targets: dict[str, list[BundleRow]] = {}
    for row in catalog.bundles.all():
        if row.state in (BundleState.SEALED, BundleState.ACKED):
            targets.setdefault(row.target, []).append(row)
    for rows in targets.values():
        acked = [row for row in rows if row.state is BundleState.ACKED]
        ids |= {row.bundle_id or "" for row in (*rows[-_KEPT:], *acked[-1:])}
    return ids
