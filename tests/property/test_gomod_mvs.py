"""What must hold for the selection in any module graph."""

from __future__ import annotations

import random
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gosync.gomod import gover
from gosync.gomod.modfile import GoMod, Requirement
from gosync.gomod.module import ModuleVersion
from gosync.gomod.mvs import Mains, Resolution, resolve, resolve_lazily
from tests.go.graphs import OLD_GO, Graph, Shape, make_graph
from tests.tiers import examples

MODERATE = settings(max_examples=examples(80))
SMALL = Shape(modules=(2, 15))

graphs = st.integers(0, 1 << 32).map(lambda seed: make_graph(f"p{seed}", SMALL))
unpruned_graphs = st.integers(0, 1 << 32).map(
    lambda seed: make_graph(f"u{seed}", replace(SMALL, main_go=OLD_GO))
)
workspaces = st.integers(0, 1 << 32).map(
    lambda seed: make_graph(f"w{seed}", replace(SMALL, work=(1, 3)))
)


def with_requirements(mains: Mains, required: tuple[Requirement, ...]) -> Mains:
    [module] = mains.modules
    return Mains([replace(module, gomod=replace(module.gomod, require=required))])


def selected(resolution: Resolution) -> dict[str, str]:
    return {each.path: each.version for each in resolution.build_list()}


def edges_of_modules(resolution: Resolution) -> set[tuple[ModuleVersion, ...]]:
    """Return the requirements, but for those of go: nobody wrote these down."""
    return {
        edge
        for edge in resolution.graph.edges()
        if not gover.is_toolchain(edge[1].path)
    }


def is_lower(path: str, a: str, b: str) -> bool:
    return bool(a) and (not b or gover.compare_of(path, a, b) < 0)


@MODERATE
@given(st.one_of(graphs, workspaces))
def test_the_highest_version_in_the_graph_is_selected(graph: Graph) -> None:
    found = resolve(graph.read_mains(), graph.load)
    highest = selected(found)
    for _, module in found.graph.edges():
        if not gover.is_toolchain(module.path):
            assert not is_lower(module.path, highest[module.path], module.version)


@MODERATE
@given(graphs)
def test_what_was_brought_up_to_date_is_up_to_date(graph: Graph) -> None:
    mains = graph.read_mains()
    found = resolve(mains, graph.load)
    direct = found.requirements.direct
    required = tuple(
        Requirement(each.path, each.version, each.path not in direct)
        for each in found.requirements.roots
        if not gover.is_toolchain(each.path)
    )
    again = resolve(with_requirements(mains, required), graph.load)
    assert again.build_list() == found.build_list()
    assert edges_of_modules(again) == edges_of_modules(found)


@MODERATE
@given(st.one_of(graphs, workspaces), st.randoms(use_true_random=False))
def test_the_order_of_requirements_does_not_matter(graph, chance) -> None:
    def shuffled(gomod: GoMod) -> GoMod:
        return replace(gomod, require=tuple(_shuffled(gomod.require, chance)))

    def load(module: ModuleVersion) -> GoMod | None:
        gomod = graph.load(module)
        return gomod and shuffled(gomod)

    mains = graph.read_mains()
    modules = [replace(each, gomod=shuffled(each.gomod)) for each in mains.modules]
    found = resolve(mains, graph.load)
    other = resolve(Mains(modules, mains.work), load)
    assert other.build_list() == found.build_list()
    assert other.read == found.read


def _shuffled(
    required: tuple[Requirement, ...], chance: random.Random
) -> list[Requirement]:
    return chance.sample(required, len(required))


@MODERATE
@given(unpruned_graphs, st.randoms(use_true_random=False))
def test_one_more_requirement_lowers_nothing(graph, chance) -> None:
    mains = graph.read_mains()
    before = selected(resolve(mains, graph.load))
    after = selected(resolve(_with_one_more(mains, graph, chance), graph.load))
    for path, version in before.items():
        assert not is_lower(path, after[path], version)


@MODERATE
@given(graphs, st.randoms(use_true_random=False))
def test_one_more_requirement_lowers_nothing_that_is_written(graph, chance) -> None:
    # Of what is not written it may: see tests/unit/gomod/test_mvs.py.
    mains = graph.read_mains()
    after = resolve(_with_one_more(mains, graph, chance), graph.load)
    for root in mains.requirements().roots:
        version = after.graph.selected(root.path)
        assert version is not None
        assert not is_lower(root.path, version, root.version)


def _with_one_more(mains: Mains, graph: Graph, chance: random.Random) -> Mains:
    module = chance.choice(sorted(graph.mods))
    more = Requirement(module.path, module.version)
    return with_requirements(mains, (*mains.modules[0].gomod.require, more))


@MODERATE
@given(st.one_of(graphs, workspaces))
def test_why_is_a_path_of_requirements_for_everything_selected(graph: Graph) -> None:
    found = resolve(graph.read_mains(), graph.load)
    edges = set(found.graph.edges())
    for module in found.build_list():
        path = found.why(module)
        assert path[0] in found.graph.roots
        assert path[-1] == module
        assert edges.issuperset(pairwise(path))


@MODERATE
@given(st.one_of(graphs, workspaces))
def test_what_is_loaded_is_what_was_announced(graph: Graph) -> None:
    announced: list[ModuleVersion] = []
    loaded: list[ModuleVersion] = []

    def load(module: ModuleVersion) -> GoMod | None:
        assert module in announced
        loaded.append(module)
        return graph.load(module)

    found = resolve(graph.read_mains(), load, prefetch=announced.extend)
    assert sorted(announced) == sorted(loaded)
    assert found.read == set(loaded)


@MODERATE
@given(graphs)
def test_lazily_nothing_else_is_read_or_selected(graph: Graph) -> None:
    wholly = resolve(graph.read_mains(), graph.load)
    lazily = resolve_lazily(graph.read_mains(), graph.load)
    assert lazily.read <= wholly.read
    assert selected(lazily).keys() <= selected(wholly).keys()
