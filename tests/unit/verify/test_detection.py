"""What a folder is, and that nothing is done to what is no part of a cache."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from gosync.cli.main import run as run_cli
from gosync.errors import UsageError
from gosync.folder.detection import detect
from gosync.folder.layouts import TargetKind
from gosync.verify.act.plan import Action
from gosync.verify.executor import UncertainError
from gosync.verify.verdicts import Verdict
from tests.unit.verify.caches import FOLDERS, World, run
from tests.unit.verify.damage import Damage, harm, link_copy, parts
from tests.unit.verify.test_matrix import snapshot

ACTS = (Action.QUARANTINE, Action.DELETE, Action.REPAIR)
NESTS = ("", "a", "a/b/c", "back.up/2024.01/x", "v1.0.0/y.example")
DOCUMENTS = (
    "thesis.txt",
    "Documents/notes.md",
    "Documents/.hidden/a.tmp",
    "my.docs/v1.0.0/thesis.txt",
    "my.docs/v1.0.0/go.mod",
    "my.docs/v2/v3.0.0/thesis.txt",
    "my.docs/letters@v1.0.0.txt",
    "my.docs/@v/thesis.txt",
    "my.docs/@v/thesis.info",
    "my.docs/@v/sub/thesis.txt",
    "my.docs/@v/v1.0.0.lock",
    "cache/download/film.iso",
    "cache/lock.txt",
    "sumdb/essay.txt",
    "sumdb/sum.example/lookup/essay.txt",
    "sumdb/sum.example/tile/essay.txt",
    "sumdb/sum.example/lookup/x.tmp",
)


def write_documents(root: Path) -> None:
    for each in DOCUMENTS:
        file = root / each
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("the only copy")
        file.chmod(0o666)
    (root / "Documents/link").symlink_to("/etc")
    os.mkfifo(root / "Documents/pipe")


def documents_of(root: Path) -> dict[str, object]:
    names = (*DOCUMENTS, "Documents/link", "Documents/pipe")
    return {path: each for path, each in snapshot(root).items() if path in names}


def pollute(world: World, kind: TargetKind, root: Path) -> str:
    """Put another module's bytes in a zip's place; return its path."""
    part = next(p for p in parts(kind, world.database.name) if p.name == "zip")
    harm(root, part, Damage.OTHER_MODULE)
    return part.path


@pytest.mark.parametrize("nest", NESTS)
@pytest.mark.parametrize("kind", FOLDERS)
def test_a_polluted_cache_is_found_wherever_it_is_nested(
    world: World, tmp_path: Path, kind: TargetKind, nest: str
):
    home = tmp_path / "home"
    root = home / nest
    root.parent.mkdir(parents=True, exist_ok=True)
    link_copy(world.pristine[kind], root)
    bad = pollute(world, kind, root)

    report = run(world, home)

    assert (report.kind, Path(report.target)) == (kind, root)
    assert [(e.verdict, e.path) for e in report.outcome.findings] == [
        (Verdict.POLLUTED, bad)
    ]
    assert report.exit_code == 4
    advised = [each for each in report.outcome.remarks if "run `gosync verify" in each]
    assert [str(root) in each for each in advised] == ([True] if nest else [])


@pytest.mark.parametrize("action", ACTS)
@pytest.mark.parametrize("kind", FOLDERS)
def test_what_is_merely_in_a_folder_is_not_acted_on(
    world: World, tmp_path: Path, kind: TargetKind, action: Action
):
    home = tmp_path / "home"
    write_documents(home)
    root = link_copy(world.pristine[kind], home / "go/cache.d")
    pollute(world, kind, root)
    before = snapshot(home)

    with pytest.raises(UncertainError) as refused:
        run(world, home, action=action)

    assert f"run `gosync verify {root}" in str(refused.value.hint)
    assert snapshot(home) == before


@pytest.mark.parametrize("action", ACTS)
@pytest.mark.parametrize("kind", FOLDERS)
def test_documents_in_a_caches_own_folder_stay(
    world: World, tmp_path: Path, kind: TargetKind, action: Action
):
    root = link_copy(world.pristine[kind], tmp_path / "cache")
    write_documents(root)
    before = documents_of(root)
    bad = pollute(world, kind, root)

    report = run(world, root, kind=kind, action=action, offline=False)

    assert {each.path for each in report.outcome.findings} == {bad}
    # Of three files that belong together, two are left.
    lacks = kind is TargetKind.ATHENS_S3 and action is not Action.REPAIR
    assert report.exit_code == (4 if lacks else 5)
    assert documents_of(root) == before
    assert any("no part of a cache" in each for each in report.outcome.remarks)


@pytest.mark.parametrize("action", ACTS)
@pytest.mark.parametrize("kind", FOLDERS)
def test_a_kind_that_is_wrongly_given_touches_no_document(
    world: World, tmp_path: Path, kind: TargetKind, action: Action
):
    home = tmp_path / "home"
    write_documents(home)
    link_copy(world.pristine[TargetKind.MODCACHE], home / "go/pkg/mod")
    (home / "src.example/lib/v1.2.3").mkdir(parents=True)
    (home / "src.example/lib/v1.2.3/go.mod").write_text("module src.example/lib\n")
    (home / "src.example/lib/v1.2.3/main.go").write_text("package main\n")
    before = snapshot(home)

    report = run(world, home, kind=kind, action=action, offline=False)

    assert report.done == ()
    assert snapshot(home) == before
    assert any("nothing was done" in each for each in report.outcome.remarks)


def test_a_gopath_means_its_module_cache(world: World, tmp_path: Path):
    gopath = tmp_path / "gopath"
    root = link_copy(world.pristine[TargetKind.MODCACHE], gopath / "pkg/mod")
    (gopath / "src/x.example").mkdir(parents=True)
    bad = pollute(world, TargetKind.MODCACHE, root)

    report = run(world, gopath, action=Action.QUARANTINE)

    assert (report.target, report.exit_code) == (str(root), 5)
    assert not (root / bad).exists()


def test_a_gopath_whose_cache_is_a_link_is_not_acted_on(world: World, tmp_path: Path):
    root = link_copy(world.pristine[TargetKind.MODCACHE], tmp_path / "elsewhere")
    pollute(world, TargetKind.MODCACHE, root)
    (tmp_path / "gopath/pkg").mkdir(parents=True)
    (tmp_path / "gopath/pkg/mod").symlink_to(root)
    before = snapshot(root)

    with pytest.raises(UncertainError, match="link to elsewhere"):
        run(world, tmp_path / "gopath", action=Action.DELETE)

    assert snapshot(root) == before


def test_a_copy_of_gos_downloads_is_a_proxys_cache(world: World, tmp_path: Path):
    """`.ziphash` and `.lock` are go's there, and no strays."""
    source = world.pristine[TargetKind.MODCACHE] / "cache/download"
    root = link_copy(source, tmp_path / "served")

    report = run(world, root, action=Action.DELETE)

    assert (report.kind, report.exit_code) == (TargetKind.GOPROXY, 0)
    assert report.outcome.findings == []


def test_a_folder_of_documents_is_no_cache(world: World, tmp_path: Path):
    write_documents(tmp_path / "home")

    with pytest.raises(UsageError, match="nothing in it says") as refused:
        run(world, tmp_path / "home")

    assert "--kind" in str(refused.value.hint)


def test_several_caches_in_one_folder_are_named(world: World, tmp_path: Path):
    for kind in (TargetKind.MODCACHE, TargetKind.ATHENS):
        link_copy(world.pristine[kind], tmp_path / "home" / kind)

    with pytest.raises(UsageError, match="several") as refused:
        run(world, tmp_path / "home")

    hint = str(refused.value.hint)
    assert f"a module cache at {tmp_path / 'home/modcache'}" in hint
    assert f"an Athens store at {tmp_path / 'home/athens'}" in hint


def test_two_kinds_in_one_folder_are_asked_for(world: World, tmp_path: Path):
    root = link_copy(world.pristine[TargetKind.GOPROXY], tmp_path / "both")
    shutil.copytree(world.pristine[TargetKind.ATHENS], root, dirs_exist_ok=True)

    with pytest.raises(UsageError, match="it may be") as refused:
        run(world, root)

    assert "--kind athens" in str(refused.value.hint)


def test_a_module_cache_is_not_taken_on_trust(world: World, tmp_path: Path):
    gopath = tmp_path / "gopath"
    link_copy(world.pristine[TargetKind.MODCACHE], gopath / "deep/pkg/mod")

    with pytest.raises(UsageError, match="no module cache") as refused:
        run(world, gopath, kind=TargetKind.MODCACHE)

    assert f"run `gosync verify {gopath / 'deep/pkg/mod'}" in str(refused.value.hint)


def test_a_go_sum_beside_a_caches_own_marks_does_not_hide_it(
    world: World, tmp_path: Path
):
    root = link_copy(world.pristine[TargetKind.MODCACHE], tmp_path / "cache")
    (root / "go.sum").write_text("")

    assert run(world, root).kind is TargetKind.MODCACHE


def test_what_a_file_says_counts_for_more_than_a_name(tmp_path: Path):
    """A folder's name with a dot could begin a module's path."""
    folder = tmp_path / "home/mirror.example/github.com/a/b/@v"
    folder.mkdir(parents=True)
    (folder / "v1.0.0.mod").write_text("module github.com/a/b\n")

    assert detect(tmp_path / "home").root == tmp_path / "home/mirror.example"


def test_the_home_of_somebody_is_left_as_it_is(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    home = tmp_path / "home"
    write_documents(home)
    root = link_copy(world.pristine[TargetKind.MODCACHE], home / "go/pkg/mod")
    before = snapshot(home)
    arguments = ["verify", str(home), "--offline", "--state", str(tmp_path / "state")]
    for action in ("--delete", "--quarantine", "--repair"):
        code = run_cli([*arguments, action, "--json", "--no-progress"])
        shown = capsys.readouterr()
        assert code == 2
        assert f"run `gosync verify {root}" in shown.err
        found = json.loads(shown.out)["findings"]
        assert [e["file"] for e in found if e["verdict"] == "orphan"] == []
    assert snapshot(home) == before
