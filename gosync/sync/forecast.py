"""Forecast of a sync: how much it will bring, and whether somebody agrees to that."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from gosync.catalog.db import Catalog
from gosync.catalog.selected_sizes import SelectedSize
from gosync.catalog.versions import Need
from gosync.sync.knownsizes import known_sizes, size_of
from gosync.sync.plansums import Sum
from gosync.sync.zipsizes import ZipSizes


class Forecast(msgspec.Struct, frozen=True):
    """How much a sync will bring.

    Attributes:
        fetch: What is selected and not here.
        is_estimated: Whether what is selected is an upper bound: of modules that were
            never read everything is counted that they require.
    """

    fetch: Sum
    is_estimated: bool

    @property
    def is_exact(self) -> bool:
        """Whether versions and sizes are known, all of them."""
        return not (self.is_estimated or self.fetch.estimated_bytes)


Asker: TypeAlias = Callable[[Forecast], bool]


class Agreement(msgspec.Struct, frozen=True):
    """When a run asks whether to go on.

    Attributes:
        above_bytes: It asks when zips of more bytes than this are to be fetched.
        ask: Returns whether somebody agrees.
    """

    above_bytes: int
    ask: Asker


def lacking_zips(catalog: Catalog) -> list[SelectedSize]:
    """Return what is selected whole and whose zip is not here.

    Raises:
        CatalogError: if the catalog cannot be read.
    """
    return [
        each
        for each in catalog.selected_sizes.all()
        if each.need is Need.ZIP and each.zip_bytes is None
    ]


def forecast(
    lacking: list[SelectedSize], sizes: ZipSizes, *, is_estimated: bool
) -> Forecast:
    """Return how much it is to bring these."""
    fetch = Sum()
    for each in lacking:
        fetch.add_zip(*size_of(each, sizes))
    return Forecast(fetch, is_estimated)


def planned_bytes(catalog: Catalog) -> int | None:
    """Return how many bytes of zips are to come, None where nothing tells of some.

    Raises:
        CatalogError: if the catalog cannot be read.
    """
    sizes = known_sizes(catalog)
    found = forecast(lacking_zips(catalog), sizes, is_estimated=False).fetch
    return None if found.sizes_unknown else found.bytes
