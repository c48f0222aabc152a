"""How the checksum database is reached, decided once.

A database with a URL of its own is asked there. Otherwise each proxy of the list
is asked for ``sumdb/NAME/supported``: the first that answers 200 carries all
requests from then on, and a failure there is final, never a reason to go around
it. A definite no (404, 410) leads to the next entry, and the end of the list, or
``direct`` or ``off``, to ``https://NAME``. Any other answer means that the
database is out of reach for now; the next request asks again.

One case is ours: a page of HTML in place of ``supported`` is a file server that
answers everything with its front page, so it counts as a no.

Paths are those of the database itself: ``latest``, ``lookup/PATH@VERSION`` (escaped,
"!" bare on the wire) and ``tile/8/...``. Limits: a tile 8192 bytes, which is 256
hashes of 32; everything else 1 MiB.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anyio

from gosync.errors import NotFoundError
from gosync.upstream.goproxy import DIRECT, OFF, ProxyEntry, ProxyList
from gosync.upstream.options import MIB
from gosync.upstream.urls import join, strip_secrets, sumdb_path_on_wire

if TYPE_CHECKING:
    from gosync.sumdb.names import Database
    from gosync.upstream.answer import Response
    from gosync.upstream.http import Fetcher

TILE_LIMIT_BYTES: Final = 256 * 32
ANSWER_LIMIT_BYTES: Final = 1 * MIB


class SumDBRemote:
    """Reads a checksum database's files; what they say is not proven here."""

    def __init__(
        self, database: Database, proxies: ProxyList, fetcher: Fetcher
    ) -> None:
        """Prepare to ask; how it is reached is found out at the first request.

        Args:
            database: Which database.
            proxies: The list that may carry it.
            fetcher: Does the asking.
        """
        self._database = database
        self._proxies = proxies
        self._fetcher = fetcher
        self._deciding = anyio.Lock()
        self._base = database.url

    @property
    def shown_base(self) -> str | None:
        """Where the database is asked, without secrets; None before it is known."""
        return None if self._base is None else strip_secrets(self._base)

    async def read(self, path: str, *, limit_bytes: int | None = None) -> Response:
        """Return a file of the database, and where it came from.

        Args:
            path: Like ``latest``, ``lookup/...`` or ``tile/8/0/000``.
            limit_bytes: The most it may have; by default what its kind needs.

        Raises:
            NotFoundError: 404 or 410.
            UnavailableError: No answer could be had.
            TooLargeError: It is larger than the limit.
        """
        base = self._base or await self._decide()
        if limit_bytes is None:
            is_tile = path.startswith("tile/")
            limit_bytes = TILE_LIMIT_BYTES if is_tile else ANSWER_LIMIT_BYTES
        url = join(base, sumdb_path_on_wire(path))
        return await self._fetcher.get(url, limit_bytes=limit_bytes)

    async def _decide(self) -> str:
        """Find out who carries the database."""
        async with self._deciding:
            if self._base is None:
                try:
                    self._base = await self._proxies.first_answer(self._ask)
                except NotFoundError:
                    self._base = self._direct
            return self._base

    async def _ask(self, entry: ProxyEntry) -> str:
        if entry.url == DIRECT:
            return self._direct
        if entry.url == OFF:
            raise NotFoundError("the list of proxies ends in off")
        base = join(entry.url, f"sumdb/{self._database.name}")
        got = await self._fetcher.get(
            join(base, "supported"), limit_bytes=ANSWER_LIMIT_BYTES
        )
        if got.body.lstrip()[:1] == b"<":
            raise NotFoundError(f"{got.url}: a page, not an answer")
        return base

    @property
    def _direct(self) -> str:
        return f"https://{self._database.name}"
