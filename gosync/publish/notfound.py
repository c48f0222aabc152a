"""``sumdb/NAME/404.txt``: what a web server tells ``go`` that asked for no file. Pure.

``go`` shows its user the body of an error answer that is text/plain, has at most eight
lines and 648 bytes. Beside a lookup that is not carried there is one request that fails
though all is well: that of a client whose remembered tree head the mirror cannot prove.
"""

from __future__ import annotations

from gosync.hint import command

MAX_LINES = 8
MAX_BYTES = 648
_SERVE_HEAD = command("publish", "--head", "FILE")


def not_found_text(name: str, records: int) -> bytes:
    """Return the text for a mirror whose tree head has so many records.

    Args:
        name: The checksum database.
        records: The size of the head that the mirror's lookups carry.
    """
    return f"""\
This mirror has no such file. Its tree head has {records} records.
Where go says "checking tree#N", it remembers a tree head from elsewhere.
N smaller: ask its operator for {_SERVE_HEAD} with the file below.
N larger: the mirror is behind. Wait, or let go forget that head:
    rm "$(go env GOPATH)/pkg/sumdb/{name}/latest"
It then trusts the next head it sees, and will not notice if that log is
another than the one it saw before.
For a lookup: the mirror does not carry this version.
""".encode()
