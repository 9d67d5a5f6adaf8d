"""Brokers with logins for tests: one of a test's own, and that of a stack; the rights that the docs give."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.waiting import PATIENCE_S
from tideline.scripts.localstack import kafka, process, secure_kafka
from tideline.scripts.localstack.certificates import certificates
from tideline.udfs.io.kafka_rights import Right

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tideline.scripts.localstack import Stack

PASSWORD = "word-of-a-test"


def documented_rights(page: str, **put_in: str) -> dict[str, list[Right]]:
    """Return the rights by login of the table in docs/operate.md, with something in the place of NAME."""
    found: dict[str, list[Right]] = {}
    table = page.partition("### Rights in Kafka\n")[2].partition("\n## ")[0]
    for logins, operations, on in re.findall(r"^\| (.+) \| ([A-Z][\w, ]+) \| (.+) \|$", table, re.MULTILINE):
        names = [re.sub(r"NAME", lambda _: put_in["NAME"], name) for name in re.findall(r"`(.+?)`", on)]
        rights = [Right(each, on.split()[0].rstrip("s"), name) for each in operations.split(", ") for name in names]
        for login in logins.replace("`", "").split(", "):
            found.setdefault(login, []).extend(rights)
    return found


class Doors:
    """A broker's addresses, and logins that a test makes: `outside` takes SASL_SSL alone, `inside` anybody."""

    def __init__(self, inside: str, outside: str, folder: Path, ca: Path) -> None:
        self.inside, self.outside = inside, outside
        self._logins, self._made = secure_kafka.Logins(inside, folder, ca), 0

    @classmethod
    def of(cls, stack: Stack, folder: Path) -> Doors:
        """Return those of a stack with logins."""
        assert stack.secured is not None
        return cls(stack.kafka_bootstrap, stack.secured.kafka, folder, Path(stack.secured.folder) / "kafka-ca.pem")

    def login(self, rights: Iterable[Right]) -> Path:
        """Make a login that may do this and nothing else; return the file that logs in."""
        self._made += 1
        name = f"login-{self._made}"
        self._logins.make(name, PASSWORD, rights)
        return self.file(f"{name}.properties", name)

    def file(self, file_name: str, user: str = "login-1", password: str = PASSWORD, ca: Path | None = None) -> Path:
        """Write a file as a client has it."""
        return self._logins.file(file_name, user, password, ca)


class SecureBroker(Doors):
    """A broker of a test's own."""

    def __init__(self, root: Path) -> None:
        self.ca, server = certificates(root, "tideline")
        inside, outside, controller = process.free_ports(3)
        self._managed = secure_kafka.start(root, inside, outside, controller, server)
        deadline, address = time.monotonic() + PATIENCE_S, f"127.0.0.1:{inside}"
        process.wait_ready("kafka", lambda: kafka.answers(address), [self._managed], deadline)
        super().__init__(address, f"127.0.0.1:{outside}", root, self.ca)

    def stop(self) -> None:
        """End the broker."""
        process.stop([self._managed])
