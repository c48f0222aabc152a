"""The catalogue in a real browser: found by a word, read, used, from a folder too."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gosync.publish.work import PublishOptions
from tests.unit.publish.world import World
from tests.webdriver import ENTER, Browser, chromium

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        shutil.which("chromedriver") is None, reason="there is no chromedriver"
    ),
]
SDK = "github.com/Acme/SDK"
TOLD = """
const told = document.getElementById("told");
while (!told.textContent) await new Promise((done) => setTimeout(done, 10));
return told.textContent;
"""
FOUND = "return [...document.querySelectorAll('#results a')].map((a) => a.textContent)"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    with World(tmp_path) as world:
        world.options = PublishOptions(modules_per_page=2, modules_per_index=4)
        for number in range(12):
            world.add(f"example.com/m{number:02d}", "v1.0.0")
        world.add(SDK, "v1.0.0")
        go_mod = f"module {SDK}\nretract v1.0.0 // broken\n".encode()
        world.add(SDK, "v1.1.0", go_mod=go_mod)
        world.publish()
        return world.root


def test_a_module_is_found_by_a_part_of_its_path(browser: Browser, root: Path) -> None:
    browser.open((root / "index.html").as_uri())
    browser.type("#query", "sdk acme")
    assert browser.run(TOLD) == "1 module"
    assert browser.run(FOUND) == [SDK]
    browser.type("#query", ENTER)
    assert browser.run("return document.querySelector('h1').textContent") == SDK
    assert "retracted by its author: broken" in browser.run(
        "return document.body.textContent"
    )
    assert browser.messages() == []


def test_the_address_is_the_page_s_own(browser: Browser, root: Path) -> None:
    browser.open((root / "index.html").as_uri())
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
    browser.open((root / "index.html").as_uri())
    browser.type("body", "/")
    assert browser.run("return document.activeElement.id") == "query"
    unnamed = browser.run(
        "return [...document.querySelectorAll('input')]"
        ".filter((each) => !each.labels.length).length"
    )
    assert unnamed == 0
