"""The stage project: go.mod, go.sum, go.work and vendor/ of one's own project."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from gosync.diagnose.doctor.diagnosis import Severity, StageFinding, fault
from gosync.diagnose.doctor.gosettings import GoSettings
from gosync.diagnose.doctor.stagelog import StageDraft
from gosync.errors import ConfigError
from gosync.gomod import gover
from gosync.gomod.moddirective import Replacement
from gosync.gomod.module import ModuleVersion
from gosync.project.folder import Project, read_project


class ProjectNeeds(msgspec.Struct, frozen=True):
    """What a project takes from elsewhere.

    Attributes:
        modules: The versions that its go.mod files require, replaced where they are.
        sums: The h1 of its go.sum files: by path, version, and whether of the go.mod.
    """

    modules: tuple[ModuleVersion, ...]
    sums: dict[tuple[str, str, bool], str]


def project_folder(start: Path, settings: GoSettings) -> Path | None:
    """Return the folder of the project that one stands in: of its go.work or go.mod."""
    named = settings["GOWORK"]
    if named and named != "off":
        return Path(named).parent
    folders = (start, *start.parents)
    names = ("go.mod",) if named == "off" else ("go.work", "go.mod")
    for name in names:
        for folder in folders:
            if (folder / name).is_file():
                return folder
    return None


def look_at_project(
    stage: StageDraft, folder: Path, settings: GoSettings, go_version: str
) -> ProjectNeeds:
    """Read a project, and note what is wrong with it by itself.

    Raises:
        FaultFoundError: Its files cannot be read.
    """
    try:
        project = read_project(folder)
    except ConfigError as exc:
        raise fault(_class_of(str(exc)), str(exc), str(exc.hint or "")) from exc
    stage.saw(f"{folder}")
    needs = _needs(project)
    stage.saw(f"{len(needs.modules)} modules required, {len(needs.sums)} sums")
    for finding in _findings(project, needs, settings, go_version):
        stage.add(finding)
    return needs


def _class_of(text: str) -> str:
    """Return the class of what read_project refuses."""
    if "go.sum" in text:
        return "sum.malformed_gosum"
    if "no such" in text or "not there" in text or "lacks" in text:
        return "module.replace_missing"
    return "module.gomod_parse"


def _replacements(project: Project) -> Iterator[tuple[Path, Replacement]]:
    for each in project.mains.modules:
        for replacement in each.gomod.replace:
            yield project.folder / each.folder, replacement


def _needs(project: Project) -> ProjectNeeds:
    replaced = {(each.path, each.version): each for _, each in _replacements(project)}
    found: dict[ModuleVersion, None] = {}
    for main in project.mains.modules:
        for wanted in main.gomod.require:
            new = replaced.get((wanted.path, wanted.version)) or replaced.get(
                (wanted.path, "")
            )
            if new is None:
                found[ModuleVersion(wanted.path, wanted.version)] = None
            elif new.new_version:
                found[ModuleVersion(new.new_path, new.new_version)] = None
    sums = {
        (line.path, line.version, line.is_mod): line.hash
        for line in project.sum_lines()
    }
    return ProjectNeeds(tuple(found), sums)


def _findings(
    project: Project, needs: ProjectNeeds, settings: GoSettings, go_version: str
) -> Iterator[StageFinding]:
    yield from _folders(project)
    yield from _missing_sums(needs.modules, needs.sums)
    yield from _vendor(project, needs.modules)
    wanted = max(
        (each.gomod.go for each in project.mains.modules if each.gomod.go),
        key=lambda each: [int(part) for part in each.split(".") if part.isdecimal()],
        default="",
    )
    local = gover.from_toolchain(go_version) if go_version else ""
    if wanted and local and gover.compare(local, wanted) < 0:
        may_switch = settings["GOTOOLCHAIN"].partition("+")[0] != "local"
        yield StageFinding(
            cause="toolchain.not_available" if may_switch else "toolchain.too_old",
            text=f"the project wants go {wanted}, this is {go_version}",
            remedy="install it; or GOTOOLCHAIN=auto and a mirror that carries"
            f" golang.org/toolchain for go{wanted}",
            severity=Severity.NOTE if may_switch else Severity.FAULT,
            explains=("toolchain.",),
        )


def _folders(project: Project) -> Iterator[StageFinding]:
    for folder, each in _replacements(project):
        if not each.new_version and not (folder / each.new_path / "go.mod").is_file():
            yield StageFinding(
                cause="module.replace_missing",
                text=f"go.mod replaces {each.path} by {each.new_path}, where no"
                " go.mod is",
                remedy=f"bring the folder there, or go mod edit -dropreplace"
                f"={each.path}",
            )


def _missing_sums(
    modules: Iterable[ModuleVersion], sums: dict[tuple[str, str, bool], str]
) -> Iterator[StageFinding]:
    lacking = [each for each in modules if (each.path, each.version, True) not in sums]
    if lacking:
        more = f" and {len(lacking) - 1} more" * (len(lacking) > 1)
        yield StageFinding(
            cause="sum.missing_gosum",
            text=f"go.sum has no line for {lacking[0]}{more}",
            remedy="go mod tidy (or go mod download MODULE@VERSION), where the network"
            " is; then commit go.sum",
        )


def _vendor(
    project: Project, modules: Iterable[ModuleVersion]
) -> Iterator[StageFinding]:
    try:
        listed = (project.folder / "vendor/modules.txt").read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return
    marked = (line.split() for line in listed.splitlines() if line[:2] == "# ")
    there = {tuple(words[1:3]) for words in marked}
    lacking = [each for each in modules if (each.path, each.version) not in there]
    if lacking:
        yield StageFinding(
            cause="build.vendor",
            text=f"vendor/modules.txt lacks {lacking[0]}, which go.mod requires",
            remedy="go mod vendor, where the network is; or build with -mod=mod",
        )
