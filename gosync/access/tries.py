"""Tries of path prefixes: what ``go`` asks since any prefix might be the module. Pure.

For ``rsc.io/quote@v1.5.2`` it asks for ``rsc.io`` at v1.5.2 as well, with ``.info`` or
``list``, at the same moment. A path counts as such a try if two things hold:

- it is the name of a host alone, or of an owner on a forge whose modules have one
  element more (``github.com/acme``): any other may well be the module of a package;
- the same client asked for a longer path with the same query within TOGETHER_SECONDS,
  before or after, whatever it was answered.

A module that is needed is asked for with ``.mod``, too, which is never a try.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

from gosync.access.rows import AskedRequest
from gosync.folder.requests import ProxyRequestKind

TOGETHER_SECONDS: Final = 10
TRIED_KINDS: Final = frozenset(
    {
        ProxyRequestKind.INFO.value,
        ProxyRequestKind.QUERY.value,
        ProxyRequestKind.LIST.value,
        ProxyRequestKind.LATEST.value,
    }
)
_MOST: Final = 20_000
_FORGES: Final = frozenset({"github.com", "gitlab.com", "bitbucket.org"})

_Key: TypeAlias = tuple[bytes, bytes, str, str]


class PrefixTries:
    """Holds requests back that may be tries, until it is clear what they were."""

    def __init__(self) -> None:
        self._longer: dict[_Key, int] = {}
        self._held: dict[_Key, list[AskedRequest]] = {}
        self._held_count = 0

    def note(self, asked: AskedRequest) -> None:
        """Take a request, however it was answered: shorter ones may be its tries."""
        if asked.kind not in TRIED_KINDS:
            return
        for prefix in _tried_prefixes(asked.module):
            key = _key(asked, prefix)
            self._longer[key] = asked.time
            held = self._held.pop(key, [])
            rest = [e for e in held if not _together(e.time, asked.time)]
            self._held_count -= len(held) - len(rest)
            if rest:
                self._held[key] = rest
        if len(self._longer) > _MOST:
            self._forget(asked.time)

    def holds(self, asked: AskedRequest) -> bool:
        """Return whether a request is a try, or may turn out to be one and is held."""
        if asked.kind not in TRIED_KINDS or not _is_tried(asked.module):
            return False
        key = _key(asked, asked.module)
        longer = self._longer.get(key)
        if longer is not None and _together(longer, asked.time):
            return True
        if self._held_count >= _MOST:
            return False
        self._held.setdefault(key, []).append(asked)
        self._held_count += 1
        return True

    def settled(self) -> Iterator[AskedRequest]:
        """Yield what was held back and no longer path came for: requests after all."""
        for held in self._held.values():
            yield from held
        self._held, self._held_count = {}, 0

    def _forget(self, now: int) -> None:
        recent = {k: at for k, at in self._longer.items() if _together(at, now)}
        self._longer = recent if len(recent) <= _MOST else {}


def _key(asked: AskedRequest, path: str) -> _Key:
    return asked.client, asked.user, asked.version, path


def _together(one: int, other: int) -> bool:
    return abs(one - other) <= TOGETHER_SECONDS


def _tried_prefixes(path: str) -> Iterator[str]:
    """Yield the proper prefixes of a path that can be tries."""
    host, _, rest = path.partition("/")
    if rest:
        yield host
    owner, _, deeper = rest.partition("/")
    if deeper and host in _FORGES:
        yield f"{host}/{owner}"


def _is_tried(path: str) -> bool:
    host, _, rest = path.partition("/")
    return not rest or (host in _FORGES and "/" not in rest)
