"""End of the house log: what is read of it is what is new; the rest is proven."""

from __future__ import annotations

from gosync.site.houselog import HouseRecord
from gosync.site.housetip import LogTip, TreeTiles, read_tip
from gosync.site.options import HouseLogSpec
from gosync.sumdb.growing import GrowingLog
from gosync.sumdb.note import generate_key, parse_signer_key, sign_note
from gosync.sumdb.tile import FULL_TILE_WIDTH, new_tiles
from gosync.sumdb.tlog import format_tree

NAME = "sum.corp.example"
SIGNER, VERIFIER = generate_key(NAME)
SPEC = HouseLogSpec(VERIFIER)
TEXTS = [b"m.example/m v1.0.%d h1:\n" % number for number in range(1_000)]
LOG = GrowingLog(TEXTS)


def _head(size: int) -> bytes:
    return sign_note(format_tree(LOG.tree(size)), [parse_signer_key(SIGNER)])


class World:
    """A store's log of 1000 records, and a tree that shows some of them."""

    def __init__(self, shown: int) -> None:
        folder = f"sumdb/{NAME}"
        self.asked: list[str] = []
        self.files = {"latest": _head(len(TEXTS))}
        for at in range(0, len(TEXTS), FULL_TILE_WIDTH):
            number, some = at // FULL_TILE_WIDTH, TEXTS[at : at + FULL_TILE_WIDTH]
            self.files[f"records/{number:06d}"] = b"".join(e + b"\n" for e in some)
            self.files[f"public/{number:06d}"] = b"-\n" * len(some)
        self.tree = {f"{folder}/latest": _head(shown)} if shown else {}
        for tile in new_tiles(0, shown):
            self.tree[f"{folder}/{tile.path()}"] = LOG.tile(tile) or b""

    def _stored(self, name: str) -> bytes | None:
        self.asked.append(name)
        return self.files.get(name)

    def tip(self) -> LogTip:
        """Return the log's end."""
        return read_tip(self._stored, SPEC, TreeTiles(self.tree.get, SPEC), set())

    def records_read(self) -> set[str]:
        """Return which files of records were read."""
        return {each for each in self.asked if each.startswith("records/")}


def test_what_the_tree_shows_is_not_read_again():
    world = World(shown=900)
    tip = world.tip()
    assert tip.tree(1_000) == LOG.tree(1_000)
    assert world.records_read() == {"records/000003"}
    for size in (900, 256, 257, 10, 0):
        assert tip.tree(size) == LOG.tree(size)
    assert world.records_read() == {"records/000003"}
    assert [tile for tile, _ in tip.edge.tiles()] == new_tiles(900, 1_000)
    tip.append([HouseRecord(b"n.example/n v1.0.0 h1:\n")])
    assert tip.record(1_000).version == ("n.example/n", "v1.0.0")
    assert len(tip.records(999)) == 2


def test_without_the_trees_tiles_all_is_read():
    world = World(shown=900)
    del world.tree[f"sumdb/{NAME}/tile/8/0/003.p/132"]
    tip = world.tip()
    assert tip.tree(1_000) == LOG.tree(1_000)
    assert len(world.records_read()) == 4
    assert [tile for tile, _ in tip.edge.tiles()] == new_tiles(0, 1_000)
    assert World(shown=0).tip().tree(300) == LOG.tree(300)
