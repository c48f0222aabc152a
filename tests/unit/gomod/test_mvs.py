"""What is selected and why; tests/go has the real go judge random graphs."""

from __future__ import annotations

import time

import pytest

from gosync.errors import MalformedError, NotFoundError
from gosync.gomod.modfile import GoMod, parse, parse_lax
from gosync.gomod.module import ModuleVersion
from gosync.gomod.mvs import (
    MainModule,
    Mains,
    Resolution,
    resolve,
    resolve_as_go,
    resolve_lazily,
)
from gosync.gomod.workfile import parse as parse_work
from tests.go.graphs import Shape, make_graph


def mv(text: str) -> ModuleVersion:
    path, _, version = text.partition("@")
    return ModuleVersion(path, version)


def mains(text: str) -> Mains:
    return Mains([MainModule(gomod("m", text))])


def gomod(path: str, text: str) -> GoMod:
    lines = [f"module {path}", *text.split(";")]
    return parse("\n".join(lines).encode())


class Shelf:
    """go.mod files by module version: directives with ";" between."""

    def __init__(self, **texts: str) -> None:
        self.texts = {
            mv(name.replace("_", "@v") + ".0.0"): texts[name] for name in texts
        }
        self.asked: list[ModuleVersion] = []

    def __call__(self, module: ModuleVersion) -> GoMod | None:
        self.asked.append(module)
        text = self.texts.get(module)
        if text is None:
            return None
        path = "" if text == "nameless" else text if text == "other" else module.path
        lines = [f"module {path}", *([] if path in ("", "other") else text.split(";"))]
        return parse_lax("\n".join(lines if path else ["go 1.17"]).encode())


def texts(modules) -> list[str]:
    return [str(each) for each in modules]


def build_list(resolution: Resolution) -> list[str]:
    return texts(resolution.build_list())


def need(*modules: str) -> str:
    return ";".join(f"require {each.replace('@', ' ')}.0.0" for each in modules)


def test_the_highest_of_the_required_versions_is_selected() -> None:
    shelf = Shelf(
        a_1=need("c@v1"), a_0="", b_1=need("d@v0"), c_1=need("d@v1"), d_0="", d_1=""
    )
    found = resolve(mains(need("a@v1", "b@v1")), shelf)
    assert build_list(found) == ["m", *(f"{each}@v1.0.0" for each in "abcd")]
    assert mv("a@v0.0.0") not in found.read
    assert list(found.graph.lines()) == [
        "m a@v1.0.0",
        "m b@v1.0.0",
        "m go@1.16",
        "a@v1.0.0 c@v1.0.0",
        "b@v1.0.0 d@v0.0.0",
        "c@v1.0.0 d@v1.0.0",
    ]


def test_a_requirement_counts_even_of_a_version_that_is_not_selected() -> None:
    shelf = Shelf(a_0=need("c@v1"), a_1="", b_1=need("a@v1"), c_1="")
    found = resolve(mains(need("a@v0", "b@v1")), shelf)
    assert "c@v1.0.0" in build_list(found)


def test_cycles_end() -> None:
    shelf = Shelf(a_1=need("b@v1"), b_1=need("a@v0", "m@v1"), a_0=need("b@v0"), b_0="")
    found = resolve(mains(need("a@v1")), shelf)
    assert build_list(found) == ["m", "a@v1.0.0", "b@v1.0.0"]
    assert found.problems == {mv("m@v1.0.0"): "there is no go.mod of m@v1.0.0"}


def test_what_is_pruned_out_is_known_and_not_read() -> None:
    shelf = Shelf(
        a_1="go 1.17;" + need("b@v1"), b_1="go 1.17;" + need("c@v1"), c_1="go 1.17"
    )
    found = resolve(mains("go 1.17;" + need("a@v1")), shelf)
    assert build_list(found) == ["m", "a@v1.0.0", "b@v1.0.0"]
    assert texts(found.read) == ["a@v1.0.0"]
    assert found.graph.requirements(mv("b@v1.0.0")) is None
    whole = resolve_as_go("1.16", mains("go 1.17;" + need("a@v1")), shelf)
    assert build_list(whole) == ["m", "a@v1.0.0", "b@v1.0.0", "c@v1.0.0"]


def test_below_an_old_module_nothing_is_pruned() -> None:
    shelf = Shelf(
        a_1="go 1.16;" + need("b@v1"), b_1="go 1.17;" + need("c@v1"), c_1="go 1.17"
    )
    main = mains("go 1.17;" + need("a@v1"))
    assert "c@v1.0.0" in build_list(resolve(main, shelf))
    lazily = resolve_lazily(main, shelf)
    assert build_list(lazily) == ["m", "a@v1.0.0"]
    assert texts(lazily.read) == ["a@v1.0.0"]


def test_lazily_the_whole_graph_is_read_if_the_roots_contradict_each_other() -> None:
    shelf = Shelf(a_1="go 1.17;" + need("b@v1"), b_0="go 1.17", b_1="go 1.17")
    found = resolve_lazily(mains("go 1.17;" + need("a@v1", "b@v0")), shelf)
    assert build_list(found) == ["m", "a@v1.0.0", "b@v1.0.0"]
    assert texts(found.requirements.roots) == ["a@v1.0.0", "b@v1.0.0", "go@1.17"]


def test_an_upgraded_root_of_a_pruned_module_may_lower_others() -> None:
    # a v0 is a root no longer, so what it alone required is out of the graph.
    shelf = Shelf(
        a_0="go 1.17;" + need("c@v1"),
        a_1="go 1.17;" + need("c@v0"),
        b_1="go 1.17;" + need("a@v1"),
    )
    assert "c@v1.0.0" in build_list(resolve(mains("go 1.17;" + need("a@v0")), shelf))
    found = resolve(mains("go 1.17;" + need("a@v0", "b@v1")), shelf)
    assert "c@v0.0.0" in build_list(found)


def test_a_strict_module_requires_its_go_and_that_its_toolchain() -> None:
    found = resolve(mains("go 1.17;" + need("a@v1")), Shelf(a_1="go 1.21.3"))
    assert list(found.graph.lines()) == [
        "m a@v1.0.0",
        "m go@1.21.3",
        "a@v1.0.0 go@1.21.3",
        "go@1.21.3 toolchain@go1.21.3",
    ]
    assert found.graph.selected("go") == "1.21.3"
    assert build_list(found) == ["m", "a@v1.0.0"]


def test_an_excluded_version_is_not_required() -> None:
    shelf = Shelf(a_1=need("b@v1", "b@v0"), b_0="", b_1="")
    found = resolve(mains(need("a@v1") + ";exclude b v1.0.0"), shelf)
    assert build_list(found) == ["m", "a@v1.0.0", "b@v0.0.0"]


def test_a_replaced_module_keeps_its_name_and_has_another_s_go_mod() -> None:
    shelf = Shelf(fork_9="", b_1=need("a@v1"))
    shelf.texts[ModuleVersion("./x", "")] = "other"
    shelf.texts[mv("fork@v9.0.0")] = need("b@v1")
    text = need("a@v1", "c@v1") + ";replace a => fork v9.0.0;replace c v1.0.0 => ./x"
    found = resolve(mains(text), shelf)
    assert build_list(found) == ["m", "a@v1.0.0", "b@v1.0.0", "c@v1.0.0"]
    assert texts(sorted(found.read)) == ["./x", "b@v1.0.0", "fork@v9.0.0"]
    assert found.mains.actual(mv("c@v1.0.0")) == ModuleVersion("./x", "")
    assert found.mains.replacement(mv("b@v1.0.0")) is None
    assert len(shelf.asked) == len(set(shelf.asked))


def test_what_has_no_usable_go_mod_is_a_problem_with_a_reason() -> None:
    shelf = Shelf(a_1="nameless", b_1="other", c_1=need("d@v1"))
    found = resolve(mains(need("a@v1", "b@v1", "c@v1")), shelf)
    assert found.problems == {
        mv("a@v1.0.0"): "the go.mod of a@v1.0.0 has no module line",
        mv("b@v1.0.0"): "the go.mod of b@v1.0.0 is that of other",
        mv("d@v1.0.0"): "there is no go.mod of d@v1.0.0",
    }
    assert texts(found.why(mv("d@v1.0.0"))) == ["m", "c@v1.0.0", "d@v1.0.0"]


def test_what_the_loader_raises_ends_it() -> None:
    def load(module: ModuleVersion) -> GoMod | None:
        raise NotFoundError(str(module))

    with pytest.raises(NotFoundError):
        resolve(mains(need("a@v1")), load)


def test_why_is_a_shortest_path_and_nothing_for_strangers() -> None:
    shelf = Shelf(a_1=need("b@v1"), b_1=need("c@v1"), d_1=need("c@v1"), c_1="")
    found = resolve(mains(need("a@v1", "d@v1")), shelf)
    assert texts(found.why(mv("c@v1.0.0"))) == ["m", "d@v1.0.0", "c@v1.0.0"]
    assert texts(found.why(mv("m"))) == ["m"]
    assert found.why(mv("c@v2.0.0")) == ()


def test_files_are_announced_before_they_are_loaded_wave_by_wave() -> None:
    shelf = Shelf(a_1=need("c@v1"), b_1=need("c@v1", "d@v1"), c_1="", d_1="")
    waves: list[list[str]] = []
    resolve(
        mains(need("a@v1", "b@v1") + ";replace d => e v1.0.0"),
        shelf,
        prefetch=lambda modules: waves.append(texts(modules)),
    )
    assert waves == [["a@v1.0.0", "b@v1.0.0"], ["c@v1.0.0", "e@v1.0.0"]]


WORK = parse_work(b"go 1.21\nuse ./one\nuse ./two\nreplace d => ../d")


def test_a_workspace_selects_for_all_its_modules() -> None:
    one = MainModule(gomod("one", "go 1.17;" + need("a@v0", "two@v1")), "./one")
    two = MainModule(gomod("two", "go 1.17;" + need("a@v1")), "./two")
    shelf = Shelf(a_0="go 1.17", a_1="go 1.17;" + need("b@v1"), b_1="go 1.17")
    found = resolve(Mains([two, one], WORK), shelf)
    assert build_list(found) == ["one", "two", "a@v1.0.0", "b@v1.0.0"]
    assert texts(found.graph.roots) == ["go@1.21", "one", "two"]


def test_folders_of_a_workspace_are_seen_from_its_go_work() -> None:
    text = ";replace a => ../x;replace b => ./y;replace c => ../../z;replace e => /e"
    one = MainModule(gomod("one", text), "one")
    workspace = Mains([one], WORK)
    folders = [workspace.actual(mv(f"{each}@v1.0.0")).path for each in "abcde"]
    assert folders == ["./x", "./one/y", "../z", "../d", "/e"]


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("go 1.22", "go 1.17"),
        ("replace a => b v1.0.0", "replace a => c v1.0.0"),
        ("replace a => ./b", "replace a => ./b"),
    ],
)
def test_modules_of_a_workspace_may_not_contradict_it_or_each_other(one, two) -> None:
    with pytest.raises(MalformedError):
        Mains(
            [
                MainModule(gomod("one", one), "one"),
                MainModule(gomod("two", two), "two"),
            ],
            WORK,
        )


def test_go_work_settles_what_modules_replace() -> None:
    modules = [
        MainModule(gomod("one", "replace d => b v1.0.0"), "one"),
        MainModule(gomod("two", "replace d => c v1.0.0"), "two"),
    ]
    assert Mains(modules, WORK).actual(mv("d@v1.0.0")).path == "../d"


def test_one_version_s_replacement_may_contradict_another_module_s_of_all() -> None:
    modules = [
        MainModule(gomod("one", "replace a => b v1.0.0"), "one"),
        MainModule(gomod("two", "replace a v1.0.0 => c v1.0.0"), "two"),
    ]
    workspace = Mains(modules, WORK)
    assert workspace.actual(mv("a@v0.0.0")).path == "b"
    with pytest.raises(MalformedError):
        workspace.actual(mv("a@v1.0.0"))


@pytest.mark.parametrize("modules", [[], [GoMod()], [GoMod("m"), GoMod("n")]])
def test_without_a_go_work_there_is_one_main_module_with_a_name(modules) -> None:
    with pytest.raises(MalformedError):
        Mains([MainModule(each) for each in modules])


def test_a_module_is_in_a_workspace_once() -> None:
    with pytest.raises(MalformedError):
        Mains(
            [MainModule(GoMod("m"), "a"), MainModule(GoMod("m", go="1.1"), "b")], WORK
        )


def test_a_chain_of_ten_thousand_modules_is_no_trouble() -> None:
    def load(module: ModuleVersion) -> GoMod:
        number = int(module.path[1:])
        return gomod(module.path, need(f"c{number + 1}@v1") if number < 10_000 else "")

    found = resolve(mains(need("c0@v0", "c0@v1")), load)
    assert len(found.build_list()) == 10_002
    assert len(found.why(mv("c10000@v1.0.0"))) == 10_002


@pytest.mark.parametrize("go", [pytest.param("1.16", marks=pytest.mark.long), "1.21"])
def test_a_graph_of_1500_modules_takes_less_than_a_second(go) -> None:
    shape = Shape(modules=(1500, 1500), requirements=30, main_go=(go,))
    graph = make_graph("large", shape)
    gomods = {module: parse_lax(text.encode()) for module, text in graph.mods.items()}
    begin = time.process_time()
    found = resolve(graph.read_mains(), gomods.get)
    assert len(found.build_list()) > 1400
    assert time.process_time() - begin < 1
