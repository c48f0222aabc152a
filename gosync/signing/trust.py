"""The trust file: whose signatures count, from when to when, and how many. Pure.

    threshold = 1                     # so many different keys must have signed

    [[key]]
    name = "packer-2026"
    public = "ssh-ed25519 AAAA…"      # or ECDSA P-256 in PEM
    valid_from = 2026-01-01           # both optional; whole days in UTC,
    valid_until = 2026-12-31          # this one included
    targets = ["enclave-a"]           # optional: it signs for these sites alone
    revoked = false                   # true: it counts no more, whatever the day

A key is exchanged by adding the new one and giving the old one a last day. That
day is held against the time that the signed file names, not against a clock:
what was packed in time may arrive late, and clocks behind an air gap go wrong.
Who stole an old key could name an old time; a receiver refuses files that claim
to be older than the newest one that it took, so that an exchanged key is of no
use once the new one was. A key that was stolen before is ``revoked``.

A signature of an unknown key is left aside. One that says it is a trusted key's
and does not verify is refused.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Final

import msgspec

from gosync.errors import ConfigError, MalformedError, SignatureError
from gosync.hint import advise, command
from gosync.signing import sigstore, sshsig
from gosync.signing.keys import (
    MAX_SIGNATURE_BYTES,
    KeyKind,
    PublicKey,
    format_public_key,
    parse_public_key,
)

MAX_SIGNATURES: Final = 100

_UNKNOWN: Final = "of a key that is not trusted"
_ADD_KEY: Final = (
    "if you know the signer, add its public key to the trust file;"
    " else the bundle is not from whom you think"
)
_SIGN: Final = (
    "have it signed by the keys that the trust file asks for, each while it is valid;"
    " a signature may be put beside the others later"
)


class _KeySection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    public: str
    valid_from: date | None = None
    valid_until: date | None = None
    targets: list[str] | None = None
    revoked: bool = False


class _TrustFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    threshold: Annotated[int, msgspec.Meta(ge=1, le=MAX_SIGNATURES)] = 1
    key: list[_KeySection] = []


class TrustedKey(msgspec.Struct, frozen=True, kw_only=True):
    """One ``[[key]]``.

    Attributes:
        name: What people call it.
        public: The key.
        valid_from: The first day on which it counts, or None.
        valid_until: The last day on which it counts, or None.
        targets: The sites that it signs for, None for all.
        revoked: Whether it counts no more.
    """

    name: str
    public: PublicKey
    valid_from: date | None = None
    valid_until: date | None = None
    targets: frozenset[str] | None = None
    revoked: bool = False

    def objection(self, day: date, target: str) -> str | None:
        """Return why its signature of that day does not count, or None."""
        if self.revoked:
            return "the key is revoked"
        if self.valid_from is not None and day < self.valid_from:
            return f"the key is valid from {self.valid_from}, this is of {day}"
        if self.valid_until is not None and day > self.valid_until:
            return f"the key was valid until {self.valid_until}, this is of {day}"
        if self.targets is not None and target not in self.targets:
            return f"the key does not sign for {target}"
        return None


class TrustFile(msgspec.Struct, frozen=True):
    """A trust file.

    Attributes:
        threshold: How many different keys must have signed.
        keys: The keys.
    """

    threshold: int
    keys: tuple[TrustedKey, ...]


NO_TRUST: Final = TrustFile(1, ())


class SignedBy(msgspec.Struct, frozen=True):
    """A signature that counts.

    Attributes:
        name: The key's name in the trust file.
        fingerprint: The key's fingerprint.
        file: The signature's file.
        kind: The key's kind.
    """

    name: str
    fingerprint: str
    file: str
    kind: KeyKind


def parse_trust(text: str, *, subject: str) -> TrustFile:
    """Return what a trust file says.

    Args:
        text: The file.
        subject: What messages call it.

    Raises:
        ConfigError: It is not TOML, has an unknown key or a wrong value, or could
            never be satisfied.
    """
    found = parse_keys(text, subject=subject)
    check_trust(found, subject)
    return found


def parse_keys(text: str, *, subject: str) -> TrustFile:
    """Return what a trust file says by itself; other keys may come to its own.

    Raises:
        ConfigError: As ``parse_trust``, but for what could never be satisfied.
    """
    try:
        values = tomllib.loads(text)
        file = msgspec.convert(values, _TrustFile, builtin_types=(date,))
    except (ValueError, RecursionError) as exc:  # of tomllib, for long numbers too
        reason = str(exc).replace("`$.", "`")
        raise ConfigError(f"{subject}: {reason}") from exc
    try:
        keys = tuple(_trusted_key(section) for section in file.key)
    except MalformedError as exc:
        raise ConfigError(f"{subject}: {exc}") from exc
    return TrustFile(file.threshold, keys)


def format_trusted_key(name: str, key: PublicKey) -> str:
    """Return the section of a trust file that trusts a key at any time."""
    public = format_public_key(key, comment=name)
    one_line = public.count("\n") == 1
    quoted = f'"{public.strip()}"' if one_line else f'"""\n{public}"""'
    return f'[[key]]\nname = "{name}"\npublic = {quoted}\n'


def _trusted_key(section: _KeySection) -> TrustedKey:
    targets = section.targets
    return TrustedKey(
        name=section.name,
        public=parse_public_key(section.public),
        valid_from=section.valid_from,
        valid_until=section.valid_until,
        targets=None if targets is None else frozenset(targets),
        revoked=section.revoked,
    )


def check_trust(trust: TrustFile, subject: str) -> None:
    """Refuse a key that would count twice, and a threshold that none can reach.

    Raises:
        ConfigError: It is so.
    """
    keys, threshold = trust.keys, trust.threshold
    if len({key.public for key in keys}) != len(keys):
        raise ConfigError(f"{subject}: a key is there twice")
    if len({key.name for key in keys}) != len(keys):
        raise ConfigError(f"{subject}: two keys have one name")
    usable = sum(not key.revoked for key in keys)
    if usable < threshold:
        raise ConfigError(
            f"{subject}: {threshold} signatures are asked for, {usable} keys are there",
            hint=advise("add a [[key]]: {} prints one", command("key new", "NAME")),
        )


def check_signatures(
    message: bytes,
    signatures: Mapping[str, bytes],
    trust: TrustFile,
    *,
    at: datetime,
    target: str,
) -> tuple[SignedBy, ...]:
    """Check that enough trusted keys have signed.

    Args:
        message: What is signed.
        signatures: The signatures' files by their names.
        trust: Whose count.
        at: The time that the message names.
        target: The site that it is for.

    Raises:
        SignatureError: Too few count, or one of a trusted key is wrong.
        MalformedError: A file is no signature.
    """
    if len(signatures) > MAX_SIGNATURES:
        raise SignatureError(f"more than {MAX_SIGNATURES} signatures")
    counted: dict[PublicKey, SignedBy] = {}
    objections: list[str] = []
    for file, data in sorted(signatures.items()):
        key = _signer(message, file, data, trust)
        if key is None:
            objections.append(f"{file}: {_UNKNOWN}")
        elif (reason := key.objection(at.date(), target)) is not None:
            objections.append(f"{file}: {key.name}: {reason}")
        else:
            public = key.public
            signed = SignedBy(key.name, public.fingerprint, file, public.kind)
            counted.setdefault(key.public, signed)
    if len(counted) < trust.threshold:
        raise _too_few(len(counted), trust.threshold, objections)
    return tuple(counted.values())


def _too_few(count: int, threshold: int, objections: list[str]) -> SignatureError:
    none = "there is no other signature" if count else "there is no signature"
    reasons = "; ".join(objections) or none
    return SignatureError(
        f"{count} of {threshold} trusted signatures: {reasons}"[:1000],
        hint=_ADD_KEY if any(_UNKNOWN in each for each in objections) else _SIGN,
    )


def _signer(
    message: bytes, file: str, data: bytes, trust: TrustFile
) -> TrustedKey | None:
    """Return the trusted key that made a signature, None when it was none of them."""
    if len(data) > MAX_SIGNATURE_BYTES:
        raise MalformedError("signature", file, f"longer than {MAX_SIGNATURE_BYTES}")
    try:
        candidates = _candidates(data, trust)
        signer = next((k for k in candidates if k.public.verify(message, data)), None)
    except MalformedError as exc:
        raise MalformedError("signature", file, exc.reason) from exc
    if signer is None and _names_its_key(data) and candidates:
        raise SignatureError(
            f"{file}: not what {candidates[0].name} signed",
            hint="the file was changed after it was signed; ask for it anew",
        )
    return signer


def _names_its_key(data: bytes) -> bool:
    if sigstore.is_sigstore(data):
        return bool(sigstore.parse_sigstore(data).key_digest)
    return sshsig.is_signature(data)


def _candidates(data: bytes, trust: TrustFile) -> list[TrustedKey]:
    """Return the keys that may have made it; most forms name their own."""
    if sigstore.is_sigstore(data):
        named = sigstore.parse_sigstore(data).key_digest
        return [key for key in trust.keys if not named or key.public.digest == named]
    if not sshsig.is_signature(data):
        return [key for key in trust.keys if key.public.kind is KeyKind.ECDSA_P256]
    public = sshsig.parse_signature(data).public_key
    ssh = (key for key in trust.keys if key.public.kind is KeyKind.ED25519)
    return [key for key in ssh if key.public.data == public]
