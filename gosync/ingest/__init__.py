"""The gate: the one way by which bytes become trusted.

stage > check > h1 > sumdb > store > catalog

``gate`` takes one version's staged files and admits or rejects them; ``batch``
makes admitted versions durable (journal, then catalog); ``sumops`` gives the
checksum database's client its network and its memory; ``rebuild`` makes a
catalog again from what the store holds.
"""
