"""Runs gosync in the test's own process: a tenth of the time of a fork.

    code, out, err = here.run(["status"], folder=..., environment=...)

For what does not end by a signal. The process has the command's folder and variables
meanwhile, so it is for the main thread, and for one command at a time.
"""

from __future__ import annotations

import io
import os
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import sniffio

from gosync.cli import main

_runs = threading.Lock()


def can_run() -> bool:
    """Whether a command can run here: not in a thread, loop, or another command."""
    if threading.current_thread() is not threading.main_thread() or _runs.locked():
        return False
    try:
        sniffio.current_async_library()
    except sniffio.AsyncLibraryNotFoundError:
        return True
    return False


def run(
    arguments: Sequence[str], *, folder: Path, environment: Mapping[str, str]
) -> tuple[int, str, str]:
    """Run ``gosync ARGUMENTS``; return its exit code and what it wrote.

    The test's variables are those of the command, too, but for what is given.
    """
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
    with (
        _runs,
        _become(folder, environment),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        code = main.run(list(arguments))
    return code, _text(out), _text(err)


@contextmanager
def _become(folder: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """Have the folder and the environment of a command."""
    before, there, temporary = dict(os.environ), Path.cwd(), tempfile.tempdir
    os.environ.update(environment)
    os.chdir(folder)
    tempfile.tempdir = None
    try:
        yield
    finally:
        tempfile.tempdir = temporary
        os.chdir(there)
        os.environ.clear()
        os.environ.update(before)


def _text(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()
