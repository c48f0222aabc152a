"""Killed before and after each request to the bucket, and run again: it converges."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import obstore
import pytest

from tests.integration.objectsite import ObjectTreeSite, named_files
from tests.integration.site import OK
from tests.simulator import Simulator
from tests.simulator.objectfaults import ObjectFaults
from tests.simulator.objects import ObjectServer
from tests.simulator.standard import UPPER, module
from tests.tiers import one_of_a_kind

PLUS, GONE = "example.com/plus", "example.com/gone"
_MOST = 1


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


class _Prepared:
    """A site that can be brought back to how it was before the command.

    Attributes:
        site: The site.
        command: What is to be killed.
    """

    def __init__(self, site: ObjectTreeSite, *command: str) -> None:
        self.site = site
        self.command = command
        self._store = site.folder / "kept-store"
        shutil.copytree(site.store, self._store)
        # The copy of a store's folder is another writer, and would wait for this one.
        self._etags = {
            key: etag
            for key, etag in site.etags().items()
            if not key.startswith(".gosync/objects/writer/")
        }
        site.fetch()
        self._tree = {key: (site.tree / key).read_bytes() for key in self._etags}

    def restore(self) -> None:
        """Bring store and tree back."""
        site = self.site
        site.line.clear()
        shutil.rmtree(site.store)
        shutil.copytree(self._store, site.store)
        there = site.etags()
        if added := [key for key in there if key not in self._etags]:
            obstore.delete(site.objects, added)
        for key, data in self._tree.items():
            if there.get(key) != self._etags[key]:
                obstore.put(site.objects, key, data)


def _first(site: ObjectTreeSite) -> _Prepared:
    site.sync("--no-publish")
    return _Prepared(site, "publish")


def _added(site: ObjectTreeSite) -> _Prepared:
    site.select([PLUS, GONE])
    site.sync()
    site.select([UPPER, PLUS, GONE])
    site.sync("--no-publish")
    return _Prepared(site, "publish")


def _withdrawn(site: ObjectTreeSite) -> _Prepared:
    site.sync()
    return _Prepared(site, "withdraw", f"{GONE}@v1.0.0", "--reason", "rotten")


@pytest.fixture
def site(
    tmp_path: Path, sim: Simulator, line: ObjectFaults, object_server: ObjectServer
) -> ObjectTreeSite:
    line.clear()
    return ObjectTreeSite(
        tmp_path / "site",
        sim,
        server=object_server,
        line=line,
        prefix=f"killed/{tmp_path.name}",
        modules=[UPPER, PLUS, GONE],
    )


def _check_what_is_read(site: ObjectTreeSite) -> None:
    """No list names what is not there."""
    site.fetch()
    keys = set(site.all_keys())
    lists = {k: (site.tree / k).read_text() for k in keys if k.endswith("/@v/list")}
    assert set(named_files(lists)) <= keys


@pytest.mark.sampled
@pytest.mark.slow
@pytest.mark.timeout(6000)  # the second tier kills at each of two hundred requests
@pytest.mark.parametrize(
    ("prepare", "after"),
    [
        (_first, False),
        pytest.param(_withdrawn, True, marks=pytest.mark.long),
        pytest.param(_first, True, marks=pytest.mark.long),
        pytest.param(_added, False, marks=pytest.mark.long),
        pytest.param(_added, True, marks=pytest.mark.long),
        pytest.param(_withdrawn, False, marks=pytest.mark.long),
    ],
)
def test_killed_at_a_request_and_run_again_it_converges(
    site: ObjectTreeSite,
    sim: Simulator,
    prepare: Callable[[ObjectTreeSite], _Prepared],
    *,
    after: bool,
) -> None:
    prepared = prepare(site)
    site.line.clear()
    site.fork(*prepared.command, expect=OK)
    asked = list(site.line.asked)
    if prepare is _withdrawn:
        site.run("publish", expect=OK)  # its pages
    site.fetch()
    want = site.tree_files()
    places = one_of_a_kind([each.kind for each in asked], _MOST)
    print(f"{len(places)} of {len(asked)} requests")
    for number in places:
        print(f"killed at {number}", flush=True)
        prepared.restore()
        code, until = site.kill_at(number, *prepared.command, after=after)
        assert code == -9, (number, asked[number].kind)
        _check_what_is_read(site)
        site.fork(*prepared.command, expect=OK)
        if prepare is _withdrawn:
            site.run("publish", expect=OK)
        site.check_objects(sim)
        assert site.tree_files() == want, (number, until[-1])
