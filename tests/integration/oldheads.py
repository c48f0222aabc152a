"""Which tree heads of clients a site's tree serves: what is there to prove them."""

from __future__ import annotations

from gosync.sumdb.oldheads import old_head_tiles
from gosync.sumdb.tile import Tile
from gosync.sumdb.tlog import parse_tree
from tests.integration.site import Site
from tests.simulator import Simulator

RECORDS = 67_000  # three levels of tiles, one of level 1 is full
OTHER, LATER = 1_300, 65_790
NOT_A_VERSION = 8 * 256  # a head whose edge has no tile at level 0


def lacking(site: Site, sim: Simulator, size: int) -> set[Tile]:
    """What the tree lacks to prove this head to its client; the rest is right."""
    folder = site.tree / "sumdb" / sim.log.name
    head = parse_tree((folder / "latest").read_bytes().partition(b"\n\n")[0] + b"\n").n
    files = {tile: folder / tile.path() for tile in old_head_tiles(size, head)}
    there = {tile: file.read_bytes() for tile, file in files.items() if file.is_file()}
    assert all(data == sim.log.tile(tile) for tile, data in there.items())
    return files.keys() - there.keys()


def serves(site: Site, sim: Simulator, size: int) -> bool:
    return not lacking(site, sim, size)


def latest(site: Site, sim: Simulator, size: int) -> str:
    """A client's file with a head of this size."""
    file = site.folder.parent / f"latest-{size}"
    file.write_bytes(sim.log.head(size))
    return str(file)
