"""Signature rules of the policy: ``[policy] require_signature``. Pure.

A version that one of them concerns comes in where as many different keys as
``threshold`` says have signed what its zip is: attestations of its h1
(``signing.attestation``). Where nobody knows its h1 yet, neither by its zip nor by the
checksum database's record, those of any count; then those of its own alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from gosync.gomod.patterns import PatternSet
from gosync.site.ground import Ground

REQUIRE: Final = "policy.require_signature"


class SignatureRule(msgspec.Struct, frozen=True):
    """Whose signatures some modules must have.

    Attributes:
        patterns: Which modules, as in GOPRIVATE.
        keys: Files of public keys, or folders of them; read at each use.
        threshold: How many different keys must have signed.
    """

    patterns: tuple[str, ...]
    keys: tuple[str, ...]
    threshold: int = 1

    def concerns(self, path: str) -> bool:
        """Return whether it is about a module."""
        return PatternSet(self.patterns).match(path)


class SignatureCount(msgspec.Struct, frozen=True):
    """How a version stands to one rule that concerns it.

    Attributes:
        threshold: How many keys must have signed.
        count: How many have.
        others: How many more have signed a zip of another content.
    """

    threshold: int
    count: int
    others: int = 0

    def grounds(self) -> Iterator[Ground]:
        """Yield what speaks against the version."""
        if self.count >= self.threshold:
            return
        text = f"{self.count} of {self.threshold} signatures that it must have"
        if self.others:
            text += f"; {self.others} are of another content, not of what is here"
        yield Ground(REQUIRE, text)
