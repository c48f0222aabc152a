"""Main modules: the one whose go.mod counts, or the several of a workspace.

Only main modules replace and exclude (https://go.dev/ref/mod#go-mod-file-replace):

- A requirement of an excluded version is as if it were not written. The single
  main module's own requirements obey it too; in a workspace, all modules' do.
- A replaced version stays what it is called in the graph, but its go.mod and its
  files are another's: a module version's, or a folder's. One version's
  replacement goes before that of all versions; go.work's before the modules'.
- In a workspace a folder is relative to go.work, so the modules' are rewritten:
  ``../x`` of the module in ``./a`` is ``./x``.

The graph's roots are the single main module's requirements, or the workspace's
modules, and in both cases a version of ``go`` and perhaps of ``toolchain``.
"""

from __future__ import annotations

import enum
import posixpath
from collections.abc import Mapping, Sequence

import msgspec

from gosync.errors import MalformedError
from gosync.gomod import gover
from gosync.gomod.moddirective import Replacement
from gosync.gomod.modfile import GoMod
from gosync.gomod.module import ModuleVersion
from gosync.gomod.workfile import GoWork

_Replacements = Mapping[ModuleVersion, ModuleVersion]


class Pruning(enum.Enum):
    """How far below a module its requirements are followed.

    Attributes:
        PRUNED: Its own go.mod names all that it takes to build it.
        UNPRUNED: All the way down.
        WORKSPACE: Below each of the workspace's modules, as that one says.
    """

    PRUNED = enum.auto()
    UNPRUNED = enum.auto()
    WORKSPACE = enum.auto()


def pruning_of(go: str) -> Pruning:
    """Return how a go.mod with this go line, or "" for none, is followed."""
    if gover.compare(go or gover.DEFAULT_GO_MOD, gover.PRUNING) < 0:
        return Pruning.UNPRUNED
    return Pruning.PRUNED


class MainModule(msgspec.Struct, frozen=True):
    """A main module.

    Attributes:
        gomod: Its go.mod.
        folder: Where go.work says it is, with "/"; of no matter without one.
    """

    gomod: GoMod
    folder: str = "."

    @property
    def path(self) -> str:
        """Its module path."""
        return self.gomod.module


class Requirements(msgspec.Struct, frozen=True):
    """What a graph grows from.

    Attributes:
        pruning: How far it is followed.
        roots: Its roots, sorted; one path may occur in several versions.
        direct: The paths that are not marked as indirect.
    """

    pruning: Pruning
    roots: tuple[ModuleVersion, ...]
    direct: frozenset[str]

    def highest(self) -> dict[str, str]:
        """Return the highest version of each root's path."""
        return {root.path: root.version for root in self.roots}


class Mains:
    """The main modules.

    Attributes:
        modules: One, or a workspace's in the order of its ``use`` lines.
        work: The workspace's go.work; None without one.
    """

    def __init__(
        self, modules: Sequence[MainModule], work: GoWork | None = None
    ) -> None:
        """Take one module, or those of a workspace.

        Raises:
            MalformedError: A module has no path or another's, or needs a newer Go
                than its go.work; two replacements contradict each other.
        """
        self.modules = tuple(modules)
        self.work = work
        self._gomods = {module.path: module.gomod for module in modules}
        self._excluded = {
            ModuleVersion(*each) for module in modules for each in module.gomod.exclude
        }
        self._replaced_by_work = _index(work.replace, None) if work else {}
        self._replaced = [self._replacements_of(module) for module in modules]
        self._check_modules()
        self._check_contradictions()

    @property
    def versions(self) -> tuple[ModuleVersion, ...]:
        """The main modules as module versions; their version is ""."""
        return tuple(ModuleVersion(module.path, "") for module in self.modules)

    def __contains__(self, path: object) -> bool:
        return path in self._gomods

    def gomod(self, path: str) -> GoMod:
        """Return a main module's go.mod."""
        return self._gomods[path]

    def excludes(self, module: ModuleVersion) -> bool:
        """Tell whether requirements of this version are dropped."""
        return module in self._excluded

    def replacement(self, module: ModuleVersion) -> ModuleVersion | None:
        """Return what is taken instead, if something is.

        A folder is a path without a version.

        Raises:
            MalformedError: Two modules of the workspace contradict each other.
        """
        if not module.version and module.path in self._gomods:
            return None
        of_all = ModuleVersion(module.path, "")
        for key in (module, of_all):
            if key in self._replaced_by_work:
                return self._replaced_by_work[key]
        found: ModuleVersion | None = None
        for replaced in self._replaced:
            of_it = replaced.get(module)
            if of_it and found and of_it != found:
                raise _contradiction(module)
            found = of_it or replaced.get(of_all) or found
        return found

    def actual(self, module: ModuleVersion) -> ModuleVersion:
        """Return the replacement, or the module itself."""
        return self.replacement(module) or module

    def requirements(self) -> Requirements:
        """Return what the main modules ask for, as it is written."""
        if self.work is not None:
            return self._of_workspace(self.work)
        gomod = self.modules[0].gomod
        go = gomod.go or gover.DEFAULT_GO_MOD
        required = [ModuleVersion(each.path, each.version) for each in gomod.require]
        roots = [each for each in required if not self.excludes(each)]
        direct = {
            each.path
            for each, module in zip(gomod.require, required, strict=True)
            if not each.indirect and not self.excludes(module)
        }
        return Requirements(
            pruning_of(go),
            _sorted_roots(roots, go, gomod.toolchain),
            frozenset(direct | {gover.GO}),
        )

    def _of_workspace(self, work: GoWork) -> Requirements:
        direct = {
            each.path
            for module in self.modules
            for each in module.gomod.require
            if not each.indirect
        }
        go = work.go or gover.DEFAULT_GO_WORK
        roots = _sorted_roots(self.versions, go, work.toolchain)
        return Requirements(Pruning.WORKSPACE, roots, frozenset(direct))

    def _check_modules(self) -> None:
        if self.work is None and len(self.modules) != 1:
            raise MalformedError("modules", len(self.modules), "several need a go.work")
        if len(self._gomods) < len(self.modules):
            raise MalformedError("go.work", "use", "a module is in two folders")
        for module in self.modules:
            if not module.path:
                raise MalformedError("go.mod", module.folder, "no module line")
            if self.work is not None:
                _check_go_of_work(self.work, module)

    def _replacements_of(self, module: MainModule) -> _Replacements:
        folder = module.folder if self.work is not None else None
        return _index(module.gomod.replace, folder)

    def _check_contradictions(self) -> None:
        by_work = {module.path for module in self._replaced_by_work}
        all_of_them: dict[ModuleVersion, ModuleVersion] = {}
        for replaced in self._replaced:
            for old, new in replaced.items():
                if old.path in by_work:
                    continue
                if all_of_them.setdefault(old, new) != new:
                    raise _contradiction(old)


def _sorted_roots(
    modules: Sequence[ModuleVersion], go: str, toolchain: str
) -> tuple[ModuleVersion, ...]:
    roots = [*modules, ModuleVersion(gover.GO, go)]
    if toolchain:
        roots.append(ModuleVersion(gover.TOOLCHAIN, toolchain))
    return tuple(gover.sort_modules(roots))


def _check_go_of_work(work: GoWork, module: MainModule) -> None:
    needed = module.gomod.go or gover.DEFAULT_GO_MOD
    has = work.go or gover.DEFAULT_GO_WORK
    if gover.compare(needed, gover.STRICT) >= 0 and gover.compare(needed, has) > 0:
        raise MalformedError("go.work", f"go {has}", f"{module.path} needs {needed}")


def _index(
    replacements: Sequence[Replacement], folder: str | None
) -> dict[ModuleVersion, ModuleVersion]:
    """Index replacements; their folders are relative to one, if it is given."""
    found: dict[ModuleVersion, ModuleVersion] = {}
    for each in replacements:
        old = ModuleVersion(each.path, each.version)
        new = ModuleVersion(each.new_path, each.new_version)
        if folder is not None and not new.version:
            new = ModuleVersion(_joined(folder, new.path), "")
        if found.setdefault(old, new) != new:
            raise _contradiction(old)
    return found


def _joined(folder: str, below: str) -> str:
    joined = posixpath.normpath(posixpath.join(folder, below))
    if joined.startswith(("/", "../")) or joined in (".", ".."):
        return joined
    return f"./{joined}"


def _contradiction(module: ModuleVersion) -> MalformedError:
    return MalformedError("replace", module, "two replacements contradict each other")
