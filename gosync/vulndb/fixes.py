"""Versions to select, so that what is carried has its vulnerabilities fixed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter

import msgspec

from gosync.gomod.pathmajor import match_path_major, split_path_version
from gosync.gomod.semver import version_key
from gosync.vulndb.report import Vulnerabilities, VulnerableVersion


class ProposedFix(msgspec.Struct, frozen=True):
    """A version that is not carried and fixes what is.

    Attributes:
        module: Its path.
        version: The lowest version above the newest affected one that no entry affects.
        ids: The entries that it fixes there.
    """

    module: str
    version: str
    ids: tuple[str, ...]


def propose_fixes(
    found: Iterable[VulnerableVersion], known: Vulnerabilities
) -> Iterator[ProposedFix]:
    """Yield at most one version for each module: what its newest affected one lacks.

    Nothing is proposed where every entry's fix is here already, or none is known.

    Args:
        found: What is affected, by module.
        known: The entries.
    """
    for path, of_module in groupby(found, attrgetter("module")):
        rows = list(of_module)
        newest = max((each.version for each in rows), key=version_key)
        ids = tuple(
            each.id
            for each in rows
            if each.version == newest and not each.fixed_is_carried
        )
        version = known.sound_above(path, newest) if ids else ""
        if version:
            yield ProposedFix(path, _allowed(path, version), ids)


def _allowed(path: str, version: str) -> str:
    """Return the version as its path has it: entries leave ``+incompatible`` out."""
    _, path_major, _ = split_path_version(path)
    is_allowed = match_path_major(version, path_major)
    return version if is_allowed else f"{version}+incompatible"
