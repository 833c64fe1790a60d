"""Which texts are made from the code, and where do they stand? `make tables` writes them."""

from __future__ import annotations

from functools import partial

from tests.tables.backend import table_of_backend
from tests.tables.block import Block
from tests.tables.families import names_by_family, table_of_families
from tests.tables.hooks import table_of_hooks
from tests.tables.names import table_of, table_of_missing
from tests.tables.operations import operations_by_file, table_of_operations
from tests.tables.porting import (
    examples_of_callbacks,
    table_of_arguments,
    table_of_calls,
    table_of_function_rules,
    table_of_loss_names,
    table_of_optimizers,
)
from tests.tables.tensorflow import table_of_missing_in_tensorflow, table_of_tensorflow

BLOCKS = [
    Block("torchkeras_layer/layers/_families.py", "names by family", names_by_family),
    Block("torchkeras_layer/ops/table.py", "names by file", operations_by_file),
    Block("docs/operations.md", "functions of ops", table_of_operations),
    Block("docs/layers_by_example.md", "families", table_of_families),
    *(
        Block("docs/differences.md", name, partial(table_of_missing, name.replace(" ", "-")))
        for name in ("modules that are not here", "layers that are not here", "members that are not here")
    ),
    Block("docs/reference_tables.md", "initializers", partial(table_of, "initializer")),
    Block("docs/reference_tables.md", "activation functions", partial(table_of, "activation function")),
    Block("docs/reference_tables.md", "constraints", partial(table_of, "constraint")),
    Block("docs/reference_tables.md", "regularizers", partial(table_of, "regularizer")),
    Block("docs/reference_tables.md", "losses", partial(table_of, "loss")),
    Block("docs/reference_tables.md", "metrics", partial(table_of, "metric")),
    Block("docs/backend.md", "functions of backend", table_of_backend),
    Block("docs/porting_rules.md", "function rules", table_of_function_rules),
    Block("docs/porting_rules.md", "optimizer rules", table_of_optimizers),
    Block("docs/porting_rules.md", "argument rules", table_of_arguments),
    Block("docs/porting_rules.md", "loss rules", table_of_loss_names),
    Block("docs/porting_rules.md", "callback rules", examples_of_callbacks),
    Block("docs/porting_rules.md", "call rules", table_of_calls),
    Block("docs/tensorflow.md", "names of tf", table_of_tensorflow),
    Block("docs/tensorflow.md", "names of tf that are not here", table_of_missing_in_tensorflow),
    Block("CONTRIBUTING.md", "hooks", table_of_hooks),
]


def main() -> None:
    """Write every block that is not as it should be, and print which those were."""
    for block in BLOCKS:
        before = block.path.read_text(encoding="utf-8")
        after = block.written_anew(before)
        if after != before:
            block.path.write_text(after, encoding="utf-8")
            print(f"written: {block}")


if __name__ == "__main__":
    main()
