"""Fingerprint of a selection: a digest of all that it follows from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from gosync.catalog.db import Catalog
from gosync.site.options import SiteOptions
from gosync.sync.following import read_named
from gosync.sync.projects import ConfiguredProject

_NEEDS = "by imports"  # another rule of what is needed makes another selection


def fingerprint_of(
    options: SiteOptions, catalog: Catalog, projects: Iterable[ConfiguredProject]
) -> str:
    """Return a digest of all that the selection follows from.

    Raises:
        CatalogError: the catalog cannot be read.
        ConfigError: a record of a build cannot.
    """
    parts = (
        _NEEDS,
        options.policy.fingerprint(),
        [(each.name, each.project.digest, each.deps) for each in projects],
        options.toolchains,
        *(each.digest for each in read_named(options)),
        *(["authors are asked"] if options.rules.asks_authors else []),
    )
    offered = (
        catalog.offers.last_change(),
        *((each.path, each.version) for each in catalog.withdrawn.all()),
        *((each.path, each.version, "denied") for each in catalog.rulings.denied()),
    )
    return f"{_digest(parts)}-{_digest(offered)}"


def _digest(parts: tuple[object, ...]) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def is_same_configuration(one: str, other: str) -> bool:
    """Return whether at most what is offered or withdrawn differs between the two."""
    return one.partition("-")[0] == other.partition("-")[0]
