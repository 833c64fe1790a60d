"""Which exceptions does TensorFlow raise? Ported code catches them, and `tf.debugging` raises one here."""

from __future__ import annotations


class OpError(Exception):
    """An error of an operation of TensorFlow."""


class InvalidArgumentError(OpError, ValueError):
    """A value does not fit."""


class OutOfRangeError(OpError):
    """There are no more values."""


class NotFoundError(OpError):
    """A file or name is not there."""


class ResourceExhaustedError(OpError):
    """There is not enough memory."""


class UnimplementedError(OpError):
    """An operation is not there."""


class FailedPreconditionError(OpError):
    """Something was not initialized."""


class InternalError(OpError):
    """An error that should not be."""


class UnavailableError(OpError):
    """A service is not there."""


class AlreadyExistsError(OpError):
    """Something is there already."""
