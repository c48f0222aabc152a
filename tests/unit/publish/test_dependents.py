"""A module's page names who needs it in the tree, and follows them."""

from __future__ import annotations

import re

from gosync.gomod.modfile import GoMod, Requirement, parse_lax
from gosync.publish.dependents import direct_needs
from gosync.publish.pages.modulepage import MAX_DEPENDENTS
from tests.unit.publish.test_pages import Page, pages
from tests.unit.publish.world import World, snapshot, stats

BASE, USER, OTHER = "b.example/Base", "u.example/user", "o.example/other"
PAGE = "b.example/!base/@v/index.html"


def needing(path: str, *needs: str) -> bytes:
    return f"module {path}\n".encode() + b"".join(
        f"require {each}\n".encode() for each in needs
    )


def needed_by(world: World) -> list[str]:
    page = pages(world.root)[PAGE]
    assert all(f"../../../{each}/@v/index.html" in page.links for each in _told(page))
    return _told(page)


def _told(page: Page) -> list[str]:
    found = re.search(
        r"Needed here by\s*(.*?)\s*(?:How|A static)", page.text, re.DOTALL
    )
    return found[1].split() if found else []


def test_who_needs_a_module_is_told_as_it_changes(world: World) -> None:
    world.add(BASE, "v1.0.0")
    world.add(USER, "v1.0.0", go_mod=needing(USER, f"{BASE} v1.0.0"))
    indirect = needing(OTHER, f"{BASE} v1.0.0 // indirect")
    world.add(OTHER, "v1.0.0", go_mod=indirect)
    world.publish()
    assert needed_by(world) == [USER]

    before = stats(world.root)
    world.add(OTHER, "v1.1.0", go_mod=needing(OTHER, f"{BASE} v1.0.0"))
    world.publish()
    assert needed_by(world) == [OTHER, USER]
    touched = {name for name, was in before.items() if stats(world.root)[name] != was}
    assert {name for name in touched if "/b.example/" in name and "." in name[-5:]} == {
        f"{world.root}/{PAGE}"
    }

    world.add(USER, "v1.1.0", go_mod=needing(USER))
    world.publish()
    assert needed_by(world) == [OTHER]
    world.forget(OTHER, "v1.0.0", "v1.1.0")
    world.publish()
    assert needed_by(world) == []

    other, root = world.another("public-2")
    world.publisher.publish(other, world.head(), options=world.options)
    assert snapshot(root)[PAGE] == world.read(PAGE)


def test_what_is_no_path_is_nobodys_need_and_many_are_cut_off() -> None:
    assert direct_needs(parse_lax(needing("m.x/y", f"{BASE} v1.0.0"))) == {BASE}
    assert direct_needs(None) == frozenset()
    many = needing("m.x/y", *(f"n.example/m{n:05} v1.0.0" for n in range(6_000)))
    assert len(direct_needs(parse_lax(many))) == 5_000
    required = (Requirement("<script>alert(1)</script>", "v1.0.0"),)
    assert not direct_needs(GoMod(require=required))


def test_many_dependents_are_cut_off(world: World) -> None:
    world.add(BASE, "v1.0.0")
    world.publish()
    paths = {f"n.example/m{n:04}": [BASE] for n in range(MAX_DEPENDENTS + 7)}
    world.catalog.shown_needs.put(world.tree.id, paths)
    world.add(BASE, "v1.1.0")
    world.publish()
    text = pages(world.root)[PAGE].text
    assert f"m{MAX_DEPENDENTS - 1:04}" in text
    assert f"m{MAX_DEPENDENTS:04}" not in text
    assert "And others." in text
