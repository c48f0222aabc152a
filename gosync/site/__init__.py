"""The site: the place that a configuration describes, opened to work on.

policy, rules   what the site wants: selects and version rules (pure)
policyrules     rules of what may come in, exceptions to them (pure)
licencerules    those of licences (pure)
vulnrules       those of known vulnerabilities (pure)
signaturerules  those of signatures (pure)
ground          what speaks against a version, and what becomes of it (pure)
admitting       new versions shown to scanners, whose verdicts are documents
attestations    who signed what a version's files are: documents of the store
knownfacts      what is known of versions, for the rules
decisions       who allowed or denied what, why and until when: documents of the store
policyreport    what the catalog has of that, to be told
applying        these applied to what is selected and here: rulings for the catalog
options         where the site is and how it works, checked
standing        whether store, catalog, journal and tree belong together
refusals        what is said where they do not
places          where stores were seen, remembered beside them
opening         all of these looked at before anything is done
site            the store and its catalog, open
upstreams       whom the site asks, and the gate that admits the answers
volume          how much came from these in a month, and may come
volumemeter     counting it: what all fetchers of a configuration receive
configured      whom a failure was met at, and whether that is still asked
oldheads        clients that remember an older tree head
withdrawals     withdrawn versions, taken out of every known tree
storeparts      a store's parts: in its folder, or in a bucket
catalogcopies   copies of the catalog in the store's bucket
restoring       a store in a bucket, brought to a machine that has nothing of it
treefolder      a tree's folder, or a copy of what is in its bucket
treestorage     the published tree's storage: what is configured, opened
publisher       the publisher of this tree, as it is configured
tree            the newest head, and the tree published with it
givingway       a publish of all of it, which lets a module's go first
backup          a dated copy of what the store cannot fetch again
followed        the index of the gosync that is followed, kept and brought up
besides         what a tree has beside modules and pages, written with it
downloads       archives of Go in the tree: ``dl/``
goarchive       a toolchain's zip made into such an archive
setup           scripts that set go up, in the tree
documents       documents among these, written into the tree
artifacts       artifacts of a store: kept as blobs, told to the journal
houselog        the site's own checksum database: documents of the store
househeads      heads of it that somebody may know of; it extends every one
housetip        its end: read, extended and signed, at the price of what is new
logkeys         its signer key's file
housetree       this one brought up with what is carried, and its part of the tree
ruletext        the rules of a selection as text, for people who ask why it changed
"""
