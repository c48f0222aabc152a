"""A trial: a real `go` builds a copy of a project against the tree alone.

The copy is in a scratch folder that goes away, with the folders that replace
modules beside it as they are beside the project; vendor/ and .git stay behind.
The module cache begins empty; the build cache is the user's, for it is keyed by
contents.

What runs, where ``./...`` stands for every module of a workspace:

=======  ===================================================================
none     go mod download, build ./..., list -deps -test ./..., mod verify
build    these, and go mod download all, list -m -u all
all      these, and go mod tidy (not in a workspace, whose modules it takes
         one by one, without the others)
=======  ===================================================================

``go list -deps -test`` loads what ``go vet`` and ``go test`` load, and has no
opinion about the code.

A project without a go.sum gets one, in the copy: ``go`` would refuse to build.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from gosync.closure.closure import EXIT_COMPLETE, EXIT_INCOMPLETE
from gosync.closure.golang import (
    Client,
    GoRun,
    can_cut_network,
    make_writable,
    remove_modules,
)
from gosync.errors import UsageError
from gosync.gomod.deps import Deps
from gosync.project import Project
from gosync.sumdb.names import Database
from gosync.work.progress import Progress

_WRITE_SUMS: Final = "-mod=mod"
_UNWANTED: Final = frozenset(
    {
        "GOPRIVATE",
        "GOINSECURE",
        "GOAUTH",
        "GOWORK",
        "GO111MODULE",
        "GOBIN",
        "GOROOT",
        "GOTOOLDIR",
    }
)
_LEFT_BEHIND: Final = frozenset({"vendor", ".git", ".hg", ".svn", ".jj"})


class TrialSetting(msgspec.Struct, frozen=True, kw_only=True):
    """The go command, tree and database of a trial.

    Attributes:
        go: The go command.
        tree: The tree's folder.
        database: The checksum database; None for none.
        private: GOPRIVATE patterns.
    """

    go: Path
    tree: Path
    database: Database | None
    private: tuple[str, ...]


class Trial(msgspec.Struct, frozen=True):
    """The result of a trial.

    Attributes:
        commands: What ran.
        cut: Whether it had no network at all, not only GOPROXY at the tree.
    """

    commands: tuple[GoRun, ...]
    cut: bool

    @property
    def exit_code(self) -> int:
        """0 if everything succeeded, 4 otherwise."""
        ok = all(each.ok for each in self.commands)
        return EXIT_COMPLETE if ok else EXIT_INCOMPLETE


def run_trial(
    setting: TrialSetting, project: Project, deps: Deps, progress: Progress
) -> Trial:
    """Run go on a copy of the project.

    Raises:
        UsageError: if the project cannot be copied, or there is no such go.
    """
    lines = _command_lines(project, deps)
    with _scratch() as folder:
        copied = _copy(project, folder / "src")
        client = _client(setting, project, folder)
        progress.phase("running go", len(lines))
        done = []
        for line in lines:
            try:
                done.append(client.run(*line, folder=copied))
            except OSError as exc:
                raise UsageError(f"{setting.go}: {exc.strerror}") from exc
            progress.advance()
    return Trial(tuple(done), client.cut)


def _command_lines(project: Project, deps: Deps) -> list[tuple[str, ...]]:
    work = project.mains.work
    packages = ["./..."]
    if work is not None:
        packages = [f"{module.folder}/..." for module in project.mains.modules]
        packages = [
            each if each.startswith(("./", "../", "/")) else f"./{each}"
            for each in packages
        ]
    lines: list[tuple[str, ...]] = [
        ("mod", "download"),
        ("build", *packages),
        ("list", "-deps", "-test", *packages),
        ("mod", "verify"),
    ]
    if deps is not Deps.NONE:
        lines += [("mod", "download", "all"), ("list", "-m", "-u", "all")]
    if deps is Deps.ALL and work is None:
        lines.append(("mod", "tidy"))
    return lines


def _client(setting: TrialSetting, project: Project, folder: Path) -> Client:
    more = _users_settings()
    if project.mains.work is None:
        more["GOWORK"] = "off"  # none is looked for above the copy
    if not project.sums and project.mains.work is None:
        more["GOFLAGS"] = f"{more.get('GOFLAGS', '')} {_WRITE_SUMS}".strip()
    return Client(
        go=setting.go,
        folder=folder,
        proxy=setting.tree.resolve().as_uri(),
        sumdb=setting.database.verifier_key if setting.database else "off",
        private=setting.private,
        cut=can_cut_network(),
        more=more,
    )


def _users_settings() -> dict[str, str]:
    """Return the user's variables, except for what leads go elsewhere."""
    kept = {key: text for key, text in os.environ.items() if key not in _UNWANTED}
    flags = kept.get("GOFLAGS", "").split()
    kept["GOFLAGS"] = " ".join(each for each in flags if not each.startswith("-mod="))
    kept.setdefault("GOCACHE", "")  # go's default
    return kept


@contextmanager
def _scratch() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="gosync-closure-"))
    try:
        yield folder
    finally:
        remove_modules(folder)


def _copy(project: Project, into: Path) -> Path:
    """Copy a project and what is beside it, and return where its folder is then."""
    home = project.folder.absolute()  # links stay: go joins by name, too
    folders = {Path(os.path.normpath(home / each)) for each in _folders(project)}
    home = Path(os.path.normpath(home))
    folders.add(home)
    above = Path(os.path.commonpath([str(each) for each in folders]))
    for folder in sorted(folders):  # outer ones first
        if not any(other in folder.parents for other in folders):
            _copy_folder(folder, into / folder.relative_to(above))
    for folder in folders:  # for instance one that is in another's vendor/
        if not (into / folder.relative_to(above)).exists():
            _copy_folder(folder, into / folder.relative_to(above))
    return into / home.relative_to(above)


def _folders(project: Project) -> Iterator[str]:
    """Yield the folders that a project names relative to its own."""
    mains = project.mains
    below = mains.work is not None
    replaced = [
        (module.folder if below else ".", each)
        for module in mains.modules
        for each in module.gomod.replace
    ]
    if mains.work is not None:
        replaced += [(".", each) for each in mains.work.replace]
        yield from (
            module.folder for module in mains.modules if module.folder[0] != "/"
        )
    for folder, each in replaced:
        if not each.new_version and not each.new_path.startswith("/"):
            yield f"{folder}/{each.new_path}"


def _copy_folder(folder: Path, into: Path) -> None:
    try:
        shutil.copytree(
            folder,
            into,
            symlinks=True,
            ignore=_left_behind,
            copy_function=shutil.copyfile,  # go may write what we may only read
            dirs_exist_ok=True,
        )
        make_writable(into)
    except (OSError, shutil.Error) as exc:
        raise UsageError(
            f"{folder}: cannot be copied: {exc}", hint="leave out --with-go"
        ) from exc


def _left_behind(folder: str, names: list[str]) -> set[str]:
    """Return what is not copied: vendored code, history, pipes and the like."""
    here = Path(folder)
    is_module = "go.mod" in names or "go.work" in names
    left = _LEFT_BEHIND if is_module else _LEFT_BEHIND - {"vendor"}
    return {name for name in names if name in left or not _is_plain(here / name)}


def _is_plain(path: Path) -> bool:
    return path.is_symlink() or path.is_file() or path.is_dir()
