"""Caches taken in: every version of a folder of modules through the gate.

A GOMODCACHE, an Athens store, goproxy's folder, a static tree, a store of gosync, or a
zip of one: what its files have is proven as what an upstream serves is, and nothing of
it is changed. What nobody can prove now is kept aside until somebody can.

    source        what a source of an import answers
    cache         a folder of modules as such a source
    foreignstore  another store of gosync as one
    opening       sources opened, by what they are; a zip unpacked
    files         files of one version, made where they are missing
    sharing       zips scanned by the workers of a sweep before they are taken
    aside         versions kept until their proof comes
    importing     versions brought through the gate, and what became of each
"""
