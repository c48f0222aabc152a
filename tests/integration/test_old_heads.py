"""Clients with a tree head from elsewhere: what commands do for them, and bundles."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gosync.gomod.module import ModuleVersion
from gosync.sumdb.tile import Tile
from tests.integration.oldheads import (
    LATER,
    NOT_A_VERSION,
    OTHER,
    RECORDS,
    latest,
    serves,
)
from tests.integration.site import MISSING, OK, SECURITY, UNAVAILABLE, USAGE, Site
from tests.simulator import Simulator
from tests.simulator.standard import UPPER, module

pytestmark = pytest.mark.slow


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(records=RECORDS) as sim:
        sim.publish(module(UPPER, "v1.0.0", day=1))
        yield sim


@pytest.fixture
def site(sim: Simulator, tmp_path: Path) -> Site:
    return Site(tmp_path / "site", sim, modules=[UPPER], index=True)


def test_heads_that_came_along_and_configured_ones_are_served(
    sim: Simulator, site: Site, tmp_path: Path
) -> None:
    sim.database.stamp(ModuleVersion(UPPER, "v1.0.0"), RECORDS + 1)
    sim.log.grow(500)
    site.declare(publish={"tree": "public", "heads": [OTHER]})
    published = site.sync().document["published"]
    assert published["upper_tiles"]
    assert published["head"] == RECORDS + 501
    assert serves(site, sim, RECORDS + 1), "the lookup's own head"
    assert serves(site, sim, OTHER)
    assert serves(site, sim, NOT_A_VERSION)
    assert not serves(site, sim, LATER)
    mark = sim.mark()
    assert site.sync("--refresh").document["published"]["changes"] == 0
    assert not [path for path in sim.paths(since=mark) if "/sumdb/" in path]

    site.declare(publish={"tree": "public", "heads": [OTHER, latest(site, sim, LATER)]})
    site.sync()
    assert serves(site, sim, LATER)
    site.check_store()
    site.run("verify", str(site.tree), "--offline", expect=OK)


def test_a_tree_of_before_gets_what_it_lacks(sim: Simulator, site: Site) -> None:
    site.sync()
    marker = site.tree / ".gosync/tree.json"
    told = json.loads(marker.read_bytes())
    assert told.pop("old_heads")
    marker.write_text(json.dumps(told))
    folder = site.tree / "sumdb" / sim.log.name / "tile/8/1"
    for lost in (folder / "000", folder / "001.p/2"):
        lost.unlink()
    assert not serves(site, sim, NOT_A_VERSION)
    assert site.sync("--refresh").document["published"]["upper_tiles"]
    assert serves(site, sim, NOT_A_VERSION)
    site.run("verify", str(site.tree), "--offline", expect=OK)


def test_without_upper_tiles_only_chosen_heads_are_served(
    sim: Simulator, site: Site
) -> None:
    site.declare(publish={"tree": "public", "upper_tiles": False})
    assert not site.sync().document["published"]["upper_tiles"]
    assert not serves(site, sim, NOT_A_VERSION)
    site.declare(publish={"tree": "public", "upper_tiles": False, "heads": [OTHER]})
    assert not site.sync().document["published"]["upper_tiles"]
    assert serves(site, sim, OTHER)
    assert not serves(site, sim, LATER)


def test_a_client_s_file_is_served_and_remembered(sim: Simulator, site: Site) -> None:
    site.sync()
    file = latest(site, sim, OTHER)
    done = site.run("publish", "--head", file, expect=OK).document
    assert done["heads"] == [{"size": OTHER, "served": True, "ahead": False}]
    assert serves(site, sim, OTHER)
    again = site.run("publish", "--head", file, expect=OK).document
    assert again["changes"] == 0
    (site.tree / ".gosync/tree.json").unlink()
    for each in (site.tree / "sumdb").rglob("005"):
        each.unlink()
    site.run("publish", str(site.folder / "elsewhere"), expect=OK)
    assert (site.folder / f"elsewhere/sumdb/{sim.log.name}/tile/8/0/005").is_file()


@pytest.mark.long
def test_a_rebuilt_catalog_and_a_killed_publish_serve_on(
    sim: Simulator, site: Site
) -> None:
    site.sync()
    site.run("publish", "--head", latest(site, sim, OTHER), expect=OK)
    (site.store / "catalog.sqlite").unlink()
    site.run("catalog", "rebuild", expect=OK)
    sim.log.grow(1_000)
    sim.publish(module(UPPER, "v1.1.0", day=2))
    site.sync("--refresh")
    assert serves(site, sim, OTHER)
    # As a kill after the first step leaves it: incomplete, the lookups not stamped.
    marker = site.tree / ".gosync/tree.json"
    marker.write_bytes(
        marker.read_bytes().replace(b'"complete":true', b'"complete":false')
    )
    for each in (site.tree / "sumdb").rglob("005"):
        each.unlink()
    site.run("publish", expect=OK)
    assert serves(site, sim, OTHER)
    site.run("verify", str(site.tree), "--offline", expect=OK)


def test_a_client_that_is_ahead_makes_the_tree_follow(
    sim: Simulator, site: Site
) -> None:
    site.sync()
    sim.log.grow(3)  # within the same tile of level 0
    ahead = sim.log.size
    done = site.run("publish", "--head", latest(site, sim, ahead), expect=OK)
    assert done.document["head"] == ahead
    assert serves(site, sim, ahead)


def test_a_client_beyond_what_the_database_shows_is_told(
    sim: Simulator, site: Site
) -> None:
    site.sync()
    before = sim.log.size
    sim.log.grow(700)
    file = latest(site, sim, sim.log.size)
    with sim.fail("*/sumdb/*/tile/*", status=404):
        site.run("publish", "--head", file, expect=UNAVAILABLE)
    site.declare(publish={"tree": "public", "heads": [sim.log.size]})
    done = site.run("publish", expect=OK).document
    assert (done["head"], done["ahead"]) == (before, [sim.log.size])
    page = (site.tree / "index.html").read_text()
    assert f'rm "$(go env GOPATH)/pkg/sumdb/{sim.log.name}/latest"' in page


def test_a_head_of_another_history_is_a_fork(sim: Simulator, site: Site) -> None:
    site.sync()
    fork = sim.log.forked(700)
    file = site.folder.parent / "forked"
    file.write_bytes(fork.head(OTHER))
    site.run("publish", "--head", str(file), expect=SECURITY)
    (evidence,) = site.quarantine()
    assert {"old_note", "new_note"} <= set(evidence.files)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", MISSING),
        (b"go.sum database tree\n5\nx\n", MISSING),
        (b"\xff" * 3_000_000, MISSING),
        (None, USAGE),
    ],
)
def test_a_file_that_is_no_head_is_refused(
    sim: Simulator, site: Site, content: bytes | None, code: int
) -> None:
    site.sync()
    file = site.folder.parent / "latest"
    if content is not None:
        file.write_bytes(content)
    site.run("publish", "--head", str(file), expect=code)


def test_a_head_that_nobody_signed_is_refused(sim: Simulator, site: Site) -> None:
    site.sync()
    note = sim.log.head(OTHER).replace(b"\n1300\n", b"\n1301\n")
    file = site.folder.parent / "latest"
    file.write_bytes(note)
    site.run("publish", "--head", str(file), expect=SECURITY)


def test_a_web_server_s_log_names_what_is_missing(sim: Simulator, site: Site) -> None:
    site.sync()
    wide = Tile(8, 0, OTHER >> 8, 256)
    narrow = Tile(8, 0, OTHER >> 8, OTHER & 255)
    log = site.folder.parent / "access.log"
    log.write_text(
        "".join(
            f'10.0.0.1 - - [26/Nov/2026:10:00:00 +0000] "GET /sumdb/{sim.log.name}'
            f'/{tile.path()} HTTP/1.1" 404 162 "-" "GoCommand/1"\n'
            for tile in (narrow, wide)
        )
    )
    done = site.run("publish", "--missing", str(log), expect=OK).document
    assert done["heads"] == [{"size": OTHER, "served": True, "ahead": False}]
    assert serves(site, sim, OTHER)
    log.write_text(f"/sumdb/{sim.log.name}/tile/8/0/x900/000.p/7\n")
    done = site.run("publish", "--missing", str(log), expect=MISSING).document
    assert done["heads"][0]["ahead"]
    assert site.run("publish", expect=OK).document["ahead"] == [], "nobody has it"


def test_a_proxy_that_lacks_tiles_keeps_no_tree_back(
    sim: Simulator, site: Site
) -> None:
    with sim.fail("*/tile/8/1/000", status=404):
        result = site.sync(expect=MISSING)
        published = result.document["published"]
        assert published["versions"] == 1
        assert not published["upper_tiles"]
        assert "tile/8/1/000" in published["unserved"]
        (name,) = result.failed
        assert name == f"@older tree heads of {sim.log.name}"
        site.sync(expect=MISSING)
        mark = sim.mark()
        site.sync(expect=MISSING)
        again = [path for path in sim.paths(since=mark) if "/sumdb/" in path]
        assert not again, "after two failures it waits"
        site.run("publish", expect=MISSING)
    assert site.sync("--retry").document["published"]["upper_tiles"]
    assert site.sync().failed == {}


def test_a_forged_tile_for_old_heads_keeps_no_tree_back(
    sim: Simulator, site: Site
) -> None:
    sim.database.forge_tile(1, 0)
    result = site.sync(expect=SECURITY)
    assert result.document["published"]["versions"] == 1
    assert not result.document["published"]["upper_tiles"]
    assert len(site.quarantine()) == 1
    site.run("publish", expect=SECURITY)
    sim.database.mend()
    assert site.sync("--retry").document["published"]["upper_tiles"]


def test_heads_since_a_time_are_found_by_the_index(sim: Simulator, site: Site) -> None:
    for minor in range(1, 6):
        sim.log.grow(1_000)
        came = datetime(2030, minor, 1, tzinfo=UTC)
        sim.publish(module(UPPER, f"v1.{minor}.0", day=minor), at=came)
    sim.log.grow(300)
    site.declare(publish={"tree": "public", "heads_since": "2030-03-01"})
    site.sync()
    assert serves(site, sim, RECORDS + 1 + 2_990)
    assert serves(site, sim, RECORDS + 1 + 4_321)
    assert not serves(site, sim, RECORDS + 1 + 500)
    site.configure({"index": ""})
    refused = site.run("publish", expect=USAGE)
    assert "publish.heads_since: needs upstream.index" in refused.stderr


def test_heads_since_before_all_that_is_carried_are_not_known(
    sim: Simulator, site: Site
) -> None:
    site.declare(publish={"tree": "public", "heads_since": "2001-01-01"})
    result = site.sync(expect=MISSING)
    assert "nothing that is carried" in result.document["published"]["unserved"]
    assert result.document["published"]["upper_tiles"]
