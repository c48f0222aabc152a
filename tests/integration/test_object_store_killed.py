"""Killed before and after each request to its bucket, and run again: it converges."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import obstore
import pytest

from tests.integration.objectstoresite import ObjectStoreSite, kinds_of
from tests.integration.site import OK
from tests.simulator import Simulator
from tests.simulator.objectfaults import ObjectFaults
from tests.simulator.objects import ObjectServer
from tests.simulator.standard import UPPER, module
from tests.tiers import one_of_a_kind

PLUS, GONE = "example.com/plus", "example.com/gone"
_MOST = 1
Command = list[str]


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator() as sim:
        for path, version in (
            (UPPER, "v1.0.0"),
            (UPPER, "v1.1.0"),
            (PLUS, "v2.0.0+incompatible"),
            (GONE, "v1.0.0"),
        ):
            sim.publish(module(path, version))
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
        prefix=f"killed/{tmp_path.name}",
        modules=[UPPER, PLUS, GONE],
    )


class Moment:
    """How a site stood, to be brought back before each kill."""

    def __init__(self, site: ObjectStoreSite) -> None:
        self._site = site
        self._kept = site.folder.with_name("kept")
        self._objects = {key: site.get(key) for key in site.keys()}  # noqa: SIM118 - no mapping
        for name in ("store", "public"):
            if (site.folder / name).exists():
                shutil.copytree(site.folder / name, self._kept / name)

    def come_back(self) -> None:
        site = self._site
        site.line.clear()
        for name in ("store", "public"):
            shutil.rmtree(site.folder / name, ignore_errors=True)
            if (self._kept / name).exists():
                shutil.copytree(self._kept / name, site.folder / name)
        if keys := site.keys():
            obstore.delete(site.objects, keys)
        for key, data in self._objects.items():
            if key != "lease.json":  # of a folder that is not this copy of it
                obstore.put(site.objects, key, data)


def _first(site: ObjectStoreSite) -> Command:
    return ["sync", "--retry"]


def _added(site: ObjectStoreSite) -> Command:
    site.select([PLUS])
    site.sync()
    site.select([UPPER, PLUS, GONE])
    return ["sync", "--retry"]


def _pruned(site: ObjectStoreSite) -> Command:
    site.sync()
    site.select([UPPER, PLUS])
    site.sync()
    return ["prune", "--yes", "--grace-days", "0"]


@pytest.mark.sampled
@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    ("prepare", "after"),
    [
        pytest.param(_first, True, marks=pytest.mark.long),
        pytest.param(_first, False, marks=pytest.mark.long),
        pytest.param(_added, True, marks=pytest.mark.long),
        pytest.param(_added, False, marks=pytest.mark.long),
        pytest.param(_pruned, True, marks=pytest.mark.long),
        pytest.param(_pruned, False, marks=pytest.mark.long),
    ],
)
def test_killed_at_a_request_and_run_again_it_converges(
    site: ObjectStoreSite,
    sim: Simulator,
    prepare: Callable[[ObjectStoreSite], Command],
    *,
    after: bool,
) -> None:
    command = prepare(site)
    moment = Moment(site)
    site.line.clear()
    site.fork(*command, expect=OK)
    asked = list(site.line.asked)
    want, blobs = site.tree_files(), site.blob_keys()
    places = one_of_a_kind(kinds_of(asked), _MOST)
    print(f"{len(places)} of {len(asked)} requests")
    for number in places:
        print(f"killed at {number}", flush=True)
        moment.come_back()
        code, until = site.kill_at(number, *command, after=after)
        if code == OK:
            continue  # side by side some were fewer this time
        assert code == -9, (number, code)
        site.fork(*command, expect=OK)
        site.check(sim)
        assert site.tree_files() == want, (number, until[-1])
        assert set(blobs) <= set(site.blob_keys())
        site.run("verify", expect=OK)
