"""A go.mod that was made to keep its reader busy is read, or refused, in a second."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from gosync.errors import MalformedError
from gosync.gomod.modfile import parse_lax
from gosync.gomod.modlex import MAX_COMMENT_CHARACTERS, MAX_LINES, MAX_TOKENS

HEAD = b"module example.com/m\n"
SIZE = 8 << 20
REFUSED = {
    "lines of a parenthesis": HEAD + b"(\n" * (SIZE // 2),
    "empty lines": HEAD + b"\n" * SIZE,
    "words": HEAD + b"x " + b"a " * (SIZE // 2) + b"\n",
    "parentheses in one line": HEAD + b"x " + b"(" * SIZE + b"\n",
    "open string": HEAD + b'x "' + b"a" * SIZE + b"\n",
    "string of escapes": HEAD + b'require "' + b"\\n" * (SIZE // 2) + b'" v1.0.0\n',
    "long path": HEAD + b"require " + b"a/" * (SIZE // 2) + b" v1.0.0\n",
    "long version": HEAD + b"require a.b/c v1.0.0-" + b"a" * SIZE + b"\n",
    "long module": b"module " + b"a" * SIZE + b"\n",
}
READ = {
    "as many lines as may be": HEAD + b"x (\n" + b"(\n" * (MAX_LINES - 4) + b")\n",
    "long comment": HEAD + b"// " + b"a" * SIZE + b"\n",
    "long string of an unknown directive": HEAD
    + b'x "'
    + b"\\n" * (SIZE // 2)
    + b'"\n',
    "as many words as may be": HEAD + b"x " + b"a " * (MAX_TOKENS - 1) + b"\n",
    "many requirements": HEAD
    + b"require (\n"
    + b"".join(b"a.b/c%d v1.0.0\n" % number for number in range(20_000))
    + b")\n",
}
LONG = {"as many lines as may be"}  # for what it costs to trace them


def in_little(data: bytes) -> None:
    started = time.process_time()
    tracemalloc.start(1)
    try:
        parse_lax(data)
    finally:
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert most < 120 << 20
    assert time.process_time() - started < 20, "tracing takes ten times as long"


@pytest.mark.parametrize("name", REFUSED)
def test_too_much_is_refused(name: str) -> None:
    with pytest.raises(MalformedError):
        in_little(REFUSED[name])


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.long] * (name in LONG)) for name in READ],
)
def test_much_is_read(name: str) -> None:
    in_little(READ[name])


@pytest.mark.long
def test_lines_of_a_block_share_what_is_said_above_it() -> None:
    said = b"// " + b"a" * SIZE + b"\n"
    data = HEAD + said + b"retract (\n" + b"v1.0.0\n" * 50_000 + b")\n"
    in_little(data)
    retracted = parse_lax(data).retract
    assert len(retracted) == 50_000
    assert len(retracted[0].rationale) == MAX_COMMENT_CHARACTERS
