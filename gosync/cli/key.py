"""``gosync key``: keys that sign bundles."""

from __future__ import annotations

import re
from pathlib import Path

import click

from gosync.cli.options import CommonOptions, common_options
from gosync.cli.verbs import VerbGroup
from gosync.clock import SystemClock
from gosync.errors import UsageError
from gosync.signing.files import read_any_public_key, read_public_keys, write_key
from gosync.signing.keys import (
    MAX_SIGNATURE_BYTES,
    KeyKind,
    format_public_pem,
    generate_key,
)
from gosync.signing.report import KeyReport, NewKeyReport, SignedFileReport
from gosync.signing.trust import (
    MAX_SIGNATURES,
    TrustedKey,
    TrustFile,
    check_signatures,
    check_trust,
    format_trusted_key,
)

_MAX_SIGNED_BYTES = 64 << 20
SUMDB = "sumdb"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@click.group(cls=VerbGroup)
def key() -> None:
    """Make keys that sign, show them, and verify what they signed."""


@key.command()
@click.argument("name")
@click.option(
    "--kind",
    type=click.Choice([*(each.value for each in KeyKind), SUMDB]),
    default=KeyKind.ED25519.value,
    show_default=True,
    help="Ed25519 for ssh-keygen, ECDSA P-256 for cosign, sumdb for [house_log].",
)
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=".",
    metavar="DIR",
    help="Where the files go; default the current folder.",
)
@common_options
def new(options: CommonOptions, name: str, kind: str, folder: Path) -> None:
    """Make a key; show what the trust file of the site inside needs.

    NAME.key is the secret one: it stays outside, and a target's `keys` name it.
    NAME.key.pub is the public one.
    """
    if _NAME.fullmatch(name) is None:
        raise UsageError(f"{name!r}: want letters, digits, dots, dashes, underscores")
    if kind == SUMDB:
        _new_sumdb(options, name, folder)
        return
    made = generate_key(KeyKind(kind))
    secret = folder / f"{name}.key"
    public_file = write_key(made, secret, comment=name)
    public = made.public()
    report = NewKeyReport(
        name=name,
        kind=public.kind,
        fingerprint=public.fingerprint,
        secret_file=str(secret),
        public_file=str(public_file),
        trust=format_trusted_key(name, public),
    )
    lines = [
        f"{secret}: the secret key, {public.fingerprint}; keep it outside, alone",
        f"{public_file}: the public key",
        "",
        "For the trust file inside:",
        "",
        report.trust.rstrip(),
    ]
    options.output.result("key new", report, lines)


@key.command()
@click.argument(
    "file", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE"
)
@click.option("--name", help="What the trust file calls it; default: the file's name.")
@common_options
def show(options: CommonOptions, file: Path, name: str | None) -> None:
    """Show a public key, or the public part of a secret one: gosync's, cosign's.

    In PEM, which cosign and openssl read, and as the trust file's section.
    """
    public = read_any_public_key(file)
    called = name or file.name.removesuffix(".pub").removesuffix(".key")
    if _NAME.fullmatch(called) is None:
        raise UsageError(f"{called!r}: want letters, digits, dots, dashes, underscores")
    pem, trust = format_public_pem(public), format_trusted_key(called, public)
    report = KeyReport(
        name=called,
        kind=public.kind,
        fingerprint=public.fingerprint,
        pem=pem,
        trust=trust,
    )
    said = [f"{file}: {public.kind.value}, {public.fingerprint}", pem, trust]
    lines = "\n\n".join(each.rstrip() for each in said)
    options.output.result("key show", report, lines.split("\n"))


@key.command()
@click.argument(
    "file", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE"
)
@click.option(
    "--key",
    "keys",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path, exists=True),
    metavar="FILE",
    help="A public key, or a folder of *.pub.",
)
@click.option(
    "--signature",
    "signatures",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="A signature: of cosign, gosync, ssh-keygen, or base64 of openssl's.",
)
@click.option(
    "--threshold",
    type=click.IntRange(1, MAX_SIGNATURES),
    default=1,
    show_default=True,
    help="How many different keys must have signed.",
)
@common_options
def verify(
    options: CommonOptions,
    file: Path,
    keys: tuple[Path, ...],
    signatures: tuple[Path, ...],
    threshold: int,
) -> None:
    """Verify that keys have signed FILE, offline: checksums of a release, say.

    Exits 6 where too few have, or a signature is wrong.
    """
    public = read_public_keys(keys)
    named = (TrustedKey(name=each.fingerprint, public=each) for each in public)
    trust = TrustFile(threshold, tuple(named))
    check_trust(trust, "--threshold")
    data = {str(each): _read(each, MAX_SIGNATURE_BYTES) for each in signatures}
    now = SystemClock().now()
    message = _read(file, _MAX_SIGNED_BYTES)
    found = check_signatures(message, data, trust, at=now, target="")
    signed_by = tuple(each.fingerprint for each in found)
    report = SignedFileReport(file=str(file), signed_by=signed_by)
    lines = [f"{file}: signed by {each.fingerprint}, {each.file}" for each in found]
    options.output.result("key verify", report, lines)


def _read(file: Path, limit_bytes: int) -> bytes:
    try:
        with file.open("rb") as opened:
            data = opened.read(limit_bytes + 1)
    except OSError as exc:
        raise UsageError(f"{file}: {exc.strerror}") from exc
    if len(data) > limit_bytes:
        raise UsageError(f"{file}: larger than {limit_bytes} bytes")
    return data


def _new_sumdb(options: CommonOptions, name: str, folder: Path) -> None:
    """Make the key of a checksum database of the site's own."""
    from gosync.site.logkeys import (  # noqa: PLC0415 - of this kind alone
        NewLogKeyReport,
        write_log_key,
    )

    secret = folder / f"{name}.key"
    verifier = write_log_key(name, secret)
    report = NewLogKeyReport(
        name=name, kind=SUMDB, secret_file=str(secret), verifier=verifier
    )
    lines = [
        f"{secret}: the secret key; who has it can sign another log",
        "",
        "[house_log]",
        f'verifier = "{verifier}"',
        f'key = "{secret}"',
        "",
        f"For go: GOSUMDB={verifier}",
    ]
    options.output.result("key new", report, lines)
