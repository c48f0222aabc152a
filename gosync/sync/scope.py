"""Scope of a pass: the configured site, or what a command named of it."""

from __future__ import annotations

from msgspec.structs import replace

from gosync.errors import UsageError
from gosync.site.policy import Policy, Select, Selector
from gosync.site.site import Site


def check_not_carried(site: Site) -> None:
    """Refuse to select in a store whose selection came with a bundle.

    Raises:
        UsageError: if it did.
    """
    newest = site.catalog.imports.newest()
    if newest is not None:
        raise UsageError(
            f"{site.options.store_path}: this store is fed by bundles for"
            f" {newest.target}; a sync would unselect what they brought",
            hint="select outside, and import the next bundle",
        )


def narrowed(site: Site, selectors: tuple[Selector, ...]) -> Site:
    """Return the site with the selectors for its policy, if there are any."""
    if not selectors:
        return site
    policy = Policy([Select(selectors)], site.options.policy.private)
    return replace(site, options=replace(site.options, policy=policy))
