"""Grounds: what speaks against a version, and what becomes of it then. Pure."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Treatment(StrEnum):
    """What becomes of a version that something speaks against."""

    ALLOW = "allow"
    WARN = "warn"
    REFUSE = "refuse"


class Ground(msgspec.Struct, frozen=True):
    """One reason that speaks against a version.

    Attributes:
        rule: The configuration's key.
        text: What it is, in words.
        licence: The licence's identifier that it is about, "" for none.
        vulnerability: The identifiers of the vulnerability that it is about.
        is_told: Whether it is only told, and the version let in.
    """

    rule: str
    text: str
    licence: str = ""
    vulnerability: tuple[str, ...] = ()
    is_told: bool = False
