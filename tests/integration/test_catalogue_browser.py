"""The catalogue in a real browser: found by a word, read, used, from a folder too.

Besides what a page does, axe looks at it: WCAG 2's levels A and AA, at a desk, on a
phone and in the dark.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest

from gosync.demo.modules import ModuleSource
from gosync.folder.routes import PAGE_NAMES
from gosync.publish.pages.pageoptions import PageOptions
from gosync.publish.work import PublishOptions
from tests.unit.publish.world import World
from tests.webdriver import ENTER, TAB, Browser, chromium

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        shutil.which("chromedriver") is None, reason="there is no chromedriver"
    ),
]
SDK = "github.com/Acme/SDK"
SDK_PAGE = "github.com/!acme/!s!d!k/@v"
README = """\
# SDK

<p align="center"><img src="https://evil.example/logo.png" onerror="alert(1)"></p>

Ferries *words* over [a river](https://acme.example/river).

## Table

|one|two|
|---|---|
|1|2|

```go
sdk.Ferry("a very long line that no phone has room for, so that it has to scroll", 1)
```

#### Deep

[![build](https://ci.example/b.svg)](https://ci.example) ![](x.png)
<script>document.title = "evil"</script> [x](javascript:alert(1))
"""
FILES = {
    "go.mod": f"module {SDK}\n\ngo 1.21\n\nretract v1.0.0 // broken\n".encode(),
    "sdk.go": b"// Package sdk ferries words over rivers.\npackage sdk\n",
    "cmd/ferry/main.go": b"// Ferry is a command.\npackage main\n\nfunc main() {}\n",
    "README.md": README.encode(),
}
SIZES = {"desk": (1280, 900), "phone": (390, 800)}
TOLD = """
const told = document.getElementById("told");
while (!told.textContent) await new Promise((done) => setTimeout(done, 10));
return told.textContent;
"""
FOUND = "return [...document.querySelectorAll('#results a')].map((a) => a.textContent)"
TEXT = "return document.querySelector('main').innerText"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    with World(tmp_path) as world:
        world.options = PublishOptions(
            modules_per_page=2,
            modules_per_index=4,
            contact="go-mirror@corp.example",
            vulndb=True,
            pages=PageOptions(languages=("en", "zh"), pkgsite="https://pkg.example"),
        )
        for number in range(12):
            world.add(f"example.com/m{number:02d}", "v1.0.0")
        world.add(SDK, "v1.0.0")
        world.add_source(ModuleSource(SDK, "v1.1.0", FILES))
        world.publish()
        return world.root


def address(root: Path, page: str = "index.html") -> str:
    return (root / page).as_uri()


def test_a_module_is_found_by_a_part_of_its_path(browser: Browser, root: Path) -> None:
    browser.open(address(root))
    browser.type("#query", "sdk acme")
    assert browser.run(TOLD) == "1 module"
    assert browser.run(FOUND) == [SDK]
    browser.type("#query", ENTER)
    assert browser.run("return document.querySelector('h1').textContent") == SDK
    assert "retracted by its author: broken" in browser.run(TEXT)
    assert browser.messages() == []


def test_a_developer_finds_a_module_by_a_word_and_reads_and_copies(
    browser: Browser, root: Path
) -> None:
    browser.open(address(root))
    browser.type("#query", "rivers")
    assert browser.run(TOLD) == "1 module"
    assert "Package sdk ferries words" in browser.run(TEXT)
    browser.click("#results a")
    text = browser.run(TEXT)
    assert "Ferries words over a river." in text
    assert "Ferry is a command." in text
    browser.click("pre code.paste")  # one click selects the line
    line = browser.run("return getSelection().toString()")
    assert line == f"go get {SDK}@v1.1.0"
    assert browser.run("return document.images.length") == 0
    assert browser.run("return document.title") == SDK
    assert browser.messages() == []


def test_a_command_is_found_by_its_name(browser: Browser, root: Path) -> None:
    browser.open(address(root))
    browser.type("#query", "cmd/ferry")
    assert browser.run(TOLD) == "1 module"
    assert f"command {SDK}/cmd/ferry" in browser.run(TEXT)


def test_what_is_missing_is_asked_for(browser: Browser, root: Path) -> None:
    browser.open(address(root))
    browser.type("#query", "example.com/nowhere")
    assert browser.run(TOLD) == "Nothing here has these words. Ask for it"
    browser.click("#told a")
    assert browser.run("return location.hash") == "#more"
    text = browser.run(TEXT)
    assert f"GOPROXY={root.as_uri()} go list -m example.com/nowhere@latest" in text
    links = browser.run("return [...document.links].map((a) => a.href)")
    assert "mailto:go-mirror@corp.example" in links


def test_who_reads_chinese_stays_in_it(browser: Browser, root: Path) -> None:
    browser.open(address(root))
    browser.click("footer a")
    assert browser.run("return document.documentElement.lang") == "zh-Hans"
    browser.type("#query", "rivers")
    assert browser.run(TOLD) == "1 个模块"
    browser.click("#results a")
    assert browser.run("return document.documentElement.lang") == "zh-Hans"
    assert "作者已撤销: broken" in browser.run(TEXT)
    browser.click("nav a")
    assert browser.run("return location.pathname").endswith("/index.zh.html")
    assert browser.messages() == []


def test_the_address_is_the_page_s_own(browser: Browser, root: Path) -> None:
    browser.open(address(root))
    lines = browser.run("return document.querySelector('pre').textContent")
    assert f"go env -w GOPROXY={root.as_uri()}\n" in lines


def test_nothing_that_a_page_was_made_to_say_runs(browser: Browser, root: Path) -> None:
    page = root / "index.html"
    evil = b"<script>document.title='evil'</script><img src=x onerror=alert(1)>"
    page.write_bytes(page.read_bytes().replace(b"<main>", b"<main>" + evil))
    browser.open(page.as_uri())
    assert browser.run("return document.title") == "Go modules"
    assert any("Content Security Policy" in each for each in browser.messages())


def test_the_keyboard_alone_will_do(browser: Browser, root: Path) -> None:
    browser.open(address(root))
    browser.type("body", "/")
    assert browser.run("return document.activeElement.id") == "query"
    browser.type("#query", "rivers")
    browser.run(TOLD)
    browser.type("#query", TAB)
    assert browser.run("return document.activeElement.textContent") == SDK
    outline = "return getComputedStyle(document.activeElement).outlineStyle"
    assert browser.run(outline) != "none"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", PAGE_NAMES[:2])
def test_everybody_can_use_it(
    browser: Browser, root: Path, name: str, size: str, *, dark: bool
) -> None:
    browser.look(*SIZES[size], dark=dark)
    lists = sorted((root / "modules").glob(f"*/{name}"))
    for page in (root / name, root / SDK_PAGE / name, lists[0]):
        browser.open(page.as_uri())
        browser.run(axe())
        browser.run("for (const e of document.querySelectorAll('details')) e.open = 1")
        found = browser.run("return await axe.run(document)")
        assert {"color-contrast", "link-name"} <= {e["id"] for e in found["passes"]}
        told = [(e["id"], e["nodes"][0]["html"]) for e in found["violations"]]
        assert told == [], page
        width = browser.run("return document.documentElement.scrollWidth")
        assert width == SIZES[size][0], page  # nothing sticks out


@cache
def axe() -> str:
    """Return axe-core's script; a debugger may run it, whatever a page's policy."""
    return files("axe_core_python").joinpath("axe.min.js").read_text("utf-8")
