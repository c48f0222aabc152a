"""Pages say what is there, escape what others named, and lead somewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from gosync.catalog.versions import Need
from gosync.folder.routes import STATUS
from gosync.gomod.module import ModuleVersion
from gosync.publish.pages.frontpage import ModuleSummary, TreeFacts, front_page
from gosync.publish.pages.usage import TreeUse
from gosync.publish.work import PublishOptions
from gosync.sumdb.names import parse_gosumdb
from tests.unit.publish.world import NAME, World

M = "example.com/m"
VOID = {"meta", "br", "link", "input"}


class Page(HTMLParser):
    """The links, the text and the open elements of a page."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.links: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(data.decode())
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self._open.append(tag)
        self.links += (
            value for name, value in attrs if name in ("href", "src") and value
        )

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open[-1:] not in (["style"], ["script"]):
            self.text += data


def pages(root: Path) -> dict[str, Page]:
    return {
        path.relative_to(root).as_posix(): Page(path.read_bytes())
        for path in root.rglob("index.html")
    }


def test_every_link_leads_to_a_file_of_the_tree(world: World) -> None:
    world.options = PublishOptions(modules_per_page=2)
    world.add("github.com/Acme/SDK", "v1.0.0-RC.1", "v2.0.0+incompatible")
    world.add(M, "v1.0.0", need=Need.MOD)
    world.add(f"{M}/v2", "v2.0.0")
    world.add("corp.example/p", "v1.0.0", private=True)
    world.publish()
    found = pages(world.root)
    assert len(found) > 1 + 4
    for name, page in found.items():
        assert page.links
        for link in page.links:
            target = unquote(urlsplit(urljoin(f"/{name}", link)).path).lstrip("/")
            # How the mirror is, another job writes.
            assert target == STATUS or (world.root / target).is_file(), (name, link)


def test_the_trees_page_says_what_there_is_and_how_to_use_it(world: World) -> None:
    world.add(M, "v1.0.0", "v1.1.0")
    world.add("corp.example/p", "v1.0.0", private=True)
    world.options = PublishOptions(
        url="https://go.example/", private=("corp.example/*",)
    )
    world.publish()
    text = pages(world.root)["index.html"].text
    assert "2 modules, 3 versions." in text
    assert f"2 versions proven in {NAME} at its tree head of 302 records" in text
    assert "1 version pinned to the hash that was seen first." in text
    assert "go env -w GOPROXY=https://go.example\n" in text
    assert f"go env -w GOSUMDB={world.log.verifier_key}" in text
    assert 'go env -w "GONOSUMDB=corp.example/*" GONOPROXY=none' in text
    assert re.search(r"example\.com/m\s*v1\.1\.0\s*2\s*proven", text)
    assert re.search(r"corp\.example/p\s*v1\.0\.0\s*1\s*pinned", text)


def test_without_a_configured_address_the_page_finds_its_own(world: World) -> None:
    world.publish()
    page = world.read("index.html").decode()
    assert 'GOPROXY=<span data-root=".">' in page
    assert "location.href" in page


def test_a_configured_address_needs_no_script(world: World) -> None:
    world.options = PublishOptions(url="https://go.example")
    world.publish()
    page = pages(world.root)["index.html"]
    assert "GOPROXY=https://go.example\n" in page.text
    assert b"<span data-root" not in world.read("index.html")


def test_the_modules_page_says_how_each_version_was_proven(world: World) -> None:
    world.add(M, "v1.0.0", commit="0123456789" * 4)
    world.add(M, "v1.1.0", need=Need.MOD)
    world.publish()
    page = pages(world.root)[f"{M}/@v/index.html"]
    assert f"go get {M}@v1.0.0" in page.text
    assert "record 300" in page.text
    assert "commit 0123456789" in page.text
    assert "2024-03-05" in page.text
    row = world.catalog.versions.get(ModuleVersion(M, "v1.0.0"))
    assert row is not None
    assert str(row.zip_h1) in page.text
    assert f"../../../sumdb/{NAME}/lookup/{M}@v1.0.0" in page.links


def test_go_mod_files_alone_are_no_versions_to_build_with(world: World) -> None:
    world.add(M, "v1.0.0")
    world.add(M, "v1.1.0", "v1.2.0", "v1.3.0", need=Need.MOD)
    world.add("graph.example/g", "v1.0.0", need=Need.MOD)
    world.publish()
    found = pages(world.root)
    front = found["index.html"].text
    assert "2 modules, 1 version and 4 go.mod files alone." in front
    assert "1 version proven in" in front
    assert re.search(r"example\.com/m\s*v1\.0\.0\s*1 \+ 3 go\.mod\s*proven", front)
    assert "nothing to build with" in front
    page = world.read(f"{M}/@v/index.html").decode()
    whole, _, folded = page.partition("<details>")
    assert "1 version</h2>" in whole
    assert "v1.3.0" not in whole
    assert "3 versions more as go.mod only" in folded
    assert [v in folded for v in ("v1.0.0", "v1.1.0", "v1.3.0")] == [False, True, True]


def test_newest_versions_come_first(world: World) -> None:
    world.add(M, "v1.9.0", "v1.10.0")
    world.publish()
    text = pages(world.root)[f"{M}/@v/index.html"].text
    versions = text.partition("Proof")[2]
    assert versions.index("v1.10.0") < versions.index("v1.9.0")


def test_the_public_database_goes_by_its_name() -> None:
    database = parse_gosumdb("sum.golang.org")
    facts = TreeFacts(TreeUse(database=database), None, 0, 0, 0)
    assert "GOSUMDB=sum.golang.org\n" in Page(front_page(facts, [])).text + "\n"


def test_without_a_database_the_page_says_so() -> None:
    facts = TreeFacts(TreeUse(), None, 0, 0, 0)
    text = Page(front_page(facts, [])).text
    assert "go env -w GOSUMDB=off" in text
    assert "no checksum database" in text


def test_no_text_of_others_becomes_markup() -> None:
    evil = "\"><script>alert(1)</script>&'"
    summary = ModuleSummary(evil, f"{evil}/@v/index.html", evil, 1, 0)
    facts = TreeFacts(TreeUse(url=evil, private=(evil,)), None, 1, 1, 0)
    data = front_page(facts, [summary])
    assert b"<script>alert" not in data
    assert Page(data).text.count("<script>alert(1)</script>") == 8


def test_a_page_is_the_same_every_time(tmp_path: Path) -> None:
    files = []
    for name in ("a", "b"):
        with World(tmp_path / name) as world:
            world.add(M, "v1.0.0", "v1.1.0")
            world.publish()
            files.append(world.files())
    assert files[0] == files[1]
