"""A Kafka broker as companies run it: TLS with a CA of its own, SCRAM logins, nothing allowed that no ACL allows."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    KafkaAdminClient,
    ResourcePattern,
    ResourceType,
    UserScramCredentialUpsertion,
)

from tests.support.waiting import PATIENCE_S
from tideline.scripts.localstack import kafka, process

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_SETTINGS = """\
listeners=INSIDE://127.0.0.1:{inside},OUTSIDE://127.0.0.1:{outside},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=INSIDE://127.0.0.1:{inside},OUTSIDE://127.0.0.1:{outside}
listener.security.protocol.map=INSIDE:PLAINTEXT,OUTSIDE:SASL_SSL,CONTROLLER:PLAINTEXT
inter.broker.listener.name=INSIDE
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.outside.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.outside.ssl.keystore.type=PEM
listener.name.outside.ssl.keystore.location={server}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
"""


@dataclass(frozen=True)
class Right:
    """One thing that a user may do: the columns of the table in docs/operate.md."""

    resource: str
    name: str
    operation: str


class SecureBroker:
    """One broker; `outside` takes SASL_SSL alone, `inside` is for the test itself, which may do anything."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.ca, server = certificates(root, "tideline")
        inside, outside, controller = process.free_ports(3)
        self.inside, self.outside = f"127.0.0.1:{inside}", f"127.0.0.1:{outside}"
        ports = {"inside": inside, "outside": outside, "controller": controller, "server": server}
        self._managed = kafka.start_with(root, _SETTINGS.format(**ports))
        deadline = time.monotonic() + PATIENCE_S
        process.wait_ready("kafka", lambda: kafka.answers(self.inside), [self._managed], deadline)
        self._admin = KafkaAdminClient(bootstrap_servers=self.inside)

    def stop(self) -> None:
        """End the broker."""
        self._admin.close()
        process.stop([self._managed])

    def add_user(self, name: str, password: str, rights: Iterable[Right]) -> None:
        """Make a login that may do this and nothing else."""
        self._admin.alter_user_scram_credentials([UserScramCredentialUpsertion(name, "SCRAM-SHA-512", password)])
        self._admin.create_acls([_acl(name, right) for right in rights])

    def properties(self, name: str, password: str, ca: Path | None = None) -> str:
        """Return the text of the file that logs in as that user."""
        login = f'org.apache.kafka.common.security.scram.ScramLoginModule required username="{name}"'
        return (
            "security.protocol=SASL_SSL\n"
            "sasl.mechanism=SCRAM-SHA-512\n"
            f'sasl.jaas.config={login} password="{password}";\n'
            "ssl.truststore.type=PEM\n"
            f"ssl.truststore.location={ca or self.ca}\n"
        )


def _acl(user: str, right: Right) -> ACL:
    kind = ResourceType[right.resource.upper()]
    pattern = ACLResourcePatternType.PREFIXED if right.name.endswith("*") else ACLResourcePatternType.LITERAL
    name = right.name.removesuffix("*") if len(right.name) > 1 else right.name
    if right.name == "*":
        pattern = ACLResourcePatternType.LITERAL
    return ACL(
        f"User:{user}",
        "*",
        ACLOperation[right.operation.upper()],
        ACLPermissionType.ALLOW,
        ResourcePattern(kind, name, pattern),
    )


def certificates(folder: Path, name: str) -> tuple[Path, Path]:
    """Return a new CA's certificate and a file with the key and the certificate that it gave to 127.0.0.1."""
    folder.mkdir(parents=True, exist_ok=True)
    ca, ca_key, key, made, both = (folder / f"{name}-{each}.pem" for each in ("ca", "ca-key", "key", "made", "server"))
    new: list[str | Path] = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    _run([*new, "-subj", f"/CN={name} test CA", "-keyout", ca_key, "-out", ca])
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
    both.write_text(key.read_text() + made.read_text())
    return ca, both


def _run(argv: list[str | Path]) -> None:
    subprocess.run(argv, check=True, capture_output=True, timeout=PATIENCE_S)
