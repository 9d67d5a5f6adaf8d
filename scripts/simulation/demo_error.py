"""The one error of the demo."""


class DemoError(Exception):
    """The demo cannot go on; the message says what was expected and what was found."""
