"""Taking bundles in, inside: from a medium to the published tree.

importing    one import, step by step
acceptance   may the bundle come in at all: its header against those before
waiting      the bundles that wait in the store for what they build on
vulnerable   what became known as vulnerable while a bundle was taken in
copies       their copies, the contract
localcopies  their copies, as folders of the store
holdings     what the store has already
plan         how a selection comes together out of bundles and store
space        whether the disks have room for it
sumdb        the bundles as the checksum database that the gate asks
intake       versions out of bundles, through the gate
unpacking    versions out of volumes into staged files, in a process of its own
withdrawals  what a bundle withdraws, taken out at once
applying     a bundle's selection becomes the site's
outcome      how an import ended; the receipt and need.json that it leaves
houselog     a bundle's house log, held against the one that is here
artifacts    artifacts out of bundles: their bytes into the store
checks       may a bundle's selection become the site's: who vouches for it
"""
