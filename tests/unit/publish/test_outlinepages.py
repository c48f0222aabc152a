"""Pages and search tell what a module is: its synopsis, its README, its commands."""

from __future__ import annotations

import re

import pytest

from gosync.demo.modules import ModuleSource
from gosync.gomod.modulepackages import ModulePackages, Package
from gosync.gomod.packages import pack
from gosync.gomod.readme import Readme
from gosync.gomod.readme import pack as pack_readme
from gosync.publish.pages.pageoptions import PageOptions
from gosync.publish.work import PublishOptions
from tests.unit.publish.test_pages import Page, pages
from tests.unit.publish.test_searchindex import all_modules
from tests.unit.publish.world import World, snapshot, stats

M = "example.com/m"
PAGE = f"{M}/@v/index.html"
README = b"# M\n\nReads <b>words</b>: [see](https://a.example/x) [or](docs/x.md).\n"
FILES = {
    "go.mod": b"module example.com/m\n",
    "m.go": b"// Package m reads words. And more.\npackage m\n",
    "m_test.go": b"// Not this.\npackage m\n",
    "cmd/tool/main.go": b"// Tool is a tool.\npackage main\n\nfunc main() {}\n",
    "README.md": README,
}
BOTH = PageOptions(languages=("en", "zh"))


def publish(world: World, files: dict[str, bytes] = FILES) -> Page:
    world.add_source(ModuleSource(M, "v1.0.0", files))
    world.publish()
    return pages(world.root)[PAGE]


def test_a_page_has_synopses_and_the_readme(world: World) -> None:
    page = publish(world)
    assert re.search(r"example\.com/m\s+Package m reads words\.\s+go get", page.text)
    assert re.search(r"cmd/tool@v1\.0\.0\s*Tool is a tool\.", page.text)
    assert re.search(r"README\s+M\s+Reads words: see or\.\s", page.text)
    assert "https://a.example/x" in page.links
    assert "docs/x.md" not in page.links
    assert "#readme" in page.links
    front = pages(world.root)["index.html"].text
    assert re.search(r"example\.com/m\s*Package m reads words\.\s*v1\.0\.0", front)


def test_the_search_index_has_synopses_and_commands(world: World) -> None:
    world.add("example.com/bare", "v1.0.0")
    publish(world)
    assert all_modules(world.root) == [
        ["example.com/bare", "v1.0.0"],
        [M, "v1.0.0", "Package m reads words.", ["cmd/tool"]],
    ]


def test_what_a_module_is_its_only_package_tells(world: World) -> None:
    files = {"go.mod": FILES["go.mod"], "deep/x.go": b"// Package x is.\npackage x\n"}
    assert publish(world, files).text.count("Package x is.") == 2
    two = ModulePackages((Package("a", synopsis="A."), Package("b", synopsis="B.")))
    assert two.synopsis == ""
    hidden = ModulePackages((Package("internal/a", synopsis="A."),))
    assert hidden.synopsis == ""


def test_what_was_not_kept_is_read_once_and_kept(world: World) -> None:
    publish(world)
    (row,) = world.catalog.versions.of(M)
    assert row.zip_h1
    for table in ("packages", "licences", "readmes"):
        assert getattr(world.catalog, table).get(row.zip_h1)
    before = stats(world.root)
    world.publish()
    assert stats(world.root) == before


def test_what_is_kept_is_not_read_again(world: World) -> None:
    world.add(M, "v1.0.0")  # its zip is none
    (row,) = world.catalog.versions.of(M)
    assert row.zip_h1
    packages = ModulePackages((Package("", synopsis="Kept."),))
    world.catalog.packages.put([(row.zip_h1, pack(packages))])
    readme = Readme("README.md", "said", is_cut=True)
    world.catalog.readmes.put([(row.zip_h1, pack_readme(readme))])
    world.publish()
    text = pages(world.root)[PAGE].text
    assert "Kept." in text
    assert re.search(r"README\s+said\s+It goes on", text)


def test_each_language_has_its_pages_and_they_stay_in_it(world: World) -> None:
    world.options = PublishOptions(pages=BOTH, modules_per_page=1)
    world.add("example.com/b", "v1.0.0", "v1.1.0")
    publish(world)
    english = {name for name in world.files() if name.endswith("index.html")}
    chinese = {name for name in world.files() if name.endswith("index.zh.html")}
    assert chinese == {name.replace(".html", ".zh.html") for name in english}
    for name in chinese:
        data = world.read(name)
        assert data.startswith(b'<!doctype html>\n<html lang="zh-Hans">')
        inside = [link for link in Page(data).links if link.endswith("index.html")]
        assert inside == ["index.html"] * 2  # the same page in English: head and foot
    text = Page(world.read(f"{M}/@v/index.zh.html")).text
    assert "Package m reads words." in text
    assert "1 个版本" in text
    assert "查找模块" in Page(world.read("index.zh.html")).text


def test_one_changed_module_touches_its_pages_in_each_language(world: World) -> None:
    world.options = PublishOptions(pages=BOTH)
    for number in range(5):
        world.add(f"example.com/m{number}", "v1.0.0")
    world.publish()
    before = stats(world.root)
    world.add("example.com/m3", "v1.1.0")
    world.publish()
    pages_there = (
        name.removeprefix(f"{world.root}/")
        for name, found in stats(world.root).items()
        if name.endswith((".html", ".js")) and before.get(name) != found
    )
    assert sorted(pages_there) == [
        "example.com/m3/@v/index.html",
        "example.com/m3/@v/index.zh.html",
        "index.html",
        "index.zh.html",
        "modules/search.js",
    ]


def test_other_options_of_pages_bring_all_of_them_up(world: World) -> None:
    world.add("example.com/b", "v1.0.0")
    world.options = PublishOptions(modules_per_page=1)
    publish(world)
    world.options = PublishOptions(
        modules_per_page=1,
        pages=PageOptions(languages=("zh", "en"), pkgsite="https://pkg.example/"),
    )
    world.publish()
    assert f"https://pkg.example/{M}" in pages(world.root)[PAGE].links
    assert b"zh-Hans" in world.read(PAGE)
    again, root = world.another("public-2")
    world.publisher.publish(again, world.head(), options=world.options)
    here, there = snapshot(world.root), snapshot(root)
    html = {name for name in here if name.endswith(".html")}
    assert html == {name for name in there if name.endswith(".html")}
    assert all(here[name] == there[name] for name in html)
    world.options = PublishOptions(modules_per_page=1)
    world.publish()
    left = [name for name in world.files() if "index.en" in name or "index.zh" in name]
    assert left == []


@pytest.mark.parametrize("size", [10_000, 200_000])
def test_hostile_texts_are_harmless(world: World, size: int) -> None:
    evil = b"<script>alert(1)</script>\xe2\x80\xae\x1b[2J<img src=//evil.example/x>"
    many = evil * (size // len(evil))
    comment = b"// " + evil + b" " + many + b".\npackage m\n"
    page = publish(world, FILES | {"m.go": comment, "README.md": many, "LICENSE": many})
    data = world.read(PAGE)
    assert b"<script" not in data
    assert b"<img" not in data
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in page.text
    assert "\x1b" not in page.text
    assert len(data) < 200_000
    (line,) = all_modules(world.root)
    assert not any(ord(c) < 32 or c == "\u202e" for c in str(line))
    assert b"<script" not in world.read("index.html").replace(b"<script>const", b"")
