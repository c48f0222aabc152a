"""Servers, and fetchers that lose no time."""

from __future__ import annotations

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from msgspec.structs import replace

from gosync.upstream.http import Fetcher
from gosync.upstream.options import HttpOptions
from tests.unit.upstream.scriptserver import ScriptServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

QUICK = HttpOptions(
    timeout_seconds=60,
    total_seconds=120,
    zip_total_seconds=120,
    retries=2,
    retry_delay_seconds=0.01,
    max_retry_delay_seconds=0.2,
    user_agent="gosync/test",
)


@pytest.fixture
def server() -> Iterator[ScriptServer]:
    made = ScriptServer()
    yield made
    made.stop()


@pytest.fixture
def other_server() -> Iterator[ScriptServer]:
    made = ScriptServer()
    yield made
    made.stop()


@pytest.fixture
def tls_server(certificate: tuple[Path, Path]) -> Iterator[ScriptServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    made = ScriptServer(context)
    yield made
    made.stop()


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    async with Fetcher(QUICK, environment={}) as made:
        yield made


@pytest.fixture
async def hasty_fetcher() -> AsyncIterator[Fetcher]:
    """A fetcher that waits half a second for what never comes."""
    async with Fetcher(replace(QUICK, timeout_seconds=0.5), environment={}) as made:
        yield made


@pytest.fixture
async def tls_fetcher(certificate: tuple[Path, Path]) -> AsyncIterator[Fetcher]:
    """A fetcher that believes in the tests' own certificate."""
    async with Fetcher(trusting(certificate), environment={}) as made:
        yield made


def trusting(certificate: tuple[Path, Path]) -> HttpOptions:
    return HttpOptions(
        timeout_seconds=60,
        retries=0,
        ca_file=str(certificate[0]),
        user_agent="gosync/test",
    )


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for loopback, and its key: two PEM files."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gosync tests")])
    now = datetime(2026, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=3650))
        .not_valid_after(now + timedelta(days=3650))
        .add_extension(
            x509.SubjectAlternativeName(
                [
                    x509.DNSName("localhost"),
                    x509.IPAddress(ipaddress.IPv4Address("127.0.0.1")),
                ]
            ),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "cert.pem", folder / "key.pem"
    certificate_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate_file, key_file


class Sinks:
    """Counts the sinks it made, and keeps what the newest was given."""

    def __init__(self) -> None:
        self.made = 0
        self.got = b""

    def __call__(self) -> Callable[[bytes], None]:
        self.made += 1
        self.got = b""
        return self._write

    def _write(self, data: bytes) -> None:
        self.got += data
