from __future__ import annotations

from typing import TYPE_CHECKING

from gosync.demo.exchange import HttpRequest
from gosync.sumdb.tile import new_tiles
from tests.simulator import Simulator
from tests.simulator.standard import (
    PROGRAM,
    PSEUDO_ONLY,
    UPPER,
    SeededFiles,
    big_source,
    module,
    publish_standard,
)
from tests.simulator.static import write_static

if TYPE_CHECKING:
    from pathlib import Path


def test_the_files_are_what_the_simulator_answers(tmp_path: Path):
    sim = Simulator(records=300)
    publish_standard(sim)
    sim.fail("*")
    count = write_static(sim, tmp_path, index=True)
    sim.clear()
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert len(files) == count
    for file in files:
        path = f"/{file.relative_to(tmp_path).as_posix()}"
        assert sim.answer(HttpRequest("GET", path, path)).body == file.read_bytes()
    database = tmp_path / "sumdb" / sim.log.name
    assert (database / "supported").read_bytes() == b""
    assert len(list((database / "tile").rglob("*"))) > len(new_tiles(0, sim.log.size))
    assert (tmp_path / PSEUDO_ONLY / "@v/list").read_bytes() == b""
    assert (tmp_path / PROGRAM / "@v/v1.1.0.zip").is_file()


def test_a_lookup_that_makes_its_record_comes_before_the_tiles(tmp_path: Path):
    sim = Simulator(records=255)
    sim.publish(module("a.example/m", "v1.0.0"), lazy=True)
    write_static(sim, tmp_path)
    assert sim.log.size == 256
    assert (tmp_path / "sumdb" / sim.log.name / "tile/8/0/000").is_file()


def test_the_standard_set_is_the_same_every_time_and_spreads_over_tiles():
    first, second = Simulator(), Simulator()
    for sim in (first, second):
        publish_standard(sim, spread=300)
    assert first.log.head() == second.log.head()
    found = [first.log.find(mv) for mv in first.log.module_versions()]
    assert len({number // 256 for number in found if number is not None}) > 20
    assert UPPER in {mv.path for mv in first.module_versions()}


def test_the_large_files_are_random_and_repeatable():
    files = SeededFiles("a.example/m", seed=1, files=2, file_bytes=100)
    names = list(files)
    assert names == ["go.mod", "data/0000.bin", "data/0001.bin"]
    assert files[names[1]] == files[names[1]]
    assert files[names[1]] != files[names[2]]
    assert "other" not in files
    assert len(big_source().files) == 6
