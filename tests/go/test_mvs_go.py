"""What gosync.gomod.mvs computes is what the real go computes, on random graphs.

Go is the judge: `go mod graph`, `go list -m all`, and what is in its module cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from gosync.demo.modules import build_zip
from gosync.errors import UsageError
from gosync.gomod.module import ModuleVersion
from gosync.gomod.mvs import resolve, resolve_as_go, resolve_lazily
from tests.go.golangs import NEWEST, OLDEST_AND_NEWEST, need_go
from tests.go.graphs import (
    NEWER_GO,
    OLD_GO,
    PRUNED_GO,
    STRICT_GO,
    Graph,
    Shape,
    make_graph,
)
from tests.go.judge import Judge, alike, listed
from tests.simulator.standard import source
from tests.tiers import EVERY_STEP

pytestmark = [pytest.mark.go, pytest.mark.slow]

EVERY_GO = (*OLD_GO, *PRUNED_GO, *STRICT_GO, *NEWER_GO)


@pytest.fixture(scope="module", params=OLDEST_AND_NEWEST)
def judge(request: pytest.FixtureRequest, tmp_path_factory) -> Judge:
    return Judge(need_go(request.param), tmp_path_factory.mktemp("judge"))


@pytest.fixture(scope="module")
def newest(tmp_path_factory) -> Judge:
    return Judge(need_go(NEWEST), tmp_path_factory.mktemp("newest"))


def graphs(name: str, count: int, shape: Shape) -> Iterator[Graph]:
    return (make_graph(f"{name}{number}", shape) for number in range(count))


def disagreement(judge: Judge, graph: Graph) -> str:
    """Return in what go and gosync disagree about a graph, or ""."""
    judge.add(graph)
    ours = resolve(graph.read_mains(), graph.load)
    if judge.say(graph, "mod", "graph") != list(ours.graph.lines()):
        return f"{graph.name}: the graph"
    # Before `go list` also reads the go.mod of what was pruned out.
    if judge.has_read(graph) != {each for each in ours.read if each.version}:
        return f"{graph.name}: what was read"
    theirs = judge.say(graph, "list", "-m", "all")
    if list(map(alike, theirs)) != list(map(alike, listed(ours))):
        return f"{graph.name}: the build list"
    return ""


def disagreements(judge: Judge, graphs: Iterator[Graph]) -> list[str]:
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda graph: disagreement(judge, graph), graphs)
        return [each for each in found if each]


def test_go_agrees_on_many_graphs(judge) -> None:
    count = 200 if EVERY_STEP else 60
    assert disagreements(judge, graphs("a", count, Shape())) == []


def test_go_agrees_on_graphs_with_the_go_lines_of_today(newest) -> None:
    shape = Shape(go=EVERY_GO, main_go=EVERY_GO)
    assert disagreements(newest, graphs("b", 60, shape)) == []


def test_go_agrees_on_workspaces(judge) -> None:
    assert disagreements(judge, graphs("c", 50, Shape(work=(1, 3)))) == []


@pytest.mark.parametrize("main_go", ["1.16", "1.21"])
def test_go_agrees_on_graphs_of_several_hundred_modules(judge, main_go) -> None:
    shape = Shape(modules=(300, 400), requirements=8, main_go=(main_go,))
    name = f"d{main_go.replace('.', '')}"
    assert disagreements(judge, graphs(name, 2, shape)) == []


@pytest.mark.sampled
def test_go_refuses_exactly_the_graphs_with_problems(judge) -> None:
    found = {True: 0, False: 0}
    for graph in graphs("e", 60 if EVERY_STEP else 24, Shape(broken=0.04)):
        judge.add(graph)
        has_problems = bool(resolve(graph.read_mains(), graph.load).problems)
        assert has_problems == bool(judge.run(graph, "mod", "graph").returncode)
        found[has_problems] += 1
    assert min(found.values()) > (10 if EVERY_STEP else 4)


def test_go_sees_the_same_graph_as_an_older_go(judge) -> None:
    for graph in graphs("f", 30, Shape(main_go=PRUNED_GO, go=(*OLD_GO, *PRUNED_GO))):
        judge.add(graph)
        ours = resolve_as_go("1.16", graph.read_mains(), graph.load)
        assert judge.say(graph, "mod", "graph", "-go=1.16") == list(ours.graph.lines())


def test_an_older_go_cannot_read_a_newer_graph(judge) -> None:
    graph = make_graph("g", Shape(main_go=("1.21",)))
    judge.add(graph)
    assert judge.run(graph, "mod", "graph", "-go=1.20").returncode != 0
    with pytest.raises(UsageError):
        resolve_as_go("1.20", graph.read_mains(), graph.load)


MAINS = {
    "no-requirements": "go 1.21",
    "no-go-line": "require {a} v1.0.0",
    "default-toolchain": "go 1.21\ntoolchain default\nrequire {a} v1.0.0",
    "default-toolchain-unpruned": "go 1.16\ntoolchain default\nrequire {a} v1.0.0",
    "toolchain-below-go": "go 1.21.4\ntoolchain go1.21.2\nrequire {a} v1.0.0",
    "own-toolchain": "go 1.21.4\ntoolchain go1.21.4-corp\nrequire {a} v1.0.0",
    "twice-the-same": "go 1.17\nrequire {a} v1.0.0\nrequire {a} v1.0.0",
    "twice-another": "go 1.17\nrequire {a} v1.1.0\nrequire {a} v1.0.0",
    "twice-unpruned": "go 1.16\nrequire {a} v1.1.0\nrequire {a} v1.0.0",
    "itself": "go 1.17\nrequire {main} v1.0.0\nrequire {a} v1.0.0",
    "itself-unpruned": "go 1.16\nrequire {main} v1.0.0\nrequire {a} v1.0.0",
    "excluded": "go 1.17\nrequire {a} v1.0.0\nexclude {a} v1.0.0",
    "below-excluded": "go 1.17\nrequire {a} v1.0.0\nexclude {b} v1.1.0",
    "replaced-main": "go 1.17\nrequire {a} v1.0.0\nreplace {main} => {b} v1.0.0",
    "raised-by-a-root": "go 1.17\nrequire {a} v1.0.0\nrequire {b} v1.0.0",
    "raised-unpruned": "go 1.16\nrequire {a} v1.0.0\nrequire {b} v1.0.0",
    "raised-go": "go 1.16\nrequire {b} v1.1.0",
}


@pytest.mark.parametrize("name", MAINS)
def test_go_agrees_on_what_a_main_module_may_say(judge, name) -> None:
    paths = {each: f"edge-{name}.example/{each}" for each in ("main", "a", "b")}
    text = f"module {{main}}\n{MAINS[name]}\n"
    graph = Graph(f"edge-{name}", {".": text.format(**paths)})
    for each, rest in {
        "main v1.0.0": "require {b} v1.1.0",
        "a v1.0.0": "go 1.17\nrequire {b} v1.1.0\nrequire {main} v1.0.0",
        "a v1.1.0": "go 1.16\nrequire {b} v1.0.0",
        "b v1.0.0": "go 1.17\nrequire {a} v1.0.0",
        "b v1.1.0": "go 1.21.4\nrequire {a} v1.0.0",
    }.items():
        which, version = each.split()
        text = f"module {paths[which]}\n{rest.format(**paths)}\n"
        graph.mods[ModuleVersion(paths[which], version)] = text
    assert disagreement(judge, graph) == ""


def test_a_build_reads_what_is_resolved_lazily(judge, tmp_path) -> None:
    graph = Graph(
        "lazy",
        {
            ".": "module lazy.example/main\ngo 1.17\n"
            "require lazy.example/a v1.0.0\nrequire lazy.example/b v1.0.0\n"
        },
    )
    for name, rest in {
        "a": "go 1.16\nrequire lazy.example/c v1.0.0",
        "b": "go 1.17\nrequire lazy.example/a v1.0.0",
        "c": "go 1.16\nrequire lazy.example/d v1.0.0",
        "d": "",
    }.items():
        module = ModuleVersion(f"lazy.example/{name}", "v1.0.0")
        graph.mods[module] = f"module {module.path}\n{rest}\n"
    judge.add(graph)
    _add_code(judge, graph)
    lazily = resolve_lazily(graph.read_mains(), graph.load)
    wholly = resolve(graph.read_mains(), graph.load)
    judge.say(graph, "build", "./...")
    assert judge.has_read(graph) == lazily.read < wholly.read
    judge.say(graph, "mod", "graph")
    assert judge.has_read(graph) == wholly.read == graph.mods.keys()


def _add_code(judge: Judge, graph: Graph) -> None:
    """Make the main module import its roots, and each of those nothing."""
    for module, text in graph.mods.items():
        name = module.path.rpartition("/")[2]
        files = {"go.mod": text, f"{name}.go": f"package {name}\n"}
        below = judge.folder / "proxy" / module.path / "@v"
        data = build_zip(source(module.path, module.version, files))
        (below / f"{module.version}.zip").write_bytes(data)
    code = 'package main\nimport _ "lazy.example/a"\nimport _ "lazy.example/b"\n'
    project = judge.folder / "projects" / graph.name
    (project / "main.go").write_text(f"{code}func main() {{}}\n")
