"""Caches made to keep a reader busy, to lead it astray, or to fool who reads."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gosync.cli.main import run as run_cli
from gosync.folder.inventory import MAX_STRAYS
from gosync.folder.layouts import TargetKind
from gosync.folder.placing import remove
from gosync.folder.tree import FileTree
from gosync.gomod.module import ModuleVersion
from gosync.verify.page import format_page
from gosync.verify.verdicts import Verdict
from tests.simulator.evil import EVIL
from tests.unit.verify.caches import ALPHA, World, run
from tests.unit.verify.damage import link_copy

_ESCAPES = "v1.1.0.zip\x1b[2J\nsecond line"


@pytest.fixture
def athens(world: World, tmp_path: Path) -> Path:
    return link_copy(world.pristine[TargetKind.ATHENS], tmp_path / "cache")


def replace(file: Path, data: bytes) -> None:
    file.unlink()
    file.write_bytes(data)


@pytest.mark.parametrize("name", sorted(EVIL))
def test_zips_that_break_rules_are_findings(world: World, athens: Path, name: str):
    mv = ModuleVersion(ALPHA, "v1.1.0")
    file = athens / ALPHA / "v1.1.0" / "source.zip"
    replace(file, EVIL[name](mv).data)

    report = run(world, athens)

    bad = {each.path: each.verdict for each in report.outcome.findings}
    assert bad[f"{ALPHA}/v1.1.0/source.zip"] in {Verdict.CORRUPT, Verdict.POLLUTED}
    assert report.exit_code == 4


def test_a_thousand_folders_deep_is_no_way_to_go(world: World, athens: Path):
    handle = os.open(athens, os.O_RDONLY)
    for _ in range(1000):
        os.mkdir("d", dir_fd=handle)
        below = os.open("d", os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = below
    os.close(handle)

    report = run(world, athens)

    remove(FileTree(athens), "d")  # pytest could not
    (unread,) = report.outcome.unread
    assert "folders deep" in unread.reason
    assert not (athens / "d").exists()
    assert report.exit_code == 4
    assert report.outcome.proven == report.outcome.versions


def test_very_many_strays_are_counted_not_listed(world: World, athens: Path):
    folder = athens / ALPHA / "v1.0.0"
    one = folder / "first"
    one.touch()
    for number in range(20_000):
        os.link(one, folder / str(number))

    findings = run(world, athens).outcome.findings

    assert len(findings) == MAX_STRAYS + 1
    assert any("more strays" in each.reason for each in findings)


def test_names_that_write_to_a_terminal_are_shown_escaped(
    world: World, athens: Path, capfd: pytest.CaptureFixture[str]
):
    (athens / ALPHA / "v1.1.0" / _ESCAPES).touch()
    (athens / ALPHA / "v1.0.0").joinpath(os.fsdecode(b"\xff\xfe")).touch()
    root = athens.rename(athens.with_name(os.fsdecode(b"cache\x1b[2J\n\xff")))
    options = ["--offline", "--proofs", str(world.tree), "--no-progress", "--state"]
    options += [str(root.parent / "state"), "--sumdb", world.sim.verifier_key]

    for more in ([], ["--json"], ["--quarantine"], ["--quarantine", "--json"]):
        for target in (root, Path(f"{root} not there")):
            code = run_cli(["verify", str(target), *options, *more])
            assert code == (2 if target != root else 5 if "--quarantine" in more else 4)
            out, err = capfd.readouterr()
            assert "\x1b" not in out + err
            assert "\nsecond" not in out + err
            assert target != root or "second line" in out
        if "--quarantine" in more:
            out = "".join(_restored(root, options, capfd))
            assert "\x1b" not in out

    page = format_page(run(world, root))
    assert "\x1b" not in page
    assert "\\x1b[2J\\nsecond line" in page
    page.encode()


def _restored(
    root: Path, options: list[str], capfd: pytest.CaptureFixture[str]
) -> Iterator[str]:
    """Put back what was moved aside; yield what is said of it."""
    for quarantine in sorted((root.parent / "state/quarantine").iterdir()):
        run_cli(["verify", str(root), *options, "--restore", quarantine.name])
        yield from capfd.readouterr()


def test_markup_in_a_name_stays_text(world: World, athens: Path):
    (athens / ALPHA / "v1.1.0" / "<script>alert(1)<").touch()

    page = format_page(run(world, athens))

    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_links_lead_nowhere(world: World, athens: Path, tmp_path: Path):
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "v9.9.9").mkdir()
    (secret / "v9.9.9" / "go.mod").write_text("module x\n")
    (athens / "linked.example").symlink_to(secret)
    (athens / "loop").symlink_to(athens)
    folder = athens / ALPHA / "v1.0.0"
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")

    report = run(world, athens)

    verdicts = {each.path: each.verdict for each in report.outcome.findings}
    assert verdicts == {
        f"{ALPHA}/v1.0.0": Verdict.ORPHAN,
    }
    assert report.outcome.versions == 3
    assert any("2 things" in each for each in report.outcome.remarks)


@pytest.mark.parametrize("shape", ["fifo", "device"])
def test_nothing_is_waited_for(world: World, athens: Path, shape: str):
    file = athens / ALPHA / "v1.1.0" / "go.mod"
    file.unlink()
    if shape == "fifo":
        os.mkfifo(file)
    elif os.getuid() == 0:
        os.mknod(file, stat.S_IFCHR | 0o644, os.makedev(1, 5))  # /dev/zero
    else:
        file.symlink_to("/dev/zero")

    report = run(world, athens)

    (finding,) = report.outcome.findings
    assert finding.verdict is Verdict.CORRUPT
    assert "not a file" in finding.reason


def test_a_cache_that_changes_meanwhile_hangs_nobody(world: World, tmp_path: Path):
    root = link_copy(world.pristine[TargetKind.GOPROXY], tmp_path / "cache")
    folder = root / "alpha.example/!alpha/@v"
    files = sorted(folder.iterdir())
    done = threading.Event()

    def churn() -> None:
        while not done.is_set():
            for file in files:
                data = file.read_bytes() if file.exists() else b""
                file.unlink(missing_ok=True)
                file.symlink_to("/etc/passwd")
                file.unlink()
                file.write_bytes(data)

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(5):
            report = run(world, root, kind=TargetKind.GOPROXY)
            assert all("root:" not in each.found for each in report.outcome.findings)
    finally:
        done.set()
        thread.join()
