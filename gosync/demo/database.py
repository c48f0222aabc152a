"""What a checksum database's endpoints answer, over a SumLog.

    latest                 the signed tree head
    lookup/ESC@ESC         record id, record, signed tree head
    tile/8/L/NNN[.p/W]     W times 32 bytes, 256 times when full
    tile/8/data/NNN[.p/W]  the records themselves
    supported              200 with nothing; only a proxy answers it, below
                           sumdb/NAME/, to say that it passes the rest on

The database itself has the same endpoints at its root, `supported` aside.
"""

from __future__ import annotations

from collections.abc import Callable

from gosync.demo.exchange import HttpAnswer, not_found
from gosync.demo.log import SumLog, format_lookup
from gosync.errors import MalformedError, NotFoundError
from gosync.gomod.module import ModuleVersion, unescape_path, unescape_version
from gosync.sumdb.tile import Tile, parse_tile_path

_BINARY = "application/octet-stream"


class SumSite:
    """Answers for one log.

    Args:
        log: The log; another one can be put in its place at any time.
        discover: Called for a module version without a record; may add one,
            as the public database does for whatever its proxy can fetch.

    Attributes:
        supported: Whether `supported` is answered with 200.
    """

    def __init__(
        self, log: SumLog, *, discover: Callable[[ModuleVersion], None]
    ) -> None:
        self.log = log
        self.supported = True
        self._discover = discover

    def answer(self, path: str) -> HttpAnswer:
        """Answer a path below the database's base, without a first slash."""
        if path == "supported":
            return HttpAnswer() if self.supported else not_found("supported")
        try:
            if path == "latest":
                return HttpAnswer(200, self.latest())
            if path.startswith("lookup/"):
                return HttpAnswer(200, self.lookup(_parse_lookup(path)))
            if path.startswith("tile/8/data/"):
                return HttpAnswer(200, self._data(path))
            if path.startswith("tile/"):
                return HttpAnswer(200, self.tile(parse_tile_path(path)), _BINARY)
        except (MalformedError, NotFoundError):
            pass
        return not_found(path)

    def latest(self) -> bytes:
        """Return the signed tree head."""
        return self.log.head()

    def lookup(self, mv: ModuleVersion) -> bytes:
        """Return the lookup of a module version.

        Raises:
            NotFoundError: if there is no such module version.
        """
        record_id = self.find(mv)
        return format_lookup(record_id, self.record(record_id), self.lookup_head(mv))

    def lookup_head(self, mv: ModuleVersion) -> bytes:  # noqa: ARG002 - for overriding
        """Return the signed tree head that a lookup carries."""
        return self.log.head()

    def record(self, record_id: int) -> bytes:
        """Return a record's text."""
        return self.log.record(record_id)

    def tile(self, tile: Tile) -> bytes:
        """Return a tile's bytes.

        Raises:
            NotFoundError: if the tree has no such tile.
        """
        return self.log.tile(tile)

    def find(self, mv: ModuleVersion) -> int:
        """Return the id of a module version's record.

        Raises:
            NotFoundError: if there is no such module version.
        """
        if self.log.find(mv) is None:
            self._discover(mv)
        record_id = self.log.find(mv)
        if record_id is None:
            raise NotFoundError(f"{mv}: no such record")
        return record_id

    def _data(self, path: str) -> bytes:
        tile = parse_tile_path(path.replace("/data/", "/0/", 1))
        return self.log.data_tile(start=tile.n << tile.h, count=tile.w)


def _parse_lookup(path: str) -> ModuleVersion:
    escaped_path, _, escaped_version = path.removeprefix("lookup/").partition("@")
    return ModuleVersion(unescape_path(escaped_path), unescape_version(escaped_version))
