"""SPDX licence expressions. Pure.

Identifiers of the classifier become those of SPDX's list: ``GPL-3.0``, deprecated
there, is ``GPL-3.0-only``. What is not on the list is ``LicenseRef-NAME``; what grants
nothing by itself (Google's patent grants, notices of Creative Commons) is left out.
Files that stand side by side all count: AND. Whether a reader may choose, no file name
says, and a mirror that guessed would let in what must stay out.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from license_expression import Licensing

UNKNOWN: Final = "unknown"

_GRANTS_NOTHING: Final = frozenset(
    {"CC-Notice", "GooglePatentClause", "GooglePatentsFile"}
)


def spdx_identifier(name: str) -> str:
    """Return SPDX's identifier of a licence, ``LicenseRef-NAME`` if it has none."""
    known = _known(name)
    return f"LicenseRef-{name}" if known is None else known


def is_identifier(name: str) -> bool:
    """Return whether SPDX's list has an identifier, if only as a deprecated one."""
    return _known(name) is not None


def known_identifiers() -> frozenset[str]:
    """Return the identifiers on SPDX's list."""
    return frozenset(_licensing().known_symbols)


def identifiers(found: Iterable[str]) -> tuple[str, ...]:
    """Return SPDX's identifiers of what a classifier found, sorted, each once."""
    return tuple(
        sorted({spdx_identifier(each) for each in found if each not in _GRANTS_NOTHING})
    )


def all_of(found: Iterable[str]) -> str:
    """Return the expression of licences that all count, ``unknown`` for none."""
    return " AND ".join(found) or UNKNOWN


@cache
def _known(name: str) -> str | None:
    parsed = _licensing().parse(name, validate=False)
    if parsed is None or _licensing().unknown_license_keys(parsed):
        return None
    rendered: str = parsed.render()
    return rendered


@cache
def _licensing() -> Licensing:
    """Return SPDX's list, which takes 15 ms to load."""
    from license_expression import get_spdx_licensing  # noqa: PLC0415 - see above

    return get_spdx_licensing()
