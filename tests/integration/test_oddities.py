"""Odd versions whose record is in the log: taken, as ``go`` takes them, and told.

A module that no database vouches for is held to the strict rule.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from gosync.catalog.db import Catalog
from gosync.demo.exchange import RequestKind
from gosync.demo.modules import ModuleSource, go_mod
from gosync.gomod.dirhash import hash_go_mod
from gosync.gomod.module import ModuleVersion
from tests.integration.pair import Machines, Pair
from tests.integration.site import MISSING, OK, SECURITY, Site
from tests.simulator import Simulator
from tests.simulator.evil import FAIR, zip_of
from tests.simulator.simulator import record_text
from tests.simulator.standard import module

ODD = ModuleVersion("odd.example/m", "v1.0.0")
BROKEN = ModuleVersion("odd.example/broken", "v1.0.0")
SAYS_ODD = "its .mod is not the go.mod of its zip"


def publish_odd(sim: Simulator) -> None:
    """Publish a .mod that is not of its zip, and one that is none; the log has both."""
    sim.publish_evil(ODD, FAIR["other go.mod"](ODD))
    data = b'module "odd.example/broken\n'
    fair = zip_of(BROKEN, {b"go.mod": data})
    assert fair.h1 is not None
    text = record_text(BROKEN, zip_h1=fair.h1, mod_h1=hash_go_mod(data))
    source = ModuleSource(BROKEN.path, BROKEN.version, {"go.mod": data})
    publication = sim.publish(source, record=text)
    publication.served |= {RequestKind.ZIP: fair.data, RequestKind.MOD: data}
    sim.publish(module(ODD.path, "v1.1.0"))


def oddity(site: Site, mv: ModuleVersion) -> str | None:
    said: str | None = site.run("show", str(mv), expect=OK).document["oddity"]
    return said


def test_what_the_log_vouches_for_is_taken_and_its_oddity_told(tmp_path: Path) -> None:
    with Simulator() as sim:
        publish_odd(sim)
        site = Site(tmp_path / "site", sim, modules=[ODD.path, BROKEN.path])
        site.sync(expect=OK)
        every = {str(ODD), f"{ODD.path}@v1.1.0", str(BROKEN)}
        assert site.carried() == site.listed() == every
        assert oddity(site, ODD) == SAYS_ODD
        assert str(oddity(site, BROKEN)).startswith("its .mod is no go.mod: ")
        assert oddity(site, ModuleVersion(ODD.path, "v1.1.0")) is None
        page = (site.tree / ODD.path / "@v/index.html").read_text()
        assert page.count(SAYS_ODD) == 1
        assert site.quarantine() == []
        site.check()

        for target in ((), (str(site.tree),)):
            found = site.run("verify", *target, expect=OK)
            assert found.document["findings"] == []
        assert site.sync(expect=OK).document["requests"] <= 2
        site.run("catalog", "rebuild", expect=OK)
        assert oddity(site, ODD) == SAYS_ODD


def test_a_private_module_is_held_to_the_strict_rule(tmp_path: Path) -> None:
    with Simulator() as sim:
        publish_odd(sim)
        named = [ODD.path, BROKEN.path]
        site = Site(tmp_path, sim, modules=named, private=["odd.example"])
        result = site.sync(expect=MISSING)
        assert set(result.failed) == {str(ODD), str(BROKEN)}
        assert SAYS_ODD in result.failed[str(ODD)]["reason"]
        assert result.failed[str(BROKEN)]["error"] == "MalformedError"
        assert site.carried() == {f"{ODD.path}@v1.1.0"}


def test_another_mod_than_the_log_has_is_no_oddity(tmp_path: Path) -> None:
    with Simulator() as sim:
        publish_odd(sim)
        inside = (
            go_mod(sim.publication(ODD).source) + b"\nrequire other.example/m v1.0.0\n"
        )
        sim.replace(ODD, RequestKind.MOD, inside)
        site = Site(tmp_path, sim, modules=[str(ODD)])
        result = site.sync(expect=SECURITY)
        assert result.failed[str(ODD)]["error"] == "ChecksumMismatchError"
        assert site.carried() == set()


@pytest.mark.parametrize("exact", [(), ("--exact",)])
def test_odd_versions_travel(tmp_path: Path, exact: tuple[str, ...]) -> None:
    with Simulator() as sim, Machines() as machines:
        publish_odd(sim)
        pair = Pair(
            tmp_path, sim, machines, modules=[ODD.path, BROKEN.path], volume_size="1GiB"
        )
        pair.sync()
        bundle = pair.make(*exact)
        pair.take(bundle)
        pair.check()
        assert {str(ODD), str(BROKEN)} <= pair.inside.carried()
        with Catalog.open(
            pair.inside.store / "catalog.sqlite", create=False, readonly=True
        ) as catalog:
            row = catalog.versions.get(ODD)
        assert row is not None
        assert row.oddity == SAYS_ODD
