"""What a selection follows from, as one digest; apart from what makes selections."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gosync.sync.dependencies import ConfiguredProject
    from gosync.sync.site import Site


def fingerprint_of(site: Site, projects: Iterable[ConfiguredProject]) -> str:
    """Return a digest of all that the selection follows from.

    Raises:
        CatalogError: the catalog cannot be read.
    """
    options = site.options
    parts = (
        options.policy.fingerprint(),
        [(each.name, each.project.digest, each.deps) for each in projects],
        options.toolchains,
        site.catalog.offers.last_change(),
        *(each.key for each in site.catalog.withdrawn.all()),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()
