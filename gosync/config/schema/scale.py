"""Section of sweeps that are shared: ``[scale]``."""

from __future__ import annotations

from gosync.config.schema.section import Section


class ScaleSection(Section, frozen=True):
    """``[scale]``: how a scheduler at tls:// is met, see --scheduler.

    Attributes:
        ca_file: PEM file of who signs the certificates of scheduler, workers and
            clients; "" for what Dask's own configuration says.
        client_cert: PEM file of the certificate that says who we are.
        client_key: PEM file of its key, if it is not in the same file.
    """

    ca_file: str = ""
    client_cert: str = ""
    client_key: str = ""
