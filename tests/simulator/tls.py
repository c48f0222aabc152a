"""A certificate authority for one test: HTTPS on loopback, proven to who knows it."""

from __future__ import annotations

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path


def make_server_context(
    folder: Path,
    *,
    days: tuple[int, int] = (-1, 30),
    addresses: tuple[str, ...] = ("127.0.0.1",),
    names: tuple[str, ...] = (),
    issuer: str = "gosync simulator",
) -> tuple[ssl.SSLContext, Path]:
    """Make a key and a self-signed certificate, by default for loopback.

    Args:
        folder: Where the files go.
        days: From and until when it is valid, from now on.
        addresses: The IP addresses that it is for, beside localhost.
        names: Further names that it is for.
        issuer: Who signs it: itself, by this name.

    Returns the server's context and the file that a client must trust.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    certificate, secret = folder / "ca.pem", folder / "key.pem"
    made = _certificate(key, days, addresses, names, issuer)
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, secret)
    return context, certificate


def _certificate(
    key: ec.EllipticCurvePrivateKey,
    days: tuple[int, int],
    addresses: tuple[str, ...],
    hosts: tuple[str, ...],
    issuer: str,
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)])
    names = x509.SubjectAlternativeName(
        [
            x509.DNSName("localhost"),
            *map(x509.DNSName, hosts),
            *(x509.IPAddress(ipaddress.IPv4Address(each)) for each in addresses),
        ]
    )
    now = datetime.now(UTC)
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    key_id = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=-days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(names, critical=False)
        .add_extension(usage, critical=True)
        .add_extension(key_id, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
