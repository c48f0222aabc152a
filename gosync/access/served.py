"""Versions with findings that were given out: who has them. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import msgspec

from gosync.access.rows import SERVED, AskedRequest

_ZIP: Final = "zip"
_MOST: Final = 10_000


class ServedFinding(msgspec.Struct):
    """A version with an open finding, or a withdrawn one, that a client was given.

    Attributes:
        module: The module path.
        version: The version.
        client: The client's address.
        user: Who it said it was, b"" for nobody.
        count: How often.
        first: When first, in seconds since 1970.
        last: When last.
    """

    module: str
    version: str
    client: bytes
    user: bytes
    count: int
    first: int
    last: int


class ServedFindings:
    """Collects them.

    Attributes:
        left_out: How often one was given out beside those that are known.
    """

    def __init__(self, findings: Collection[tuple[str, str]]) -> None:
        """Begin.

        Args:
            findings: Module and version of what is meant.
        """
        self.left_out = 0
        self._findings = findings
        self._modules = frozenset(module for module, _ in findings)
        self._found: dict[tuple[str, str, bytes, bytes], ServedFinding] = {}

    def concerns(self, module: str) -> bool:
        """Whether a version of the module is meant."""
        return module in self._modules

    def see(self, asked: AskedRequest) -> None:
        """Take a request, if it was answered with such a version's zip."""
        given = asked.kind == _ZIP and asked.status in SERVED
        if not given or (asked.module, asked.version) not in self._findings:
            return
        key = (asked.module, asked.version, asked.client, asked.user)
        known = self._found.get(key)
        if known is not None:
            known.count += 1
            known.first = min(known.first, asked.time)
            known.last = max(known.last, asked.time)
        elif len(self._found) < _MOST:
            self._found[key] = ServedFinding(*key, 1, asked.time, asked.time)
        else:
            self.left_out += 1

    def found(self) -> list[ServedFinding]:
        """Return them by module, version and client."""
        return [each for _, each in sorted(self._found.items())]
