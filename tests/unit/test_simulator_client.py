"""gosync's own checksum database client before the simulator's faults."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gosync.demo.exchange import HttpRequest
from gosync.errors import (
    ForkError,
    NotFoundError,
    RecordMismatchError,
    SecurityError,
    SignatureError,
    TileMismatchError,
)
from gosync.gomod.module import ModuleVersion
from gosync.sumdb.client import SumClient
from gosync.sumdb.note import parse_verifier_key
from gosync.sumdb.tile import Tile, new_tiles
from tests.recordtiles import record_tiles
from tests.simulator import Simulator
from tests.simulator.simulator import record_text
from tests.simulator.standard import module

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.simulator.sumfaults import FaultySumSite

MV = ModuleVersion("a.example/m", "v1.0.0")
OTHER = ModuleVersion("a.example/o", "v1.0.0")
SIZES = (251, 256, 257, 600, 70_000)


class MemoryOps:
    """A client's world: the simulator's answers, and a head in memory."""

    def __init__(self, sim: Simulator) -> None:
        self.sim = sim
        self.head = b""
        self.tiles: dict[Tile, bytes] = {}
        self.reported: list[SecurityError] = []

    async def read_remote(self, path: str) -> bytes:
        answer = self.sim.answer(HttpRequest("GET", f"/{path}", f"/{path}"))
        if answer.status != 200:
            raise NotFoundError(path)
        assert isinstance(answer.body, bytes)
        return answer.body

    async def read_head(self) -> bytes:
        return self.head

    async def write_head(self, old: bytes, new: bytes) -> bool:
        if self.head != old:
            return False
        self.head = new
        return True

    async def read_tile(self, tile: Tile) -> bytes | None:
        return self.tiles.get(tile)

    async def write_tiles(self, tiles: Sequence[tuple[Tile, bytes]]) -> None:
        self.tiles.update(tiles)

    async def report(self, error: SecurityError, evidence: Mapping[str, bytes]) -> None:
        assert evidence
        self.reported.append(error)


def log_of(size: int) -> Simulator:
    """A log with the record of MV at 250, or last."""
    sim = Simulator(records=250)
    sim.publish(module(MV.path, MV.version))
    sim.log.grow(size - 251)
    return sim


def client_of(sim: Simulator) -> tuple[SumClient, MemoryOps]:
    ops = MemoryOps(sim)
    return SumClient(ops, parse_verifier_key(sim.verifier_key)), ops


@pytest.fixture(scope="module")
def logs() -> dict[int, Simulator]:
    return {size: log_of(size) for size in SIZES}


@pytest.mark.parametrize("size", SIZES)
async def test_a_true_record_is_proven(logs: dict[int, Simulator], size: int):
    client, ops = client_of(logs[size])
    record = await client.lookup(MV)
    assert (record.id, record.tree.n) == (250, size)
    assert record.zip_h1 == logs[size].publication(MV).zip_h1
    assert not ops.reported
    for tile, data in ops.tiles.items():
        assert logs[size].log.tile(tile) == data


@pytest.mark.parametrize("size", SIZES)
async def test_a_forged_tile_is_noticed_at_every_level(
    logs: dict[int, Simulator], size: int
):
    sim = logs[size]
    for tile in record_tiles(size, 250):
        for at in (0, tile.w - 1):
            sim.database.forge_tile(tile.l, tile.n, at=at)
            client, ops = client_of(sim)
            with pytest.raises(TileMismatchError):
                await client.lookup(MV)
            sim.database.mend()
            assert len(ops.reported) == 1
            assert all(sim.log.tile(t) == data for t, data in ops.tiles.items())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("levels", [0, 1, 2, 3])
async def test_a_forged_record_is_noticed_however_many_levels_agree(
    logs: dict[int, Simulator], size: int, levels: int
):
    sim = logs[size]
    text = record_text(MV, zip_h1="h1:evil", mod_h1="h1:evil")
    sim.database.forge_record(MV, text, levels=levels)
    client, _ = client_of(sim)
    with pytest.raises((TileMismatchError, RecordMismatchError)):
        await client.lookup(MV)
    sim.database.mend()


MOVES: dict[str, tuple[Callable[[FaultySumSite], object], type[SecurityError]]] = {
    "wrong signature": (lambda db: db.wrong_signature(), SignatureError),
    "unknown key": (lambda db: db.unknown_key(), SignatureError),
    "short tiles": (lambda db: db.wrong_length(0), TileMismatchError),
    "long tiles": (lambda db: db.wrong_length(1, more_bytes=1), TileMismatchError),
    "another record": (lambda db: db.answer_other(MV, OTHER), RecordMismatchError),
}


@pytest.mark.parametrize("name", MOVES)
async def test_a_misbehaving_database_is_noticed(name: str):
    sim = log_of(600)
    sim.publish(module(OTHER.path, OTHER.version))
    move, want = MOVES[name]
    move(sim.database)
    client, ops = client_of(sim)
    with pytest.raises(want):
        await client.lookup(MV)
    assert [type(error) for error in ops.reported] == [want]


async def test_a_fork_is_noticed_and_changes_nothing():
    sim = log_of(600)
    client, ops = client_of(sim)
    await client.lookup(MV)
    trusted = ops.head
    sim.database.fork(599)
    sim.log.grow(20)
    with pytest.raises(ForkError):
        await client.refresh()
    assert ops.head == trusted


async def test_smuggled_lines_are_never_used():
    sim = log_of(600)
    sim.database.smuggle(MV, f"{MV.path} {MV.version} h1:evil\n")
    client, _ = client_of(sim)
    record = await client.lookup(MV)
    assert record.zip_h1 == sim.publication(MV).zip_h1


@pytest.mark.parametrize("missing", ["zip", "mod"])
async def test_a_record_without_one_line_is_refused(missing: str):
    sim = Simulator(records=5)
    text = record_text(
        MV,
        zip_h1=None if missing == "zip" else "h1:" + "A" * 43 + "=",
        mod_h1=None if missing == "mod" else "h1:" + "A" * 43 + "=",
    )
    sim.publish(module(MV.path, MV.version), record=text)
    client, _ = client_of(sim)
    with pytest.raises(RecordMismatchError):
        await client.lookup(MV)


async def test_stale_and_odd_answers_are_taken():
    sim = log_of(600)
    sim.publish(module(OTHER.path, OTHER.version))
    sim.database.cosign("witness.example")
    sim.database.latest_size = 300
    client, _ = client_of(sim)
    assert (await client.refresh()).n == 300
    assert (await client.lookup(OTHER)).tree.n == 601
    sim.database.stamp(MV, 251)
    assert (await client.lookup(MV)).tree.n == 601
    assert (await client.refresh()).n == 601


async def test_every_tile_can_be_proven_and_kept():
    sim = log_of(1000)
    client, ops = client_of(sim)
    await client.refresh()
    wanted = new_tiles(0, 1000)
    await client.tiles(wanted)
    assert {tile: ops.tiles[tile] for tile in wanted} == {
        tile: sim.log.tile(tile) for tile in wanted
    }
