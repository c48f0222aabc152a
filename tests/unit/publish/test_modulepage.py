"""A module's page says what it is and needs; whatever others wrote stays text."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode

from gosync.catalog.versions import Proof, VersionRow
from gosync.folder.routes import of_module
from gosync.gomod.modfile import GoMod, Requirement, Retraction
from gosync.licence.filekinds import LicenceFileKind
from gosync.licence.found import LicenceFile, module_licences, pack
from gosync.publish.contents import Carried, ModuleContents
from gosync.publish.pages.modulepage import ModuleAbout, module_page
from gosync.publish.work import PublishOptions
from tests.unit.publish.test_pages import Page, pages
from tests.unit.publish.world import World

M = "example.com/m"
GO_MOD = b"""\
// Deprecated: take example.com/n.
module example.com/m

go 1.22

require (
\tdep.example/direct v1.2.3
\tdep.example/far v0.1.0 // indirect
)

retract v1.0.0 // it loses data
"""


def test_it_says_what_the_newest_version_says_of_itself(world: World) -> None:
    world.add(M, "v1.0.0")
    world.add(M, "v1.1.0", go_mod=GO_MOD)
    (row,) = [r for r in world.catalog.versions.of(M) if r.version == "v1.1.0"]
    file = LicenceFile("LICENSE", LicenceFileKind.LICENCE, "0" * 64, ("MIT",), 1.0)
    licences = pack(module_licences([file], left_out=0))
    world.catalog.licences.put([(row.zip_h1 or "", licences)])
    world.publish()
    text = pages(world.root)[f"{M}/@v/index.html"].text
    assert "Deprecated by its author: take example.com/n." in text
    assert re.search(r"Licence\s*MIT\s*Needs Go\s*1\.22\s*Size\s*\d+ B", text)
    assert re.search(r"v1\.0\.0\s*retracted by its author: it loses data", text)
    assert text.count("retracted") == 1
    assert re.search(r"dep\.example/direct\s*v1\.2\.3", text)
    assert re.search(
        r"1 module more that these need.*dep\.example/far", text, re.DOTALL
    )
    assert "has these very hashes in its record N" in text


def test_a_pinned_version_is_said_to_be_so_in_words(world: World) -> None:
    world.add(M, "v1.0.0", private=True)
    world.publish()
    text = pages(world.root)[f"{M}/@v/index.html"].text
    assert "no checksum database knows it" in text
    assert "in its record N" not in text


def test_texts_of_others_are_harmless_however_long() -> None:
    evil = (
        "</dd><script>alert(1)</script>\N{RIGHT-TO-LEFT OVERRIDE}\x1b[2J" + "x" * 10**6
    )
    data = evil_page(evil)
    page = Page(data)
    assert b"<script" not in data
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in page.text
    assert "\x1b" not in page.text
    assert "<script>alert(1)</script>\\u202e" in page.text
    assert "200 more." in page.text
    assert len(data) < 100_000 + 500 * 2_000


def evil_page(evil: str) -> bytes:
    at = of_module(M)
    row = VersionRow(M, "v1.0.0", proof=Proof.PINNED, zip_bytes=1, zip_h1="h1:x")
    newest = Carried(row, at.of_version("v1.0.0"), whole=True, is_pseudo=False)
    contents = ModuleContents(
        at=at,
        versions=(newest,),
        refused=(),
        listed=("v1.0.0",),
        has_list=True,
        latest=newest,
        retracted=(Retraction("v1.0.0", "v1.0.0", evil),),
    )
    required = tuple(Requirement(evil[:1_000], "v1.0.0") for _ in range(700))
    go_mod = GoMod(deprecated=evil, go=evil[:50], require=required)
    file = LicenceFile(evil, LicenceFileKind.LICENCE, "")
    licences = module_licences([file], left_out=0)
    return module_page(contents, "", ModuleAbout(go_mod, licences))


def test_its_policy_lets_nothing_run_but_what_is_its_own(world: World) -> None:
    world.add(M, "v1.0.0")
    world.options = PublishOptions(contact="<b>ask\N{RIGHT-TO-LEFT OVERRIDE}")
    world.publish()
    for name in ("index.html", f"{M}/@v/index.html"):
        text = world.read(name).decode()
        policy = text.partition('Content-Security-Policy" content="')[2].split('"')[0]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        for tag in ("style", "script"):
            for inside in re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL):
                digest = b64encode(hashlib.sha256(inside.encode()).digest()).decode()
                assert f"{tag}-src 'sha256-{digest}'" in policy
        assert not re.search(r'(?:src|href)="?(?:https?:)?//', text)
        assert " style=" not in text
    assert "To ask for more: <b>ask\\u202e" in Page(world.read("index.html")).text


def test_lines_to_use_it_follow_what_is_carried(world: World) -> None:
    world.add(M, "v1.0.0")
    world.options = PublishOptions(url="https://go.example/")
    world.publish()
    text = pages(world.root)["index.html"].text
    assert "go env -w GOTOOLCHAIN=local\n" in text
    assert "govulncheck" not in text
    world.add("golang.org/toolchain", "v0.0.1-go1.24.0.linux-amd64")
    world.options = PublishOptions(url="https://go.example/", vulndb=True)
    world.publish()
    text = pages(world.root)["index.html"].text
    assert "go env -w GOTOOLCHAIN=auto\n" in text
    assert "govulncheck -db https://go.example/vulndb ./..." in text
