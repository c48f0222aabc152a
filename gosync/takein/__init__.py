"""Caches taken in: every version of a folder of modules through the gate.

A GOMODCACHE, an Athens store, goproxy's folder, a static tree, or a zip of one: what
its files have is proven as what an upstream serves is, and nothing of it is changed.

    cache      the versions of a folder or a zip, and their files
    importing  versions brought through the gate, and what became of each
"""
