"""A certificate authority of one's own, and what it gives to a server of this machine."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from tideline.scripts.localstack.errors import StackError

if TYPE_CHECKING:
    from pathlib import Path

_WITHIN_S = 120.0


def certificates(folder: Path, name: str, days: int = 30) -> tuple[Path, Path]:
    """Return a new CA's certificate and a file with the key and the certificate that it gave to 127.0.0.1.

    Raises:
        StackError: openssl is missing, or fails.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ca, ca_key, key, made, both = (folder / f"{name}-{each}.pem" for each in ("ca", "ca-key", "key", "made", "server"))
    new: list[str | Path] = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", str(days)]
    _run([*new, "-subj", f"/CN={name} local CA", "-keyout", ca_key, "-out", ca])
    signed: list[str | Path] = [
        "-CA",
        ca,
        "-CAkey",
        ca_key,
        "-subj",
        "/CN=localhost",
        "-addext",
        "basicConstraints=critical,CA:FALSE",
    ]
    names = ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    _run([*new, *signed, *names, "-keyout", key, "-out", made])
    both.touch(mode=0o600)
    both.write_text(key.read_text() + made.read_text())
    return ca, both


def _run(argv: list[str | Path]) -> None:
    try:
        subprocess.run(argv, check=True, capture_output=True, text=True, timeout=_WITHIN_S)
    except FileNotFoundError as error:
        raise StackError("openssl is missing: certificates are made with it") from error
    except subprocess.CalledProcessError as error:
        raise StackError(f"openssl failed ({error.returncode}): {error.stderr.strip().splitlines()[-1:]}") from error
