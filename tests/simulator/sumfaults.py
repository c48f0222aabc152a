"""A checksum database that misbehaves: what a bad log, key or CDN can do.

Sizes: `latest`, lookups and tiles can each be held at an earlier size, which is
what stale caches do; all three together are a rollback. Heads: signed wrongly, by
an unknown key, cosigned, with further lines. Tiles: forged, of a wrong length,
partial ones missing. Records: forged together with the tiles of some levels.
History: a fork. `mend` undoes everything but the fork.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gosync.demo.database import SumSite
from gosync.demo.log import SumLog
from gosync.errors import NotFoundError
from gosync.sumdb.note import Signer, sign_note
from gosync.sumdb.tlog import format_tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from gosync.gomod.module import ModuleVersion
    from gosync.sumdb.tile import Tile


@dataclass(frozen=True, slots=True)
class _ForgedRecord:
    text: bytes
    log: SumLog
    levels: int


class FaultySumSite(SumSite):
    """The database's endpoints with faults.

    Attributes:
        latest_size: What `latest` shows, None for all.
        lookup_size: What lookups are stamped with, None for all.
        tile_size: Tiles exist up to here, None for all.
        partial_tiles: Whether partial tiles are answered.
    """

    def __init__(
        self, log: SumLog, *, discover: Callable[[ModuleVersion], None]
    ) -> None:
        super().__init__(log, discover=discover)
        self.mend()

    def mend(self) -> None:
        """Behave again; a fork stays."""
        self.latest_size: int | None = None
        self.lookup_size: int | None = None
        self.tile_size: int | None = None
        self.partial_tiles = True
        self._stamps: dict[ModuleVersion, int] = {}
        self._smuggled: dict[ModuleVersion, str] = {}
        self._others: dict[ModuleVersion, ModuleVersion] = {}
        self._forged_tiles: dict[tuple[int, int | None], int] = {}
        self._forged_records: dict[int, _ForgedRecord] = {}
        self._lengths: dict[tuple[int, int | None], int] = {}
        self._extra_lines = ""
        self._signers: tuple[Signer, ...] = ()
        self._break_signature = False

    # Moves: sizes.

    def rollback(self, size: int) -> None:
        """Behave as if the log had only ``size`` records."""
        self.latest_size = self.lookup_size = self.tile_size = size

    def stamp(self, mv: ModuleVersion, size: int) -> None:
        """Stamp one module version's lookup with an earlier head."""
        self._stamps[mv] = size

    # Moves: heads.

    def wrong_signature(self) -> None:
        """Sign with the right name and key hash, and a broken signature."""
        self._break_signature = True

    def sign_with(self, *signers: Signer) -> None:
        """Sign with these in place of the log's own key."""
        self._signers = signers

    def unknown_key(self) -> None:
        """Sign with the key of a database that nobody knows."""
        self.sign_with(SumLog("sum.unknown.example").signer)

    def cosign(self, *names: str) -> None:
        """Sign with the log's key and further ones; no harm done."""
        self.sign_with(self.log.signer, *(SumLog(name).signer for name in names))

    def extra_lines(self, text: str) -> None:
        """Sign further lines after the tree's three; no harm done."""
        self._extra_lines = text

    def smuggle(self, mv: ModuleVersion, lines: str) -> None:
        """Hide go.sum lines in the note of a module version's lookup."""
        self._smuggled[mv] = lines

    # Moves: records, tiles and history.

    def answer_other(self, mv: ModuleVersion, other: ModuleVersion) -> None:
        """Answer the lookup of one module version with another's true record."""
        self._others[mv] = other

    def forge_record(self, mv: ModuleVersion, text: bytes, *, levels: int = 1) -> None:
        """Serve a forged record, and tiles that agree with it.

        The tiles of the lowest ``levels`` lead to the forged record; from there
        up they are the true ones. With levels=0 the record alone is forged.
        """
        record_id = self.find(mv)
        forged = self.log.forked(record_id, text)
        self._forged_records[record_id] = _ForgedRecord(text, forged, levels)

    def forge_tile(self, level: int, n: int | None = None, *, at: int = 0) -> None:
        """Change hash ``at`` of tile n of a level, or of each tile there."""
        self._forged_tiles[level, n] = at

    def wrong_length(
        self, level: int, n: int | None = None, *, more_bytes: int = -32
    ) -> None:
        """Serve a tile with some bytes more or fewer."""
        self._lengths[level, n] = more_bytes

    def fork(self, at: int) -> SumLog:
        """Go over to a history that differs from record ``at`` on.

        Returns the history left behind; assign it to ``log`` to go back.
        """
        before, self.log = self.log, self.log.forked(at)
        return before

    # What that does to the answers.

    def latest(self) -> bytes:
        return self._head(self.latest_size)

    def lookup(self, mv: ModuleVersion) -> bytes:
        if self.tile_size is not None and self.find(mv) >= self.tile_size:
            raise NotFoundError(f"{mv}: rolled back")
        return super().lookup(mv)

    def find(self, mv: ModuleVersion) -> int:
        return super().find(self._others.get(mv, mv))

    def lookup_head(self, mv: ModuleVersion) -> bytes:
        size = self._stamps.get(mv, self.lookup_size)
        return self._head(size, self._smuggled.get(mv, ""))

    def record(self, record_id: int) -> bytes:
        forged = self._forged_records.get(record_id)
        return super().record(record_id) if forged is None else forged.text

    def tile(self, tile: Tile) -> bytes:
        if not self.partial_tiles and tile.w < 1 << tile.h:
            raise NotFoundError(f"{tile}: partial")
        last = (tile.n << tile.h) + tile.w
        if self.tile_size is not None and last > self.tile_size >> tile.h * tile.l:
            raise NotFoundError(f"{tile}: rolled back")
        data = self._log_of(tile).tile(tile)
        at = _at(self._forged_tiles, tile)
        if at is not None:
            at = min(at, tile.w - 1) * 32
            data = data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]
        more_bytes = _at(self._lengths, tile) or 0
        return data[:more_bytes] if more_bytes < 0 else data + bytes(more_bytes)

    def _log_of(self, tile: Tile) -> SumLog:
        for record_id, forged in self._forged_records.items():
            spans = tile.n == record_id >> tile.h * (tile.l + 1)
            if tile.l < forged.levels and spans:
                return forged.log
        return self.log

    def _head(self, size: int | None, smuggled: str = "") -> bytes:
        extra = self._extra_lines + smuggled
        if not (extra or self._signers or self._break_signature):
            return self.log.head(size)
        text = format_tree(self.log.tree(size)) + extra.encode()
        note = sign_note(text, self._signers or (self.log.signer,))
        return _with_broken_signature(note) if self._break_signature else note


def _at(faults: dict[tuple[int, int | None], int], tile: Tile) -> int | None:
    return faults.get((tile.l, tile.n), faults.get((tile.l, None)))


def _with_broken_signature(note: bytes) -> bytes:
    head, _, last = note.rstrip(b"\n").rpartition(b" ")
    signature = bytearray(b64decode(last))
    signature[-1] ^= 1
    return head + b" " + b64encode(signature) + b"\n"
