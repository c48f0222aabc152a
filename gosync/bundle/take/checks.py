"""Checks of a bundle's selection: who vouches for it, and what would go."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from typing import TYPE_CHECKING

from gosync.bundle.format.manifest import Manifest
from gosync.bundle.read.documents import shrink_lines
from gosync.bundle.read.folder import BundleFolder
from gosync.catalog.versions import Proof
from gosync.errors import SecurityError, UsageError
from gosync.gomod.module import ModuleVersion
from gosync.hint import advise, command

if TYPE_CHECKING:
    from gosync.site.site import Site


def check_vouched(manifest: Manifest, *, proves: Callable[[str], bool]) -> None:
    """Check that every public version has a record that vouches for it.

    Whoever packed may say that nobody does; for public modules that is not enough.

    Raises:
        SecurityError: One has none.
    """
    for entry in manifest.versions:
        if entry.proof is not Proof.SUMDB and proves(entry.path):
            raise SecurityError(
                f"{entry.path}@{entry.version}: the bundle has no record of the"
                " checksum database for it",
                hint="if the module is private, say so inside: upstream.private",
            )


def check_deletes(site: Site, manifest: Manifest) -> int:
    """Check that a selection does not let go of more than is meant.

    Returns:
        How many versions of the site it lets go of.

    Raises:
        TooManyDeletesError: It would, and nobody says that it is meant.
        CatalogError: The catalog cannot be read.
    """
    selected = {entry.mv for entry in manifest.versions}
    deletes = _count_leaving(site, selected)
    site.options.deletes.check(
        deletes,
        f"{deletes} versions of this site are not in the bundle's selection",
        hint=advise(
            "ask outside whether that is meant, then {}",
            command("bundle import", "DIR", "--max-delete", deletes),
        ),
    )
    return deletes


def check_shrink(
    site: Site,
    chosen: BundleFolder,
    bundles: Iterable[BundleFolder],
    *,
    ask: Callable[[str], bool] | None,
) -> None:
    """Check that versions may leave because rules outside changed.

    It is asked once: of a bundle, or of one that it overtakes, that was not applied.

    Args:
        site: The site.
        chosen: The bundle that is to be applied.
        bundles: All that are at hand.
        ask: Asks somebody, None where nobody is there.

    Raises:
        UsageError: They may not, or nobody says so.
        CatalogError: The catalog cannot be read.
    """
    newest = site.catalog.imports.newest()
    since = 0 if newest is None else newest.sequence
    numbers = range(since + 1, chosen.header.sequence + 1)
    shrinks = [b for b in bundles if b.header.sequence in numbers and b.manifest.shrink]
    selected = {entry.mv for entry in chosen.manifest.versions}
    if not shrinks or not _count_leaving(site, selected):
        return
    what = "\n".join(line for b in shrinks for line in shrink_lines(b.manifest.shrink))
    if ask is None or not ask(what):
        raise UsageError(
            what,
            hint=advise(
                "ask outside whether that is meant, then {}",
                command("bundle import", "DIR", "--accept-shrink"),
            ),
        )


def _count_leaving(site: Site, selected: Container[ModuleVersion]) -> int:
    """Return how many versions that the tree shows a selection does not have.

    Raises:
        CatalogError: The catalog cannot be read.
    """
    shown = (r for r in site.catalog.versions.all_rows() if r.published is not None)
    return sum(row.mv not in selected for row in shown)
