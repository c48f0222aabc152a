"""Detached signatures of one small file, and who may make them.

``keys`` sign and verify, in two forms that tools everybody has verify too (``sshsig``
is one); ``trust`` says whose signatures count, from when to when, and how many it
takes. All this is pure; ``files`` reads and writes secret keys.

    asymmetric  Ed25519 and ECDSA P-256 by ``cryptography`` (pure)
    attestation  statements of what a version's files are, signed (pure)
    cosignkey  secret keys that cosign encrypted (pure)
    dsse    envelopes of signed statements (pure)
    files   key files on disk: the secret one is its owner's alone
    keys    Ed25519 as OpenSSH keeps them, and ECDSA P-256 in PEM (pure)
    report  reports of keys and signatures (pure)
    sigstore  sigstore bundles: signatures in JSON, as cosign 3 has them (pure)
    sshsig  SSHSIG: signatures of ``ssh-keygen -Y sign``, made and verified (pure)
    trust   the trust file: whose signatures count, from when to when (pure)
    wire    how signatures are written: strings of the SSH protocol, and base64
"""
