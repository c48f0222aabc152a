"""The gate: the one way by which bytes become trusted.

stage > check > h1 > sumdb > store > catalog

``gate`` takes one version's staged files and admits or rejects them; ``batch``
makes admitted versions durable (journal, then catalog); ``sumops`` gives the
checksum database's client its network and its memory; ``rebuild`` makes a
catalog again from what the store holds.

    admission     one version's files are checked, proven and stored, or refused
    admitter      who is shown each version before it is committed
    announced     digests that one admission announced, taken back when it fails
    batch         admitted versions become durable together: folders, journal, catalog
    blobrows      which journaled versions have all of their blobs
    bundlememory  what the journal says of bundles
    derived       what admitted zips have, until their rows are committed
    entries       what the journal's lines say: versions that come and go, tree heads
    evidence      what is kept of a refusal: who said what, from where
    gate          opens admissions, and says in which order files are handed over
    generation    counting a store's generation up
    known         whether a catalog knows what its journal says
    licencereport  report of a version's licences, as JSON and tables show it
    newcatalog    a new catalog's file, put in place of the old one
    notices       notices document: every licence text and notice, each once
    portion       small versions brought through the gate together
    rebuild       a catalog made anew from the journal and the blobs
    scanner       who reads the zips that are staged: worker processes
    scansahead    scans made before zips are staged, by their bytes
    storedfacts    what zips in the store hold: from the catalog, else read from them
    storedlicences  the licences of versions in the store, and texts of licence files
    storedoutlines  what versions tell of themselves: packages, READMEs
    storednotices  what authors say of their versions: deprecated, retracted
    storedvulns    vulnerabilities by the database that the store has
    storesource   ``StoreSource``: the store as a source of what it has
    sumops        the checksum database client's operations
    vulnnews      which carried versions became known as affected, and by what
    taken         what an admission has been handed, and what that is held against
    unproven      versions that wait for their proof, kept as blobs and rows
    unexplained   blobs that the journal names and the catalog does not explain
"""
