"""``gosync doctor`` without a route, and with name servers that fail, each in a
network and mount namespace of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

_UNSHARE = ("unshare", "--map-root-user", "--net", "--mount")
# A name server on loopback that answers every question with one code, or never.
_SERVER = """
import socket, sys
code = int(sys.argv[1])
asked = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asked.bind(("127.0.0.1", 53))
print("listens", flush=True)
while True:
    data, who = asked.recvfrom(4096)
    if code:
        asked.sendto(data[:2] + (0x8180 | code).to_bytes(2, "big") + data[4:], who)
"""
_SCRIPT = """
ip link set lo up || exit 77
echo nameserver 127.0.0.1 > "$1/resolv.conf"
mount --bind "$1/resolv.conf" /etc/resolv.conf || exit 77
"$2" -c "$3" "$4" > "$1/listens" & server=$!
until [ -s "$1/listens" ]; do sleep 0.05; done
"$2" -m gosync doctor a.example/m@v1.0.0 --json --timeout 2
code=$?
kill $server
exit $code
"""


def _doctor(words: list[str], goproxy: str, folder: Path) -> dict[str, str]:
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(folder)}
    done = subprocess.run(
        [*_UNSHARE, *words],
        env={**env, "GOENV": "off", "GOSUMDB": "off", "GOPROXY": goproxy},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if "unshare" in done.stderr or done.returncode == 77:
        pytest.skip("this user may not make a network namespace")
    assert done.returncode == 4, done.stderr
    conclusion: dict[str, str] = json.loads(done.stdout)["conclusion"]
    return conclusion


@pytest.mark.long
def test_no_route(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "gosync", "doctor", "a.example/m@v1.0.0", "--json"]
    found = _doctor(words, "https://192.0.2.10", tmp_path)
    assert found["class"] == "network.unreachable"


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (0, "network.dns_timeout"),
        (2, "network.dns_servfail"),
        (3, "network.dns"),
        (5, "network.dns_refused"),
    ],
)
def test_a_name_server_that_fails(code: int, cause: str, tmp_path: Path) -> None:
    given = [str(tmp_path), sys.executable, _SERVER, str(code)]
    found = _doctor(
        ["sh", "-c", _SCRIPT, "sh", *given], "https://goproxy.example.org", tmp_path
    )
    assert found["class"] == cause
