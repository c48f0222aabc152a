"""``gosync bundle sign``: one more signature beside a bundle's header."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from gosync.bundle.format.names import HEADER_NAME, is_signature_name
from gosync.bundle.read.folder import BundleFolder, blaming
from gosync.cli.options import CommonOptions, common_options
from gosync.errors import UsageError
from gosync.signing.files import read_key, write_signature
from gosync.signing.sigstore import SUFFIX


class SignedBundle(msgspec.Struct, frozen=True):
    """What was signed.

    Attributes:
        bundle: The bundle's id.
        file: The signature's file.
        fingerprint: The key's.
    """

    bundle: str
    file: str
    fingerprint: str


@click.command()
@click.argument(
    "folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False)
)
@click.option(
    "--key",
    "key_file",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The secret key, as `gosync key new` makes it.",
)
@click.option(
    "--label",
    default="",
    metavar="NAME",
    help="Part of the signature's name: bundle.json.NAME.sig.",
)
@click.option(
    "--sigstore",
    is_flag=True,
    help="Write a sigstore bundle, which cosign 3 verifies.",
)
@common_options
def sign(
    options: CommonOptions, folder: Path, key_file: Path, label: str, sigstore: bool
) -> None:
    """Sign the bundle in DIR, as a second person does where two must have.

    Only the header is signed, which binds all the rest: look at it before, with
    `gosync bundle verify`.
    """
    suffix = SUFFIX if sigstore else ".sig"
    name = f"{HEADER_NAME}{f'.{label}' if label else ''}{suffix}"
    if not is_signature_name(name):
        raise UsageError(
            f"--label {label}: cannot be part of a name",
            hint="small letters, digits, dashes and underscores",
        )
    with blaming(folder):
        opened = BundleFolder.open(folder)
    key = read_key(key_file)
    message = opened.header_bytes
    data = key.sign_sigstore(message) if sigstore else key.sign(message)
    file = folder / name
    write_signature(file, data)
    report = SignedBundle(opened.id, str(file), key.public().fingerprint)
    options.output.result("bundle sign", report, [f"signed: {file}"])
