"""Version queries: what ``@latest``, ``@v1`` or ``@<v1.2`` mean in a list. Pure.

As of https://go.dev/ref/mod#version-queries: ``latest``, ``upgrade`` and ``patch`` are
the newest; ``v1`` and ``v1.2`` the newest that begins so; ``<``,
``<=``, ``>`` and ``>=`` the nearest on that side. What else there is names a revision.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from gosync.gomod import semver
from gosync.gomod.versionlist import newest

_NEWEST: Final = frozenset({"", "latest", "upgrade", "patch"})
_PREFIX: Final = re.compile(r"v[0-9]+(?:\.[0-9]+)?")
_COMPARED: Final = re.compile(r"(<=?|>=?)(v.+)")


def is_range(query: str) -> bool:
    """Whether a query is answered from the list, not by its own name."""
    return query in _NEWEST or bool(
        _PREFIX.fullmatch(query) or _COMPARED.fullmatch(query)
    )


def pick(query: str, versions: Sequence[str]) -> str | None:
    """Return the version that a query means in a list; None for none.

    Raises:
        ValueError: The query compares with what is no version.
    """
    if query in _NEWEST:
        return newest(versions)
    compared = _COMPARED.fullmatch(query)
    if compared is None:
        return newest([each for each in versions if each.startswith(f"{query}.")])
    sign, limit = compared.groups()
    if not semver.is_valid(limit):
        raise ValueError(query)
    order = {each: semver.compare(each, limit) for each in versions}
    side = -1 if sign[0] == "<" else 1
    fitting = [
        each
        for each, than in order.items()
        if than == side or (than == 0 and sign[1:] == "=")
    ]
    ordered = semver.sort_versions(fitting)
    if not ordered:
        return None
    return ordered[-1] if side < 0 else ordered[0]
