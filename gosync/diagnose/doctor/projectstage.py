"""The stage project: go.mod, go.sum, go.work and vendor/ of one's own project."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from gosync.diagnose.doctor.diagnosis import StageFinding, fault
from gosync.diagnose.doctor.gosettings import GoSettings
from gosync.diagnose.doctor.saying import say
from gosync.diagnose.doctor.stagelog import StageDraft
from gosync.errors import ConfigError, GosyncError
from gosync.gomod import gover
from gosync.gomod.mains import Pruning, pruning_of
from gosync.gomod.moddirective import Replacement
from gosync.gomod.module import ModuleVersion
from gosync.gomod.workfile import parse
from gosync.project.folder import Project, read_project


class ProjectNeeds(msgspec.Struct, frozen=True):
    """What a project takes from elsewhere.

    Attributes:
        modules: The versions that its go.mod files require, replaced where they are;
            before go 1.17 these are not all, and the zips of go.sum count, too.
        sums: The h1 of its go.sum files: by path, version, and whether of the go.mod.
        go: The newest go that its files want, like ``1.23``; "" for any.
    """

    modules: tuple[ModuleVersion, ...]
    sums: dict[tuple[str, str, bool], str]
    go: str


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
    stage.saw(
        say(
            "{modules} modules required, {sums} sums",
            modules=len(needs.modules),
            sums=len(needs.sums),
        )
    )
    for finding in _findings(project, needs, settings, go_version):
        stage.add(finding)
    return needs


def _class_of(text: str) -> str:
    """Return the class of what read_project refuses."""
    if "go.work" in text:
        return "work.go_line" if " needs " in text else "work.missing_dir"
    if "go.sum" in text:
        return "sum.malformed_gosum"
    return "work.missing_dir" if "no such" in text else "module.gomod_parse"


def check_membership(start: Path, folder: Path) -> None:
    """Check that the module one stands in is one of the workspace's.

    Raises:
        FaultFoundError: go.work does not use it.
    """
    own = next((each for each in (start, *start.parents) if _has_gomod(each)), None)
    if own is None or own == folder or not (folder / "go.work").is_file():
        return
    try:
        used = parse((folder / "go.work").read_bytes()).use
    except (OSError, GosyncError):
        return
    if own.resolve() not in {(folder / each).resolve() for each in used}:
        raise fault(
            "work.not_member",
            say("{folder} does not use {own}", folder=folder / "go.work", own=own),
            say("go work use {own}; or GOWORK=off", own=own),
        )


def _has_gomod(folder: Path) -> bool:
    return (folder / "go.mod").is_file()


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
    newest = ""
    pruned = [pruning_of(each.gomod.go) for each in project.mains.modules]
    if Pruning.UNPRUNED in pruned:
        zips = (key for key in sums if not key[2])
        found |= {ModuleVersion(path, version): None for path, version, _ in zips}
    for main in project.mains.modules:
        if not newest or gover.compare(newest, main.gomod.go) < 0:
            newest = main.gomod.go
    return ProjectNeeds(tuple(found), sums, newest)


def _findings(
    project: Project, needs: ProjectNeeds, settings: GoSettings, go_version: str
) -> Iterator[StageFinding]:
    yield from _folders(project)
    yield from _missing_sums(needs.modules, needs.sums)
    yield from _vendor(project, needs.modules)
    local = gover.from_toolchain(go_version) if go_version else ""
    is_local = settings["GOTOOLCHAIN"].partition("+")[0] == "local"
    if needs.go and local and gover.compare(local, needs.go) < 0 and is_local:
        yield StageFinding(
            cause="toolchain.too_old",
            text=say(
                "the project wants go {go}, this is {go_version}",
                go=needs.go,
                go_version=go_version,
            ),
            remedy=say(
                "install it; or GOTOOLCHAIN=auto and a mirror that carries "
                "golang.org/toolchain for go{go}",
                go=needs.go,
            ),
        )


def _folders(project: Project) -> Iterator[StageFinding]:
    for folder, each in _replacements(project):
        if not each.new_version and not (folder / each.new_path / "go.mod").is_file():
            yield StageFinding(
                cause="module.replace_missing",
                text=say(
                    "go.mod replaces {path} by {new_path}, where no go.mod is",
                    path=each.path,
                    new_path=each.new_path,
                ),
                remedy=say(
                    "bring the folder there, or go mod edit -dropreplace={path}",
                    path=each.path,
                ),
            )


def _missing_sums(
    modules: Iterable[ModuleVersion], sums: dict[tuple[str, str, bool], str]
) -> Iterator[StageFinding]:
    lacking = [each for each in modules if (each.path, each.version, True) not in sums]
    if lacking:
        more = say(" and {count} more", count=len(lacking) - 1)
        yield StageFinding(
            cause="sum.missing_gosum",
            text=say(
                "go.sum has no line for {lacking}{more}",
                lacking=lacking[0],
                more=more if len(lacking) > 1 else "",
            ),
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
            text=say(
                "vendor/modules.txt lacks {lacking}, which go.mod requires",
                lacking=lacking[0],
            ),
            remedy="go mod vendor, where the network is; or build with -mod=mod",
        )
