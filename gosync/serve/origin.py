"""Origin of what a tree lacks, as a worker sees it: who can bring it, and what became.

Without pull-through there is none, and what the tree lacks is not there.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Protocol

import msgspec

from gosync.gomod.module import ModuleVersion
from gosync.serve.asked import Asked


class Fate(StrEnum):
    """What became of something that was asked for.

    Attributes:
        HERE: It is in the tree, or held beside it; what came is proven.
        NO: Nobody has it, for certain.
        DENIED: The server's rules keep it away.
        LATER: It is still on its way, or not to be had now.
        CONFLICT: It is here already, and is another one.
        FAILED: What came was wrong, or upstream makes no sense.
    """

    HERE = "here"
    NO = "no"
    DENIED = "denied"
    LATER = "later"
    CONFLICT = "conflict"
    FAILED = "failed"


class OriginAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of something, and what to tell of it.

    Attributes:
        fate: What became of it.
        text: For the client's user; "" for nothing to say.
        retry_after_seconds: When to ask again.
        fresh_seconds: How long what is held is good.
        is_stale: Whether it is older than that, since upstream gives no answer.
    """

    fate: Fate
    text: str = ""
    retry_after_seconds: float = 0
    fresh_seconds: float = 0
    is_stale: bool = False


class TreeOrigin(Protocol):
    """Brings what a tree lacks."""

    def merges(self, asked: Asked) -> bool:
        """Return whether it is merged with upstream's: lists, ``@latest``, queries."""
        ...

    async def bring(self, asked: Asked) -> OriginAnswer:
        """Bring something; who leaves does not end it."""
        ...

    def tell_used(self, versions: Iterable[ModuleVersion]) -> None:
        """Take in which versions were asked for a while ago."""

    def close(self) -> None:
        """Ask no more."""
