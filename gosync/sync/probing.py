"""Probing: versions asked for one by one, where nobody lists a module's.

For the operator who says so (``upstream.probe_versions``): from what is known of the
module the next releases are asked for, and after each that is there those after it, at
most ``MOST_QUESTIONS`` a module and pass. A server that has the files and no list is
found out about so, at the price of questions that are mostly answered by 404.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from gosync.errors import NotFoundError, RejectedError
from gosync.gomod.module import ModuleVersion
from gosync.gomod.nextversions import next_versions
from gosync.gomod.semver import sort_versions
from gosync.upstream.proxy import ProxyClient

MOST_QUESTIONS: Final = 40


async def probe_versions(
    proxy: ProxyClient, path: str, known: Iterable[str]
) -> tuple[str, ...]:
    """Return the known versions and those that were found beyond them, ascending.

    Raises:
        UnavailableError: an upstream gave no answer; what is there is unknown.
    """
    found, asked = set(known), set[str]()
    while True:
        ahead = [each for each in next_versions(path, found) if each not in asked]
        before = len(found)
        for version in ahead:
            if len(asked) >= MOST_QUESTIONS:
                return tuple(sort_versions(found))
            asked.add(version)
            if await _is_there(proxy, ModuleVersion(path, version)):
                found.add(version)
                break  # what comes after it is asked for first
        if len(found) == before:
            return tuple(sort_versions(found))


async def _is_there(proxy: ProxyClient, mv: ModuleVersion) -> bool:
    try:
        await proxy.info(mv)
    except (NotFoundError, RejectedError):
        return False
    return True
