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
        outbox: The folder that the daemon makes its bundles in, None for no such job.
        inbox: The folder that its replies are delivered into, None for none.
        sbom: Formats of the SBOMs that travel in its bundles.
        resend_seconds: After how long without a receipt a bundle counts as lost.
    """

    name: str
    volume_bytes: int
    keys: tuple[Path, ...] = ()
    sealed_base: bool = False
    outbox: Path | None = None
    inbox: Path | None = None
    sbom: tuple[str, ...] = ()
    resend_seconds: float = 7 * 86_400.0


class InsideSpec(msgspec.Struct, frozen=True):
    """How bundles are taken in.

    Attributes:
        trust: The trust file.
        target: What this site is called outside; "" for what its first bundle says.
        inbox: The folder that bundles are delivered into, None for no such job.
        outbox: The folder that receipts and needs are put into, None for none.
    """

    trust: Path
    target: str = ""
    inbox: Path | None = None
    outbox: Path | None = None
