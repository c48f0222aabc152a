"""What commands cost that ask no network, on a store with next to nothing in it.

That is the interpreter, what the verb imports, and opening the catalog.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gosync.catalog.db import Catalog
from gosync.catalog.versions import Want
from gosync.store.root import open_store
from tests.bench.measure import GOSYNC, run
from tests.bench.setting import Setting
from tests.bench.table import Row, within

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
    _write_site(folder)
    for arguments, code in COMMANDS.items():
        command = (*GOSYNC, *arguments.split())
        seconds = [
            run(command, cwd=folder, exit_code=code).cpu_seconds
            for _ in range(setting.runs)
        ]
        figure = f"start of gosync {arguments.split(' ', maxsplit=1)[0]}"
        yield within(figure, seconds, limit=0.15, unit="s CPU")


def _write_site(folder: Path) -> None:
    (folder / "gosync.toml").write_text(
        f"""\
[store]
path = "store"
min_free = "1MiB"

[publish]
tree = "tree"

[upstream]
proxies = ["http://127.0.0.1:9"]
sumdb = "off"

[[select]]
modules = ["{MODULE}@{VERSION}"]
"""
    )
    open_store(folder / "store")
    with Catalog.open(folder / "store/catalog.sqlite", create=True) as catalog:
        catalog.versions.want([Want(MODULE, VERSION)])
