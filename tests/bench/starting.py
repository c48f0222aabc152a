"""What commands cost that ask no network, on a store with next to nothing in it.

That is the interpreter, what the verb imports, and opening the catalog.
"""

from __future__ import annotations

from collections.abc import Iterator

from gosync.catalog.versions import Want
from tests.bench.measure import GOSYNC, run
from tests.bench.setting import Setting
from tests.bench.table import Row, within
from tests.smallsite import make_small_site

MODULE = "started.example/m"
VERSION = "v1.0.0"
# Every verb that needs no extra and asks no network: the whole of it where it can be
# run again and again on this store, else its help, for which all of it is loaded.
COMMANDS = {
    "--help": 0,
    "init --help": 0,
    "list --all": 0,
    f"show {MODULE}@{VERSION}": 0,
    f"why {MODULE}@{VERSION}": 0,
    "status": 3,
    "licences": 0,
    "policy list": 0,
    "attest check --help": 0,
    "vulns --help": 0,
    "prune": 3,
    "release --help": 0,
    "withdraw --help": 0,
    "publish --help": 0,
    "adopt --help": 0,
    "import --help": 0,
    "bundle list": 0,
    "closure --help": 0,
    "verify": 0,
    "audit --list": 0,
    "explain network.dns": 0,
    "access --help": 0,
    "requests list": 0,
    "systemd install --print": 0,
    "config check": 0,
    "key show": 2,
    "catalog rebuild": 0,
    "self bundle --help": 0,
    "completion bash": 0,
    "backup kept": 0,
}


def start_verbs(setting: Setting) -> Iterator[Row]:
    """Measure it."""
    folder = setting.room("start")
    with make_small_site(folder, f"{MODULE}@{VERSION}") as catalog:
        catalog.versions.want([Want(MODULE, VERSION)])
    for arguments, code in COMMANDS.items():
        command = (*GOSYNC, *arguments.split())
        seconds = [
            run(command, cwd=folder, exit_code=code).cpu_seconds
            for _ in range(setting.runs)
        ]
        figure = f"start of gosync {arguments.split(' ', maxsplit=1)[0]}"
        yield within(figure, seconds, limit=0.15, unit="s CPU")
