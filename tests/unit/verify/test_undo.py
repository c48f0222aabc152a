"""The undo that is offered brings all back: bytes, modes, owners, times, links."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from gosync.cli.main import run as run_cli
from gosync.folder import moving
from gosync.folder.layouts import TargetKind
from tests.integration.test_crash_disk import disk
from tests.unit.verify.caches import FOLDERS, World
from tests.unit.verify.damage import Damage, Part, harm, link_copy, parts
from tests.unit.verify.test_odd import ODD
from tests.unit.verify.test_reach import NOBODY, own

_DATABASE = "sum.sample.example"
BIG = 64 << 20


@pytest.fixture(autouse=True)
def _small_disks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOSYNC_STORE_MIN_FREE", "1MiB")
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def everything(root: Path) -> dict[str, object]:
    """Return all that can be seen of what is in a folder, and of itself."""
    found: dict[str, object] = {}
    for path in (root, *root.rglob("*")):
        state = path.lstat()
        is_folder = stat.S_ISDIR(state.st_mode)
        held: object = None
        if stat.S_ISREG(state.st_mode):
            held = path.read_bytes()
        elif stat.S_ISLNK(state.st_mode):
            held = path.readlink()
        facts = (state.st_mode, state.st_uid, state.st_gid, state.st_mtime_ns)
        found[str(path.relative_to(root))] = (held, facts, is_folder or state.st_rdev)
    return found


@contextmanager
def elsewhere(folder: Path, *, apart: bool) -> Iterator[None]:
    """Let the state folder be on a file system of its own, or not."""
    with disk(folder, BIG) if apart else nullcontext():
        yield


def arguments(world: World, root: Path, state: Path) -> list[str]:
    found = ["verify", str(root), "--no-progress", "--sumdb", world.sim.verifier_key]
    return [*found, "--proxy", world.sim.url, "--state", str(state)]


def act_and_undo(
    world: World, root: Path, action: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Act, then run what is offered, word for word, from somewhere else."""
    kind = ["--offline", "--proofs", str(world.tree)] if action != "--repair" else []
    command = [*arguments(world, root, root.parent / "state"), *kind, action]
    before = everything(root)
    code = run_cli([*command, "--json"])
    document = json.loads(capsys.readouterr().out)
    assert code in {4, 5}, document
    assert [each for each in document["done"] if each["action"] == "failed"] == []
    assert everything(root) != before
    program, *words = shlex.split(document["undo"])
    assert program == "gosync"

    assert run_cli([*words, "--json"]) == 0, capsys.readouterr().out

    assert everything(root) == before
    capsys.readouterr()


def wear(root: Path) -> None:
    """Give files what a cache of somebody has: owners, modes, times, a read-only."""
    if os.getuid() == 0:
        own(root, NOBODY)
    for number, path in enumerate(sorted(root.rglob("*"))):
        mode = path.lstat().st_mode
        if stat.S_ISREG(mode):
            path.chmod(0o400 if number % 2 else 0o640)
        elif stat.S_ISDIR(mode) and "@v" in path.name and path.name != "@v":
            path.chmod(0o555)
        os.utime(path, ns=(10**18 + number, 10**18 + number), follow_symlinks=False)


def copied(world: World, kind: TargetKind, root: Path) -> Path:
    return Path(shutil.copytree(world.pristine[kind], root))


def part_of(kind: TargetKind, name: str) -> Part:
    return next(each for each in parts(kind, _DATABASE) if each.name == name)


@pytest.mark.parametrize("apart", [False, True], ids=["together", "apart"])
@pytest.mark.parametrize("action", ["--quarantine", "--repair"])
@pytest.mark.parametrize("kind", FOLDERS)
def test_a_polluted_cache(
    world: World,
    tmp_path: Path,
    kind: TargetKind,
    action: str,
    apart: bool,
    capsys: pytest.CaptureFixture[str],
):
    root = copied(world, kind, tmp_path / "a cache")
    for name in (
        ("zip", "mod", "extracted") if kind is TargetKind.MODCACHE else ("zip",)
    ):
        harm(root, part_of(kind, name), Damage.OTHER_MODULE)
    wear(root)

    with elsewhere(tmp_path / "state", apart=apart):
        act_and_undo(world, root, action, capsys)


@pytest.mark.parametrize("apart", [False, True], ids=["together", "apart"])
@pytest.mark.parametrize("odd", ODD)
def test_odd_things(
    world: World,
    tmp_path: Path,
    odd: str,
    apart: bool,
    capsys: pytest.CaptureFixture[str],
):
    root = copied(world, TargetKind.GOPROXY, tmp_path / "cache")
    for name in ("zip", "info"):
        place = root / part_of(TargetKind.GOPROXY, name).path
        place.unlink()
        ODD[odd](place)
    (root / "alpha.example/!alpha/@v/stray").symlink_to("elsewhere")
    wear(root)

    with elsewhere(tmp_path / "state", apart=apart):
        act_and_undo(world, root, "--quarantine", capsys)


@pytest.mark.parametrize("name", ["zip", "list", "extracted"])
@pytest.mark.parametrize("is_shared", [False, True], ids=["one name", "two names"])
def test_modes_and_owners(
    world: World,
    tmp_path: Path,
    name: str,
    is_shared: bool,
    capsys: pytest.CaptureFixture[str],
):
    root = copied(world, TargetKind.MODCACHE, tmp_path / "cache")
    file = root / part_of(TargetKind.MODCACHE, name).path
    if is_shared:
        os.link(file, tmp_path / "outside")
    wear(root)
    file.chmod(0o4777)
    os.utime(file.parent, ns=(10**18, 10**18))

    act_and_undo(world, root, "--repair", capsys)


def test_a_list_that_was_missing_is_missing_again(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    root = copied(world, TargetKind.TREE, tmp_path / "cache")
    (root / part_of(TargetKind.TREE, "list").path).unlink()
    (root / part_of(TargetKind.TREE, "zip").path).unlink()

    act_and_undo(world, root, "--repair", capsys)


@pytest.mark.parametrize("is_shared", [False, True], ids=["one name", "two names"])
def test_a_go_sum(
    world: World,
    tmp_path: Path,
    is_shared: bool,
    capsys: pytest.CaptureFixture[str],
):
    folder = tmp_path / "project"
    folder.mkdir()
    wrong = "h1:" + "A" * 43 + "="
    (folder / "go.sum").write_text(f"alpha.example/Alpha v1.0.0 {wrong}\n")
    if is_shared:
        os.link(folder / "go.sum", tmp_path / "outside")
    (folder / "go.sum").chmod(0o600)

    act_and_undo(world, folder, "--repair", capsys)


def test_nothing_is_offered_that_cannot_be_had(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    root = copied(world, TargetKind.GOPROXY, tmp_path / "cache")
    harm(root, part_of(TargetKind.GOPROXY, "zip"), Damage.OTHER_MODULE)
    command = arguments(world, root, tmp_path / "state")

    assert run_cli([*command, "--delete"]) == 5

    shown = capsys.readouterr().out
    assert "undo:" not in shown
    assert "--restore" not in shown


def test_a_killed_copy_to_another_disk_is_no_thing_to_restore(
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    """Half a copy must not come back in the place of what it is half of."""
    root = copied(world, TargetKind.GOPROXY, tmp_path / "cache")
    part = part_of(TargetKind.GOPROXY, "zip")
    harm(root, part, Damage.OTHER_MODULE)
    before = everything(root)
    command = arguments(world, root, tmp_path / "state")

    def killed(*args: object) -> None:
        raise KeyboardInterrupt

    with disk(tmp_path / "state", BIG):
        with monkeypatch.context() as patched:
            patched.setattr(moving, "discard", killed)
            assert run_cli([*command, "--quarantine"]) not in {0, 5}
        (quarantine,) = (tmp_path / "state/quarantine").iterdir()
        assert everything(root) == before
        capsys.readouterr()

        assert run_cli([*command, "--restore", quarantine.name]) == 4

        assert "something else stands there now" in capsys.readouterr().out
        assert everything(root) == before


def test_a_folder_is_not_followed_to_another_disk(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """A link in quarantine comes back as a link, whatever it leads to by then."""
    root = link_copy(world.pristine[TargetKind.GOPROXY], tmp_path / "cache")
    place = root / part_of(TargetKind.GOPROXY, "zip").path
    secret = tmp_path / "secret"
    secret.write_text("root only")
    place.unlink()
    place.symlink_to(secret)

    with disk(tmp_path / "state", BIG):
        act_and_undo(world, root, "--quarantine", capsys)

    assert place.is_symlink()
    assert secret.read_text() == "root only"


@pytest.mark.parametrize("name", ["zip", "extracted"])
def test_what_comes_from_another_disk_is_durable_before_it_goes_there(
    world: World,
    tmp_path: Path,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    root = copied(world, TargetKind.MODCACHE, tmp_path / "cache")
    harm(root, part_of(TargetKind.MODCACHE, name), Damage.OTHER_MODULE)
    state, steps = tmp_path / "state", list[tuple[str, str]]()
    command = arguments(world, root, state)

    def note(step: str, real: Callable[..., object]) -> Callable[..., object]:
        def call(first: int | str, *args: object, **more: int) -> object:
            steps.append((step, _named(first, more.get("dir_fd"))))
            return real(first, *args, **more)

        return call

    with disk(state, BIG):
        assert run_cli([*command, "--quarantine", "--json"]) == 5
        done = json.loads(capsys.readouterr().out)
        for each in ("fsync", "unlink", "rename"):
            monkeypatch.setattr(os, each, note(each, getattr(os, each)))
        assert run_cli([*command, "--restore", done["quarantine"]]) == 0

    gone = [n for n, (step, path) in enumerate(steps) if _is_gone(step, path, state)]
    synced = {path for step, path in steps[: gone[0]] if step == "fsync"}
    (back,) = [each for each in done["done"] if "list" not in each["file"]][:1]
    assert gone
    assert str((root / back["file"]).parent) in synced
    assert any(".gosync-verify" in path for path in synced)


def test_a_state_disk_that_is_full_costs_nothing(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """What does not fit stays where it is, and the rest is moved."""
    root = copied(world, TargetKind.GOPROXY, tmp_path / "cache")
    small = root / part_of(TargetKind.GOPROXY, "zip").path
    large = root / "beta.example/beta/@v/v0.1.0.zip"
    harm(root, part_of(TargetKind.GOPROXY, "zip"), Damage.OTHER_MODULE)
    large.write_bytes(os.urandom(3 << 20))
    before = large.read_bytes()
    command = arguments(world, root, tmp_path / "state")

    with disk(tmp_path / "state", 2 << 20):
        assert run_cli([*command, "--quarantine", "--json"]) == 4
        document = json.loads(capsys.readouterr().out)
        left = [each.name for each in (tmp_path / "state").rglob("*.tmp")]
        assert run_cli([*command, "--restore", document["quarantine"]]) == 4

    failed = {e["file"]: e["failed"] for e in document["done"] if e["failed"]}
    assert failed == {str(large.relative_to(root)): "No space left on device"}
    assert large.read_bytes() == before
    assert small.exists()
    assert left == []


@pytest.mark.parametrize("name", ["..", "../../etc", "/etc", "a/b"])
def test_an_id_is_no_path(world: World, tmp_path: Path, name: str):
    root = copied(world, TargetKind.GOPROXY, tmp_path / "cache")

    command = arguments(world, root, tmp_path / "state")
    assert run_cli([*command, "--restore", name]) == 2


def _is_gone(step: str, path: str, state: Path) -> bool:
    return step == "unlink" and path.startswith(f"{state}/quarantine/")


def _named(first: int | str, folder: int | None) -> str:
    """Return the path that a call is about."""
    if isinstance(first, int):
        return str(Path(f"/proc/self/fd/{first}").readlink())
    above = Path(f"/proc/self/fd/{folder}").readlink() if folder is not None else Path()
    return str(above / first)
