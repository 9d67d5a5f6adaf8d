"""The one error of the local stack."""


class StackError(Exception):
    """A part of the local stack could not be started, reached or stopped; the message ends with the tail of its log."""
