"""Which files are named for a project or a version, and the reasons given.

That these are the files go asks for is tested with the real go (tests/go).
"""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from gosync.gomod.deps import Deps
from gosync.gomod.modfile import GoMod, Requirement
from gosync.gomod.module import ModuleVersion
from gosync.gomod.modulepackages import ModulePackages, Package
from gosync.gomod.mvs import MainModule, Mains
from gosync.gomod.needs import (
    ImportSource,
    NeededBy,
    needs_of_project,
)
from tests.unit.gomod.shortmods import Files, lines, mv, names, parse_main, path

CHAIN = {
    "a v1.0.0": "go 1.17; b v1.0.0",
    "b v1.0.0": "go 1.17; c v1.0.0 // indirect",
    "b v1.1.0": "go 1.17; c v1.1.0",
    "c v1.0.0": "go 1.17; d v1.0.0 // indirect",
    "c v1.1.0": "go 1.17",
    "d v1.0.0": "",
}


def test_none_is_what_go_sum_names_and_asks_nobody() -> None:
    files = Files(CHAIN)
    sums = "a v1.0.0;a v1.0.0/go.mod;b v1.1.0/go.mod"
    needs = files.project("go 1.21; a v1.0.0", sums, deps=Deps.NONE)
    assert names(needs.mods) == ["a v1.0.0", "b v1.1.0"]
    assert names(needs.zips) == ["a v1.0.0"]
    assert files.loaded == []
    assert files.asked == []


def test_none_without_go_sum_is_the_graph() -> None:
    needs = Files(CHAIN).project("go 1.21; a v1.0.0", deps=Deps.NONE)
    assert needs == Files(CHAIN).project("go 1.21; a v1.0.0")


def test_build_is_the_pruned_graph_whole() -> None:
    files = Files(CHAIN)
    needs = files.project("go 1.21; a v1.0.0")
    assert names(needs.zips) == ["a v1.0.0", "b v1.0.0"]
    assert names(needs.mods) == ["a v1.0.0", "b v1.0.0"]
    assert files.loaded == [mv("a v1.0.0")]  # b's is needed, but not to choose by


def test_build_below_go_1_17_is_the_whole_graph() -> None:
    needs = Files(CHAIN).project("go 1.16; a v1.0.0; b v1.1.0")
    assert names(needs.zips) == ["a v1.0.0", "b v1.1.0", "c v1.1.0", "d v1.0.0"]
    assert names(needs.mods - needs.zips) == ["b v1.0.0", "c v1.0.0"]


def test_a_replacement_is_needed_and_not_what_it_replaces() -> None:
    files = Files(CHAIN | {"fork v1.2.3": "c v1.0.0"})
    replace = f"replace {path('a')} => {path('fork')} v1.2.3"
    needs = files.project(f"go 1.21; a v1.0.0; {replace}")
    assert names(needs.zips) == ["c v1.0.0", "d v1.0.0", "fork v1.2.3"]
    assert needs.why(mv("fork v1.2.3")).path[1:] == (mv("a v1.0.0"), mv("fork v1.2.3"))
    with pytest.raises(KeyError):
        needs.why(mv("a v1.0.0"))


def test_a_folder_is_loaded_and_not_needed() -> None:
    files = Files(CHAIN)
    files.mods[ModuleVersion("./a", "")] = f"module x.example\n{lines('b v1.1.0')}"
    needs = files.project(f"go 1.21; a v1.0.0; replace {path('a')} => ./a")
    assert names(needs.zips) == ["b v1.1.0", "c v1.1.0"]


def test_what_has_no_go_mod_is_a_problem_and_not_needed() -> None:
    files = Files({"a v1.0.0": "go 1.17; gone v1.0.0; b v1.0.0", "b v1.0.0": ""})
    needs = files.project("go 1.21; a v1.0.0; gone v1.0.0")
    assert list(needs.problems) == [mv("gone v1.0.0")]
    assert "no go.mod" in needs.problems[mv("gone v1.0.0")]
    assert names(needs.mods) == ["a v1.0.0", "b v1.0.0"]


def test_what_go_sum_names_is_needed_in_spite_of_a_problem() -> None:
    needs = Files({}).project("go 1.21; gone v1.0.0", "gone v1.0.0")
    assert names(needs.zips) == ["gone v1.0.0"]
    assert list(needs.problems) == [mv("gone v1.0.0")]


def test_all_reads_what_is_pruned_out() -> None:
    files = Files(CHAIN | {"a v1.0.0": "go 1.17; b v1.0.0 // indirect"})
    needs = files.project("go 1.21; a v1.0.0", deps=Deps.ALL)
    assert names(needs.mods - needs.zips) == ["c v1.0.0", "d v1.0.0"]
    assert needs.why(mv("d v1.0.0")).kind is NeededBy.UNPRUNED


def test_at_go_1_17_what_go_1_16_would_build_is_needed_whole() -> None:
    needs = Files(CHAIN).project("go 1.17; a v1.0.0", deps=Deps.ALL)
    assert "d v1.0.0" in names(needs.zips)


def test_what_is_pruned_out_and_not_there_is_no_problem() -> None:
    indirect = "go 1.17; gone v1.0.0 // indirect"
    mods = {"a v1.0.0": "go 1.17; b v1.0.0 // indirect", "b v1.0.0": indirect}
    assert not Files(mods).project("go 1.21; a v1.0.0", deps=Deps.ALL).problems
    assert Files(mods).project("go 1.17; a v1.0.0", deps=Deps.ALL).problems


def test_upgrades_go_through_what_is_selected_between() -> None:
    mods = {
        "a v1.0.0": "go 1.17",
        "a v1.1.0": "go 1.17; b v1.1.0",
        "b v1.0.0": "go 1.17",
        "b v1.1.0": "go 1.17",
        "b v1.2.0": "go 1.17; c v1.0.0",
        "c v1.0.0": "go 1.17",
    }
    files = Files(mods, {"a": "v1.1.0", "b": "v1.2.0", "c": "v1.0.0"})
    needs = files.project("go 1.21; a v1.0.0; b v1.0.0 // indirect", deps=Deps.ALL)
    assert names(needs.zips) == sorted(mods)
    assert files.asked == [path("a"), path("b"), path("c")]
    assert needs.why(mv("c v1.0.0")).kind is NeededBy.UPGRADE


def test_nothing_is_asked_about_what_only_a_project_has() -> None:
    text = f"go 1.21; a v1.0.0; replace {path('a')} => ./a; main v1.0.0"
    files = Files(CHAIN)
    files.project(text, deps=Deps.ALL)
    assert files.asked == []


def test_an_excluded_version_is_no_upgrade() -> None:
    files = Files(CHAIN, {"b": "v1.1.0"})
    text = f"go 1.21; b v1.0.0; exclude {path('b')} v1.1.0"
    assert names(files.project(text, deps=Deps.ALL).zips) == ["b v1.0.0", "c v1.0.0"]


def test_a_version_without_dependencies_asks_nobody() -> None:
    files = Files(CHAIN)
    assert names(files.version("a v1.0.0", deps=Deps.NONE).zips) == ["a v1.0.0"]
    assert files.loaded == []


def test_a_version_is_looked_at_as_if_all_of_it_was_required() -> None:
    """What d is for, c's go.mod alone says; no tidy go.mod hides what it imports."""
    needs = Files(CHAIN).version("a v1.0.0")
    assert names(needs.zips) == ["a v1.0.0", "b v1.0.0", "c v1.0.0"]
    assert needs.why(mv("a v1.0.0")).kind is NeededBy.MAIN
    assert needs.why(mv("b v1.0.0")).path == (mv("a v1.0.0"), mv("b v1.0.0"))


def test_a_version_is_needed_though_its_dependencies_want_a_higher_one() -> None:
    cycle = {"a v1.0.0": "b v1.0.0", "b v1.0.0": "a v1.1.0", "a v1.1.0": ""}
    needs = Files(cycle).version("a v1.0.0")
    assert names(needs.zips) == ["a v1.0.0", "a v1.1.0"]
    assert names(needs.mods - needs.zips) == ["b v1.0.0"]


SUBSETS = {
    "m v1.0.0": "go 1.17; a v1.0.0; d v1.0.0",
    "a v1.0.0": "go 1.17; t v1.1.0; u v1.0.0",
    "d v1.0.0": "go 1.17; t v1.2.0; u v1.1.0",
    "t v1.1.0": "go 1.17",
    "t v1.2.0": "go 1.17",
    "u v1.0.0": "go 1.17; v v1.0.0",
    "u v1.1.0": "go 1.17",
    "v v1.0.0": "go 1.17",
}


def test_whatever_part_of_the_requirements_is_kept_its_versions_are_needed() -> None:
    needs = Files(SUBSETS).version("m v1.0.0")
    versions = ["t v1.1.0", "t v1.2.0", "u v1.0.0", "u v1.1.0"]
    assert [each for each in names(needs.zips) if each[0] in "tu"] == versions


def test_nothing_below_what_the_version_itself_selects_is_needed() -> None:
    mods = SUBSETS | {"m v1.0.0": "go 1.17; a v1.0.0; d v1.0.0; u v1.1.0"}
    needs = Files(mods).version("m v1.0.0")
    assert "u v1.0.0" not in names(needs.zips)
    cycle = mods | {
        "d v1.0.0": "go 1.17; t v1.2.0; m v1.1.0",
        "m v1.1.0": "go 1.17; a v1.0.0",
    }
    assert "u v1.0.0" in names(Files(cycle).version("m v1.0.0").zips)


def test_a_version_is_never_upgraded_itself() -> None:
    mods = CHAIN | {"b v1.0.0": "go 1.17; c v1.0.0"}
    files = Files(mods, {"b": "v1.1.0", "c": "v1.1.0"})
    needs = files.version("b v1.0.0", deps=Deps.ALL)
    assert "b v1.1.0" not in names(needs.mods)
    assert "c v1.1.0" in names(needs.zips)


def test_each_go_mod_is_loaded_once_and_announced_before() -> None:
    files = Files(CHAIN, {"b": "v1.1.0"})
    files.project("go 1.17; a v1.0.0; b v1.0.0", deps=Deps.ALL)
    assert len(files.loaded) == len(set(files.loaded))
    assert set(files.loaded) == set(files.announced)


def test_the_reason_is_the_first_that_there_is() -> None:
    sums = ["a v1.0.0;b v1.0.0", "e v1.0.0;a v1.0.0"]
    needs = Files(CHAIN).project("go 1.21; a v1.0.0", *sums)
    main = ModuleVersion(path("main"), "")
    a, b = needs.why(mv("a v1.0.0")), needs.why(mv("b v1.0.0"))
    assert (a.kind, a.path) == (NeededBy.MAIN, (main, mv("a v1.0.0")))
    assert (b.kind, b.path) == (
        NeededBy.REQUIREMENT,
        (main, mv("a v1.0.0"), mv("b v1.0.0")),
    )
    line = needs.why(mv("e v1.0.0"))
    assert (line.kind, line.path, line.sums) == (NeededBy.SUM, (), 1)


@pytest.mark.parametrize("deps", [Deps.BUILD, Deps.ALL])
def test_a_graph_of_many_modules_is_quick(deps) -> None:
    count = 1500
    loaded = {
        mv(f"m{n} v1.{minor}.0"): GoMod(
            module=path(f"m{n}"),
            go="1.16" if n % 3 else "1.20",
            require=tuple(
                Requirement(path(f"m{(n * 7 + k * 13) % count}"), f"v1.{(n + k) % 3}.0")
                for k in range(20)
            ),
        )
        for n in range(count)
        for minor in range(3)
    }
    main = parse_main("go 1.21; " + "; ".join(f"m{n} v1.0.0" for n in range(300)))
    started = time.process_time()
    needs = needs_of_project(
        Mains([MainModule(main)]),
        [],
        loaded.get,
        deps=deps,
        upgrades=lambda paths: dict.fromkeys(paths, "v1.2.0"),
    )
    assert (
        time.process_time() - started < 10
    )  # seconds; it takes one on an idle machine
    assert len({each.path for each in needs.zips}) == count


def imported(files: Files, **imports: str) -> ImportSource:
    """Return what packages import: by name, of each version alike; None of "?"."""

    def packages(module: ModuleVersion, /) -> ModulePackages | None:
        names = imports.get(module.path.split(".")[0], "")
        if names == "?":
            return None
        return ModulePackages((Package("", tuple(map(path, names.split()))),))

    return ImportSource(packages, newest=files.upgrades)


def test_of_a_version_whose_imports_are_known_nothing_else_is_needed_whole() -> None:
    files = Files(SUBSETS)
    needs = files.version("m v1.0.0", imports=imported(files, m="a", a="t"))
    assert names(needs.zips) == ["a v1.0.0", "m v1.0.0", "t v1.1.0", "t v1.2.0"]
    assert "d v1.0.0" in names(needs.mods)
    assert names(needs.subsets) == ["t v1.2.0"], "of who requires d as well"
    assert not needs.unread
    t = needs.why(mv("t v1.1.0"))
    assert (t.kind, t.path) == (
        NeededBy.IMPORT,
        (mv("m v1.0.0"), mv("a v1.0.0"), mv("t v1.1.0")),
    )
    d, m = needs.why(mv("d v1.0.0")), needs.why(mv("m v1.0.0"))
    assert (d.kind, d.path) == (
        NeededBy.REQUIREMENT,
        (mv("m v1.0.0"), mv("d v1.0.0")),
    )
    assert m.kind is NeededBy.MAIN


def test_versions_for_a_part_of_the_imports_are_told_apart() -> None:
    files = Files(SUBSETS)
    imports = imported(files, m="a d", a="t", d="t")
    needs = files.version("m v1.0.0", imports=imports)
    assert names(needs.zips) == [
        "a v1.0.0",
        "d v1.0.0",
        "m v1.0.0",
        "t v1.1.0",
        "t v1.2.0",
    ]
    assert names(needs.subsets) == ["t v1.1.0"]


def test_what_cannot_be_read_is_taken_by_requirements() -> None:
    files = Files(SUBSETS)
    imports = imported(files, m="a", a="?")
    estimate = replace(imports, is_estimate=True)
    needs = files.version("m v1.0.0", imports=estimate)
    assert needs.zips == files.version("m v1.0.0").zips
    assert needs.unread == needs.zips - {mv("m v1.0.0")}
    later = files.version("m v1.0.0", imports=imports)
    assert names(later.zips) == ["a v1.0.0", "m v1.0.0"]
    assert names(later.unread) == ["a v1.0.0"]


def test_what_nothing_provides_is_taken_in_its_newest_version() -> None:
    files = Files({"m v1.0.0": "", "b v1.2.0": ""}, {"b": "v1.2.0"})
    needs = files.version("m v1.0.0", imports=imported(files, m="b gone"))
    assert names(frozenset(needs.newest)) == ["b v1.2.0"]
    assert needs.newest.keys() < needs.zips
    assert needs.unprovided == {path("gone"): mv("m v1.0.0")}
    assert needs.why(mv("b v1.2.0")).path == (mv("m v1.0.0"), mv("b v1.2.0"))
