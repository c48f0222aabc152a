from __future__ import annotations

import http.client
import json
import ssl
import threading
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from gosync.demo.exchange import HttpAnswer, HttpRequest, RequestKind
from gosync.gomod.module import ModuleVersion
from tests.simulator import Simulator
from tests.simulator.faults import HTML
from tests.simulator.standard import PRIVATE, UPPER, module, publish_standard

if TYPE_CHECKING:
    from collections.abc import Iterator

PATH = "a.example/m"
MV = ModuleVersion(PATH, "v1.0.0")
ZIP = f"/{PATH}/@v/v1.0.0.zip"
MOD = f"/{PATH}/@v/v1.0.0.mod"


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as simulator:
        simulator.publish(module(PATH, "v1.0.0"))
        yield simulator


class Client:
    """One keep-alive connection."""

    def __init__(self, url: str) -> None:
        self.connection = http.client.HTTPConnection(url.partition("//")[2], timeout=60)

    def get(self, path: str, method: str = "GET") -> http.client.HTTPResponse:
        self.connection.request(method, path)
        return self.connection.getresponse()


@pytest.fixture
def client(sim: Simulator) -> Iterator[Client]:
    client = Client(sim.url)
    yield client
    client.connection.close()


def true_zip(sim: Simulator) -> bytes:
    return sim.publication(MV).zip


def test_without_faults_everything_is_true(sim: Simulator, client: Client):
    response = client.get(ZIP)
    assert response.status == 200
    assert response.read() == true_zip(sim)
    assert client.get(MOD).read().startswith(b"module a.example/m\n")


def test_a_failure_happens_as_often_as_it_was_told_to(sim: Simulator, client: Client):
    fault = sim.fail("*.zip", status=504, times=2)
    statuses = []
    for _ in range(4):
        response = client.get(ZIP)
        response.read()
        statuses.append(response.status)
    assert statuses == [504, 504, 200, 200]
    assert fault.hits == 2
    assert [each.status for each in sim.requests] == statuses


def test_a_fault_meets_its_glob_only_and_ends_when_removed(
    sim: Simulator, client: Client
):
    with sim.fail(f"/{PATH}/@v/*.zip", status=410):
        assert client.get(MOD).read()
        response = client.get(ZIP)
        assert (response.status, response.read()[:3]) == (410, b"the")
    assert client.get(ZIP).read() == true_zip(sim)


def test_a_rate_limit_says_when_to_come_back(sim: Simulator, client: Client):
    sim.rate_limit("*", retry_after="7")
    response = client.get(ZIP)
    response.read()
    assert (response.status, response.headers["Retry-After"]) == (429, "7")
    assert client.get(ZIP).read() == true_zip(sim)


def test_other_bodies_come_with_status_200(sim: Simulator, client: Client):
    with sim.html("*.mod"):
        response = client.get(MOD)
        assert (response.read(), response.headers["Content-Type"]) == (
            HTML,
            "text/html",
        )
    with sim.replace_body("*.mod", b"other"):
        assert client.get(MOD).read() == b"other"
    with sim.fetch_timed_out("*.mod"):
        response = client.get(MOD)
        assert (response.status, response.read()) == (
            404,
            b"not found: fetch timed out\n",
        )


def test_swapped_bytes_keep_the_length(sim: Simulator, client: Client):
    sim.swap_bytes("*.zip")
    body = client.get(ZIP).read()
    assert body != true_zip(sim)
    assert sorted(body) == sorted(true_zip(sim))


def test_truncation_with_the_right_length_is_noticed(sim: Simulator, client: Client):
    sim.truncate("*.zip", content_length="right")
    with pytest.raises(http.client.IncompleteRead) as caught:
        client.get(ZIP).read()
    assert caught.value.partial == true_zip(sim)[: len(true_zip(sim)) // 2]


@pytest.mark.parametrize("content_length", ["wrong", "none"])
def test_truncation_with_another_length_is_not(
    sim: Simulator, client: Client, content_length: str
):
    sim.truncate("*.zip", content_length=content_length, at=100)
    assert client.get(ZIP).read() == true_zip(sim)[:100]


def test_truncation_of_chunks_lacks_the_last_one(sim: Simulator, client: Client):
    sim.truncate("*.zip", content_length="chunked")
    with pytest.raises(http.client.IncompleteRead):
        client.get(ZIP).read()


@pytest.mark.parametrize("chunked", [True, False])
def test_a_body_without_length_is_whole(sim: Simulator, client: Client, chunked: bool):
    sim.without_length("*.zip", chunked=chunked)
    response = client.get(ZIP)
    assert "Content-Length" not in response.headers
    assert response.read() == true_zip(sim)


def test_a_stall_ends_with_the_simulator():
    before = threading.active_count()
    simulator = Simulator().start()
    simulator.publish(module(PATH, "v1.0.0"))
    simulator.stall("*.zip", after_bytes=10)
    simulator.stall("*.mod", after_bytes=None)
    clients = [Client(simulator.url), Client(simulator.url)]
    assert clients[0].get(ZIP).read(10) == simulator.publication(MV).zip[:10]
    clients[1].connection.request("GET", MOD)
    started = time.monotonic()
    simulator.stop()
    assert time.monotonic() - started < 60
    assert threading.active_count() == before
    for each in clients:
        each.connection.close()


def test_a_stall_of_some_seconds_and_a_drip_end_well(sim: Simulator, client: Client):
    with sim.stall("*.zip", after_bytes=10, seconds=0.1):
        assert client.get(ZIP).read() == true_zip(sim)
    with sim.drip("*.zip", piece_bytes=200, pause_seconds=0.01):
        assert client.get(ZIP).read() == true_zip(sim)
    with sim.delay("*.zip", 0.1):
        assert client.get(ZIP).read() == true_zip(sim)


@pytest.mark.parametrize("after_bytes", [None, 0, 50])
def test_a_reset_breaks_the_connection(
    sim: Simulator, client: Client, after_bytes: int | None
):
    sim.reset("*.zip", after_bytes=after_bytes, times=1)
    with pytest.raises((ConnectionResetError, http.client.IncompleteRead)):
        client.get(ZIP).read()
    client.connection.close()
    assert client.get(ZIP).read() == true_zip(sim)


def test_redirects_go_where_they_say(sim: Simulator, client: Client):
    sim.redirect("*/old.mod", MOD)
    sim.redirect_loop("*/loop.mod")
    for asked, want in (("/old.mod", MOD), ("/x/loop.mod?a=b", "/x/loop.mod?a=b")):
        response = client.get(asked)
        assert (response.status, response.read()) == (302, b"")
        assert response.headers["Location"] == want


def test_tls_is_proven_by_the_authority_and_redirects_to_plain_http():
    with Simulator(tls=True) as sim:
        sim.publish(module(PATH, "v1.0.0"))
        assert sim.ca_file is not None
        context = ssl.create_default_context(cafile=str(sim.ca_file))
        with urllib.request.urlopen(sim.url + MOD, context=context) as response:
            assert response.read().startswith(b"module")
        sim.redirect_to_http("*.mod")
        host = sim.url.partition("//")[2]
        connection = http.client.HTTPSConnection(host, context=context, timeout=60)
        connection.request("GET", MOD)
        assert connection.getresponse().headers["Location"] == sim.plain_url + MOD
        connection.close()


def test_a_client_that_trusts_nobody_does_not_harm_the_front():
    with Simulator(tls=True) as sim:
        with pytest.raises(urllib.error.URLError):
            urllib.request.urlopen(sim.url + "/index")
        assert sim.ca_file is not None
        context = ssl.create_default_context(cafile=str(sim.ca_file))
        with urllib.request.urlopen(sim.index_url, context=context) as response:
            assert response.read() == b""


def test_the_log_counts_kinds_since_a_mark(sim: Simulator, client: Client):
    client.get(MOD).read()
    mark = sim.mark()
    client.get(ZIP, "HEAD").read()
    client.get(f"/sumdb/{sim.log.name}/lookup/{PATH}@v1.0.0").read()
    client.get("/index?since=2024-01-01T00:00:00Z").read()
    assert sim.counts(since=mark) == {
        RequestKind.ZIP: 1,
        RequestKind.LOOKUP: 1,
        RequestKind.INDEX: 1,
    }
    assert sim.paths(RequestKind.ZIP, since=mark) == [ZIP]
    head, _, index = sim.requests_since(mark)
    assert (head.method, head.body_bytes) == ("HEAD", len(true_zip(sim)))
    assert index.request.query == {"since": "2024-01-01T00:00:00Z"}


def test_a_database_of_its_own_has_its_own_port(sim: Simulator):
    client = Client(sim.start_database())
    assert client.get(f"/lookup/{PATH}@v1.0.0").read().startswith(b"0\n")
    response = client.get("/index")
    assert (response.status, bool(response.read())) == (404, True)
    assert [each.request.site for each in sim.requests] == ["sumdb", "sumdb"]
    client.connection.close()


def test_any_change_can_be_a_fault(sim: Simulator, client: Client):
    def change(request: HttpRequest, answer: HttpAnswer) -> HttpAnswer:
        return HttpAnswer(299, request.path.encode(), answer.content_type)

    sim.fault("*.mod", change)
    assert client.get(MOD).status == 299


def test_the_index_serves_raw_rows_where_they_were_filed(
    sim: Simulator, client: Client
):
    at = datetime(2030, 1, 1, tzinfo=UTC)
    sim.index_flood(2000, at)
    sim.index_raw(b"not json", at.replace(year=2031))
    sim.index_row(PATH, "v1.0.0", at.replace(year=2029))
    sim.index_row(PATH, "v1.0.0", at.replace(year=2029))
    rows = client.get("/index").read().splitlines()
    assert len(rows) == 2000
    assert [json.loads(row)["Version"] for row in rows[:3]] == ["v1.0.0"] * 3
    assert client.get("/index?since=2030-06-01T00:00:00Z").read() == b"not json\n"


def test_a_rewritten_module_version_differs_from_the_log(
    sim: Simulator, client: Client
):
    before = true_zip(sim)
    sim.rewrite(MV, {"m.go": b"package evil\n"})
    assert client.get(ZIP).read() != before


def test_private_modules_are_unknown_to_index_and_database():
    sim = Simulator()
    publish_standard(sim)
    index = sim.answer(HttpRequest("GET", "/index", "/index")).body
    assert isinstance(index, bytes)
    assert PRIVATE.encode() not in index
    assert UPPER.encode() in index
    lookup = f"/lookup/{PRIVATE}@v1.0.0"
    assert sim.answer(HttpRequest("GET", lookup, lookup)).status == 404


def test_the_front_answers_hundreds_of_requests_a_second(
    sim: Simulator, client: Client
):
    started = time.monotonic()
    for _ in range(500):
        client.get(MOD).read()
    assert time.monotonic() - started < 15  # at Nagle's 40 ms it would be 20
