"""The shipped units under a real systemd: which exit codes mail root, and how often."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gosync.daemon.units import Paths, make_units
from tests.integration.forked import CHECKOUT
from tests.integration.realsystemd import CODE_AS, SEEN_AS, Systemd, can_boot
from tests.integration.site import Site
from tests.simulator import Simulator
from tests.simulator.standard import OUTER, module

pytestmark = pytest.mark.skipif(
    not can_boot(), reason="no root, no systemd or no cgroup2: none can be booted"
)
SYNC, VERIFY = "gosync-sync.service", "gosync-verify.service"
IMPORT = "gosync-import@srv-units.service"
# README.md's table, beside which a code is a failure.
QUIET = {
    SYNC: {0, 11, 75, 130, 143},
    VERIFY: {0, 11, 130, 143},
    IMPORT: {0, 130, 143},
}
CODES = (0, 1, 2, 3, 4, 6, 7, 11, 13, 14, 15, 75, 130, 143)
# A day has 96 passes; each one more shows the same.
PASSES = int(os.environ.get("GOSYNC_TEST_PASSES", "8"))
MAIL = f"""
[Unit]
DefaultDependencies=no
StartLimitIntervalSec=0
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'echo %i >> {SEEN_AS}/mails'
"""


_NOTE = f"ExecStopPost=/bin/sh -c 'echo $$EXIT_STATUS >> {SEEN_AS}/statuses'"
# Not where gosync is installed, but where a checkout and its Python may be.
_IS_AT_HOME = any(
    place.is_relative_to(home)
    for place in (CHECKOUT, Path(sys.executable).resolve())
    for home in ("/home", "/root")
)


@contextmanager
def booted(folder: Path, command: str) -> Iterator[Systemd]:
    """Boot a systemd with the shipped units, whose gosync is this shell script."""
    script = folder / "gosync"
    script.write_text(f"#!/bin/sh\n{command}\n")
    script.chmod(0o755)
    paths = Paths(
        command=SEEN_AS / "gosync",
        config=SEEN_AS / "gosync.toml",
        store=SEEN_AS / "store",
        tree=SEEN_AS / "public",
        metrics=None,
        user="root",
    )
    units = {
        name.rpartition("/")[2]: _with_mail(text)
        for name, text in make_units(paths)
        if name.endswith((".service", ".timer", ".path"))
    }
    with Systemd(folder, units={**units, "mail@.service": MAIL}) as systemd:
        yield systemd


def _with_mail(text: str) -> str:
    text = text.replace("[Unit]\n", "[Unit]\nOnFailure=mail@%n.service\n", 1)
    text = text.replace("Type=oneshot\n", f"Type=oneshot\n{_NOTE}\n", 1)
    if _IS_AT_HOME:
        text = text.replace("ProtectHome=yes", "ProtectHome=no")
    return text


def noted(folder: Path, what: str) -> list[str]:
    """Return for which units "mails" were sent, or each run's "statuses"."""
    file = folder / what
    return file.read_text().split() if file.exists() else []


@pytest.mark.parametrize(
    "codes", [(0, 3, 11, 75), pytest.param(CODES, marks=pytest.mark.long)]
)
def test_each_exit_code_mails_as_the_readme_says(
    tmp_path: Path, codes: tuple[int, ...]
) -> None:
    sent: dict[str, set[int]] = {}
    with booted(tmp_path, f"exit $(cat {SEEN_AS}/code)") as systemd:
        for unit in QUIET:
            sent[unit] = {
                code for code in codes if _mails(tmp_path, systemd, unit, code)
            }
    assert noted(tmp_path, "statuses") == [str(code) for _ in QUIET for code in codes]
    assert sent == {unit: set(codes) - quiet for unit, quiet in QUIET.items()}


def _mails(folder: Path, systemd: Systemd, unit: str, code: int) -> bool:
    (folder / "code").write_text(str(code))
    before = len(noted(folder, "mails"))
    systemd.start(unit)
    return len(noted(folder, "mails")) > before


@pytest.mark.long
def test_a_day_with_a_version_that_is_refused_is_one_mail(tmp_path: Path) -> None:
    """With an outage and a stop in between, too."""
    folder = tmp_path / "site"
    with Simulator() as sim:
        sim.publish(module(OUTER, "v1.0.0"))
        site = Site(folder, sim, modules=[OUTER])
        python = Path(sys.executable)
        if python.is_relative_to(CHECKOUT):
            python = CODE_AS / python.relative_to(CHECKOUT)
        run = f"PYTHONPATH={CODE_AS} exec {python} -m gosync"
        with booted(folder, f'{run} "$@"') as systemd:
            systemd.start(SYNC)
            sim.fail("*/v1.2.0.*", status=403)
            sim.publish(module(OUTER, "v1.2.0"))
            for _ in range(PASSES):
                systemd.start(SYNC)
            _stop(sim, systemd)
            with sim.fail("*", status=503):
                systemd.start(SYNC)
                systemd.start(SYNC)
            systemd.start(SYNC)
        status = json.loads((site.tree / "status.json").read_text())
    quiet = ["0"] * (PASSES - 1)
    assert noted(folder, "statuses") == ["0", "3", *quiet, "143", "75", "0", "0"]
    assert noted(folder, "mails") == [SYNC]
    assert status["selection"]["failed"] == status["missing"] == 1


def _stop(sim: Simulator, systemd: Systemd) -> None:
    """Stop a pass that is in the middle of something, as a shutdown does."""
    mark = sim.mark()
    with sim.stall("*/@v/list", after_bytes=1):
        systemd.start(SYNC, block=False)
        deadline = time.monotonic() + 120
        while not sim.counts(since=mark):
            assert time.monotonic() < deadline, systemd.log()
            time.sleep(0.05)
        systemd.stop(SYNC)


def test_the_readme_has_the_codes_that_were_tried() -> None:
    text = (CHECKOUT / "contrib" / "systemd" / "README.md").read_text()
    told = {
        int(code)
        for row in re.findall(r"^\| ([\d, ]+) \|", text, re.MULTILINE)
        for code in row.split(",")
    }
    assert told == set(CODES)
