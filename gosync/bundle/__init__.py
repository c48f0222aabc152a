"""Bundles: what crosses an air gap, small and provable by the receiver alone.

The format is specified in ``format``; ``header`` and ``manifest`` say what a bundle
holds, ``recipe`` and ``blocks`` how a version travels. ``create`` makes a bundle,
``reader`` reads one, ``proving`` proves one without a store.

On the other side ``importing`` takes one in: ``arrival`` asks whether it may come,
``pool`` what it makes together with others and the store, ``intake`` brings its
versions through the gate, ``applying`` makes its selection the site's. ``findings``
takes along what an audit outside found.
"""
