"""A Kafka broker as companies run it: TLS with a CA of its own, SCRAM logins, nothing allowed that no ACL allows."""

from __future__ import annotations

import re
import subprocess
import time
from typing import TYPE_CHECKING

from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    KafkaAdminClient,
    ResourcePattern,
    ResourceType,
    UserScramCredentialUpsertion,
)

from tests.support.waiting import PATIENCE_S
from tideline.scripts.localstack import kafka, process
from tideline.udfs.io.kafka_rights import Right

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

PASSWORD = "word-of-a-test"
_MECHANISM = "SCRAM-SHA-512"
_OPERATIONS = {"DescribeConfigs": "DESCRIBE_CONFIGS"}
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


class SecureBroker:
    """One broker; `outside` takes SASL_SSL alone, `inside` is for the test itself, which may do anything."""

    def __init__(self, root: Path) -> None:
        self._root, self._logins = root, 0
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

    def login(self, rights: Iterable[Right], by_reference: bool = False) -> Path:
        """Make a login that may do this and nothing else; return the file that logs in.

        By reference, the file does not hold the password but says which other file does.
        """
        self._logins += 1
        name = f"login-{self._logins}"
        self._admin.alter_user_scram_credentials([UserScramCredentialUpsertion(name, _MECHANISM, PASSWORD)])
        self._admin.create_acls([_acl(name, right) for right in rights])
        if not by_reference:
            return self.file(f"{name}.properties", name)
        (self._root / "word.properties").write_text(f"word={PASSWORD}\n")
        return self.file(f"{name}.properties", name, f"${{file:{self._root / 'word.properties'}:word}}")

    def file(self, file_name: str, user: str = "login-1", password: str = PASSWORD, ca: Path | None = None) -> Path:
        """Write a file as a client has it."""
        module = "org.apache.kafka.common.security.scram.ScramLoginModule"
        path = self._root / file_name
        path.write_text(
            "security.protocol=SASL_SSL\n"
            f"sasl.mechanism={_MECHANISM}\n"
            f'sasl.jaas.config={module} required username="{user}" password="{password}";\n'
            "ssl.truststore.type=PEM\n"
            f"ssl.truststore.location={ca or self.ca}\n"
        )
        return path


def _acl(user: str, right: Right) -> ACL:
    return ACL(
        f"User:{user}",
        "*",
        ACLOperation[_OPERATIONS.get(right.operation, right.operation.upper())],
        ACLPermissionType.ALLOW,
        ResourcePattern(ResourceType[right.resource.upper()], right.name),
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
