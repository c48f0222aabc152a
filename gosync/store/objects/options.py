"""How a bucket is reached. Pure.

Nothing here is secret. Credentials are looked for where the service's own tools look
(see ``opening``).
"""

from __future__ import annotations

import msgspec


class BucketOptions(msgspec.Struct, frozen=True):
    """How the buckets of a configuration are reached.

    Attributes:
        endpoint: URL of the service, without a bucket; "" for the provider's own.
        region: The region that requests are signed for; "" for the environment's.
        path_style: Whether the bucket stands in the path (``https://host/bucket/key``),
            not in the host's name (``https://bucket.host/key``).
        ca_path: PEM file of further certificate authorities; "" for none.
        timeout_seconds: After which a single request is given up.
        retry_seconds: For how long a request is sent again, all tries together.
        most_retries: How often.
    """

    endpoint: str = ""
    region: str = ""
    path_style: bool = True
    ca_path: str = ""
    timeout_seconds: float = 60.0
    retry_seconds: float = 120.0
    most_retries: int = 10
