"""The units: clean, hardened, and enough for what gosync does under them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest
from msgspec.structs import replace

from gosync.daemon.units import Paths, make_units
from tests.go.cells import without_network
from tests.integration.manager import Manager
from tests.integration.pair import Machines, Pair
from tests.integration.service import schedule
from tests.integration.site import Site
from tests.simulator import Simulator
from tests.simulator.standard import OUTER, module

CONTRIB = Path(__file__).parents[2] / "contrib" / "systemd"
WITH_NETWORK = ("gosync.service", "gosync-serve.service", "gosync-sync.service")
WITHOUT = ("gosync-verify.service", "gosync-import@.service", "gosync-inbox.service")
DEFAULT = Paths(
    command=Path("/usr/local/bin/gosync"),
    config=Path("/etc/gosync/gosync.toml"),
    store=Path("/var/lib/gosync/store"),
    tree=Path("/var/lib/gosync/public"),
    metrics=None,
    user="gosync",
)


def _analyze(*arguments: str, code: int = 0) -> str:
    done = subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    return said


@pytest.mark.parametrize(
    ("unit", "limit"),
    [*((unit, 1.3) for unit in WITH_NETWORK), *((unit, 0.5) for unit in WITHOUT)],
)
def test_a_unit_is_hardened(unit: str, limit: float):
    said = _analyze(
        "security",
        "--offline=yes",
        "--no-pager",
        f"--threshold={int(limit * 10)}",
        str(CONTRIB / unit),
    )
    exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert exposure is not None, said
    assert float(exposure[1]) <= limit


def test_every_unit_is_in_the_score():
    assert {file.name for file in CONTRIB.glob("*.service")} == {
        *WITH_NETWORK,
        *WITHOUT,
    }


def test_what_is_installed_is_clean(tmp_path: Path):
    """As systemd reads it, with a command that is there, in its own folders."""
    site = Site(tmp_path / "site")
    root = tmp_path / "root"
    result = site.run("systemd", "install", "--root", str(root), expect=0)

    units = [str(file) for file in sorted((root / "etc/systemd/system").iterdir())]
    assert len(units) == 10
    assert _analyze("verify", "--man=no", *units) == ""
    files = {
        f"/{file.relative_to(root)}": file.read_text()
        for file in root.rglob("*")
        if file.is_file()
    }
    assert files == result.document["files"]
    printed = site.run("systemd", "install", "--print", expect=0)
    assert printed.document["files"] == files
    daemon = files["/etc/systemd/system/gosync.service"]
    assert f" run --config {site.config_file}\n" in daemon
    assert f"ReadWritePaths={site.folder}\n" in daemon


def test_what_the_sandbox_would_hide_is_named():
    homely = replace(DEFAULT, config=Path("/home/me/gosync.toml"), tree=Path("/tmp/t"))

    assert DEFAULT.hidden == ()
    assert homely.hidden == (Path("/home/me/gosync.toml"), Path("/tmp/t"))


def test_for_the_default_paths_the_files_are_as_they_stand():
    for name, text in make_units(DEFAULT):
        file = name.rpartition("/")[2]
        if not file.endswith((".service", ".timer", ".path")):
            kind = name.split("/")[1].removesuffix(".d")
            file = f"gosync.{kind}"
        assert text == (CONTRIB / file).read_text()


@pytest.mark.parametrize(
    ("store", "tree", "metrics", "written"),
    [
        ("/var/lib/gosync/store", "/var/lib/gosync/public", None, "/var/lib/gosync"),
        ("/srv/store", "/srv/public", None, "/srv/store /srv/public"),
        ("/a/b/c", "/a/b/c/tree", None, "/a/b/c"),
        ("/a/b/c/s", "/a/b/c/t", "/x/y/go.prom", "/a/b/c /x/y"),
        ("/a/b/c/s", "/a/b/c/t", "/a/b/c/go.prom", "/a/b/c"),
    ],
)
def test_store_and_tree_are_one_mount_where_they_have_a_folder_of_their_own(
    store: str, tree: str, metrics: str | None, written: str
):
    paths = Paths(
        DEFAULT.command,
        DEFAULT.config,
        Path(store),
        Path(tree),
        Path(metrics) if metrics else None,
        "mirror",
    )
    units = dict(make_units(paths))

    daemon = units["etc/systemd/system/gosync.service"]
    assert f"\nReadWritePaths={written}\n" in daemon
    assert f"\nRequiresMountsFor={written}\n" in daemon
    assert "\nUser=mirror\nGroup=mirror\n" in daemon
    assert "gosync gosync" not in units["etc/tmpfiles.d/gosync.conf"]


def test_every_line_has_its_reason():
    readme = (CONTRIB / "README.md").read_text()
    for unit in CONTRIB.iterdir():
        if unit.suffix not in (".service", ".timer", ".path"):
            continue
        keys = re.findall(r"^([A-Za-z]+)=", unit.read_text(), re.MULTILINE)
        for key in set(keys) - {"Description", "ExecStart", "WantedBy", "Wants"}:
            whole = key in readme
            grouped = any(
                key.startswith(prefix)
                for prefix in re.findall(r"`([A-Za-z]+)\*", readme)
            )
            assert whole or grouped, key


def test_the_import_unit_takes_a_bundle_from_a_medium_it_cannot_write(tmp_path: Path):
    """Its own command, with no interface and a medium that is mounted read-only."""
    medium = tmp_path / "my stick"
    with Simulator() as sim, Machines() as machines:
        sim.publish(module(OUTER, "v1.0.0"))
        pair = Pair(tmp_path, sim, machines, modules=[OUTER])
        pair.sync()
        pair.make().rename(medium)
        printed = pair.inside.run("systemd", "install", "--print", expect=0)
        unit = printed.document["files"]["/etc/systemd/system/gosync-import@.service"]
        (line,) = re.findall(r"^ExecStart=(.+)$", unit, re.MULTILINE)
        # As systemd does: words first, then the specifier, which may hold spaces.
        command = [word.replace("%f", str(medium)) for word in line.split()]
        (folder,) = re.findall(r"^WorkingDirectory=(.+)$", unit, re.MULTILINE)
        alone = without_network()
        cell = (
            [*alone, "--mount", "sh", "-ec", _READ_ONLY, str(medium)] if alone else []
        )
        done = subprocess.run(
            [*cell, *command],
            cwd=folder,
            env=pair.inside.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "1 versions proven and stored" in done.stdout
        (Path(folder) / "receipt.json").unlink()  # it is there
        pair.check()


_READ_ONLY = """
mount --bind "$0" "$0"
mount -o remount,ro,bind "$0"
! touch "$0/written" 2>/dev/null
exec "$@"
"""


def _allowed_calls() -> set[str]:
    """Return the calls that the units' filter lets through."""

    def members(name: str) -> set[str]:
        found: set[str] = set()
        for line in _analyze("syscall-filter", name).splitlines()[1:]:
            word = line.strip()
            if word.startswith("@"):
                found |= members(word)
            elif word and not word.startswith("#"):
                found.add(word)
        return found

    denied = members("@privileged") | members("@resources")
    return members("@system-service") - denied


@pytest.mark.long
def test_the_daemon_lives_within_its_system_calls(tmp_path: Path):
    """Every call of a daemon that syncs, publishes, tells a hook and ends."""
    trace = tmp_path / "trace"
    with Simulator() as sim, Manager(tmp_path) as manager:
        sim.publish(module(OUTER, "v1.0.0"))
        site = Site(tmp_path / "site", sim, modules=[OUTER])
        schedule(site, {"sync": "1h", "publish": "1h", "prune": "1h"})
        hook = "sh -c 'cat > /dev/null'"
        site.declare(hooks={"on_success": [hook]})
        strace = ["strace", "-f", "-qq", "-e", "signal=none", "-o", str(trace)]
        process = subprocess.Popen(
            [*strace, *site.command("run")],
            cwd=site.folder,
            env={**site.environment, **manager.environment(watchdog_seconds=30)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            manager.wait_for("STATUS", text="idle")
            tasks = Path(f"/proc/{process.pid}/task/{process.pid}/children")
            daemon = int(tasks.read_text().split()[0])
            os.kill(daemon, signal.SIGTERM)
            assert process.wait(120) == 0
        finally:
            process.kill()
            process.wait()
    calls = set(re.findall(r"^\d+ +(\w+)\(", trace.read_text(), re.MULTILINE))
    assert calls >= {"flock", "sendto", "connect"}, "it was not watched"
    as_root = {"chown", "fchown"}  # SQLite, for root alone
    assert calls - _allowed_calls() <= as_root
