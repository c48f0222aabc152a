"""A store in a bucket: filled, verified, bundled, pruned, mended and made anew."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import obstore
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
from tests.integration.site import LOCKED, NO_SPACE, OK, STANDS_OPEN, STORE, Site
from tests.simulator import Simulator
from tests.simulator.objectfaults import (
    CONDITIONS,
    Asked,
    Fault,
    ObjectFaults,
    slow_down,
)
from tests.simulator.objects import ObjectServer
from tests.simulator.standard import UPPER, module
from tests.sweeps import PickledSweep

PLUS = "example.com/plus"
MENDED = 5


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
    assert "gosync restore" in heir.run("list", expect=STORE).document["hint"]
    heir.run("restore", expect=LOCKED)
    assert "gosync restore" in heir.run("status", expect=STORE).document["hint"]
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


def _first_time(fault: Fault, *methods: str) -> Callable[[Asked], Fault | None]:
    """Let every other request meet a fault, the first time that it is sent."""
    seen: set[tuple[str, str, str]] = set()

    def meets(asked: Asked) -> Fault | None:
        request = (asked.method, asked.key, asked.query)
        if request in seen or (methods and asked.method not in methods):
            return None
        seen.add(request)
        return fault if len(seen) % 2 else None

    return meets


@pytest.mark.long
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(_first_time(Fault(unanswered=True)), id="unanswered"),
        pytest.param(_first_time(slow_down()), id="throttled"),
        pytest.param(_first_time(Fault(refused=True)), id="refused"),
        pytest.param(_first_time(Fault(status=500)), id="failing"),
        pytest.param(_first_time(Fault(wait_seconds=0.2)), id="late"),
        pytest.param(_first_time(Fault(cut_after=20), "GET"), id="cut"),
    ],
)
def test_a_line_that_fails_now_and_then_changes_nothing(
    site: ObjectStoreSite, sim: Simulator, fault: Callable[[Asked], Fault | None]
) -> None:
    site.line.fault = fault
    site.sync()
    site.run("verify", expect=OK)
    site.line.clear()
    site.check(sim)
    assert set(site.states().values()) == {"present"}
    assert len(site.blob_keys()) == 6


@pytest.mark.long
def test_of_two_machines_that_begin_one_store_one_does(
    site: ObjectStoreSite, sim: Simulator, tmp_path: Path
) -> None:
    other = site.machine(tmp_path / "other")
    with site.start("sync") as ours, other.start("sync") as theirs:
        ours.communicate()
        theirs.communicate()
        codes = {site: ours.returncode, other: theirs.returncode}
    winners = [each for each, code in codes.items() if code == OK]
    assert len(winners) == 1, codes.values()
    assert set(codes.values()) <= {OK, LOCKED, STORE}
    winners[0].sync()
    winners[0].check(sim)


@pytest.mark.long
def test_of_two_machines_with_one_catalog_one_goes_on(
    site: ObjectStoreSite, sim: Simulator, tmp_path: Path
) -> None:
    """A copy of the local folder is another machine's, however alike it is."""
    site.sync()
    other = site.machine(tmp_path / "other")
    shutil.copytree(site.store, other.store)
    refused = other.run("sync", expect=LOCKED)
    assert "writes this store, until" in refused.document["message"]
    _expire(site)
    sim.publish(module(UPPER, "v1.1.0"))
    other.sync("--retry", "--no-publish")
    assert json.loads(site.get("lease.json"))["fence"] == 2
    site.run("sync", expect=LOCKED)
    _expire(site)
    behind = site.run("sync", expect=STORE)
    assert "after the catalog in store.local" in behind.document["message"]
    other.sync("--no-publish")


def _expire(site: ObjectStoreSite) -> None:
    """Let the lease's time be up."""
    record = json.loads(site.get("lease.json"))
    record["until"] = "2026-01-01T00:00:00Z"
    obstore.put(site.objects, "lease.json", json.dumps(record).encode())


@pytest.mark.long
def test_a_service_without_conditions_has_one_machine(
    site: ObjectStoreSite, sim: Simulator, tmp_path: Path
) -> None:
    site.line.forgets = CONDITIONS
    site.sync()
    site.sync()
    site.check(sim)
    assert [key for key in site.keys() if key.startswith("owners/")]  # noqa: SIM118 - no mapping
    heir = site.machine(tmp_path / "heir")
    refused = heir.run("restore", expect=LOCKED)
    said = refused.stdout + refused.stderr
    assert "does not hold to conditions" in said
    assert "--take-over" in said
    assert heir.run("restore", "--take-over", expect=OK).document["versions"] == 2
    heir.sync()
    heir.check(sim)
    site.run("sync", expect=LOCKED)


@pytest.mark.long
@pytest.mark.parametrize("lost", ["latest.json", "the copies", "the last batch"])
def test_without_a_copy_that_is_whole_the_journal_makes_the_catalog(
    site: ObjectStoreSite, sim: Simulator, tmp_path: Path, lost: str
) -> None:
    site.sync()
    if lost == "the last batch":
        before = site.get("catalog/latest.json")
        sim.publish(module(UPPER, "v1.1.0"))
        site.sync("--retry")
        obstore.put(site.objects, "catalog/latest.json", before)
    else:
        gone = [key for key in site.keys() if key.startswith("catalog/")]  # noqa: SIM118 - no mapping
        kept = lost == "the copies"
        obstore.delete(site.objects, [k for k in gone if kept ^ k.endswith("json")])
    heir = site.machine(tmp_path / "heir")
    restored = heir.run("restore", "--take-over", expect=OK).document
    assert restored["made_of"] == "journal"
    assert heir.states() == site.states()
    heir.sync()
    heir.check(sim)


@pytest.mark.long
def test_a_blob_that_rotted_is_found_and_mended_in_its_place(
    site: ObjectStoreSite, sim: Simulator
) -> None:
    site.sync()
    rotten, lost = site.blob_keys()[:2]
    good = {key: site.get(key) for key in (rotten, lost)}
    obstore.put(site.objects, rotten, b"x" * len(good[rotten]))
    obstore.delete(site.objects, [lost])
    found = site.run("verify", expect=STANDS_OPEN).document
    assert {each["verdict"] for each in found["findings"]} == {"corrupt", "incomplete"}
    site.run("verify", "--repair", expect=MENDED)
    assert {key: site.get(key) for key in good} == good
    site.run("verify", expect=OK)
    site.check_store()
    site.check_tree(sim)


def test_bad_blobs_of_a_bucket_move_aside_and_back_or_go_for_good(
    site: ObjectStoreSite, sim: Simulator
) -> None:
    site.sync()
    whole = {key: site.get(key) for key in site.blob_keys()}
    rotten, lost = max(whole, key=lambda key: len(whole[key])), min(whole)
    assert rotten != lost
    bad = b"x" * len(whole[rotten])
    obstore.put(site.objects, rotten, bad)
    obstore.delete(site.objects, [lost])
    before = site.states()
    moved = site.run("verify", "--quarantine", expect=MENDED).document
    assert rotten not in site.blob_keys()
    site.run("verify", expect=OK)
    undo = moved["undo"].removeprefix("gosync ").split()
    assert undo == ["verify", site.place, "--restore", moved["quarantine"]]
    back = site.run(*undo, expect=OK).document
    assert not back["failed"]
    assert site.get(rotten) == bad
    assert site.states() == before
    site.run("verify", "--restore", moved["quarantine"], expect=None)
    assert site.get(rotten) == bad
    gone = site.run("verify", "--delete", expect=MENDED).document
    assert gone["quarantine"] is None
    assert rotten not in site.blob_keys()
    site.sync("--retry")
    assert {key: site.get(key) for key in whole} == whole
    site.run("verify", expect=OK)
    site.check_store()
    site.check_tree(sim)


@pytest.mark.long
def test_a_store_in_a_folder_moves_into_a_bucket_by_its_tree(
    sim: Simulator, line: ObjectFaults, object_server: ObjectServer, tmp_path: Path
) -> None:
    line.clear()
    folder, modules = tmp_path / "site", [UPPER, PLUS]
    before = Site(folder, sim, modules=modules)
    before.sync()
    withdrawn = f"{PLUS}@v2.0.0+incompatible"
    before.run("withdraw", withdrawn, "--reason", "rotten", expect=OK)
    shown = before.carried()
    before.store.rename(tmp_path / "old")
    site = ObjectStoreSite(
        folder,
        sim,
        server=object_server,
        line=line,
        prefix=f"moved/{tmp_path.name}",
        modules=modules,
    )
    mark = len(sim.requests)
    adopted = site.run("adopt", "--new-store", expect=OK).document
    assert (adopted["versions"], adopted["is_ours"]) == (1, True)
    assert not sim.requests_since(mark), "the tree has all"
    site.sync()
    assert site.carried() == shown == {f"{UPPER}@v1.0.0"}
    assert not (site.tree / PLUS / "@v/v2.0.0+incompatible.zip").exists()
    site.check_store()


@pytest.mark.long
def test_what_is_wrong_with_the_service_is_said(site: ObjectStoreSite) -> None:
    site.sync()
    site.declare(s3={"endpoint": "http://127.0.0.1:1"})
    away = site.run("sync", expect=STORE).document
    assert "does not answer" in away["message"]
    assert "s3.endpoint" in away["hint"]
    assert site.run("list", expect=OK).document["versions"], "it needs no bucket"
    site.declare(s3={"endpoint": site.line.url})
    site.line.fault = lambda _: Fault(status=403, code="AccessDenied")
    denied = site.run("sync", expect=STORE).document
    assert "AccessDenied" in denied["message"]
    assert "AWS_PROFILE" in denied["hint"]
    site.line.fault = lambda asked: (
        Fault(status=403, code="QuotaExceeded") if asked.method == "PUT" else None
    )
    site.run("publish", expect=NO_SPACE)
    said = json.dumps([away, denied])
    assert site.environment["AWS_SECRET_ACCESS_KEY"] not in said


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


@pytest.mark.long
def test_a_bundle_crosses_from_a_bucket_into_another(
    site: ObjectStoreSite, sim: Simulator, tmp_path: Path
) -> None:
    key = site.run("key", "new", "packer", expect=OK).document
    trust, out = tmp_path / "trust.toml", tmp_path / "bundles"
    trust.write_text(key["trust"])
    site.declare(target=[{"name": "inside", "keys": ["packer.key"]}])
    site.sync()
    site.run("bundle", "create", "inside", "--out", str(out), expect=OK)
    (made,) = [each for each in out.iterdir() if each.is_dir()]
    inside = site.machine(tmp_path / "inside")
    inside.prefix = f"{site.prefix}-inside"
    inside.declare(
        store=inside._store_section(),
        select=[],
        target=[],
        bundle={"trust": str(trust)},
    )
    inside.configure({"proxies": "off", "index": ""})
    inside.run("bundle", "import", str(made), expect=OK)
    inside.check_store()
    inside.check_proven(sim)
    assert inside.states() == site.states()
    assert len(inside.blob_keys()) == len(site.blob_keys())
    inside.run("verify", expect=OK)


@pytest.mark.long
def test_evidence_is_kept_in_the_bucket_and_verified(
    site: ObjectStoreSite, sim: Simulator
) -> None:
    site.sync()
    evidence = {
        "subject": "m@v1.0.0",
        "reason": "r",
        "files": {name: {"label": name, "sha256": "0" * 64} for name in ("zip", "mod")},
        "evidence": {},
    }
    entry = "quarantine/" + "0f" * 16
    obstore.put(site.objects, f"{entry}/zip", b"other bytes")
    obstore.put(site.objects, f"{entry}/evidence.json", json.dumps(evidence).encode())
    found = site.run("verify", expect=STANDS_OPEN).document["findings"]
    assert {each["file"]: each["verdict"] for each in found} == {
        f"{entry}/zip": "corrupt",
        f"{entry}/mod": "incomplete",
    }
