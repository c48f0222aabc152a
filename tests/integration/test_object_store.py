"""A store in a bucket: filled, verified, bundled, pruned, mended and made anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.objectstoresite import ObjectStoreSite
from tests.integration.site import LOCKED, OK, STORE
from tests.simulator import Simulator
from tests.simulator.objectfaults import ObjectFaults
from tests.simulator.objects import ObjectServer
from tests.simulator.standard import UPPER, module

PLUS = "example.com/plus"


@pytest.fixture(scope="module")
def line(object_server: ObjectServer) -> Iterator[ObjectFaults]:
    with ObjectFaults(object_server.url).serving() as line:
        yield line


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as sim:
        sim.publish(module(UPPER, "v1.0.0"))
        sim.publish(module(PLUS, "v2.0.0+incompatible"))
        yield sim


@pytest.fixture
def site(
    tmp_path: Path, sim: Simulator, line: ObjectFaults, object_server: ObjectServer
) -> ObjectStoreSite:
    line.clear()
    return ObjectStoreSite(
        tmp_path / "site",
        sim,
        server=object_server,
        line=line,
        prefix=f"stores/{tmp_path.name}",
        modules=[UPPER, PLUS],
    )


def test_a_store_in_a_bucket_does_what_one_in_a_folder_does(
    site: ObjectStoreSite, sim: Simulator, tmp_path: Path
) -> None:
    site.sync()
    assert not list((site.store / "blobs").rglob("?" * 64)), "no blob is here"
    sim.publish(module(UPPER, "v1.1.0"))
    site.sync("--retry")
    site.check(sim)
    assert set(site.states().values()) == {"present"}
    assert site.status()["store"].startswith("s3://")
    verified = site.run("verify", expect=OK).document
    assert verified["versions"] == 3
    assert site.carried() == {
        f"{UPPER}@v1.0.0",
        f"{UPPER}@v1.1.0",
        f"{PLUS}@v2.0.0+incompatible",
    }
    site.declare(target=[{"name": "inside"}])
    _bundle(site, tmp_path)
    site.select([UPPER])
    site.sync()
    site.run("prune", "--yes", "--grace-days", "0", expect=OK)
    assert site.carried() == {f"{UPPER}@v1.0.0", f"{UPPER}@v1.1.0"}
    assert len(site.blob_keys()) == 5, "two versions, which have one go.mod"
    site.check(sim)
    # And all of it comes to a machine that has nothing.
    heir = site.machine(tmp_path / "heir")
    refused = heir.run("sync", expect=STORE)
    assert "gosync restore" in refused.document["hint"]
    restored = heir.run("restore", "--take-over", expect=OK).document
    assert (restored["made_of"], restored["fence"]) == ("copy", 2)
    assert heir.states() == site.states()
    heir.sync()
    heir.check(sim)
    behind = site.run("sync", expect=LOCKED)
    assert "writes this store" in behind.document["message"]


def _bundle(site: ObjectStoreSite, folder: Path) -> None:
    """Make a bundle of the store, which its own folder proves."""
    out = folder / "bundles"
    site.run("bundle", "create", "inside", "--out", str(out), expect=OK)
    (made,) = [each for each in out.iterdir() if each.is_dir()]
    site.run("bundle", "verify", str(made), expect=OK)
