"""What a site takes of bundles and from whom, on which media, and what goes along."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gosync.folder.routes import FEED
from gosync.gomod.module import ModuleVersion, escape_path
from tests.integration.pair import VOLUME, Machines, Pair, bulky, grow
from tests.integration.site import SECURITY, STANDS_OPEN, STORE, USAGE
from tests.integration.wreck import Story
from tests.simulator import Simulator
from tests.simulator.standard import DOTTED_MAJOR, PRIVATE, UPPER

pytestmark = pytest.mark.slow

MODULES = [UPPER, PRIVATE, f"{DOTTED_MAJOR}@v1.0.0/go.mod", "std.example/*"]


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    with Machines() as machines:
        yield machines


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as sim:
        yield sim


@pytest.fixture
def pair(sim: Simulator, machines: Machines, tmp_path: Path) -> Pair:
    """Outside has synced once."""
    Story(sim)
    sim.database.lookup_size = None
    pair = Pair(tmp_path, sim, machines, modules=MODULES, private=["corp.example"])
    pair.sync()
    return pair


def test_a_store_that_syncs_takes_no_bundles(pair: Pair):
    full = pair.make()
    pair.outside.declare(bundle={"trust": str(pair.papers / "trust.toml")})
    refused = pair.take(full, expect=USAGE, site=pair.outside)
    assert "fed by syncs" in refused.document["message"]


def test_a_store_that_takes_bundles_is_not_synced(pair: Pair):
    pair.take(pair.make())
    for command in (["sync"], ["plan"], ["sync", f"{UPPER}@v1.0.0"]):
        refused = pair.run_inside(*command, expect=USAGE)
        assert "fed by bundles for inside" in refused.document["message"]
    pair.check()
    status = pair.run_inside("status").document
    assert (status["bundle"]["sequence"], status["bundle"]["waiting"]) == (1, 0)


def test_without_a_trust_file_nobodys_bundles_are_taken(pair: Pair):
    full = pair.make()
    (pair.papers / "trust.toml").unlink()
    refused = pair.take(full, expect=USAGE)
    assert "gosync key new" in refused.document["hint"]
    assert pair.inside.tree_files() == {}


def test_a_private_module_must_be_called_so_inside(pair: Pair):
    full = pair.make()
    pair.inside.configure({"private": []})
    refused = pair.take(full, expect=SECURITY)
    assert "upstream.private" in refused.document["hint"]
    assert pair.inside.tree_files() == {}


def test_what_nobody_proves_is_taken_where_no_database_is_asked(
    pair: Pair, tmp_path: Path
):
    pair.outside.configure({"sumdb": "off"})
    blind = pair.new_inside(tmp_path / "blind")
    blind.configure({"sumdb": "off"})
    pair.sync()
    full = pair.make("--full")

    pair.take(full, site=blind)
    assert blind.carried() == pair.outside.carried()
    refused = pair.take(full, expect=USAGE)
    assert "has no head of" in refused.document["message"]
    assert pair.inside.tree_files() == {}


def test_volumes_may_come_on_one_medium_each(
    sim: Simulator, machines: Machines, tmp_path: Path
):
    for number in range(1, 7):
        sim.publish(bulky(f"std.example/bulk{number}"))
    pair = Pair(tmp_path, sim, machines, modules=["std.example/*"], volume_size="64KiB")
    pair.sync()
    full = pair.make()
    volumes = sorted(full.glob("vol-*"))
    assert len(volumes) >= 2
    first, second = tmp_path / "first", tmp_path / "second"
    for medium, absent in ((first, volumes[1:]), (second, volumes[:1])):
        shutil.copytree(full, medium)
        for volume in absent:
            (medium / volume.name).unlink()

    refused = pair.take(first, expect=VOLUME)
    assert "vol-0002.zst" in refused.document["message"]
    assert pair.inside.tree_files() == {}
    assert pair.take(second).document["versions_brought"] < 6
    pair.check()


def test_a_version_larger_than_a_volume_crosses_once_its_volumes_are_together(
    sim: Simulator, machines: Machines, tmp_path: Path
):
    sim.publish(bulky("std.example/large", noise_bytes=90_000))
    pair = Pair(tmp_path, sim, machines, modules=["std.example/*"], volume_size="32KiB")
    pair.sync()
    full = pair.make()
    assert max(file.stat().st_size for file in full.glob("vol-*")) <= 32 << 10
    assert len(list(full.glob("vol-*"))) >= 3
    medium = tmp_path / "medium"
    shutil.copytree(full, medium)
    (medium / "vol-0003.zst").unlink()

    refused = pair.take(medium, expect=VOLUME)
    assert "vol-0003.zst is missing" in refused.document["message"]
    assert pair.inside.tree_files() == {}
    shutil.copy(full / "vol-0003.zst", medium)
    pair.take(medium)
    pair.check()


@pytest.mark.long
def test_what_an_audit_found_goes_along(sim: Simulator, pair: Pair):
    moved = ModuleVersion(UPPER, "v1.0.0")
    pair.take(pair.make())
    pair.ack()
    proven = pair.inside.tree_files()
    sim.move_tag(moved, {"moved.go": b"package moved\n"})
    pair.run_outside("audit", expect=STANDS_OPEN)
    grow(pair, sim, 2)
    pair.take(pair.make())
    pair.ack()

    # The old bytes stay, the finding is told, with both sides of it.
    now = pair.inside.tree_files()
    name = f"{escape_path(moved.path)}/@v/{moved.version}.zip"
    assert now[name] == proven[name]
    status = pair.run_inside("status", expect=STANDS_OPEN).document
    assert status["audit"]["open"]["rewritten"] == 1
    assert f"rewritten: {moved} (new)" in (pair.inside.tree / FEED).read_text()
    shown = pair.run_inside("show", str(moved)).document
    (finding,) = shown["findings"]
    (outside,) = pair.run_outside("show", str(moved)).document["findings"]
    assert finding["theirs"] == outside["theirs"]
    assert finding["ours"] == {
        **outside["ours"],
        "seen_outside": outside["first_seen"],
    }
    pair.run_inside("catalog", "rebuild")
    assert pair.run_inside("show", str(moved)).document["findings"] == [finding]

    # Over outside, it is over inside; what an operator accepted is accepted.
    sim.move_back(moved)
    pair.run_outside("audit", "--refresh", expect=None)
    grow(pair, sim, 3)
    pair.take(pair.make())
    (finding,) = pair.run_inside("show", str(moved)).document["findings"]
    assert finding["state"] == "resolved"


def test_receipts_cannot_be_written_to_a_folder_that_is_not_there(pair: Pair):
    full = pair.make()
    nowhere = ("--receipt", str(pair.papers / "no" / "receipt.json"))
    refused = pair.take(full, *nowhere, expect=STORE)
    assert "receipt.json" in refused.document["message"]
    assert json.loads(json.dumps(pair.came())) == {"1": "applied"}
    pair.take(full)
    pair.check()
