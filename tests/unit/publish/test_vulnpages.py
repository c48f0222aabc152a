"""A module's page tells of known vulnerabilities, and follows the database."""

from __future__ import annotations

import re
from typing import Any

import pytest

from gosync.artifact import VULNDB, Artifact
from gosync.osv.entry import parse_entry
from gosync.osv.files import database_files
from gosync.publish.knownvulns import known_vulns
from tests.unit.publish.test_pages import Page, pages
from tests.unit.publish.world import World, snapshot, stats
from tests.unit.vulndb.entries import FIRST, entry, fixed, introduced

M, N, CALM = "a.example/m", "a.example/n", "a.example/calm"
ONE, TWO = "GO-2024-0001", "GO-2024-10002"
PAGE = f"{M}/@v/index.html"


def keep(world: World, *entries: bytes) -> None:
    """Put a database of these entries into the store, in place of another."""
    by_id = {parse_entry(each).id: each for each in entries}
    before = {(each.kind, each.name) for each in world.catalog.artifacts.of(VULNDB)}
    world.catalog.artifacts.drop(before)
    files = database_files(by_id, modified=None) if by_id else {}
    world.catalog.artifacts.put(
        Artifact(
            kind=VULNDB,
            name=name,
            digest=world.blobs.put_bytes(data),
            size_bytes=len(data),
        )
        for name, data in files.items()
    )


def test_what_affects_carried_versions_is_told_with_what_fixes_it(
    world: World,
) -> None:
    world.add(M, "v1.0.0", "v1.1.0", "v1.2.0")
    keep(
        world,
        entry(ONE, FIRST, fixed("1.1.0"), aliases=["CVE-2024-1"]),
        entry(TWO, introduced("1.1.0"), fixed("1.3.0")),
        entry("GO-2024-0003", introduced("2.0.0")),
    )
    world.publish()
    page = pages(world.root)[PAGE]
    assert "v1.2.0, the newest here, is affected by 1 of them." in page.text
    assert re.search(
        rf"{TWO}.*v1\.2\.0, v1\.1\.0\s*v1\.3\.0 not carried.*"
        rf"{ONE}\s*CVE-2024-1\s*what {ONE} is\s*v1\.0\.0\s*v1\.1\.0\s*\n",
        page.text,
        re.DOTALL,
    )
    assert "GO-2024-0003" not in page.text
    assert f"../../../vulndb/ID/{ONE}.json" in page.links


def test_another_database_writes_the_pages_of_which_it_says_something_else(
    world: World,
) -> None:
    for path in (M, N, CALM):
        world.add(path, "v1.0.0")
    keep(world, entry(ONE, FIRST), entry(TWO, FIRST, module=N))
    world.publish()
    assert not world.publisher.is_behind(world.tree, options=world.options)
    before = stats(world.root)

    def changed() -> set[str]:
        nonlocal before
        now, was = stats(world.root), before
        before = now
        files = {name.removeprefix(f"{world.root}/") for name in now}
        same = {name.removeprefix(f"{world.root}/") for name in now if was.get(name)}
        assert files == same
        return {
            name.removeprefix(f"{world.root}/")
            for name, stat in now.items()
            if stat != was[name] and name.endswith(".html")
        }

    other = entry(TWO, FIRST, module=N, modified="2026-02-02T00:00:00Z")
    keep(world, entry(ONE, FIRST, fixed("1.5.0")), other)
    assert world.publisher.is_behind(world.tree, options=world.options)
    assert world.publish().changed_modules == 1
    assert changed() == {PAGE}
    assert "v1.5.0" in pages(world.root)[PAGE].text
    assert not world.publisher.is_behind(world.tree, options=world.options)

    keep(world)
    assert world.publish().changed_modules == 2
    assert changed() == {PAGE, f"{N}/@v/index.html"}
    assert "vulnerabilities" not in pages(world.root)[PAGE].text
    world.publish()
    assert changed() == set()


def test_a_tree_is_the_same_whenever_its_database_came(world: World) -> None:
    world.add(M, "v1.0.0")
    world.publish()
    keep(world, entry(ONE, FIRST))
    world.publish()
    other, root = world.another("public-2")
    head = world.head()
    world.publisher.publish(other, head, options=world.options)
    assert snapshot(root)[PAGE] == snapshot(world.root)[PAGE]
    first, second = world.tree.marker(), other.marker()
    assert first is not None
    assert second is not None
    assert (first.contents, first.vulndb) == (second.contents, second.vulndb)
    assert first.vulndb


def test_a_database_that_cannot_be_read_keeps_no_module_back(world: World) -> None:
    world.add(M, "v1.0.0")
    keep(world, entry(ONE, FIRST))
    (lost,) = [e for e in world.catalog.artifacts.of(VULNDB) if ONE in e.name]
    broken = world.blobs.put_bytes(b"{")
    world.catalog.artifacts.put(
        [Artifact(kind=VULNDB, name=lost.name, digest=broken, size_bytes=1)]
    )
    world.publish()
    assert "vulnerabilities" not in pages(world.root)[PAGE].text
    world.catalog.artifacts.put([lost])
    world.publish()
    assert ONE in pages(world.root)[PAGE].text


@pytest.mark.parametrize("evil_version", ["<script>alert(1)</script>", "1.\u202e0"])
def test_texts_of_an_entry_are_harmless_however_long(
    world: World, evil_version: str
) -> None:
    evil = "</td><script>alert(1)</script>\N{RIGHT-TO-LEFT OVERRIDE}\x1b[2J"
    fields: dict[str, Any] = {
        "summary": evil + "x" * 10**6,
        "aliases": [evil + "y" * 4_000] * 500,
    }
    world.add(M, "v1.0.0")
    keep(
        world,
        entry(ONE, FIRST, fixed("1.1.0"), **fields),
        entry(TWO, FIRST, fixed(evil_version), **fields),
    )
    world.publish()
    data = world.read(PAGE)
    page = Page(data)
    assert ONE in page.text
    assert b"<script" not in data
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in page.text
    assert "\x1b" not in page.text
    assert len(data) < 20_000


def test_many_vulnerabilities_are_cut_off(world: World) -> None:
    world.add(M, *(f"v1.0.{n}" for n in range(40)))
    keep(world, *(entry(f"GO-2024-{n:04}", FIRST) for n in range(1, 251)))
    world.publish()
    page = pages(world.root)[PAGE]
    assert "GO-2024-0250" in page.text
    assert "GO-2024-0001" not in page.text
    assert "50 more." in page.text
    assert "v1.0.39, v1.0.38, v1.0.37, v1.0.36, v1.0.35 and 35 more" in page.text


def test_several_fixes_are_told_each_once() -> None:
    data = entry(
        ONE, FIRST, fixed("1.2.0"), introduced("2.0.0"), fixed("2.1.0"), module=M
    )
    parsed = parse_entry(data)
    versions = ["v1.0.0", "v1.1.0", "v1.2.0", "v2.0.5", "v2.1.0"]
    (found,) = known_vulns([(parsed, parsed.affected[0])], versions)
    assert found.affected == ("v1.0.0", "v1.1.0", "v2.0.5")
    assert found.fixed == ("v1.2.0", "v2.1.0")
