"""gosync mirrors Go modules into places without a network.

It follows the module index and a proxy, keeps what its policy selects in a
content-addressed store, proves every zip and go.mod against the checksum
database, and publishes a static tree that any file server serves as a GOPROXY,
sumdb included.

Six words to read the code by: an *upstream* is where bytes come from; the
*gate* admits or rejects them; a *blob* is an admitted file under its digest;
the *catalog* says which blobs make which module version; *publish* lays them
out for ``go``; the *tree head* is the checksum database's signed state that
everything is proven against.

ARCHITECTURE.md, beside this file, shows the rooms and what may go where.
"""

from __future__ import annotations

__version__ = "0.1.0"
