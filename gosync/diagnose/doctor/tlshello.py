"""How a client begins TLS, and what the server takes of it: the two hellos. Pure.

Read are the first handshake messages of a connection, ClientHello and ServerHello (RFC
8446 section 4.1, RFC 5246 section 7.4.1), from the bytes that go over it. A ServerHello
of TLS 1.3 does not tell the protocol that was agreed on (ALPN); it is encrypted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

import msgspec

_HANDSHAKE: Final = 22
_CLIENT_HELLO: Final = 1
_SERVER_HELLO: Final = 2
_MOST_BYTES: Final = 1 << 16
_SERVER_NAME: Final = 0
_GROUPS: Final = 10
_POINT_FORMATS: Final = 11
_ALPN: Final = 16
_SUPPORTED_VERSIONS: Final = 43
_VERSIONS: Final = {
    0x301: "TLSv1",
    0x302: "TLSv1.1",
    0x303: "TLSv1.2",
    0x304: "TLSv1.3",
}


class ClientHello(msgspec.Struct, frozen=True, kw_only=True):
    """What a client offers.

    Attributes:
        server_name: Whom it asks for (SNI); "" for nobody.
        versions: The versions of TLS, as it orders them.
        protocols: What it would speak over it (ALPN), as it orders them.
        ciphers: The numbers of the cipher suites, as it orders them.
        ja3: The fingerprint by which filters know clients: the MD5 of version, cipher
            suites, extensions, groups and point formats (JA3), hex.
    """

    server_name: str
    versions: tuple[str, ...]
    protocols: tuple[str, ...]
    ciphers: tuple[int, ...]
    ja3: str


class ServerHello(msgspec.Struct, frozen=True):
    """What a server takes.

    Attributes:
        version: The version of TLS.
        cipher: The number of the cipher suite.
    """

    version: str
    cipher: int


def parse_client_hello(data: bytes) -> ClientHello | None:
    """Return the hello that a client's bytes begin with, None for none."""
    message = _message(data, _CLIENT_HELLO)
    if message is None:
        return None
    try:
        return _client_hello(_Reader(message))
    except (IndexError, ValueError):
        return None


def parse_server_hello(data: bytes) -> ServerHello | None:
    """Return the hello that a server's bytes begin with, None for none."""
    message = _message(data, _SERVER_HELLO)
    if message is None:
        return None
    try:
        return _server_hello(_Reader(message))
    except (IndexError, ValueError):
        return None


def is_begun(data: bytes) -> bool:
    """Whether more bytes may yet make a hello of these."""
    return len(data) < _MOST_BYTES and (not data or data[0] == _HANDSHAKE)


class _Reader:
    """Takes numbers and vectors from bytes, from their beginning on.

    Raises:
        IndexError: There are fewer bytes than are taken.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def take(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._data):
            raise IndexError(count)
        taken, self._at = self._data[self._at : end], end
        return taken

    def take_all(self) -> bytes:
        return self.take(len(self._data) - self._at)

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def vector(self, size: int) -> _Reader:
        return _Reader(self.take(self.number(size)))

    def numbers(self, size: int) -> Iterator[int]:
        while self:
            yield self.number(size)


def _message(data: bytes, kind: int) -> bytes | None:
    """Return the body of the first handshake message, None while it is not whole."""
    records, message = _Reader(data), b""
    try:
        while True:
            if records.number(1) != _HANDSHAKE:
                return None
            records.take(2)
            message += records.vector(2).take_all()
            if len(message) >= 4:
                end = 4 + int.from_bytes(message[1:4], "big")
                if message[0] != kind or end > _MOST_BYTES:
                    return None
                if len(message) >= end:
                    return message[4:end]
    except IndexError:
        return None


def _client_hello(reader: _Reader) -> ClientHello:
    legacy = reader.number(2)
    reader.take(32)
    reader.vector(1)
    ciphers = tuple(reader.vector(2).numbers(2))
    reader.vector(1)
    extensions = dict(_extensions(reader))
    given = extensions.get
    groups = tuple(_numbers(given(_GROUPS), 2, 2))
    formats = tuple(_numbers(given(_POINT_FORMATS), 1, 1))
    versions = tuple(_numbers(given(_SUPPORTED_VERSIONS), 1, 2)) or (legacy,)
    marks = (ciphers, tuple(extensions), groups, formats)
    text = ",".join([str(legacy), *("-".join(map(str, each)) for each in marks)])
    return ClientHello(
        server_name=_server_name(given(_SERVER_NAME)),
        versions=tuple(map(_version, versions)),
        protocols=tuple(_protocols(given(_ALPN))),
        ciphers=ciphers,
        ja3=hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(),
    )


def _server_hello(reader: _Reader) -> ServerHello:
    version = reader.number(2)
    reader.take(32)
    reader.vector(1)
    cipher = reader.number(2)
    reader.take(1)
    chosen = dict(_extensions(reader)).get(_SUPPORTED_VERSIONS)
    if chosen is not None:
        version = int.from_bytes(chosen, "big")
    return ServerHello(_version(version), cipher)


def _extensions(reader: _Reader) -> Iterator[tuple[int, bytes]]:
    listed = reader.vector(2) if reader else reader
    while listed:
        yield listed.number(2), listed.vector(2).take_all()


def _numbers(data: bytes | None, length_size: int, size: int) -> Iterator[int]:
    if data is not None:
        yield from _Reader(data).vector(length_size).numbers(size)


def _server_name(data: bytes | None) -> str:
    if data is None:
        return ""
    names = _Reader(data).vector(2)
    names.take(1)
    return names.vector(2).take_all().decode("ascii", "replace")


def _protocols(data: bytes | None) -> Iterator[str]:
    listed = _Reader(data).vector(2) if data is not None else _Reader(b"")
    while listed:
        yield listed.vector(1).take_all().decode("ascii", "replace")


def _version(number: int) -> str:
    return _VERSIONS.get(number, f"0x{number:04x}")
