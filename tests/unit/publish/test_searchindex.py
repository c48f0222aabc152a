"""The search index has every module, in one file or in parts; few change at once."""

from __future__ import annotations

import json
import re
from itertools import count
from pathlib import Path
from typing import cast

from gosync.catalog.versions import Need
from gosync.publish.pages.paging import begins_page
from gosync.publish.work import PublishOptions
from tests.unit.publish.world import World, stats

PER_FILE = 10
PATHS = [f"example.com/m{number:02d}" for number in range(30)]


def files_of(root: Path) -> list[str]:
    """Return the files of the index that the front page names."""
    found = re.search(r'data-index="([^"]+)"', (root / "index.html").read_text())
    assert found
    return found[1].split(" ")


def modules_of(root: Path, file: str) -> list[list[str]]:
    text = (root / file).read_text()
    assert text.startswith("gosyncModules(")
    listed = json.loads(text.removeprefix("gosyncModules(").removesuffix(")\n"))
    return cast("list[list[str]]", listed)


def all_modules(root: Path) -> list[list[str]]:
    return [each for file in files_of(root) for each in modules_of(root, file)]


def test_one_file_has_them_all_with_their_newest_versions(world: World) -> None:
    world.add("github.com/Acme/a", "v1.0.0", "v1.2.0")
    world.add("graph.example/g", "v1.0.0", need=Need.MOD)
    world.publish()
    assert files_of(world.root) == ["modules/search.js"]
    assert all_modules(world.root) == [
        ["github.com/Acme/a", "v1.2.0"],
        ["graph.example/g", ""],
    ]


def test_many_modules_are_in_parts_that_go_again(world: World) -> None:
    world.options = PublishOptions(modules_per_page=5, modules_per_index=PER_FILE)
    paths = [*PATHS, next_start()]
    for path in paths:
        world.add(path, "v1.0.0")
    world.publish()
    assert len(files_of(world.root)) > 1
    assert [path for path, _ in all_modules(world.root)] == sorted(paths)
    for path in paths[1:]:
        world.forget(path, "v1.0.0")
    world.publish()
    assert all_modules(world.root) == [[paths[0], "v1.0.0"]]
    assert [file.name for file in (world.root / "modules").glob("*.js")] == [
        "search.js"
    ]


def test_one_changed_module_touches_few_files(world: World) -> None:
    world.options = PublishOptions(modules_per_page=5, modules_per_index=PER_FILE)
    for path in [*PATHS, next_start()]:
        world.add(path, "v1.0.0")
    world.publish()
    before = stats(world.root)
    world.add(PATHS[3], "v1.1.0")
    world.publish()
    pages = [
        name
        for name, found in stats(world.root).items()
        if name.endswith((".html", ".js")) and before.get(name) != found
    ]
    # Its own page, its page of the list, its part of the index, the front page.
    assert len(pages) == 4


def next_start() -> str:
    paths = (f"example.com/n{number}" for number in count())
    return next(path for path in paths if begins_page(path, PER_FILE))
