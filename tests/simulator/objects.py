"""A real object store for tests: the demo's, SeaweedFS from its wheel, on loopback.

    with ObjectServer(folder).serving() as server:
        server.url, server.credentials
        client(server.url, prefix="mine")       # with all rights

To make a bucket takes a quarter of a second, so that tests have a prefix of their own
in one that is there. In front of it ``objectfaults`` delays, refuses, cuts and forgets.
"""

from __future__ import annotations

import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from gosync.demo.objectserver import BUCKET, REGION, SeaweedServer

if TYPE_CHECKING:
    from obstore.store import S3Store

__all__ = ["BUCKET", "REGION", "ObjectServer", "client"]


class ObjectServer(SeaweedServer):
    """One server with its data in a folder, which it makes and removes."""

    def __init__(self, folder: Path, *, roomy: bool = False) -> None:
        super().__init__(folder, _takes_objects, roomy=roomy)


def _takes_objects(url: str) -> bool:
    """Put an object, signed, with which its bucket is made; and get it as anybody."""
    import obstore  # noqa: PLC0415 - of the tests with objects alone

    try:
        obstore.put(client(url, retries=0), "ready", b"")
        with urllib.request.urlopen(f"{url}/{BUCKET}/ready"):
            return True
    except (obstore.exceptions.BaseError, OSError):
        return False


def client(
    url: str, *, bucket: str = BUCKET, prefix: str = "", retries: int = 2
) -> S3Store:
    """Return a client with all rights, at the server or at a line before it."""
    from obstore.store import S3Store  # noqa: PLC0415 - of the tests with objects alone

    credentials = ObjectServer.credentials
    return S3Store(
        bucket,
        prefix=prefix or None,
        endpoint=url,
        access_key_id=credentials["AWS_ACCESS_KEY_ID"],
        secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
        region=credentials["AWS_REGION"],
        virtual_hosted_style_request=False,
        client_options={"allow_http": True},
        retry_config={"max_retries": retries},
    )
