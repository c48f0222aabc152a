"""Sections of bundles: ``[[target]]``, ``[bundle]``."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from gosync.config.schema.section import NAME_FORM, Name, Section

_TARGET = msgspec.Meta(pattern="^([a-z0-9][a-z0-9._-]{0,63})?$", extra=NAME_FORM)


class TargetSection(Section, frozen=True):
    """One ``[[target]]``: a site that bundles are made for.

    Attributes:
        name: The site's name.
        volume_size: The most bytes that one volume may have.
        keys: Files of the secret keys that sign its bundles.
        base: What the next bundle builds on: the last one whose receipt came back,
            or "sealed", the last one that left.
        sbom: The SBOMs that travel in its bundles: "cyclonedx", "spdx" or both.
        outbox: The folder that the daemon makes its bundles in; "" for no such job.
        inbox: The folder that its receipt.json and need.json are delivered into.
        resend_after: After how long without a receipt a bundle that left the outbox
            counts as lost, and what it carried travels again.
    """

    name: Name
    volume_size: str = "4.3GiB"
    keys: tuple[str, ...] = ()
    base: Literal["acked", "sealed"] = "acked"
    sbom: tuple[Literal["cyclonedx", "spdx"], ...] = ()
    outbox: str = ""
    inbox: str = ""
    resend_after: str = "7d"


class BundleSection(Section, frozen=True):
    """``[bundle]``: how bundles are taken in.

    Attributes:
        trust: The trust file: whose signatures count.
        target: What this site is called outside; "" for what its first bundle says.
        inbox: The folder that bundles are delivered into, which the daemon watches;
            "" for no such job.
        outbox: The folder that it puts receipts and needs into, for outside.
    """

    trust: str = "./trust.toml"
    target: Annotated[str, _TARGET] = ""
    inbox: str = ""
    outbox: str = ""
