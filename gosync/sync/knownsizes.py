"""Sizes of selected versions' zips: what the store says of them, and of others."""

from __future__ import annotations

from gosync.catalog.db import Catalog
from gosync.catalog.selected_sizes import SelectedSize
from gosync.catalog.versions import Need
from gosync.sync.zipsizes import ModuleSizes, SizeKind, ZipSizes


def known_sizes(catalog: Catalog) -> ZipSizes:
    """Return what the store says of the sizes of zips.

    Raises:
        CatalogError: if the catalog cannot be read.
    """
    here = catalog.selected_sizes.zips_by_module()
    return ZipSizes({path: ModuleSizes(*each) for path, each in here.items()})


def size_of(each: SelectedSize, sizes: ZipSizes) -> tuple[int, SizeKind]:
    """Return how large a selected version's zip is, and how that is known.

    A zip that is larger than it is wanted is not kept.
    """
    if each.need is Need.MOD:
        return 0, SizeKind.HERE
    if each.zip_bytes is not None:
        return each.zip_bytes, SizeKind.HERE
    size, kind = sizes.of(each.mv)
    if each.max_zip_bytes is not None and size > each.max_zip_bytes:
        return (0 if kind.is_exact else each.max_zip_bytes), kind
    return size, kind
