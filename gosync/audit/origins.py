"""Origin of a version: its repository, if that may be asked. Pure.

``Origin`` in an ``.info`` is whatever an upstream wrote: nothing proves it. Only
https and ssh URLs are taken, without a login (but ssh's ``git@``), of a host that the
operator allowed, with plain characters and no element that could be an option or
lead upwards. Only tags are asked for: branches move by design.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from gosync.gomod.info import Origin
from gosync.pattern import compile_on_use

_URL: Final = compile_on_use(
    r"(?P<scheme>https|ssh)://(?P<user>git@)?"
    r"(?P<host>[a-z0-9][a-z0-9.-]{0,252}(?::[0-9]{1,5})?)"
    r"(?P<path>(?:/[A-Za-z0-9_~][A-Za-z0-9._~+-]{0,254})+)/?",
    re.ASCII,
)
_TAG: Final = compile_on_use(
    r"refs/tags(?:/[A-Za-z0-9_][A-Za-z0-9._+-]{0,254})+", re.ASCII
)
_COMMIT: Final = compile_on_use(r"[0-9a-f]{40}|[0-9a-f]{64}", re.ASCII)
_MAX_CHARACTERS: Final = 1024


class Repository(msgspec.Struct, frozen=True):
    """A repository that may be asked.

    Attributes:
        host: Its host, with a port if the URL has one.
        url: Its URL.
    """

    host: str
    url: str


def host_of(url: str) -> str:
    """Return the host of a repository's URL, with a port if it has one."""
    match = _URL.fullmatch(url)
    return match["host"] if match else ""


def repository_of(origin: Origin | None, hosts: frozenset[str]) -> Repository | None:
    """Return the repository of a tagged version, None where it is not to be asked."""
    if origin is None or origin.vcs != "git" or len(origin.url) > _MAX_CHARACTERS:
        return None
    match = _URL.fullmatch(origin.url)
    if match is None or match["host"] not in hosts:
        return None
    if match["user"] and match["scheme"] != "ssh":
        return None
    if not _TAG.fullmatch(origin.ref) or not _COMMIT.fullmatch(origin.hash):
        return None
    return Repository(match["host"], match[0])
