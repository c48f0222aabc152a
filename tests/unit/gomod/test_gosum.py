from __future__ import annotations

import pytest

from gosync.errors import MalformedError, TooLargeError
from gosync.gomod.gosum import (
    MAX_GO_SUM_BYTES,
    SumLine,
    parse_gosum,
)

H1 = "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
EMPTY_GO_MOD = "h1:G7mAYYxgmS0lVkHyy2hEOLQCFB0DlQFTMLWggykrydY="


def test_lines_are_read_and_the_trace_of_an_old_bug_is_dropped() -> None:
    data = (
        f"a.b/c v1.0.0 {H1}\r\n\na.b/c v1.0.0/go.mod  {H1}\n"
        f"a.b/d v1.0.0 h2:new\na.b/e v1.0.0/go.mod {EMPTY_GO_MOD}"
    )
    gosum = parse_gosum(data.encode())
    assert gosum.lines == (
        SumLine("a.b/c", "v1.0.0", is_mod=False, hash=H1),
        SumLine("a.b/c", "v1.0.0", is_mod=True, hash=H1),
        SumLine("a.b/d", "v1.0.0", is_mod=False, hash="h2:new"),
    )
    assert gosum.h1("a.b/c", "v1.0.0", is_mod=True) == H1
    assert gosum.h1("a.b/d", "v1.0.0", is_mod=False) is None


@pytest.mark.parametrize("row", ["a.b/c", "a.b/c v1.0.0", "a b c d"])
def test_a_line_has_three_words(row) -> None:
    with pytest.raises(MalformedError) as caught:
        parse_gosum(f"\n{row}\n".encode())
    assert "line 2" in str(caught.value)


def test_more_than_the_limit_is_not_parsed() -> None:
    with pytest.raises(TooLargeError):
        parse_gosum(b"\n" * (MAX_GO_SUM_BYTES + 1))
