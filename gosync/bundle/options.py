"""Options of the configuration for making bundles and taking them in."""

from __future__ import annotations

from pathlib import Path

import msgspec


class TargetSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A site that bundles are made for.

    Attributes:
        name: Its name.
        volume_bytes: The most that one volume may have.
        keys: Files of the secret keys that sign for it.
        sealed_base: Whether a bundle that has no receipt yet is a base.
    """

    name: str
    volume_bytes: int
    keys: tuple[Path, ...] = ()
    sealed_base: bool = False


class InsideSpec(msgspec.Struct, frozen=True):
    """How bundles are taken in.

    Attributes:
        trust: The trust file.
        target: What this site is called outside; "" for what its first bundle says.
    """

    trust: Path
    target: str = ""
