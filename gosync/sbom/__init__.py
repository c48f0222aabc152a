"""SBOM: what a project, a module, the tree or a bundle is made of.

Written as CycloneDX 1.6 or SPDX 2.3, both JSON, from what the store knows: purl, h1 and
SHA-256 of each zip, licences, who vouches for it, and who requires whom.

    bundled     the SBOM that travels in bundles
    buildinfo   the modules that a Go binary says it was built of (pure)
    collecting  components of a project, a version, the tree or a bundle
    components  components and what they are of, as values (pure)
    cyclonedx   CycloneDX 1.6 JSON, by cyclonedx-python-lib
    exposure    known vulnerabilities, and whether a build has their code (pure)
    formats     the library of each format, imported when it is asked for
    linked      which modules a build links: followed by imports (pure)
    spdx        SPDX 2.3 JSON, by spdx-tools
"""
