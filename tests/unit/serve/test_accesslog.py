"""The access log: what a line says, and that none is lost or mixed."""

import json
from datetime import UTC, datetime

from gosync.serve.accesslog import (
    AccessEntry,
    AccessLog,
    Outcome,
    access_time,
    format_combined,
    format_json,
    logged_agent,
    logged_text,
)

ENTRY = AccessEntry(
    time=access_time(datetime(2026, 11, 27, 8, 20, 1, 123_400, UTC)),
    client="10.0.0.7",
    user="ada",
    method="GET",
    path="/rsc.io/quote/@v/v1.5.2.mod",
    status=200,
    bytes=55,
    seconds=0.0004,
    outcome=Outcome.HIT,
    kind="mod",
    agent="Go-http-client/1.1",
    id="5f3a9c0d7e21-2a",
)


def test_a_json_line_has_the_documented_keys_in_their_order():
    line = format_json(ENTRY)

    assert line.endswith(b"}\n")
    assert line.count(b"\n") == 1
    assert list(json.loads(line)) == [
        *("time", "client", "user", "method", "path", "status", "bytes", "seconds"),
        *("outcome", "kind", "agent", "id"),
    ]
    assert json.loads(line)["time"] == "2026-11-27T08:20:01.123Z"


def test_a_combined_line_is_what_nginx_writes():
    assert format_combined(ENTRY) == (
        b"10.0.0.7 - ada [27/Nov/2026:08:20:01 +0000]"
        b' "GET /rsc.io/quote/@v/v1.5.2.mod HTTP/1.1" 200 55'
        b' "-" "Go-http-client/1.1"\n'
    )


def test_what_a_client_sends_forges_no_line():
    assert "\n" not in logged_text('/a\n10.0.0.8 - - "GET /')
    assert logged_text("/caf\udcc3") == "/caf\\xc3"
    assert len(logged_agent("x" * 5_000)) == 200
    forged = AccessEntry(**{**_fields(), "path": '/" 200 1 "', "agent": '"\\'})
    assert format_combined(forged).count(b'"') == 6


def test_a_file_that_was_renamed_is_begun_anew(tmp_path):
    path = tmp_path / "access.log"
    log = AccessLog(str(path), "json")
    log.add(ENTRY)
    log.flush()
    path.rename(tmp_path / "access.log.1")
    log.add(ENTRY)
    log.close()

    assert path.read_bytes() == format_json(ENTRY)
    assert (tmp_path / "access.log.1").read_bytes() == format_json(ENTRY)


def test_two_workers_append_whole_lines(tmp_path):
    path = tmp_path / "access.log"
    first, second = (AccessLog(str(path), "json") for _ in range(2))
    for _ in range(50):
        first.add(ENTRY)
        second.add(ENTRY)
    second.close()
    first.close()

    assert path.read_bytes() == format_json(ENTRY) * 100


def _fields():
    return {name: getattr(ENTRY, name) for name in ENTRY.__struct_fields__}
