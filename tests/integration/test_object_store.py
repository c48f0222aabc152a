"""A store in a bucket: filled, verified, bundled, pruned, mended and made anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from msgspec.structs import replace

from gosync.clock import SystemClock
from gosync.config import load_config
from gosync.site.storeparts import shared_store
from gosync.store.shared import open_shared_blobs
from gosync.verify.ownstore.target import StoreTarget
from gosync.verify.report import VerifyReport
from gosync.verify.request import Limits, VerifyRequest
from gosync.verify.session import open_session
from gosync.work.progress import NoProgress
from gosync.work.sweep import UnsharedError
from tests.integration.objectstoresite import ObjectStoreSite
from tests.integration.site import LOCKED, OK, STORE
from tests.simulator import Simulator
from tests.simulator.objectfaults import ObjectFaults
from tests.simulator.objects import ObjectServer
from tests.simulator.standard import UPPER, module
from tests.sweeps import PickledSweep

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


@pytest.mark.long
def test_workers_of_a_sweep_read_the_bucket_themselves(
    site: ObjectStoreSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.sync()
    want = site.run("verify", "--offline", "--fresh", expect=OK).document
    for name, value in site.environment.items():
        monkeypatch.setenv(name, value)
    options = load_config(site.config_file, {}).site_options()
    request = VerifyRequest(
        path=options.store_path, site=options, offline=True, limits=Limits(fresh=True)
    )
    sweep = PickledSweep()
    monkeypatch.setattr(StoreTarget, "check", None)  # nothing is looked at here

    async def main() -> VerifyReport:
        clock = SystemClock()
        async with open_session(request, clock) as session:
            return await session.run(clock, NoProgress(), lambda: False, sweep)

    report = anyio.run(main)

    assert (sweep.steps, sweep.here) == (1, 0)
    assert (report.exit_code, report.outcome.checked) == (0, want["checked"])
    assert report.outcome.read_bytes == want["bytes"]


def test_a_worker_that_finds_another_store_in_the_bucket_does_nothing(
    site: ObjectStoreSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.sync()
    for name, value in site.environment.items():
        monkeypatch.setenv(name, value)
    options = load_config(site.config_file, {}).site_options()
    other = replace(shared_store(options), store="0" * 32)
    with pytest.raises(UnsharedError, match="is not the store 000"):
        open_shared_blobs(other)
