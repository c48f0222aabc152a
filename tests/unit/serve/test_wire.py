"""Messages between worker and owner: what is read back, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gosync.errors import MalformedError
from gosync.folder.requests import parse_request
from gosync.gomod.module import ModuleVersion
from gosync.serve.origin import Fate, OriginAnswer
from gosync.serve.wire import (
    MAX_BYTES,
    format_question,
    format_reply,
    format_used,
    parse_question,
    parse_reply,
    parse_used,
)

PATHS = [
    "rsc.io/!quote/@v/v1.5.2.mod",
    "rsc.io/quote/@v/v1.5.2.zip",
    "rsc.io/quote/@v/v1.5.2.info",
    "rsc.io/quote/@v/list",
    "rsc.io/quote/@latest",
    "rsc.io/quote/@v/feature-x.info",
    "sumdb/sum.golang.org/lookup/rsc.io/quote@v1.5.2",
    "sumdb/sum.golang.org/tile/8/0/x001/234.p/5",
    "sumdb/sum.golang.org/supported",
    "sumdb/sum.golang.org/latest",
]


@pytest.mark.parametrize("path", PATHS)
def test_a_question_is_read_back(path):
    request = parse_request(path)
    assert request is not None
    line = format_question(7, request)

    assert parse_question(line) == (7, request)
    assert len(line) < MAX_BYTES


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b'{"v":2,"id":1,"kind":"state"}',
        b'{"v":1,"id":1,"kind":"url"}',
        b'{"v":1,"id":1,"kind":"page"}',
        b'{"v":1,"id":1,"kind":"mod","module":"../x","version":"v1.0.0"}',
        b'{"v":1,"id":1,"kind":"mod","module":"a.b/c","version":"master"}',
        b'{"v":1,"id":1,"kind":"mod","module":"a.b/c"}',
        b'{"v":1,"id":1,"kind":"list","module":"a.b/c","version":"v1.0.0"}',
        b'{"v":1,"id":1,"kind":"tile","database":"x","tile":"../../etc"}',
        b'{"v":1,"id":1,"kind":"mod","module":"a.b/c","version":"v1.0.0","url":"x"}',
        b'{"v":1,"kind":"used","used":["a.b/c@../x"]}',
    ],
)
def test_what_no_path_asks_is_refused(line):
    parse = parse_used if b'"used"' in line else parse_question
    with pytest.raises(MalformedError):
        parse(line)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_malformed(line):
    for parse in (parse_used, parse_question, parse_reply):
        try:
            parse(line)
        except MalformedError:
            continue


def test_a_reply_fits_its_limit_however_long_the_text():
    answer = OriginAnswer(Fate.FAILED, "\0" * 100_000)
    line = format_reply(3, answer)

    assert len(line) <= MAX_BYTES
    assert len(format_reply(4, reasons=("\0" * 9_000,) * 9)) <= MAX_BYTES
    assert parse_reply(line).id == 3


def test_use_is_told_in_lines_that_fit():
    versions = [
        ModuleVersion(f"a.example/{'m' * 100}{n}", "v1.0.0") for n in range(500)
    ]
    lines = list(format_used(versions))

    assert all(len(line) <= MAX_BYTES for line in lines)
    assert [mv for line in lines for mv in parse_used(line) or ()] == versions
