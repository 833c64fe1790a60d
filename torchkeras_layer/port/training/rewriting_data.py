"""How are tf.data chains rewritten into DataLoaders, and Sequences into Datasets?"""

from __future__ import annotations

import libcst as cst

from torchkeras_layer.port.training.data import tensor
from torchkeras_layer.port.training.datasets import SEQUENCES, chain_of, is_sequence
from torchkeras_layer.port.training.edits import Done, Edits
from torchkeras_layer.port.training.reading import Source


def rewrite_data_sets(source: Source, edits: Edits) -> list[Done]:
    """Collect the edits of all data sets of a file."""
    return [*_chains(source, edits), *_sequences(source, edits)]


def _chains(source: Source, edits: Edits) -> list[Done]:
    found = []
    for scope in source.scopes.values():
        for name in scope.assignments:
            chain = chain_of(name, scope, source)
            if chain is None:
                continue
            loader = chain.loader(source, [tensor(array, source) for array in chain.arrays])
            *earlier, last = chain.assignments
            for item in earlier:
                edits.replaced[source.statement_of(item.statement)] = []
            edits.expressions[last.value] = loader
            found.append(Done(last.value, "tf.data", [loader]))
    return found


def _sequences(source: Source, edits: Edits) -> list[Done]:
    found = []
    for node in source.scopes:
        if isinstance(node, cst.ClassDef) and is_sequence(node, source):
            for base in node.bases:
                if source.name_of(base.value) in SEQUENCES:
                    edits.expressions[base.value] = "torch.utils.data.Dataset"
            found.append(Done(node, "Sequence", ["torch.utils.data.Dataset"]))
    return found
