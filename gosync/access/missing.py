"""Requests for what is not carried: by module and query, out of logs. Pure.

    query      what was asked for
    v1.2.3     a version's files, or its record in the checksum database
    latest     the list of versions, or the newest one: any version would do
    master     a branch, a tag or a commit
    tile/8/…   a tile of the checksum database, which is then the module: a client
               remembers a tree head that the mirror has no tiles for

``go`` asks for each parent path of a package as well, since any of them may be the
module: ``example.com/a`` and ``example.com`` beside ``example.com/a/b``. Of these the
hosts are left out (``tries``). Whoever adds requests finds out which of the others are
modules.
"""

from __future__ import annotations

from typing import Final

import msgspec

from gosync.access.asked import OTHER, request_of
from gosync.access.rows import MISSING, AskedRequest
from gosync.access.tries import PrefixTries
from gosync.folder.requests import ProxyRequest, ProxyRequestKind

LATEST: Final = "latest"
MOST_REQUESTS: Final = 50_000
_OF_ANY_VERSION: Final = frozenset(
    {ProxyRequestKind.LIST.value, ProxyRequestKind.LATEST.value}
)
_MOST_ASKERS: Final = 100
_NOBODY: Final[dict[str, int]] = {}
_OF_VERSION: Final = frozenset(
    {
        ProxyRequestKind.INFO,
        ProxyRequestKind.MOD,
        ProxyRequestKind.ZIP,
        ProxyRequestKind.QUERY,
        ProxyRequestKind.LOOKUP,
    }
)


class MissingRequest(msgspec.Struct):
    """Something that was asked for and is not carried.

    Attributes:
        module: The module path, or a checksum database's name.
        query: What of it; see the module.
        count: How often.
        first: When first, in seconds since 1970.
        last: When last.
        askers: Who asked, and how often: addresses, with the user before an "@" where
            one is known.
    """

    module: str
    query: str
    count: int
    first: int
    last: int
    askers: dict[str, int]


class MissingRequests:
    """Collects them.

    Attributes:
        left_out: How many requests were for others, beside those that are known.
    """

    def __init__(
        self,
        prefix: str = "",
        *,
        anonymous: bool = False,
        most: int = MOST_REQUESTS,
        statuses: frozenset[int] = MISSING,
    ) -> None:
        """Begin.

        Args:
            prefix: What the tree is served below; "" for the root.
            anonymous: Whether nobody's name or address is kept.
            most: How many modules and queries are kept.
            statuses: Which HTTP statuses tell that something is not carried.
        """
        self._most, self._statuses = most, statuses
        self.left_out = 0
        self._prefix = prefix
        self._anonymous = anonymous
        self._tries = PrefixTries()
        self._found: dict[tuple[str, str], MissingRequest] = {}

    def see(self, asked: AskedRequest) -> None:
        """Take a request, if it was for what is not carried, and no try of a prefix."""
        self._tries.note(asked)
        if asked.status not in self._statuses or asked.kind == OTHER:
            return
        if not self._tries.holds(asked):
            self._take(asked)

    def _take(self, asked: AskedRequest) -> None:
        query = LATEST if asked.kind in _OF_ANY_VERSION else asked.version
        known = self._found.get((asked.module, query))
        if known is None:
            known = self._begin(asked)
        if known is None:
            return
        known.count += 1
        known.first, known.last = (
            min(known.first, asked.time),
            max(known.last, asked.time),
        )
        if not self._anonymous:
            _note_asker(known.askers, asked)

    def _begin(self, asked: AskedRequest) -> MissingRequest | None:
        """Return a new request, None where there is no room, or it is for nothing."""
        if len(self._found) >= self._most:
            self.left_out += 1
            return None
        wanted = wanted_of(request_of(asked.path, self._prefix))
        if wanted is None:
            return None
        known = self._found.get(wanted)
        if known is None:
            askers: dict[str, int] = _NOBODY if self._anonymous else {}
            known = self._found[wanted] = MissingRequest(
                *wanted, 0, asked.time, asked.time, askers
            )
        return known

    def found(self) -> list[MissingRequest]:
        """Return what was asked for, the most asked first."""
        for each in self._tries.settled():
            self._take(each)
        return sorted(
            self._found.values(),
            key=lambda each: (-each.count, each.module, each.query),
        )


def wanted_of(request: ProxyRequest | None) -> tuple[str, str] | None:
    """Return the module and the query that a request is for, None for none."""
    if request is None:
        return None
    if request.kind in _OF_VERSION:
        return request.module, request.version
    if request.kind in {ProxyRequestKind.LIST, ProxyRequestKind.LATEST}:
        return request.module, LATEST
    if request.kind is ProxyRequestKind.TILE:
        return request.database, request.tile
    return None


def _note_asker(askers: dict[str, int], asked: AskedRequest) -> None:
    client = asked.client.decode("utf-8", "backslashreplace")
    user = asked.user.decode("utf-8", "backslashreplace")
    name = f"{user}@{client}" if user else client
    if name in askers or len(askers) < _MOST_ASKERS:
        askers[name] = askers.get(name, 0) + 1
