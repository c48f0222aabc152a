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
COMMANDS = {
    "--help": 0,
    "list --all": 0,
    f"show {MODULE}@{VERSION}": 0,
    f"why {MODULE}@{VERSION}": 0,
    "status": 3,
    "prune": 3,
    "withdraw --help": 0,
    "verify": 0,
    "closure --help": 0,
    "bundle list": 0,
    "config check": 0,
    "key show": 2,
    "systemd install --print": 0,
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
