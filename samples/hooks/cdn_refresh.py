#!/usr/bin/env python3
"""Hook for hooks.on_publish: lets a CDN drop what changed, URL by URL.

    [publish]
    url = "https://goproxy.example.com"
    [hooks]
    on_publish = ["/etc/gosync/cdn_refresh.py"]
    time_limit_seconds = 300

How the CDN is told is said by the environment, one of three:

    CDN_PURGE_API     POST {"files": [...]} there, as Cloudflare's purge_cache takes it
                      (https://api.cloudflare.com/client/v4/zones/ZONE/purge_cache),
                      with CDN_TOKEN as a bearer token; CDN_BATCH URLs at once, 30 by
                      default
    CDN_COMMAND       run this with the URLs, one a line, as its last argument, like
                      "aliyun cdn RefreshObjectCaches --ObjectType File --ObjectPath"
    neither           send PURGE to each URL: Fastly, Varnish, a purging nginx

Negative answers are cached too, so what was added is dropped as well. An exit code
other than 0 lets gosync tell it again.
"""

import json
import os
import shlex
import subprocess
import sys
import urllib.request
from collections.abc import Iterator

_TIMEOUT_SECONDS = 30


def main() -> None:
    """Read the event, and drop its URLs."""
    published = json.load(sys.stdin)["published"]
    if published["everything"]:
        sys.exit("too much changed to be named: purge all by hand, once")
    urls = [*published["changed"], *published["removed"], *published["added"]]
    api, command = os.environ.get("CDN_PURGE_API"), os.environ.get("CDN_COMMAND")
    for batch in batches(urls, int(os.environ.get("CDN_BATCH", "30"))):
        if api:
            send(api, "POST", json.dumps({"files": batch}).encode())
        elif command:
            line = [*shlex.split(command), "\n".join(batch)]
            subprocess.run(line, check=True)  # noqa: S603 - the operator's own command
        else:
            for url in batch:
                send(url, "PURGE")


def batches(urls: list[str], size: int) -> Iterator[list[str]]:
    """Yield the URLs, so many at once."""
    for at in range(0, len(urls), size):
        yield urls[at : at + size]


def send(url: str, method: str, body: bytes | None = None) -> None:
    """Send a request, and read its answer."""
    headers = {"Content-Type": "application/json"} if body else {}
    if token := os.environ.get("CDN_TOKEN"):
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url, body, headers, method=method)  # noqa: S310 - of the configuration
    with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 - as above
        answer.read()


if __name__ == "__main__":
    main()
