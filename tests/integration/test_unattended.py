"""Without a terminal nothing is asked: every verb comes to its end by itself."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from gosync.cli.main import main
from tests.integration import forked
from tests.integration.offered import offer
from tests.integration.site import Site
from tests.simulator import Simulator
from tests.tiers import EVERY_STEP
from tests.unit.cli.walk import leaf_commands

pytestmark = pytest.mark.slow

# What a verb needs to come as far as it can; the others take no argument.
ARGUMENTS = {
    "adopt": ["--help"],
    "backup": ["backup"],
    "bundle ack": ["nowhere"],
    "bundle create": ["corner"],
    "bundle import": ["nowhere"],
    "bundle inspect": ["nowhere"],
    "bundle revoke": ["corner", "1"],
    "bundle verify": ["nowhere"],
    "closure": ["nowhere"],
    "demo": ["--help"],
    "doctor": ["--help"],
    "explain": ["network.dns"],
    "init": ["new.toml"],
    "key new": ["ours"],
    "prune": ["--grace-days", "0"],
    "run": ["--once", "sync", "prune"],
    "serve": ["--help"],
    "show": ["gone.example/m@v1.0.0"],
    "systemd install": ["--root", "root"],
    "why": ["gone.example/m@v1.0.0"],
    "withdraw": ["gone.example/m@v1.0.0", "--reason", "a test"],
}
ASKING = ("sync", "plan", "run")
STDINS = ("null", "closed", "silent")
REFUSALS = ("--yes", "--max-delete", "-y")


def _closed() -> None:
    os.close(0)


@pytest.mark.sampled
@pytest.mark.parametrize(
    "stdin",
    [
        pytest.param(each, marks=[] if each == "silent" else pytest.mark.long)
        for each in STDINS
    ],
)
def test_no_verb_waits_for_an_answer(tmp_path: Path, stdin: str) -> None:
    """The whole index is selected, and nothing may be deleted: there is what to ask."""
    silent, writer = os.pipe()
    with Simulator() as sim:
        offer(sim, "gone.example/m", "v1.0.0", "v1.1.0")
        site = Site(tmp_path, sim, modules=["gone.example/m"], index=True)
        site.sync()
        site.declare(publish={"tree": "public", "max_delete": 0})
        site.select(["*"])
        ended = {}
        for verb in _verbs(stdin):
            words = [*verb.split(), *ARGUMENTS.get(verb, [])]
            code, out, err = _run(site, words, stdin, silent)
            said = out + err
            assert "[y/N]" not in said, (verb, said)
            assert "Traceback" not in said, (verb, said)
            assert code != 1, (verb, said)
            ended[verb] = code, err
    os.close(silent)
    os.close(writer)
    for verb in ASKING:
        code, err = ended[verb]
        assert code == 2
        assert any(flag in err for flag in REFUSALS)


def _verbs(stdin: str) -> list[str]:
    """Return the verbs to try: what asks, and of the others a third, or all."""
    every = list(leaf_commands(main))
    if EVERY_STEP:
        return every
    third = every[STDINS.index(stdin) :: len(STDINS)]
    return [verb for verb in every if verb in third or verb in ASKING]


def _run(site: Site, words: list[str], stdin: str, silent: int) -> tuple[int, str, str]:
    """Run a command with some standard input; what has none is as users start it."""
    if stdin == "closed":
        done = subprocess.run(
            site.command(*words),
            cwd=site.folder,
            env=site.environment,
            preexec_fn=_closed,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr
    process = forked.start(
        [*words, "--json", "--no-progress"],
        folder=site.folder,
        environment=site.environment,
        stdin=silent if stdin == "silent" else None,
    )
    with process:
        return process.wait(120), process.out, process.err
