"""What must hold for what is needed, whatever the graph."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gosync.gomod.deps import Deps
from gosync.gomod.gosum import GoSum, SumLine
from gosync.gomod.module import ModuleVersion
from gosync.gomod.mvs import resolve
from gosync.gomod.needs import Needs, needs_of_project, needs_of_version
from gosync.gomod.semver import max_version
from tests.go.graphs import Graph, Shape, make_graph
from tests.tiers import examples

MODERATE = settings(max_examples=examples(60))
SMALL = Shape(modules=(2, 15))

seeds = st.integers(0, 1 << 32)
graphs = seeds.map(lambda seed: make_graph(f"n{seed}", SMALL))
workspaces = seeds.map(
    lambda seed: make_graph(f"nw{seed}", replace(SMALL, work=(1, 3)))
)
broken = seeds.map(lambda seed: make_graph(f"nb{seed}", replace(SMALL, broken=0.3)))
any_graphs = st.one_of(graphs, workspaces, broken)


def newest(graph: Graph, paths: Sequence[str]) -> Mapping[str, str]:
    versions = {
        path: max_version(mv.version for mv in graph.mods if mv.path == path)
        for path in paths
    }
    return {path: version for path, version in versions.items() if version}


def needs_of(graph: Graph, deps: Deps, sums: Sequence[GoSum] = ()) -> Needs:
    return needs_of_project(
        graph.read_mains(),
        sums,
        graph.load,
        deps=deps,
        upgrades=lambda paths: newest(graph, paths),
    )


def some_sums(graph: Graph, chance: random.Random) -> list[GoSum]:
    lines = [
        SumLine(mv.path, mv.version, is_mod, "h1:")
        for mv in graph.mods
        for is_mod in (True, False)
        if chance.random() < 0.2
    ]
    return [GoSum(tuple(lines[::2])), GoSum(tuple(lines[1::2]))]


@MODERATE
@given(any_graphs)
def test_each_level_has_what_the_one_before_it_has(graph: Graph) -> None:
    chance = random.Random(graph.name)
    sums = some_sums(graph, chance)
    none, build, tests, every = (needs_of(graph, deps, sums) for deps in Deps)
    assert tests == build, "a project's own tests are built with it"
    assert none.mods <= build.mods
    assert none.zips <= build.zips
    if not every.problems:
        assert build.mods <= every.mods
        assert build.zips <= every.zips


@MODERATE
@given(any_graphs, st.sampled_from(Deps))
def test_whatever_is_needed_whole_is_needed(graph: Graph, deps: Deps) -> None:
    needs = needs_of(graph, deps)
    assert needs.zips <= needs.mods
    assert all(mv.version not in ("", "none") for mv in needs.mods)


@MODERATE
@given(graphs)
def test_what_is_selected_is_needed_or_is_replaced_by_what_is(graph: Graph) -> None:
    needs, found = needs_of(graph, Deps.BUILD), resolve(graph.read_mains(), graph.load)
    for module in found.build_list():
        actual = found.mains.actual(module)
        assert actual in needs.zips or not actual.version or module.version == "none"


@MODERATE
@given(any_graphs, st.sampled_from(Deps), st.randoms(use_true_random=False))
def test_the_order_of_go_sum_does_not_matter(graph, deps, chance) -> None:
    sums = some_sums(graph, chance)
    shuffled = [
        GoSum(tuple(chance.sample(each.lines, len(each.lines))))
        for each in reversed(sums)
    ]
    assert needs_of(graph, deps, sums) == needs_of(graph, deps, shuffled)


@MODERATE
@given(any_graphs, st.sampled_from(Deps))
def test_there_is_a_reason_for_everything(graph: Graph, deps: Deps) -> None:
    needs = needs_of(graph, deps, some_sums(graph, random.Random(graph.name)))
    for mv in needs.mods:
        reason = needs.why(mv)
        assert (reason.path[-1] == mv) if reason.path else (reason.sums is not None)


@MODERATE
@given(st.one_of(graphs, broken), st.sampled_from(Deps), st.randoms())
def test_a_version_needs_itself(graph, deps, chance) -> None:
    mv = chance.choice(list(graph.mods) or [ModuleVersion("gone.example/m", "v1.0.0")])
    needs = needs_of_version(
        mv, graph.load, deps=deps, upgrades=lambda paths: newest(graph, paths)
    )
    assert mv in needs.zips or mv in needs.problems
    assert all(needs.why(each).path[-1:] == (each,) for each in needs.mods - {mv})
