"""The tests: they mirror the package, and `tests.oracle` asks Keras itself."""
