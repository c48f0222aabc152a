"""Threads share one arena of malloc, once they were told to."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

# Each thread takes 1 MB in pieces that malloc keeps in an arena, and gives it back.
_ARENAS = """
import ctypes, sys, threading
from gosync.work.memory import share_arenas
if sys.argv[1] == "shared":
    share_arenas()
together = threading.Barrier(4)
def work():
    together.wait()
    pieces = [bytes(2_000 + n) for n in range(500)]
    together.wait()
threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(libc.fopen(sys.argv[2].encode(), b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""


@pytest.mark.parametrize(("told", "one"), [("shared", True), ("apart", False)])
def test_threads_share_one_arena(tmp_path: Path, told: str, *, one: bool):
    info = tmp_path / "malloc"
    subprocess.run([sys.executable, "-c", _ARENAS, told, str(info)], check=True)
    arenas = len(re.findall("<heap nr=", info.read_text()))
    assert (arenas == 1) is one
