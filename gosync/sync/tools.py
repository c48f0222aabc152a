"""Programs that ``go install PACKAGE@VERSION`` installs: which module has one.

A package's path begins with its module's, and only the modules themselves tell which
of its prefixes that is. ``go`` asks for all and takes the longest module that has the
package (https://go.dev/ref/mod#resolve-pkg-mod); so it is here, among those of which
any version is known. "latest" means what it means for upgrades. Where zips are not
read, the longest module is taken to have it.

``go`` refuses to install what its module's go.mod replaces or excludes anything for.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from gosync.errors import MalformedError, NotFoundError, UsageError
from gosync.gomod import gover
from gosync.gomod.modfile import GoMod
from gosync.gomod.modread import Load, Upgrades
from gosync.gomod.module import ModuleVersion, check
from gosync.gomod.needs import Needs
from gosync.gomod.needsimports import prefixes
from gosync.gomod.needsreached import LoadPackages
from gosync.site.options import ToolchainSpec
from gosync.site.policy import LATEST, Tool


class Program(msgspec.Struct, frozen=True):
    """A program in a module.

    Attributes:
        mv: The module version.
        folder: Where in it the package is, "" for its root.
    """

    mv: ModuleVersion
    folder: str


class ProgramFinder:
    """Finds the modules of programs; what it is given asks whom it likes."""

    def __init__(
        self,
        load: Load,
        packages: LoadPackages,
        newest: Upgrades,
        *,
        is_estimate: bool,
    ) -> None:
        """Bind who knows.

        Args:
            load: Where go.mod files come from.
            packages: Who knows the packages of a version.
            newest: Knows the newest versions of modules, as far as paths are some.
            is_estimate: Whether a module is believed whose packages are unknown.
        """
        self._load = load
        self._packages = packages
        self._newest = newest
        self._is_estimate = is_estimate

    def find(self, tool: Tool) -> Program:
        """Return which module version has a program.

        Raises:
            NotFoundError: if none that is known has it.
            UsageError: if it is no program, or ``go`` refuses to install it.
        """
        for mv in self._candidates(tool):
            program = Program(mv, tool.package[len(mv.path) + 1 :])
            if self._has(program):
                self._check(tool, mv)
                return program
        raise NotFoundError(
            f"tool {tool}: no module that is known has this package",
            hint=f"`go install {tool}` tells what is wrong with the name",
        )

    def _candidates(self, tool: Tool) -> Iterator[ModuleVersion]:
        """Yield the versions that may have it, the longest module first."""
        paths = [each for each in prefixes(tool.package) if "." in each.split("/")[0]]
        newest = self._newest(paths)
        for path in paths:
            version = newest.get(path, "") if tool.query == LATEST else tool.query
            if not version or (newest and path not in newest):
                continue
            try:
                check(path, version)
            except MalformedError:
                continue
            yield ModuleVersion(path, version)

    def _has(self, program: Program) -> bool:
        packages = self._packages(program.mv)
        if packages is None:
            return self._is_estimate or self._load(program.mv) is not None
        for each in packages.packages:
            if each.folder == program.folder and each.is_built:
                if each.is_library:
                    raise UsageError(
                        f"{program.mv}: {each.folder or '.'} is no program"
                    )
                return True
        return False

    def _check(self, tool: Tool, mv: ModuleVersion) -> None:
        gomod = self._load(mv)
        refused = _refused(gomod) if gomod else ""
        if refused:
            raise UsageError(
                f"tool {tool}: go refuses to install it: the go.mod of {mv} has"
                f" {refused} directives",
                hint="build it from its repository instead, as a [[project]]",
            )


def _refused(gomod: GoMod) -> str:
    if gomod.replace:
        return "replace"
    return "exclude" if gomod.exclude else ""


def toolchains_for(needs: Needs, spec: ToolchainSpec) -> ToolchainSpec | None:
    """Return the toolchain that a program asks older clients to switch to.

    None where it asks for none, or one is carried that will do. No platforms mean that
    ``[toolchains]`` allows none.

    Args:
        needs: What it takes to install it.
        spec: The toolchains that are carried.
    """
    go = needs.go
    if not go or gover.compare(go, gover.STRICT) <= 0:
        return None
    if any(gover.compare(each, go) >= 0 for each in spec.versions):
        return None
    return ToolchainSpec((go,), spec.platforms)
