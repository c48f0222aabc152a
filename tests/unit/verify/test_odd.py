"""One odd thing in the place of a file never stops what is done to the others."""

from __future__ import annotations

import errno
import json
import os
import socket
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gosync.cli.main import run as run_cli
from gosync.folder import moving, placing
from gosync.folder.layouts import TargetKind
from gosync.verify.act.plan import Action
from gosync.verify.report import VerifyReport
from gosync.verify.verdicts import Verdict
from tests.tiers import pairwise, shared_out
from tests.unit.verify.caches import ALPHA, FOLDERS, World, run
from tests.unit.verify.damage import Damage, harm, link_copy, parts
from tests.unit.verify.test_matrix import snapshot
from tests.unit.verify.test_matrix_store import part_of

_DATABASE = "sum.sample.example"


def _socket(path: Path) -> None:
    """Bind by a short name: a socket's path has no more than 107 bytes."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _full(path: Path) -> None:
    path.mkdir()
    (path / "thesis.txt").write_text("the only copy")


ODD: dict[str, Callable[[Path], None]] = {
    "pipe": os.mkfifo,
    "socket": _socket,
    "full folder": _full,
    "dangling link": lambda path: path.symlink_to("nowhere"),
    "loop": _loop,
}
if os.getuid() == 0:
    ODD["device"] = lambda path: os.mknod(path, stat.S_IFCHR | 0o644, os.makedev(1, 5))
PLACES = [
    (kind, part.name)
    for kind in FOLDERS
    for part in parts(kind, _DATABASE)
    if part.name != "extracted"
]
TRIED = pairwise([(*place, odd) for place in PLACES for odd in ODD])


@pytest.fixture(autouse=True)
def _quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def spoil_other(kind: TargetKind, root: Path) -> Path:
    """Spoil a file of another module that can be met with and without a network."""
    below = "cache/download/" if kind is TargetKind.MODCACHE else ""
    if kind in {TargetKind.TREE, TargetKind.MODCACHE}:
        file = root / below / "beta.example/beta/@v/list"
        file.unlink()
        file.write_text("v9.9.9\n")
        return file
    if kind is TargetKind.ATHENS:
        file = root / "beta.example/beta/v0.1.0/cat.gif"
    else:
        file = root / "beta.example/beta/@v/v0.1.0.cat.gif"
    file.write_text("v9.9.9\n")
    return file


def is_mended(file: Path) -> bool:
    return not file.exists() or "v9.9.9" not in file.read_text()


@pytest.mark.sampled
@pytest.mark.parametrize(("kind", "name", "odd"), shared_out(TRIED, columns=3))
def test_the_rest_is_mended_without_a_network(
    world: World, tmp_path: Path, kind: TargetKind, name: str, odd: str
):
    root = link_copy(world.pristine[kind], tmp_path / "cache")
    part = next(each for each in parts(kind, _DATABASE) if each.name == name)
    (root / part.path).unlink()
    ODD[odd](root / part.path)
    other = spoil_other(kind, root)

    report = run(world, root, kind=kind, action=Action.REPAIR, proofs=())

    assert is_mended(other), report.done
    is_left = any(each.counts for each in report.remaining)
    if is_left or any(each.failed for each in report.done):
        assert report.exit_code == 4
    else:
        assert report.exit_code == (75 if report.remaining else 5)


def refuse(monkeypatch: pytest.MonkeyPatch, path: Path, number: int) -> None:
    """Let the system refuse to change one name, as of an immutable file."""
    for name in ("rename", "unlink", "link", "rmdir"):
        real = getattr(os, name)

        def call(*args: object, _real: object = real, **more: object) -> object:
            if path.name in {*args[:2]}:
                raise OSError(number, os.strerror(number))
            assert callable(_real)
            return _real(*args, **more)

        monkeypatch.setattr(os, name, call)


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("action", [Action.QUARANTINE, Action.DELETE, Action.REPAIR])
@pytest.mark.parametrize("kind", FOLDERS)
def test_what_the_system_refuses_is_told_and_the_rest_is_done(
    world: World,
    tmp_path: Path,
    kind: TargetKind,
    action: Action,
    number: int,
    monkeypatch: pytest.MonkeyPatch,
):
    root = link_copy(world.pristine[kind], tmp_path / "cache")
    part = next(each for each in parts(kind, _DATABASE) if each.name == "zip")
    harm(root, part, Damage.OTHER_MODULE)
    other = spoil_other(kind, root)
    bad = root / part.path
    if kind is TargetKind.ATHENS and action is not Action.REPAIR:
        bad = bad.parent
    refuse(monkeypatch, bad, number)

    report = run(world, root, kind=kind, action=action, offline=False)
    monkeypatch.undo()

    assert is_mended(other)
    assert report.exit_code == 4
    failed = {each.path: each.failed for each in report.done if each.failed}
    assert failed == {str(bad.relative_to(root)): os.strerror(number)}
    assert list(root.rglob(".gosync-verify*")) == []


def test_a_file_that_nobody_may_change_is_told(world: World, tmp_path: Path):
    root = link_copy(world.pristine[TargetKind.GOPROXY], tmp_path / "cache")
    parts_of = {each.name: each for each in parts(TargetKind.GOPROXY, _DATABASE)}
    for name in ("zip", "mod"):
        harm(root, parts_of[name], Damage.OTHER_MODULE)
    fixed = root / parts_of["zip"].path
    chattr = ["chattr", "+i", str(fixed)]
    if os.getuid() != 0 or subprocess.run(chattr, check=False).returncode != 0:
        pytest.skip("no immutable files here")
    try:
        report = run(world, root, action=Action.REPAIR, offline=False)
    finally:
        subprocess.run(["chattr", "-i", fixed], check=True)

    failed = [each.path for each in report.done if each.failed]
    assert (failed, report.exit_code) == ([parts_of["zip"].path], 4)


@contextmanager
def on_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def full(*args: object, **more: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        yield


def test_a_name_of_255_bytes_is_no_hindrance(world: World, tmp_path: Path):
    root = link_copy(world.pristine[TargetKind.GOPROXY], tmp_path / "cache")
    folder = root / "alpha.example/!alpha/@v"
    odd = [folder / ("x" * 255), folder / os.fsdecode(b"\xff" * 255)]
    for each in odd:
        each.touch()
    before = snapshot(root)

    report = run(world, root, action=Action.QUARANTINE)

    assert report.exit_code == 5
    assert not any(each.exists() for each in odd)
    assert snapshot(root) != before


def test_what_failed_is_called_so(
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    root = link_copy(world.pristine[TargetKind.GOPROXY], tmp_path / "cache")
    part = next(
        each for each in parts(TargetKind.GOPROXY, _DATABASE) if each.name == "zip"
    )
    harm(root, part, Damage.OTHER_MODULE)
    refuse(monkeypatch, root / part.path, errno.EPERM)
    arguments = ["verify", str(root), "--repair", "--no-progress", "--sumdb"]
    arguments += [world.sim.verifier_key, "--proxy", world.sim.url, "--state"]
    page = tmp_path / "page.html"
    arguments += [str(tmp_path / "state"), "--report", str(page)]

    assert run_cli([*arguments, "--json"]) == 4
    document = json.loads(capsys.readouterr().out)
    assert run_cli(arguments) == 4
    said = capsys.readouterr().out

    (done,) = document["done"]
    assert (done["action"], done["tried"]) == ("failed", "repaired")
    assert done["failed"] == os.strerror(errno.EPERM)
    assert (document["undo"], document["quarantine"]) == (None, None)
    assert f"failed: {part.path} was not repaired" in said
    assert f"\nrepaired {part.path}" not in said
    assert "undo:" not in said
    assert "failed: " in page.read_text()


def test_what_was_polluted_is_asked_after_once_it_is_repaired(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    for action in ("--repair", "--quarantine", "--delete"):
        root = link_copy(world.pristine[TargetKind.GOPROXY], tmp_path / action)
        part = next(e for e in parts(TargetKind.GOPROXY, _DATABASE) if e.name == "zip")
        harm(root, part, Damage.OTHER_MODULE)
        arguments = ["verify", str(root), action, "--no-progress", "--sumdb"]
        arguments += [world.sim.verifier_key, "--proxy", world.sim.url]
        arguments += ["--state", str(tmp_path / "state")]

        assert run_cli([*arguments, "--json"]) == 5

        document = json.loads(capsys.readouterr().out)
        assert any(f"find out who used {ALPHA}@v1.1.0" in e for e in document["next"])


def test_a_disk_that_is_full_while_fetching_leaves_the_rest_done(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    root = link_copy(world.pristine[TargetKind.TREE], tmp_path / "cache")
    part = next(
        each for each in parts(TargetKind.TREE, _DATABASE) if each.name == "zip"
    )
    harm(root, part, Damage.OTHER_MODULE)
    other = spoil_other(TargetKind.TREE, root)
    real = os.statvfs

    def full(path: Path) -> os.statvfs_result:
        found = list(real(path))
        found[4] = 0
        return os.statvfs_result(found)

    monkeypatch.setattr(os, "statvfs", full)
    report = run(world, root, action=Action.REPAIR, offline=False)

    assert is_mended(other)
    assert report.exit_code == 4
    assert any("bytes free" in each.failed for each in report.done)


@pytest.mark.parametrize("odd", ODD)
def test_one_blob_that_cannot_be_put_leaves_the_others_put(
    world: World, store: Path, odd: str
):
    parts_of = [part_of(store, name) for name in ("zip", "mod")]
    for part in parts_of:
        harm(store, part, Damage.FLIPPED)
    (store / parts_of[0].path).unlink()
    ODD[odd](store / parts_of[0].path)

    report = run(world, store, action=Action.REPAIR, offline=False)

    assert report.exit_code == 5, report.done
    assert run(world, store).exit_code == 0


@pytest.mark.parametrize("odd", ODD)
def test_one_go_sum_that_is_none_leaves_the_other(
    world: World, tmp_path: Path, odd: str
):
    folder = tmp_path / "project"
    folder.mkdir()
    ODD[odd](folder / "go.sum")
    wrong = "h1:" + "A" * 43 + "="
    (folder / "go.work.sum").write_text(f"{ALPHA} v1.0.0 {wrong}\n")

    report: VerifyReport = run(world, folder, action=Action.REPAIR, offline=False)

    assert [each.verdict for each in report.outcome.findings] == [Verdict.POLLUTED]
    assert [each.path for each in report.outcome.unread] == ["go.sum"]
    assert report.exit_code == 4
    assert wrong not in (folder / "go.work.sum").read_text()


def test_a_copy_that_does_not_end_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    target.mkdir()
    (source / "file").write_bytes(b"x" * 5000)
    handles = [os.open(each, os.O_RDONLY) for each in (source, target)]
    try:
        with on_a_full_disk(monkeypatch), pytest.raises(OSError, match="space"):
            moving.copy_whole(handles[0], "file", handles[1], "1")
    finally:
        for each in handles:
            os.close(each)

    assert list(target.iterdir()) == []
    assert (source / "file").stat().st_size == 5000
    assert placing.FILE_MODE == 0o644
