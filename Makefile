# Every command works in .venv, which the first one makes; a change of the files that say what belongs
# into it makes the next command install again.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test lint tables benchmarks comparison wheel
.NOTPARALLEL:

demo: .venv/installed-examples
	$(BIN)/torchkeras-layer inspect examples/keras_files/digits.keras
	$(BIN)/torchkeras-layer verify examples/keras_files/digits.keras \
		--data examples/keras_files/held_out_images.npy --expect examples/keras_files/predictions_of_keras.npy
	$(BIN)/python examples/port_keras_model.py
	$(BIN)/python examples/digits.py
	$(BIN)/python examples/functional_digits.py
	$(BIN)/python examples/digit_images.py
	$(BIN)/python examples/text_classifier.py

# One process a core, each with one thread of torch's: more would wait for each other. Bytecode is kept whatever the
# environment says: without it, each process takes 6 s more to begin.
test: .venv/installed-test
	PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist worksteal

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python

# The tables in the documents and the list of names in the package, from the code; a test says when they are stale.
tables: .venv/installed-dev
	$(BIN)/python -m tests.tables

benchmarks: .venv/installed-benchmarks
	$(BIN)/python -m benchmarks

comparison: .venv/installed-benchmarks
	$(BIN)/python -m benchmarks.layer_comparison

wheel: .venv/installed-dev
	$(BIN)/python -m build --no-isolation

.venv/installed-%: setup.cfg setup.py pyproject.toml constraints.txt | $(BIN)/pip
	@echo "Installing torchkeras_layer[$*] into .venv; PyTorch is the large part."
	$(BIN)/pip install --quiet --constraint constraints.txt setuptools
	$(BIN)/pip install --quiet --constraint constraints.txt --no-build-isolation --editable '.[$*]'
	@touch $@

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and \
		"torchkeras_layer needs Python 3.10 or later. Received: %s. Say which: make PYTHON=python3.11" \
		% sys.version.split()[0])'
	$(PYTHON) -m venv .venv
