"""Runs gosync and tells of every file it touches outside one folder.

    python watch_writes.py FOLDER REPORT python -m gosync ARGUMENTS...

Python's own audit events (PEP 578) name each path before it is opened for writing,
made, renamed, linked or removed, whatever library does it. Lines go to REPORT.
"""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path
from typing import Any

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_ONE_PATH = {
    "os.mkdir",
    "os.remove",
    "os.rmdir",
    "os.chmod",
    "os.chown",
    "os.truncate",
    "os.utime",
    "shutil.rmtree",
    "sqlite3.connect",
}
_TWO_PATHS = {"os.rename", "os.link", "os.symlink"}


def main() -> None:
    folder, report, _python, _option, name, *arguments = sys.argv[1:]
    sys.dont_write_bytecode = True
    root = os.path.realpath(folder)
    log = os.open(report, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def watch(event: str, args: tuple[Any, ...]) -> None:
        for path in _touched(event, args):
            if not _inside(root, path):
                os.write(log, f"{event} {path!r}\n".encode())

    sys.addaudithook(watch)
    sys.argv = [name, *arguments]
    runpy.run_module(name, run_name="__main__", alter_sys=True)


def _touched(event: str, args: tuple[Any, ...]) -> list[Any]:
    if event == "open":
        path, _mode, flags = args
        writes = isinstance(flags, int) and flags & _WRITES
        return [path] if writes and not isinstance(path, int) else []
    if event in _ONE_PATH:
        return [args[0]]
    return list(args[:2]) if event in _TWO_PATHS else []


def _inside(root: str, path: Any) -> bool:
    if isinstance(path, int):
        return True  # opened before, and seen then
    text = os.fsdecode(path)
    text = text.removeprefix("file:").partition("?")[0]  # SQLite's read-only URI
    if text == os.devnull:
        return True
    # The folder is what counts: the last element may be a link that is replaced.
    parent = Path(text).absolute().parent.resolve()
    return parent.is_relative_to(root)


if __name__ == "__main__":
    main()
