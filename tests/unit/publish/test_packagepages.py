"""A module's page names commands with their lines to install, and packages."""

from __future__ import annotations

import re

import pytest

from gosync.demo.modules import ModuleSource
from gosync.gomod.modfile import GoMod, parse_lax
from gosync.gomod.module import ModuleVersion
from gosync.gomod.modulepackages import ModulePackages, Package
from gosync.gomod.packages import pack
from gosync.publish.pages.packagesection import package_sections
from tests.unit.publish.test_pages import Page, pages
from tests.unit.publish.world import World, stats

M = "example.com/m"
PAGE = f"{M}/@v/index.html"
FILES = {
    "go.mod": b"module example.com/m\n",
    "m.go": b"package m\n",
    "cmd/tool/main.go": b"package main\n\nfunc main() {}\n",
    "gen.go": b"//go:build ignore\n\npackage main\n",
    "deep/er/x.go": b"package er\n",
    "internal/in/x.go": b"package in\n",
    "internal/gen/main.go": b"package main\n",
    "testdata/x.go": b"package x\n",
    "tests/x_test.go": b"package tests\n",
}


def test_packages_and_commands_are_read_of_the_newest_version(world: World) -> None:
    world.add_source(ModuleSource(M, "v1.0.0", FILES | {"old/x.go": b"package old\n"}))
    world.add_source(ModuleSource(M, "v1.1.0", FILES))
    world.publish()
    text = pages(world.root)[PAGE].text
    assert re.search(
        r"1 command\s*go install example\.com/m/cmd/tool@v1\.1\.0\s*"
        r"2 packages\s*example\.com/m\s*example\.com/m/deep/er\s*2 versions",
        text,
    )


def test_what_the_catalog_has_is_not_read_again(world: World) -> None:
    world.add(M, "v1.0.0")  # its zip is none
    (row,) = world.catalog.versions.of(M)
    assert row.zip_h1
    packages = ModulePackages((Package("kept"),))
    world.catalog.packages.put([(row.zip_h1, pack(packages))])
    world.publish()
    assert f"{M}/kept" in pages(world.root)[PAGE].text
    before = stats(world.root)
    world.publish()
    assert stats(world.root) == before


def test_a_form_of_before_is_read_again(world: World) -> None:
    world.add_source(ModuleSource(M, "v1.0.0", FILES))
    (row,) = world.catalog.versions.of(M)
    assert row.zip_h1
    world.catalog.packages.put([(row.zip_h1, b"\x02of before")])
    world.publish()
    assert "go install example.com/m/cmd/tool@v1.0.0" in pages(world.root)[PAGE].text


@pytest.mark.parametrize("verb", ["replace a.b/x => ./x", "exclude a.b/x v1.0.0"])
def test_what_go_install_refuses_has_no_line(verb: str) -> None:
    text = section([command("")], parse_lax(f"module {M}\n{verb}\n".encode())).text
    assert "go install example" not in text
    assert f"has {verb.split(maxsplit=1)[0]} directives" in text


def test_names_that_no_import_has_are_left_out() -> None:
    evil = (
        "<script>alert(1)</script>",
        "x;rm -rf ~",
        "$(reboot)",
        "\N{RIGHT-TO-LEFT OVERRIDE}gpj",
        "\udcff",
        "a b",
        "x" * 10**6 + " ",
    )
    page = section([*map(command, evil), *map(Package, evil), command("cmd/ok")])
    assert page.text.count("go install") == 1
    assert re.fullmatch(
        r"1 command\s*go install example.com/m/cmd/ok@v1.0.0\s*", page.text
    )


def test_many_are_folded_and_cut_off() -> None:
    page = section([Package(f"p{n:04}") for n in range(2_000)])
    assert "2\N{NARROW NO-BREAK SPACE}000 packages" in page.text
    assert "p0009" in page.text.partition("990 more packages")[0]
    assert "p0509" in page.text
    assert "p0510" not in page.text
    assert re.search(r"1.490 more\.", page.text)


def command(folder: str) -> Package:
    return Package(folder, is_library=False, is_command=True)


def section(packages: list[Package], go_mod: GoMod | None = None) -> Page:
    module = ModulePackages(tuple(packages))
    newest = ModuleVersion(M, "v1.0.0")
    parts = package_sections(newest, module, go_mod or GoMod())
    return Page("\n".join(parts).encode())
