"""A tree's index says what came in, in order, and names nothing that is not there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gosync.catalog.versions import Need
from gosync.folder import indexfiles
from gosync.folder.indexfiles import digest_of, parse_files, parse_state
from tests.integration.wreck import indexed
from tests.tiers import spread
from tests.unit.publish.test_crash import Killed, killed_at
from tests.unit.publish.world import World, stats

M, N, P = "example.com/m", "example.com/n", "corp.example/p"
DAY = "2024-03-05"


def check_index(world: World) -> list[str]:
    """Hold the index against itself and the tree; return what it names, in order."""
    index = world.root / "index"
    state = parse_state((index / "state.json").read_bytes())
    data = (index / "files.json").read_bytes()
    assert state.files == digest_of(data)
    files = {each.name: each for each in parse_files(data)}
    there = {
        file.relative_to(index).as_posix(): file
        for file in index.rglob("*.jsonl")
        if file.stat().st_size  # a killed run may leave an empty one for a while
    }
    assert files.keys() == there.keys()
    stamps, named = [], []
    for name, file in there.items():
        assert digest_of(file.read_bytes()) == files[name].sha256
        lines = [json.loads(line) for line in file.read_bytes().splitlines()]
        assert len(lines) == files[name].lines
        for line in lines:
            if not name.startswith("gone/"):
                stamps.append(line["Timestamp"])
                named.append((line["Timestamp"], f"{line['Path']}@{line['Version']}"))
                folder = world.root / line["Path"] / "@v"
                kinds = ["info", "mod", *(["zip"] if "/" not in name else [])]
                for kind in kinds:
                    assert (folder / f"{line['Version']}.{kind}").exists()
    assert len(set(stamps)) == len(stamps)
    return [name for _, name in sorted(named)]


def test_lines_come_in_order_and_only_what_is_new_is_written(world: World) -> None:
    world.add(M, "v1.0.0", "v1.1.0")
    world.add(N, "v1.0.0", need=Need.MOD)
    world.add(P, "v1.0.0", private=True)
    world.publish()
    assert indexed(world.root) == {
        "whole": [f"{M}@v1.0.0", f"{M}@v1.1.0"],
        "mod": [f"{N}@v1.0.0"],
    }
    before, first = stats(world.root / "index"), check_index(world)
    assert world.publish().changes == 0
    assert stats(world.root / "index") == before
    world.add(M, "v0.9.0")
    world.publish()
    assert check_index(world) == [*first, f"{M}@v0.9.0"]
    assert stats(world.root / "index/mod") == {
        name: stat for name, stat in before.items() if "/index/mod" in name
    }


def test_what_was_known_is_not_named_again(world: World) -> None:
    world.add(M, "v1.0.0", "v1.1.0")
    world.publish()
    before = world.read(f"index/{DAY}.jsonl")
    world.catalog.versions.admit(world.catalog.versions.of(M))
    world.publish()
    assert world.read(f"index/{DAY}.jsonl") == before


def test_what_went_is_among_the_gone_and_what_grew_is_new(world: World) -> None:
    world.add(M, "v1.0.0", "v1.1.0")
    world.add(N, "v1.0.0", need=Need.MOD)
    world.publish()
    world.withdraw(M, "v1.0.0")
    world.publish()
    assert check_index(world) == [f"{M}@v1.1.0", f"{N}@v1.0.0"]
    assert b'"v1.0.0"' in world.read(f"index/gone/{DAY}.jsonl")
    world.add(N, "v1.0.0")
    world.narrow(M, "v1.1.0")
    world.publish()
    assert indexed(world.root) == {
        "whole": [f"{N}@v1.0.0"],
        "mod": [f"{M}@v1.1.0"],
    }
    check_index(world)


def test_a_lost_index_is_made_again_later_than_before(world: World) -> None:
    world.add(M, "v1.0.0", "v1.1.0")
    world.publish()
    names = check_index(world)
    last = parse_state(world.read("index/state.json")).last
    for lost in ("state.json", "files.json"):
        (world.root / "index" / lost).write_bytes(b"{")
        world.add(M, f"v1.2.{lost == 'files.json':d}")
        world.publish()
        assert check_index(world)[:2] == names
    assert parse_state(world.read("index/state.json")).last > last
    (world.root / f"index/{DAY}.jsonl").write_bytes(b"no line\n")
    (world.root / ".gosync/tree.json").write_bytes(b"{}")
    world.publish()
    assert sorted(check_index(world)) == sorted([*names, f"{M}@v1.2.0", f"{M}@v1.2.1"])


def test_a_long_day_goes_on_in_another_file(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gosync.publish.indexing.LINES_PER_FILE", 3)
    world.add(M, *(f"v1.{n}.0" for n in range(7)))
    world.publish()
    assert [f.name for f in parse_files(world.read("index/files.json"))] == [
        f"{DAY}.2.jsonl",
        f"{DAY}.3.jsonl",
        f"{DAY}.jsonl",
    ]
    first = stats(world.root / f"index/{DAY}.jsonl")
    world.add(M, "v2.0.0+incompatible")
    world.publish()
    assert len(check_index(world)) == 8
    assert stats(world.root / f"index/{DAY}.jsonl") == first


def _changed(folder: Path) -> World:
    world = World(folder)
    world.add(M, "v1.0.0", "v1.1.0")
    world.add(N, "v1.0.0", need=Need.MOD)
    world.publish()
    world.add(N, "v1.0.0")
    world.add(P, "v1.0.0")
    world.withdraw(M, "v1.1.0")
    world.fetch_tiles(world.head())
    return world


@pytest.mark.sampled
def test_killed_at_every_step_it_converges(tmp_path: Path) -> None:
    with _changed(tmp_path / "whole") as world, killed_at(-1) as steps:
        world.publish()
        want = indexed(world.root)
    for step in spread(range(steps[0]), 16):
        with _changed(tmp_path / str(step)) as world:
            with killed_at(step), pytest.raises(Killed):
                world.publish()
            world.publish()
            assert indexed(world.root) == want, step
            check_index(world)
            assert world.publish().changes == 0


def test_names_of_files() -> None:
    for name in ("2026-11-27.jsonl", "mod/2026-11-27.2.jsonl", "gone/2026-11-27.jsonl"):
        part = indexfiles.parse_index_name(name)
        assert part is not None
        assert part.name == name
        assert indexfiles.is_index_file(f"index/{name}")
    for name in ("", "x.jsonl", "2026-11-27.1.jsonl", "mods/2026-11-27.jsonl", "../a"):
        assert indexfiles.parse_index_name(name) is None
