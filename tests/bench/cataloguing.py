"""What the tree's pages cost: of 20 000 modules, and of one that changes.

Each module has a synopsis, a README and a command. Measured are the size of the front
page, how many pages and files of the search index a publish writes that adds a version
to one module, in two languages, what a README of 5 kB costs to render, and, where there
is Chromium, how long the search takes to show its answer, from the key to the list: the
slowest of several words, each the best of five times.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from base64 import b64encode
from collections.abc import Iterator
from typing import Final

from gosync.gomod import packages as gopackages
from gosync.gomod import readme as readmes
from gosync.gomod.modulepackages import ModulePackages, Package
from gosync.gomod.readme import Readme
from gosync.publish.pages.pageoptions import PageOptions
from gosync.publish.pages.readmehtml import readme_html
from gosync.publish.work import PublishOptions
from tests.bench.setting import Setting
from tests.bench.table import Row, within
from tests.unit.publish.world import World, stats
from tests.webdriver import chromium

_AT_ONCE: Final = 1_000
_WORDS: Final = ("reader", "river", "queue", "cloud", "yaml", "token", "graph", "cache")
_TEXT: Final = "A line of *words* with a [link](https://a.example) and `code`.\n\n"
_README: Final = "# Title\n\n" + _TEXT * 60 + "```go\nfunc main() {}\n```\n"
_ASKED: Final = ("r", "mod0", "river cloud", "tool 17", "org5/mod", "nothing at all")
_SEARCH: Final = """
const box = document.getElementById("query");
const told = document.getElementById("told");
box.focus();
while (!told.textContent) {
  box.value = "e"; box.dispatchEvent(new Event("input"));
  await new Promise((done) => setTimeout(done, 20));
}
const times = {};
for (let round = 0; round < 5; round++) for (const word of ASKED) {
  const begin = performance.now();
  box.value = word;
  const changed = new Promise((done) =>
    new MutationObserver(done).observe(told, { childList: true, characterData: true }));
  box.dispatchEvent(new Event("input"));
  await changed;
  document.body.getBoundingClientRect();
  const took = performance.now() - begin;
  times[word] = Math.min(times[word] ?? took, took);
}
return Object.values(times);
"""
_LIMIT_BYTES: Final = 100_000
_LIMIT_FILES: Final = 10
_LIMIT_SECONDS: Final = 0.05
_LIMIT_README: Final = 0.02


def show_catalogue(setting: Setting) -> Iterator[Row]:
    """Measure it."""
    count = setting.sizes.shown
    pages = PageOptions(languages=("en", "zh"))
    with World(setting.room(f"pages-{count}")) as world:
        world.options = PublishOptions(pages=pages)
        for start in range(0, count, _AT_ONCE):
            _fill(world, range(start, min(start + _AT_ONCE, count)))
        world.publish()
        figure = f"front page of {count} modules"
        size_bytes = len(world.read("index.html"))
        yield within(figure, [size_bytes], limit=_LIMIT_BYTES, unit="bytes")
        figure = f"pages written as one of {count} modules changes"
        yield within(figure, [_touched(world)], limit=_LIMIT_FILES, unit="files")
        if shutil.which("chromedriver") is not None:
            times = _search(world)
            figure = f"search in {count} modules, slowest of {len(times)} words"
            yield within(figure, [max(times)], limit=_LIMIT_SECONDS, unit="s")
    costs = [_render() for _ in range(max(setting.runs, 3))]
    figure = f"rendering a README of {len(_README)} bytes: CPU"
    yield within(figure, costs, limit=_LIMIT_README, unit="s")


def _path(number: int) -> str:
    return f"pages.example/org{number % 97}/mod{number:06d}"


def _fill(world: World, numbers: range) -> None:
    packed, kept = [], []
    for number in numbers:
        path = _path(number)
        world.add(path, "v1.0.0")
        data = f"zip of {path}@v1.0.0".encode()
        zip_h1 = f"h1:{b64encode(hashlib.sha256(data).digest()).decode()}"
        told = " ".join(_WORDS[(number >> at) % len(_WORDS)] for at in range(0, 12, 2))
        library = Package("", synopsis=f"Package mod is about {told}.")
        tool = Package(f"cmd/tool{number}", is_library=False, is_command=True)
        packed.append((zip_h1, gopackages.pack(ModulePackages((library, tool)))))
        kept.append((zip_h1, readmes.pack(Readme("README.md", _README[:500]))))
    world.catalog.packages.put(packed)
    world.catalog.readmes.put(kept)


def _touched(world: World) -> int:
    """Return how many pages and files of the index one changed module writes."""
    before = stats(world.root)
    world.add(_path(0), "v1.1.0")
    world.publish()
    after = stats(world.root).items()
    changed = [name for name, found in after if before.get(name) != found]
    return sum(name.endswith((".html", ".js")) for name in changed)


def _search(world: World) -> list[float]:
    script = _SEARCH.replace("ASKED", str(list(_ASKED)))
    with chromium() as browser:
        browser.open((world.root / "index.html").as_uri())
        return [each / 1_000 for each in browser.run(script)]


def _render() -> float:
    begin = time.process_time()
    assert readme_html(Readme("README.md", _README))
    return time.process_time() - begin
