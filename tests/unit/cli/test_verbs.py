"""The group of verbs: what ``--help`` says, and what a verb imports to start.

Importing a large library takes longer than most verbs work, so a verb that asks no
network gets by without the HTTP client, and one that prints no bars without rich. Each
is run in a process of its own on a store that is there; what it loaded is looked at.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from gosync.catalog.versions import Want
from gosync.cli import bundle
from gosync.cli.main import VERBS, main, run
from gosync.cli.options import CommonOptions, common_options
from gosync.cli.verbs import FLAGS, WITH_VALUE
from tests.integration import here
from tests.smallsite import make_small_site

# What is dear: 5 ms (isal) to 60 ms (httpx) each.
_DEAR = frozenset(
    [
        "anyio",
        "apscheduler",
        "concurrent.futures",
        "cryptography",
        "email",
        "http.client",
        "httpx",
        "isal",
        "license_expression",
        "multiprocessing",
        "obstore",
        "pygments",
        "rich",
        "sqlite_utils",
        "ssl",
        "zstandard",
    ]
)
_KEYS = {"cryptography"}
_STORE = {"anyio", "concurrent.futures"}
_ZIPS = {*_STORE, "isal"}
_BUNDLES = {*_ZIPS, "zstandard"}
# What each command may load; publish, sync, plan and audit ask upstreams, and so load
# the HTTP client to do it, but not to explain themselves.
MAY_LOAD: dict[str, set[str]] = {
    "--version": set(),
    "--help": set(),
    "bundle --help": set(),
    "init new": set(),
    "config check": {"ssl"},  # it reads the files with authorities
    "config show": set(),
    "key new k": _KEYS,
    "systemd install --print": set(),
    "list --all": _STORE,
    "list --json": _STORE,
    "show a.example/m@v1.0.0": _STORE,
    "why a.example/m@v1.0.0": _STORE,
    "status": _STORE,
    "backup kept": _STORE,
    "catalog --help": _STORE,
    "licences": {*_ZIPS, "license_expression"},
    "prune": {*_ZIPS, "sqlite_utils"},  # it writes whole rows
    "withdraw --help": _ZIPS,
    "verify": {*_ZIPS, "ssl"},
    "closure --help": _ZIPS - {"anyio"},
    "import --help": _ZIPS,
    "explain network.dns": set(),
    "explain gosync.toml": set(),
    # It asks with these, and reads certificates.
    "doctor --help": {*_ZIPS, *_KEYS, "email", "http.client", "ssl"},
    "bundle list": _STORE,
    "bundle inspect nowhere": _BUNDLES,
    "audit --list": _STORE,
    "adopt --help": _ZIPS,
    "audit --help": _ZIPS,
    "access nowhere.log": _ZIPS,
    "plan --help": _ZIPS,
    "publish --help": _ZIPS,
    "run --help": {*_BUNDLES, "ssl"},
    "sync --help": _ZIPS,
}
_LOOK = """
import os, sys
from gosync.cli.main import run
dear = os.environ["DEAR"].split()
for line in sys.argv[1:]:
    if (child := os.fork()) == 0:
        told = os.dup(1)
        os.dup2(2, 1)
        code = run(line.split())
        loaded = [name for name in dear if name in sys.modules]
        os.write(told, " ".join([str(code), *loaded, "\\n"]).encode())
        os._exit(0)
    os.waitpid(child, 0)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    with make_small_site(folder, "a.example/m@v1.0.0") as catalog:
        catalog.versions.want([Want("a.example/m", "v1.0.0")])
    return folder


@pytest.fixture(scope="module")
def loaded(site: Path) -> dict[str, set[str]]:
    """What each verb has loaded, forked from a process that has only gosync's main."""
    measured = ("COVERAGE_", "COV_")  # who measures the tests loads more
    environment = {k: v for k, v in os.environ.items() if not k.startswith(measured)}
    done = subprocess.run(
        [sys.executable, "-c", _LOOK, *MAY_LOAD],
        cwd=site,
        env={**environment, "DEAR": " ".join(sorted(_DEAR))},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    told = [line.split() for line in done.stdout.splitlines()]
    assert "1" not in {code for code, *_ in told}, done.stderr
    return {
        arguments: set(names)
        for arguments, (_, *names) in zip(MAY_LOAD, told, strict=True)
    }


@pytest.mark.parametrize("arguments", list(MAY_LOAD))
def test_a_verb_loads_no_more_than_it_needs(arguments, loaded):
    assert loaded[arguments] - MAY_LOAD[arguments] == set()


@pytest.mark.parametrize("group", [main, bundle.bundle])
def test_the_help_of_a_group_is_that_of_its_verbs(group):
    context = click.Context(group)
    for name, verb in (VERBS if group is main else bundle.VERBS).items():
        command = group.get_command(context, name)
        assert command is not None
        assert command.get_short_help_str(200) == verb.help, name


@pytest.mark.parametrize("group", [main, bundle.bundle])
def test_help_is_laid_out_as_click_does(group):
    context = click.Context(group, info_name="gosync")
    ours, clicks = click.HelpFormatter(), click.HelpFormatter()

    group.format_commands(context, ours)
    click.Group.format_commands(group, context, clicks)

    assert ours.getvalue() == clicks.getvalue()


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (("--json", "config", "show"), ("config", "show", "--json")),
        (("config", "-q", "show"), ("config", "show", "-q")),
        (("-qv", "config", "--no-progress", "show"), ("config", "show", "--quiet")),
        (("--config", "x.toml", "list"), ("list", "--config", "x.toml")),
        (("--config=x.toml", "-v", "list"), ("list", "--config", "x.toml", "-v")),
        (("--log-json", "lsit"), ("lsit",)),
        (("--json", "--version"), ("--version",)),
        (("--config", "x.toml"), ()),
    ],
)
def test_common_options_may_stand_before_the_verb(
    given: tuple[str, ...], meant: tuple[str, ...], tmp_path: Path
):
    ran = [here.run(each, folder=tmp_path, environment={}) for each in (given, meant)]
    assert ran[0] == ran[1]


def test_these_are_the_options_that_each_verb_has():
    @common_options
    def nothing(options: CommonOptions) -> None:
        """Do nothing."""

    params: list[click.Option] = nothing.__click_params__  # type: ignore[attr-defined]
    names = {name for each in params for name in each.opts}
    assert names == WITH_VALUE | FLAGS
    plain = [each for each in params if each.is_flag or each.count]
    flags = {name for each in plain for name in each.opts}
    assert flags == FLAGS


def test_without_a_verb_help_is_shown_as_it_is(tmp_path: Path):
    code, _, stderr = here.run((), folder=tmp_path, environment={})
    assert code == 2
    assert "\nCommands:\n" in stderr


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("stauts", "no command 'stauts'; did you mean 'status'?"),
        ("bundle craete", "no command 'craete'; did you mean 'create'?"),
        ("policy lst", "no command 'lst'; did you mean 'list'?"),
        ("frobnicate", "no command 'frobnicate'"),
    ],
)
def test_an_unknown_verb_is_guessed(
    line: str, said: str, capsys: pytest.CaptureFixture[str]
):
    assert run(line.split()) == 2
    assert f"gosync: {said}\n" in capsys.readouterr().err
