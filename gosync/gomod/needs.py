"""Which files the go command asks a proxy for, to work on a project or a module.

Found by running go 1.21, 1.24 and 1.27 (tests/go/test_needs_go.py), level by
level; each has what the one before it has:

``none``   What go.sum names: the ``.mod`` of each version, and the ``.zip`` where
           a line stands for it. Without any go.sum, the same as ``build``.
``build``  And the module graph: the ``.mod`` of all that is read for it and of all
           that it selects, and the ``.zip`` of all that it selects. For
           ``go build``, ``test``, ``vet``, ``mod vendor``, ``mod verify``,
           ``mod download all``, ``list -m -u all``.
``tests``  And, of a module version on its own, what all its own tests take, as
           ``go test`` of any of its packages does. A project's are in ``build``.
``all``    And, of each main module alone, for ``go mod tidy`` and
           ``go get -u ./...``: the ``.mod`` of the graph that nothing is pruned
           out of; at ``go 1.17`` also what this one selects, since tidy looks
           whether go 1.16 would build the same; and the graphs of upgrades, see
           :mod:`gosync.gomod.needsupgraded`.

A replaced version is not asked for, what replaces it is. Of a workspace's graph
every module is a root, as of ``go.work``; but tidy and get work on one module as
if there was no go.work, so for ``all`` each is looked at alone as well.

A module version on its own is looked at through the eyes of a module that requires
it and nothing else, and imports any of its packages; several together, through those
of a module that requires them all. What it comes to require, and
then to select, follows from imports, see :mod:`gosync.gomod.needsimports`. Where
these are not known, go.mod files are all there is. Such a module, at ``go 1.17`` or
higher, comes to require what it imports; what it requires is no longer pruned out,
and may select higher versions. Nobody knows what it will import, and tidy drops what
it does not, so of the graph in which all that was selected is required too, every
version is needed that some of these requirements may select: those that are not
below what the version itself selects, as long as nothing upgrades the version itself.
A module at ``go 1.16`` or lower that requires it is for ``all`` alone.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator, Sequence

from msgspec.structs import replace

from gosync.gomod import gover
from gosync.gomod.consumers import IMPORTING, TESTING, Use
from gosync.gomod.deps import Deps
from gosync.gomod.gosum import GoSum
from gosync.gomod.mains import MainModule, Mains, Pruning
from gosync.gomod.modfile import GoMod, Replacement, Requirement
from gosync.gomod.modread import Load, Prefetch, Upgrades
from gosync.gomod.modroots import expand, initial_requirements
from gosync.gomod.module import ModuleVersion
from gosync.gomod.needsfound import (
    NeededBy,
    Needs,
    NeedsSoFar,
    Reason,
    dependencies,
    modules_of,
)
from gosync.gomod.needsimports import reach
from gosync.gomod.needsreached import ImportSource
from gosync.gomod.needsupgraded import GoMods, add_upgrades

__all__ = [
    "ImportSource",
    "NeededBy",
    "Needs",
    "Reason",
    "Upgrades",
    "needs_of_program",
    "needs_of_project",
    "needs_of_version",
    "needs_of_versions",
]

# The path of a module that requires one version; none that exists is called so.
_CONSUMER = "consumer.invalid"
# Below it, tidy holds what go 1.16 would build against what it found.
_AFTER_FIRST_PRUNED = "1.18"


def needs_of_project(
    mains: Mains,
    sums: Sequence[GoSum],
    load: Load,
    *,
    deps: Deps,
    prefetch: Prefetch | None = None,
    upgrades: Upgrades | None = None,
) -> Needs:
    """Return what go asks for when it works on these main modules.

    Args:
        mains: The main modules.
        sums: Their go.sum files and go.work.sum.
        load: Where go.mod files come from.
        deps: Which dependencies come along.
        prefetch: Who is told before of the files that will be loaded.
        upgrades: Who knows the newest versions; without, nothing is upgraded.

    Raises:
        MalformedError: The workspace's modules contradict each other.
    """
    found = NeedsSoFar(sums)
    if deps is Deps.NONE and found.mods:
        return found.result()
    gomods = GoMods(load, prefetch)
    _add_build(found, mains, gomods)
    if deps is Deps.ALL:
        for alone in _each_alone(mains):
            if alone is not mains:
                _add_build(found, alone, gomods)
            _add_all(found, alone, gomods, upgrades)
    return found.result()


def needs_of_version(
    mv: ModuleVersion,
    load: Load,
    *,
    deps: Deps,
    prefetch: Prefetch | None = None,
    upgrades: Upgrades | None = None,
    imports: ImportSource | None = None,
) -> Needs:
    """Return what go asks for when a module requires this version.

    Args:
        mv: The module version; it is never upgraded itself.
        load: Where go.mod files come from.
        deps: Which dependencies come along; none are itself alone.
        prefetch: Who is told before of the files that will be loaded.
        upgrades: Who knows the newest versions; without, nothing is upgraded.
        imports: Who knows what packages import; without, or where that cannot be
            known, go.mod files are looked at alone, and more is needed.
    """
    return needs_of_versions(
        [mv], load, deps=deps, prefetch=prefetch, upgrades=upgrades, imports=imports
    )


def needs_of_versions(
    versions: Sequence[ModuleVersion],
    load: Load,
    *,
    deps: Deps,
    prefetch: Prefetch | None = None,
    upgrades: Upgrades | None = None,
    imports: ImportSource | None = None,
) -> Needs:
    """Return what go asks for when a module requires all of these at once.

    Args:
        versions: The module versions.
        load: Where go.mod files come from.
        deps: Which dependencies come along; none are the versions alone.
        prefetch: Who is told before of the files that will be loaded.
        upgrades: Who knows the newest versions; without, nothing is upgraded.
        imports: Who knows what packages import; see needs_of_version.
    """
    if deps is Deps.NONE:
        return Needs(frozenset(versions), frozenset(versions), {})
    mains = _consumer_of(versions)
    found = NeedsSoFar((), hidden=_CONSUMER)
    gomods = GoMods(load, prefetch)
    found.add_zips(mains, versions)  # even if what these require selects a higher one
    use = IMPORTING if deps is Deps.BUILD else TESTING
    is_known = imports is not None and _add_imports(
        found, mains, gomods, versions, imports, use
    )
    if is_known and deps is not Deps.ALL:
        return found.result()
    _add_consumers(found, mains, gomods, versions)  # go mod download takes all of it
    if deps is Deps.ALL:
        kept = {mv.path for mv in versions}
        _add_all(found, mains, gomods, upgrades, keep=kept)
    return found.result()


def needs_of_program(
    mv: ModuleVersion,
    folder: str,
    load: Load,
    *,
    prefetch: Prefetch | None = None,
    imports: ImportSource,
) -> Needs:
    """Return what ``go install PACKAGE@VERSION`` asks for.

    Args:
        mv: The version of the module that has the package.
        folder: Where in it the package is, "" for its root.
        load: Where go.mod files come from.
        prefetch: Who is told before of the files that will be loaded.
        imports: Who knows what packages import.
    """
    mains = _consumer_of([mv])
    found = NeedsSoFar((), hidden=_CONSUMER)
    gomods = GoMods(load, prefetch)
    found.add_zips(mains, [mv])
    if not _add_imports(found, mains, gomods, [mv], imports, Use(program=folder)):
        _add_consumers(found, mains, gomods, [mv])
    return found.result()


def _consumer_of(versions: Sequence[ModuleVersion]) -> Mains:
    """Return a main module that requires these."""
    required = tuple(Requirement(each.path, each.version) for each in versions)
    # Of this go also what the one before it would build, which does not prune.
    return Mains(
        [MainModule(GoMod(module=_CONSUMER, go=gover.PRUNING, require=required))]
    )


def _add_build(found: NeedsSoFar, mains: Mains, gomods: GoMods) -> None:
    """Add the graph as it is written, and as it is with roots that agree with it."""
    reader = gomods.reader(mains)
    written = initial_requirements(reader)
    graph = reader.graph(written)
    requirements, expanded = expand(reader, written)
    found.add_graph(NeededBy.REQUIREMENT, reader, expanded)
    if requirements != written:
        found.add_graph(NeededBy.REQUIREMENT, reader, graph, zips=False)
    found.add_problems(reader)


def _add_imports(
    found: NeedsSoFar,
    mains: Mains,
    gomods: GoMods,
    versions: Sequence[ModuleVersion],
    imports: ImportSource,
    use: Use,
) -> bool:
    """Add what imports of versions come to; tell whether that is all."""
    reader = gomods.reader(mains)
    written = mains.requirements()
    own = tuple(each for each in written.roots if gover.is_toolchain(each.path))
    reached = reach(versions, reader, replace(written, roots=own), imports, use)
    found.add_reached(reached)
    found.add_graph(NeededBy.REQUIREMENT, reader, reader.graph(written), zips=False)
    found.add_problems(reader)
    return not (reached.unread and imports.is_estimate)


def _add_consumers(
    found: NeedsSoFar, mains: Mains, gomods: GoMods, versions: Sequence[ModuleVersion]
) -> None:
    """Add what modules that require versions, and what these need, can select."""
    reader = gomods.reader(mains)
    requirements, graph = expand(reader, initial_requirements(reader))
    found.add_graph(NeededBy.REQUIREMENT, reader, graph)
    roots = {each.path: each for each in requirements.roots}
    roots |= {each.path: each for each in dependencies(graph)}
    ordered = tuple(gover.sort_modules(roots.values()))
    required = reader.graph(replace(requirements, roots=ordered))
    found.add_graph(NeededBy.REQUIREMENT, reader, required)
    # What upgrades the module itself may take its requirements away.
    is_kept = required.all_selected(versions)
    found.add_zips(mains, modules_of(required, above=graph if is_kept else None))
    found.add_problems(reader)


def _add_all(
    found: NeedsSoFar,
    mains: Mains,
    gomods: GoMods,
    upgrades: Upgrades | None,
    *,
    keep: Collection[str] = (),
) -> None:
    """Add what one main module needs to be tidied and upgraded, besides its graph."""
    _add_unpruned(found, mains, gomods)
    if upgrades is not None:
        add_upgrades(found, mains, gomods, upgrades, keep=keep)


def _add_unpruned(found: NeedsSoFar, mains: Mains, gomods: GoMods) -> None:
    """Add the graph that go 1.16 reads.

    What is missing there is missed by nobody but tidy at go 1.17.
    """
    reader = gomods.reader(mains)
    written = initial_requirements(reader)
    graph = reader.graph(replace(written, pruning=Pruning.UNPRUNED))
    go = mains.modules[0].gomod.go
    is_compared = gover.compare(go, _AFTER_FIRST_PRUNED) < 0
    found.add_graph(NeededBy.UNPRUNED, reader, graph, zips=is_compared)
    if is_compared:
        found.add_problems(reader)


def _each_alone(mains: Mains) -> Iterator[Mains]:
    """Yield each module of a workspace as if there was no go.work."""
    if mains.work is None:
        yield mains
        return
    for module in mains.modules:
        replaced = tuple(_below(module.folder, each) for each in module.gomod.replace)
        yield Mains([MainModule(replace(module.gomod, replace=replaced))])


def _below(folder: str, replacement: Replacement) -> Replacement:
    """Return a replacement whose folder is relative to go.work's."""
    if replacement.new_version:
        return replacement
    joined = posixpath.normpath(posixpath.join(folder, replacement.new_path))
    return replace(replacement, new_path=joined)
