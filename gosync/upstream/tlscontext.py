"""TLS context of upstreams: whom we believe, who we are, how old a TLS may be.

``Trust.OPENSSL`` believes the authorities that OpenSSL finds (httpx's if it finds
none), ``Trust.SYSTEM`` asks the operating system's own verifier (truststore), where
there is one. An operator's authorities are believed besides these.
"""

from __future__ import annotations

import ssl

import httpx
import truststore

from gosync.errors import ConfigError
from gosync.upstream.options import HttpOptions, TlsVersion, Trust

_VERSIONS = {
    TlsVersion.TLS_1_2: ssl.TLSVersion.TLSv1_2,
    TlsVersion.TLS_1_3: ssl.TLSVersion.TLSv1_3,
}


def tls_context(options: HttpOptions) -> ssl.SSLContext:
    """Return the context for https, to upstreams and to web proxies.

    Raises:
        ConfigError: A file of certificates or keys is none.
    """
    context = _believing(options.trust)
    context.minimum_version = _VERSIONS[options.tls_min]
    if options.ca_file is not None:
        try:
            context.load_verify_locations(cafile=options.ca_file)
        except (OSError, ssl.SSLError) as exc:
            raise ConfigError(
                f"ca_file {options.ca_file}: {exc}",
                hint="it must be a PEM file of certificates",
            ) from exc
    if options.client_cert is not None:
        try:
            context.load_cert_chain(options.client_cert, options.client_key)
        except (OSError, ssl.SSLError) as exc:
            raise ConfigError(
                f"client_cert {options.client_cert}: {exc}",
                hint="it and client_key must be PEM files that belong together, the key"
                " without a password",
            ) from exc
    return context


def _believing(trust: Trust) -> ssl.SSLContext:
    if trust is Trust.SYSTEM:
        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context = ssl.create_default_context()
    if not context.cert_store_stats()["x509_ca"]:
        return httpx.create_ssl_context()
    return context
