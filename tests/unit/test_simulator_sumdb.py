"""What the faulty database answers, judged by hand and by gosync.sumdb's parsers."""

from __future__ import annotations

import pytest

from gosync.demo.exchange import HttpAnswer, HttpRequest
from gosync.errors import SignatureError
from gosync.gomod.module import ModuleVersion
from gosync.sumdb.note import open_note, parse_verifier_key
from gosync.sumdb.tlog import node_hash, parse_tree, record_hash
from tests.simulator import Simulator
from tests.simulator.simulator import record_text
from tests.simulator.standard import module

MV, OTHER = (
    ModuleVersion("a.example/m", "v1.0.0"),
    ModuleVersion("a.example/o", "v1.0.0"),
)


@pytest.fixture
def sim() -> Simulator:
    """A log of 700 records with the one of MV at 250."""
    simulator = Simulator(records=250)
    simulator.publish(module(*_parts(MV)))
    simulator.publish(module(*_parts(OTHER)))
    simulator.log.grow(448)
    return simulator


def _parts(mv: ModuleVersion) -> tuple[str, str]:
    return mv.path, mv.version


def ask(sim: Simulator, path: str) -> HttpAnswer:
    return sim.answer(HttpRequest("GET", path, path))


def body(sim: Simulator, path: str) -> bytes:
    answer = ask(sim, path)
    assert answer.status == 200, path
    assert isinstance(answer.body, bytes)
    return answer.body


def lookup(sim: Simulator, mv: ModuleVersion) -> tuple[int, bytes, bytes]:
    record_id, _, rest = body(sim, f"/lookup/{mv}").partition(b"\n")
    text, _, head = rest.partition(b"\n\n")
    return int(record_id), text + b"\n", head


def size_of(sim: Simulator, head: bytes) -> int:
    note = open_note(head, [parse_verifier_key(sim.verifier_key)])
    return parse_tree(note.text).n


def test_a_well_database_signs_what_it_serves(sim: Simulator):
    record_id, text, head = lookup(sim, MV)
    assert (record_id, size_of(sim, head)) == (250, 700)
    leaf = body(sim, "/tile/8/0/000")[250 * 32 : 251 * 32]
    assert leaf == record_hash(text)


def test_heads_nobody_should_trust_are_refused(sim: Simulator):
    sim.database.wrong_signature()
    with pytest.raises(SignatureError):
        size_of(sim, body(sim, "/latest"))
    sim.database.mend()
    sim.database.unknown_key()
    with pytest.raises(SignatureError):
        size_of(sim, lookup(sim, MV)[2])
    sim.database.mend()
    assert size_of(sim, body(sim, "/latest")) == 700


def test_cosignatures_and_further_lines_do_no_harm(sim: Simulator):
    sim.database.cosign("witness.example", "other.example")
    sim.database.extra_lines("note to self\n")
    head = body(sim, "/latest")
    assert size_of(sim, head) == 700
    assert head.count("— ".encode()) == 3
    assert b"\nnote to self\n\n" in head


def test_stale_answers_have_earlier_sizes(sim: Simulator):
    sim.database.latest_size = 300
    sim.database.lookup_size = 400
    sim.database.stamp(OTHER, 500)
    assert size_of(sim, body(sim, "/latest")) == 300
    assert size_of(sim, lookup(sim, MV)[2]) == 400
    assert size_of(sim, lookup(sim, OTHER)[2]) == 500


def test_a_rollback_takes_tiles_and_records_along(sim: Simulator):
    sim.database.rollback(251)
    assert size_of(sim, body(sim, "/latest")) == 251
    assert lookup(sim, MV)[0] == 250
    assert ask(sim, f"/lookup/{OTHER}").status == 404
    assert ask(sim, "/tile/8/0/000.p/251").status == 200
    assert ask(sim, "/tile/8/0/000").status == 404
    assert ask(sim, "/tile/8/1/000.p/1").status == 404


def test_a_fork_is_signed_by_the_same_key(sim: Simulator):
    head = body(sim, "/latest")
    before = sim.database.fork(100)
    forked = body(sim, "/latest")
    assert size_of(sim, forked) == size_of(sim, head)
    assert forked != head
    assert lookup(sim, MV)[0] == 250
    sim.database.log = before
    assert body(sim, "/latest") == head


@pytest.mark.parametrize(
    ("level", "n", "path"),
    [
        (0, 0, "/tile/8/0/000"),
        (0, 2, "/tile/8/0/002.p/188"),
        (1, 0, "/tile/8/1/000.p/2"),
    ],
)
def test_a_forged_tile_differs_in_one_hash(
    sim: Simulator, level: int, n: int, path: str
):
    true = body(sim, path)
    sim.database.forge_tile(level, n, at=1)
    forged = body(sim, path)
    assert forged[:32] == true[:32]
    assert forged[32:64] != true[32:64]
    assert forged[64:] == true[64:]
    sim.database.mend()
    assert body(sim, path) == true


def test_every_tile_of_a_level_can_be_forged_or_cut(sim: Simulator):
    true = [body(sim, f"/tile/8/0/00{n}") for n in (0, 1)]
    sim.database.forge_tile(0)
    assert all(body(sim, f"/tile/8/0/00{n}") != true[n] for n in (0, 1))
    sim.database.mend()
    sim.database.wrong_length(0, more_bytes=-32)
    assert [body(sim, f"/tile/8/0/00{n}") for n in (0, 1)] == [t[:-32] for t in true]
    sim.database.mend()
    sim.database.wrong_length(0, 1, more_bytes=5)
    assert body(sim, "/tile/8/0/001") == true[1] + bytes(5)


def test_partial_tiles_can_be_missing(sim: Simulator):
    sim.database.partial_tiles = False
    assert ask(sim, "/tile/8/0/002.p/188").status == 404
    assert ask(sim, "/tile/8/0/001").status == 200


def test_a_forged_record_agrees_with_the_tiles_of_its_levels(sim: Simulator):
    text = record_text(MV, zip_h1="h1:evil", mod_h1="h1:evil")
    true_index = body(sim, "/tile/8/1/000.p/2")
    sim.database.forge_record(MV, text, levels=1)
    assert lookup(sim, MV)[1] == text
    leaves = body(sim, "/tile/8/0/000")
    assert leaves[250 * 32 : 251 * 32] == record_hash(text)
    assert body(sim, "/tile/8/1/000.p/2") == true_index
    sim.database.mend()
    sim.database.forge_record(MV, text, levels=2)
    forged_index = body(sim, "/tile/8/1/000.p/2")
    row = [leaves[at : at + 32] for at in range(0, len(leaves), 32)]
    while len(row) > 1:
        row = [node_hash(a, b) for a, b in zip(row[::2], row[1::2], strict=True)]
    assert forged_index[:32] == row[0]
    assert forged_index[32:] == true_index[32:]


def test_a_true_record_can_lack_the_line_asked_for(sim: Simulator):
    sim.database.answer_other(MV, OTHER)
    record_id, text, _ = lookup(sim, MV)
    assert record_id == 251
    assert MV.path.encode() not in text
    third = ModuleVersion("a.example/t", "v1.0.0")
    half = record_text(third, zip_h1="h1:x", mod_h1=None)
    sim.publish(module(*_parts(third)), record=half)
    assert lookup(sim, third)[1] == b"a.example/t v1.0.0 h1:x\n"


def test_smuggled_lines_are_signed_but_in_the_note(sim: Simulator):
    lines = f"{MV.path} {MV.version} h1:evil\n"
    sim.database.smuggle(MV, lines)
    record_id, text, head = lookup(sim, MV)
    assert record_id == 250
    assert b"evil" not in text
    assert lines.encode() in head
    assert size_of(sim, head) == 700
    assert lines.encode() not in lookup(sim, OTHER)[2]


def test_supported_can_be_off(sim: Simulator):
    name = sim.log.name
    assert ask(sim, f"/sumdb/{name}/supported").status == 200
    sim.database.supported = False
    assert ask(sim, f"/sumdb/{name}/supported").status == 404
