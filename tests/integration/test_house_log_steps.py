"""Signing of the site's own checksum database, killed between any two steps.

Whatever head anybody could have seen (the tree's, any lookup's, the noted one) is one
that the log extends afterwards.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.house import NAME, section_of, with_house_log
from tests.integration.site import OK, Site
from tests.integration.steps import Stepper, chosen
from tests.simulator import Simulator
from tests.simulator.standard import module

pytestmark = pytest.mark.long

PUBLIC, PRIVATE = "open.example/m", "corp.example/lib"
KILLS = 30
BEFORE = 16  # blobs, journal and catalog come before it is noted


@pytest.fixture
def stepper() -> Iterator[Stepper]:
    with Stepper() as stepper:
        yield stepper


@pytest.mark.slow(25)
def test_no_kill_lets_a_head_be_signed_twice(stepper: Stepper, tmp_path: Path):
    with Simulator(records=20) as sim:
        sim.publish(module(PUBLIC, "v1.0.0"))
        site = Site(
            tmp_path / "site", sim, modules=[PUBLIC, PRIVATE], private=["corp.example"]
        )
        sim.publish(module(PRIVATE, "v1.0.0"))
        with_house_log(site, tmp_path / "key")
        site.sync(expect=OK)
        start = tmp_path / "start"
        shutil.copytree(site.folder, start)
        sim.publish(module(PUBLIC, "v1.1.0"))
        whole = stepper.run(site, "sync", "--refresh")
        assert whole.code == OK
        names = [each.path for each in whole.steps]
        noted = names.index(next(e for e in names if e.startswith("gosync.house-log")))
        last = max(n for n, each in enumerate(names) if f"sumdb/{NAME}" in each)
        first = max(0, noted - BEFORE)
        some = chosen(whole.steps[first : last + 1], KILLS)
        for number in (first + each for each in some):
            _again(site, start)
            stepper.run(site, "sync", "--refresh", kill_at=number)
            seen = _seen(site, tmp_path / f"seen-{number}")
            # Another version is there the next time, so another record is next.
            sim.publish(module(PUBLIC, f"v1.2.{number}"))
            site.sync("--refresh", expect=OK)
            section = section_of(site)
            site.declare(house_log={**section, "witnesses": seen})
            site.run("verify", expect=OK)
            site.declare(house_log=section)


def _again(site: Site, start: Path) -> None:
    shutil.rmtree(site.folder)
    shutil.copytree(start, site.folder)


def _seen(site: Site, folder: Path) -> list[str]:
    """Keep every head that a client, a bundle or a backup could have."""
    folder.mkdir()
    notes = set()
    database = site.tree / "sumdb" / NAME
    latest = [database / "latest", site.folder / "gosync.house-log"]
    notes |= {each.read_bytes() for each in latest if each.is_file()}
    for lookup in (database / "lookup").rglob("*@*"):
        notes.add(lookup.read_bytes().split(b"\n\n", 1)[1])
    files = []
    for number, note in enumerate(sorted(notes)):
        file = folder / str(number)
        file.write_bytes(note)
        files.append(str(file))
    assert files
    return files
