"""Answers of a proxy about modules, as values. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from gosync.gomod.info import VersionInfo
from gosync.upstream.answer import Served


class VersionsAnswer(msgspec.Struct, frozen=True):
    """What a proxy lists.

    Attributes:
        versions: The usable ones, ascending; no pseudo-versions.
        commit: The pseudo-version of the latest commit that it names, or None.
        left_out: How many versions were left out, by reason.
        data: The body as served.
        served: Evidence.
    """

    versions: tuple[str, ...]
    commit: str | None
    left_out: Mapping[str, int]
    data: bytes
    served: Served


class InfoAnswer(msgspec.Struct, frozen=True):
    """What a proxy says about one version.

    Attributes:
        info: The parsed JSON.
        data: The body as served.
        served: Evidence.
    """

    info: VersionInfo
    data: bytes
    served: Served


class ModAnswer(msgspec.Struct, frozen=True):
    """A go.mod.

    Attributes:
        data: The body as served.
        served: Evidence.
    """

    data: bytes
    served: Served
