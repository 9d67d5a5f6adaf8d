"""Text from topics and lists on a terminal."""


def printable(text: str) -> str:
    r"""Return a line that no id or title can use to move the cursor or to colour what follows.

    >>> printable("A \x1b[31mtenth")
    'A \\x1b[31mtenth'
    """
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
