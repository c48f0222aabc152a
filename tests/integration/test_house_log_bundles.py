"""The site's own checksum database over the gap: it extends what is inside, or nothing.

A bundle that is signed well and has another log is refused like one that goes back.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.house import NAME, head_of, verifier_of, with_house_log
from tests.integration.pair import Machines, Pair
from tests.integration.site import OK, SECURITY, Site
from tests.simulator import Simulator
from tests.simulator.standard import module

pytestmark = pytest.mark.long

PUBLIC, PRIVATE = "open.example/m", "corp.example/lib"


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    with Machines() as machines:
        yield machines


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(records=20) as sim:
        sim.publish(module(PUBLIC, "v1.0.0"))
        sim.publish(module(PRIVATE, "v1.0.0"))
        yield sim


@pytest.fixture
def pair(sim: Simulator, machines: Machines, tmp_path: Path) -> Pair:
    pair = Pair(
        tmp_path, sim, machines, modules=[PUBLIC, PRIVATE], private=["corp.example"]
    )
    with_house_log(pair.outside, tmp_path / "key")
    pair.inside.declare(house_log={"verifier": verifier_of(pair.outside)})
    pair.sync()
    return pair


def test_the_log_crosses_and_goes_on(sim: Simulator, pair: Pair, tmp_path: Path):
    pair.take(pair.make())
    assert head_of(pair.inside) == head_of(pair.outside)
    first = head_of(pair.inside)
    sim.publish(module(PUBLIC, "v1.1.0"))
    pair.outside.sync("--refresh", expect=OK)
    pair.take(pair.make())
    assert head_of(pair.inside) == head_of(pair.outside) != first
    pair.run_inside("verify")
    project = tmp_path / "project"
    project.mkdir()
    (project / "go.mod").write_text(
        f"module a.example/m\n\ngo 1.21\n\nrequire {PRIVATE} v1.0.0\n"
    )
    pair.run_inside("closure", str(project))


def test_a_fork_and_a_rollback_are_refused_inside(
    sim: Simulator, pair: Pair, tmp_path: Path
):
    for name in ("store", "public"):
        shutil.copytree(pair.outside.folder / name, tmp_path / "old" / name)
    sim.publish(module(PUBLIC, "v1.1.0"))
    pair.outside.sync("--refresh", expect=OK)
    pair.take(pair.make())
    shown = head_of(pair.inside)

    # Outside loses all of it, and what was noted: it does not know what it signed.
    _go_back(pair.outside, tmp_path / "old")
    (pair.outside.folder / "gosync.house-log").unlink()
    sim.publish(module(PUBLIC, "v1.2.0"))
    pair.outside.select([f"{PUBLIC}@v1.0.0", f"{PUBLIC}@v1.2.0", PRIVATE])
    pair.outside.sync("--refresh", expect=OK)
    assert head_of(pair.outside) != shown
    for _ in range(3):
        pair.make("--full")
    refused = pair.take(pair.make("--full"), expect=SECURITY)
    assert "tree head" in refused.stderr, refused.stderr
    assert head_of(pair.inside) == shown


def _go_back(site: Site, old: Path) -> None:
    for name in ("store", "public"):
        shutil.rmtree(site.folder / name)
        shutil.copytree(old / name, site.folder / name)


def test_a_site_that_signs_itself_takes_no_log(pair: Pair, tmp_path: Path):
    with_house_log(pair.inside, tmp_path / "inner")
    pair.take(pair.make())
    assert head_of(pair.inside) != head_of(pair.outside)
    pair.take(pair.make(), expect=None)
    pair.run_inside("verify")
    documents = pair.inside.tree / "documents" / "houselog" / NAME / "records"
    assert (documents / "000000").read_text().count(f"{PRIVATE} v1.0.0 ") == 1
