"""A Kafka broker as companies run it: TLS with a CA of its own, SCRAM logins, nothing allowed that no ACL allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourceType,
    UserScramCredentialUpsertion,
)

from tideline.scripts.localstack import kafka
from tideline.udfs.io.kafka_cluster import KafkaCluster

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tideline.scripts.localstack.process import Managed
    from tideline.udfs.io.kafka_rights import Right

OPERATOR = "operator"
"""The login that may do anything."""
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
super.users=User:ANONYMOUS;User:operator
"""


def start(root: Path, inside: int, outside: int, controller: int, server: Path) -> Managed:
    """Starts a broker; port `outside` takes SASL_SSL alone, `inside` is for who makes its logins; as `start_with`."""
    ports = {"inside": inside, "outside": outside, "controller": controller}
    return kafka.start_with(root, _SETTINGS.format(**ports, server=server))


class Logins:
    """Makes logins of a running broker, and the files that log in."""

    def __init__(self, inside: str, folder: Path, ca: Path) -> None:
        """`inside` is the broker's listener without logins; files are put into `folder`."""
        self._cluster, self._folder, self._ca = KafkaCluster(inside), folder, ca

    def make(self, name: str, password: str, rights: Iterable[Right] = (), prefixed: bool = False) -> None:
        """Make a login that may do this and nothing else; `prefixed`: to all whose names begin so.

        Raises:
            Unavailable: no broker answers.
        """
        kind = ACLResourcePatternType.PREFIXED if prefixed else ACLResourcePatternType.LITERAL
        acls = [_acl(name, right, kind) for right in rights]
        with self._cluster.admin(f"making the login {name}", "nothing: the listener asks for no login") as admin:
            admin.alter_user_scram_credentials([UserScramCredentialUpsertion(name, _MECHANISM, password)])
            if acls:
                admin.create_acls(acls)

    def file(self, file_name: str, user: str, password: str, ca: Path | None = None) -> Path:
        """Write a file as a client has it; the password may be a reference to another file."""
        module = "org.apache.kafka.common.security.scram.ScramLoginModule"
        path = self._folder / file_name
        path.touch(mode=0o600)
        path.write_text(
            "security.protocol=SASL_SSL\n"
            f"sasl.mechanism={_MECHANISM}\n"
            f'sasl.jaas.config={module} required username="{user}" password="{password}";\n'
            "ssl.truststore.type=PEM\n"
            f"ssl.truststore.location={ca or self._ca}\n"
        )
        return path

    def file_by_reference(self, file_name: str, user: str, password: str) -> Path:
        """Write one that does not hold the password but says which other file does."""
        word = self._folder / f"{user}.word.properties"
        word.touch(mode=0o600)
        word.write_text(f"word={password}\n")
        return self.file(file_name, user, f"${{file:{word}:word}}")


def _acl(user: str, right: Right, kind: ACLResourcePatternType) -> ACL:
    return ACL(
        f"User:{user}",
        "*",
        ACLOperation[_OPERATIONS.get(right.operation, right.operation.upper())],
        ACLPermissionType.ALLOW,
        ResourcePattern(ResourceType[right.resource.upper()], right.name, kind),
    )
