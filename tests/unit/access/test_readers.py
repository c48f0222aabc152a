"""Readers of access logs: each form by a line of it, and what is hostile."""

from __future__ import annotations

import pytest

from gosync.access.jsonforms import JsonForm
from gosync.access.lineforms import LineForm, LineReader
from gosync.access.lines import MAX_LINE_BYTES, LogReader, WholeLines
from gosync.access.times import parse_log_time
from gosync.errors import MalformedTimeError

MOMENT = 1_795_767_601  # 2026-11-27T08:20:01Z
COMBINED = (
    b'10.0.0.7 - ada [27/Nov/2026:08:20:01 +0000] "GET /rsc.io/quote/@v/v1.5.2.mod'
    b' HTTP/1.1" 200 55 "-" "Go-http-client/1.1"\n'
)
LINES = {
    LineForm.COMBINED: COMBINED,
    LineForm.VHOST: b"go.example:443 " + COMBINED,
    LineForm.HAPROXY: (
        b"Nov 27 08:20:01 host haproxy[7]: 10.0.0.7:3731 [27/Nov/2026:08:20:01.123]"
        b" in tree/a 0/0/1/2/3 200 55 - - ---- 1/1/0/0/0 0/0 {Go-http-client/1.1}"
        b' "GET /rsc.io/quote/@v/v1.5.2.mod HTTP/1.1"\n'
    ),
    LineForm.HAPROXY_CLF: (
        b"Nov 27 08:20:01 host haproxy[7]: 10.0.0.7 - - [27/Nov/2026:08:20:01 +0000]"
        b' "GET /rsc.io/quote/@v/v1.5.2.mod HTTP/1.1" 200 55 "" "" 3731 123 "in" "tree"'
        b' "a" 0 0 0 1 1 ---- 1 1 0 0 0 0 0 "" "" \n'
    ),
    JsonForm.GOSYNC: (
        b'{"time":"2026-11-27T08:20:01.123Z","client":"10.0.0.7","user":"ada",'
        b'"method":"GET","path":"/rsc.io/quote/@v/v1.5.2.mod","status":200,"bytes":55,'
        b'"seconds":0.0004,"outcome":"hit","kind":"mod","agent":"Go-http-client/1.1",'
        b'"id":"5f3a9c0d7e21-2a"}\n'
    ),
    JsonForm.NGINX: (
        b'{"time_iso8601":"2026-11-27T09:20:01+01:00","remote_addr":"10.0.0.7",'
        b'"remote_user":"ada","request":"GET /rsc.io/quote/@v/v1.5.2.mod HTTP/1.1",'
        b'"status":"200","body_bytes_sent":"55",'
        b'"http_user_agent":"Go-http-client/1.1"}\n'
    ),
    JsonForm.CADDY: (
        b'{"level":"info","ts":1795767601.5,"logger":"http.log.access","msg":"handled'
        b' request","request":{"remote_ip":"10.0.0.7","remote_port":"4711",'
        b'"client_ip":"10.0.0.7","proto":"HTTP/1.1","method":"GET","host":"go.example",'
        b'"uri":"/rsc.io/quote/@v/v1.5.2.mod","headers":{"User-Agent":'
        b'["Go-http-client/1.1"]}},"bytes_read":0,"user_id":"ada","duration":0.0002,'
        b'"size":55,"status":200}\n'
    ),
}


@pytest.mark.parametrize(
    "named",
    [
        *(b'"time":"2026-11-27T08:20:01Z"', b'"@timestamp":"2026-11-27T08:20:01Z"'),
        *(b'"timestamp":1795767601.5', b'"msec":"1795767601.5"'),
    ],
)
def test_a_time_of_nginx_goes_by_many_names(named: bytes) -> None:
    usual = b'"time_iso8601":"2026-11-27T09:20:01+01:00"'
    line = LINES[JsonForm.NGINX].replace(usual, named)
    (found,) = LogReader().lines(line)
    assert parse_log_time(found[2]) == 1_795_767_601


def test_a_line_of_nginx_without_a_time_is_no_request() -> None:
    reader = LogReader()
    usual = b'"time_iso8601":"2026-11-27T09:20:01+01:00"'
    assert reader.lines(LINES[JsonForm.NGINX].replace(usual, b'"when":1')) == []
    assert (reader.read, reader.unread) == (0, 1)


@pytest.mark.parametrize("form", list(LINES))
def test_a_line_of_each_form_is_the_same_request(form):
    reader = LogReader()
    (line,) = reader.lines(LINES[form])
    assert reader.forms == [form]
    client, user, time, method, head, tail, status, size, agent, _ = line
    assert (client, method) == (b"10.0.0.7", b"GET")
    known = {LineForm.HAPROXY: b"", LineForm.HAPROXY_CLF: b"-"}
    assert user == known.get(form, b"ada")
    assert parse_log_time(time) == MOMENT
    assert (head, tail) == (b"/rsc.io/quote/", b"@v/v1.5.2.mod")
    assert (status, size) == (b"200", b"55")
    assert agent == (b"" if form is LineForm.HAPROXY_CLF else b"Go-http-client/1.1")


def test_apache_s_common_form_and_a_cache_s_word_are_read():
    common = COMBINED[: COMBINED.index(b' "-"')] + b"\n"
    cached = COMBINED.rstrip() + b' HIT "0.001"\n'
    lines = LogReader().lines(common + cached)
    assert [line[8:] for line in lines] == [
        (b"", b""),
        (b"Go-http-client/1.1", b"HIT"),
    ]


def test_what_a_client_sends_moves_no_border_of_a_line():
    odd = [
        b'x [01/Jan/2020:00:00:00 +0000] y [27/Nov/2026:08:20:01 +0000] "GET /a" 404 1',
        b'- [27/Nov/2026:08:20:01 +0000] "GET /a\\"b HTTP/1.1" 404 1 "-" "x\\" 200 9"',
        b'- [27/Nov/2026:08:20:01 +0000] "\\x16\\x03\\x01" 400 1 "-" "-"',
        b'- [27/Nov/2026:08:20:01 +0000] "GET /\x1b[31m\xff HTTP/1.1" 404 1 "-" "-"',
    ]
    reader = LogReader()
    lines = reader.lines(COMBINED + b"".join(b"10.0.0.8 - " + o + b"\n" for o in odd))
    assert reader.unread == 0
    assert {line[2] for line in lines} == {b"27/Nov/2026:08:20:01 +0000"}
    assert [line[6] for line in lines] == [b"200", b"404", b"404", b"400", b"404"]


def test_lines_that_are_none_are_counted_and_harm_no_other():
    reader = LogReader()
    lines = reader.lines(b"\x00\xff\n" + COMBINED + b"nothing\n\n" + COMBINED)
    assert (len(lines), reader.unread) == (2, 3)


def test_a_log_may_change_its_form():
    reader = LogReader()
    for form, line in LINES.items():
        assert len(reader.lines(line)) == 1, form


def test_whole_lines_come_whatever_the_blocks():
    text = COMBINED * 7 + b"x" * 10 + b"\n" + COMBINED
    for size in (1, 7, 100, 10_000):
        cut = WholeLines()
        blocks = [cut.add(text[at : at + size]) for at in range(0, len(text), size)]
        assert b"".join([*blocks, cut.end()]) == text


@pytest.mark.parametrize("size", [1000, MAX_LINE_BYTES, 10_000_000])
def test_a_megabyte_s_line_is_left_out_and_never_held(size):
    long = b"10.0.0.1 - - [" + b"x" * 2_000_000 + b"\n"
    text = COMBINED + long + COMBINED
    cut, found, held = WholeLines(), b"", 0
    for at in range(0, len(text), size):
        found += cut.add(text[at : at + size])
        held = max(held, len(cut._rest))
    assert found == COMBINED * 2
    assert cut.too_long == 1
    assert held <= MAX_LINE_BYTES


@pytest.mark.parametrize(
    "text", [b"", b"-", b"99/Nov/2026:08:20:01 +0000", b"1e300", b"nan", b"\xff"]
)
def test_what_is_no_time_is_refused(text):
    with pytest.raises(MalformedTimeError):
        parse_log_time(text)


def test_times_have_their_offset():
    assert parse_log_time(b"27/Nov/2026:09:50:01 +0130") == MOMENT
    assert parse_log_time(b"1795767601.999") == MOMENT


@pytest.mark.parametrize(
    ("first", "taken"),
    [(b"10.0.0.7", True), (b"host\xff\x00\x1f!", True), (b'a"b', False), (b"", False)],
)
def test_a_client_s_name_is_any_bytes_but_spaces_quotes_and_ends(first, taken):
    line = b'%b - - [27/Nov/2026:08:20:01 +0000] "GET /m HTTP/1.1" 200 5\n' % first
    assert [row[0] for row in LineReader(LineForm.COMBINED).read(line)] == (
        [first] if taken else []
    )


def test_a_path_is_cut_at_a_space_or_an_at_and_at_no_other_byte():
    reader = LineReader(LineForm.COMBINED)
    for byte in range(256):
        path = b"/a%cb" % byte
        line = b'a - - [27/Nov/2026:08:20:01 +0000] "GET %b HTTP/1.1" 200 5\n' % path
        head = path.partition(b" ")[0]
        head, at, tail = head.partition(b"@")
        expected = [] if byte in b'"\n' else [(head, at + tail)]
        assert [row[4:6] for row in reader.read(line)] == expected, byte
