"""Java's .properties files, read as java.util.Properties reads them (in UTF-8; a byte order mark is passed over)."""

from __future__ import annotations

import re

_CONTROL = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_BLANK = " \t\f"


def parse_properties(text: str) -> dict[str, str]:
    r"""Return the entries: `key=value`, `key: value` or `key value`, `\` escapes and joins lines, the last one wins.

    Raises:
        ValueError: A \u is not followed by four hexadecimal digits.
    """
    entries: dict[str, str] = {}
    for line in _logical_lines(text.removeprefix("\ufeff")):
        end = _end_of_key(line)
        value = re.sub(rf"\A[{_BLANK}]*[=:]?[{_BLANK}]*", "", line[end:])
        entries[_unescaped(line[:end])] = _unescaped(value)
    return entries


def _logical_lines(text: str) -> list[str]:
    lines: list[str] = []
    continued = False
    for raw in re.split("\r\n|\n|\r", text):
        natural = raw.lstrip(_BLANK)
        if not continued and (not natural or natural[0] in "#!"):
            continue
        slashes = len(natural) - len(natural.rstrip("\\"))
        part = natural[:-1] if slashes % 2 else natural
        if continued:
            lines[-1] += part
        else:
            lines.append(part)
        continued = bool(slashes % 2)
    return [line for line in lines if line]


def _end_of_key(line: str) -> int:
    found = re.match(rf"(?:\\.|[^\\=:{_BLANK}])*", line, re.DOTALL)
    return found.end() if found else 0


def _unescaped(text: str) -> str:
    def one(found: re.Match[str]) -> str:
        name = found.group(1)
        return chr(int(name[1:], 16)) if len(name) > 1 else _CONTROL.get(name, name)

    if re.search(r"(?<!\\)(?:\\\\)*\\u(?![0-9A-Fa-f]{4})", text):
        raise ValueError
    read = re.sub(r"\\(u[0-9A-Fa-f]{4}|.)", one, text, flags=re.DOTALL)
    # Java's text is UTF-16: an escaped pair of surrogates is one character
    return read.encode("utf-16", "surrogatepass").decode("utf-16")
