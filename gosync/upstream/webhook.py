"""Webhook: one POST of JSON, without redirects or retries.

Such a URL is often a secret as a whole: what is said of it is scheme and host.
"""

from __future__ import annotations

import os

import anyio
import httpx

from gosync.errors import UnavailableError, UpstreamTimeoutError
from gosync.upstream.address import shown_webhook
from gosync.upstream.connections import ConnectionPool
from gosync.upstream.credentials import credentials_of_user_info
from gosync.upstream.environment import ProxyEnvironment
from gosync.upstream.failures import request_failures
from gosync.upstream.options import HttpOptions, request_waits


async def post_json(
    url: str, body: bytes, *, options: HttpOptions, time_limit_seconds: float
) -> None:
    """Post a JSON document; the answer's body is not read.

    Args:
        url: http or https; user info becomes Basic authentication.
        body: The document.
        options: Time-outs, certificate authorities and the like.
        time_limit_seconds: For all of it.

    Raises:
        UnavailableError: no answer, or one that is no success.
    """
    shown = shown_webhook(url)
    try:
        with anyio.fail_after(time_limit_seconds):
            status = await _post(url, body, shown, options)
    except TimeoutError as exc:
        raise UpstreamTimeoutError(
            f"{shown}: no answer in {time_limit_seconds:g} s"
        ) from exc
    if not 200 <= status < 300:
        raise UnavailableError(f"{shown}: answered {status}")


async def _post(url: str, body: bytes, shown: str, options: HttpOptions) -> int:
    connections = ConnectionPool(options, ProxyEnvironment.parse(os.environ))
    connection = connections.take()
    headers = {"Content-Type": "application/json", "User-Agent": options.user_agent}
    with request_failures(shown):
        address = httpx.URL(url)
        if address.userinfo:
            login = credentials_of_user_info(address.userinfo)
            if login is not None:
                headers["Authorization"] = login.authorization()
            address = address.copy_with(username="", password="")
        request = httpx.Request(
            "POST",
            address,
            content=body,
            headers=headers,
            extensions={"timeout": request_waits(options)},
        )
        try:
            transport = connection.transport(request.url)
            response = await transport.handle_async_request(request)
            await response.aclose()
        finally:
            with anyio.CancelScope(shield=True), anyio.move_on_after(1):
                await connection.aclose()
    return response.status_code
