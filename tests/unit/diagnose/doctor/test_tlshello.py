"""ClientHello and ServerHello, as a real TLS library sends them, and any bytes."""

from __future__ import annotations

import ssl
from contextlib import suppress
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from gosync.diagnose.doctor.tlshello import (
    is_begun,
    parse_client_hello,
    parse_server_hello,
)
from tests.simulator.tls import make_server_context


def _hellos(folder: Path, most: ssl.TLSVersion) -> tuple[bytes, bytes]:
    """Return what both sides say first, in memory."""
    there, _ = make_server_context(folder)
    here = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    here.check_hostname, here.verify_mode = False, ssl.CERT_NONE
    here.maximum_version = most
    here.set_alpn_protocols(["h2", "http/1.1"])
    sent, came = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = here.wrap_bio(came, sent, server_hostname="mirror.corp.example")
    with suppress(ssl.SSLWantReadError):
        client.do_handshake()
    said = sent.read()
    asked, answered = ssl.MemoryBIO(), ssl.MemoryBIO()
    asked.write(said)
    server = there.wrap_bio(asked, answered, server_side=True)
    with suppress(ssl.SSLWantReadError):
        server.do_handshake()
    return said, answered.read()


def test_what_a_client_offers_and_a_server_takes(tmp_path):
    sent, came = _hellos(tmp_path, ssl.TLSVersion.TLSv1_3)

    client, server = parse_client_hello(sent), parse_server_hello(came)

    assert client is not None
    assert server is not None
    assert client.server_name == "mirror.corp.example"
    assert client.versions == ("TLSv1.3", "TLSv1.2")
    assert client.protocols == ("h2", "http/1.1")
    assert server.version == "TLSv1.3"
    assert server.cipher in client.ciphers
    assert len(client.ja3) == 32


def test_an_older_version_is_told(tmp_path):
    sent, came = _hellos(tmp_path, ssl.TLSVersion.TLSv1_2)

    client, server = parse_client_hello(sent), parse_server_hello(came)

    assert client is not None
    assert server is not None
    assert client.versions == ("TLSv1.2",)
    assert server.version == "TLSv1.2"


def test_a_hello_in_pieces_is_none_until_it_is_whole(tmp_path):
    sent, _ = _hellos(tmp_path, ssl.TLSVersion.TLSv1_3)

    for size in range(len(sent)):
        assert parse_client_hello(sent[:size]) is None
        assert is_begun(sent[:size])
    halves = sent[5:100], sent[100:]
    records = b"".join(
        b"\x16\x03\x01" + len(each).to_bytes(2, "big") + each for each in halves
    )
    assert parse_client_hello(records) == parse_client_hello(sent)


def test_what_is_no_tls_is_no_hello():
    assert parse_client_hello(b"GET / HTTP/1.1\r\n") is None
    assert not is_begun(b"GET / HTTP/1.1\r\n")
    assert parse_server_hello(b"\x15\x03\x03\x00\x02\x02\x28") is None  # an alert


@given(st.binary(max_size=400), st.sampled_from([1, 2]))
def test_any_bytes_are_read(data, kind):
    body = bytes([kind]) + len(data).to_bytes(3, "big") + data
    record = b"\x16\x03\x01" + len(body).to_bytes(2, "big") + body
    for each in (data, record):
        parse_client_hello(each)
        parse_server_hello(each)
