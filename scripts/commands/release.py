"""Which release this is."""

from __future__ import annotations

from configparser import ConfigParser
from importlib import metadata
from pathlib import Path


def release() -> str:
    """Return the version that setup.cfg states: in a checkout as it stands there, else that of the installed wheel."""
    found = ConfigParser()
    in_checkout = found.read(Path(__file__).resolve().parents[2] / "setup.cfg")
    return found["metadata"]["version"] if in_checkout else metadata.version("tideline")
