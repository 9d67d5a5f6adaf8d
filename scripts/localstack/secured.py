"""What a stack with logins has beside its processes: certificates, logins, and the files that log in."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from tideline.schemas.topics import Topics
from tideline.scripts.localstack import secure_kafka, secure_redis
from tideline.scripts.localstack.certificates import certificates
from tideline.scripts.localstack.process import Managed
from tideline.udfs.io.kafka_rights import Right, rights_on

_JOB = "tideline"
_REPLAY_MAKES = ("policy", "decisions", "dead_letters")


@dataclass(frozen=True)
class Secured:
    """A stack's logins; `folder` holds their files, which nobody else can read.

    Attributes:
        folder: Where certificates and files lie.
        kafka: Address of the listener that takes SASL_SSL alone.
        redis_port: Of the server that takes TLS alone.
    """

    folder: str
    kafka: str
    redis_port: int

    @property
    def job_properties(self) -> Path:
        """The way to Kafka of the job's login, which has the rights of docs/operate.md; its password is elsewhere."""
        return Path(self.folder) / "job.properties"

    @property
    def operator_properties(self) -> Path:
        """That of a login that may do anything."""
        return Path(self.folder) / "operator.properties"

    def redis_file(self, login: str) -> Path:
        """The file with a login's URL of Redis."""
        return Path(self.folder) / f"{login}.url"

    @property
    def options(self) -> str:
        """What tells any other command where all of it is."""
        files = f"--config {self.operator_properties} --redis-url-file {self.redis_file(secure_redis.ADMIN)}"
        return f"--bootstrap {self.kafka} {files}"


def make(root: Path, kafka_port: int, redis_port: int) -> Secured:
    """Make certificates and passwords; the brokers' logins are made by `let_in` once they run."""
    folder = root / "secret"
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    for name in ("kafka", "redis"):
        certificates(folder, name)
    (folder / "password").touch(mode=0o600)
    password = secrets.token_hex(16)
    (folder / "password").write_text(password)
    made = Secured(str(folder), f"127.0.0.1:{kafka_port}", redis_port)
    for login in secure_redis.RULES:
        made.redis_file(login).touch(mode=0o600)
        made.redis_file(login).write_text(secure_redis.url(redis_port, login, password, folder / "redis-ca.pem"))
    return made


def start_kafka(secured: Secured, root: Path, inside: int, controller: int) -> Managed:
    """Starts the broker, as `secure_kafka.start`."""
    outside = int(secured.kafka.rpartition(":")[2])
    return secure_kafka.start(root, inside, outside, controller, Path(secured.folder) / "kafka-server.pem")


def start_redis(secured: Secured, root: Path) -> Managed:
    """Starts the server, as `secure_redis.start`."""
    folder = Path(secured.folder)
    ca, server = folder / "redis-ca.pem", folder / "redis-server.pem"
    return secure_redis.start(root, secured.redis_port, ca, server, (folder / "password").read_text())


def let_in(secured: Secured, inside: str) -> None:
    """Make the logins of a broker that answers: the job's, with the documented rights, and the operator's.

    The job's hold for topics of any suffix, and it may make those that a replay writes.
    """
    folder = Path(secured.folder)
    password = (folder / "password").read_text()
    names = Topics().by_role()
    written = {role: names[role] for role in (*_REPLAY_MAKES, "push")}
    makes = [Right("Create", "topic", names[role]) for role in _REPLAY_MAKES]
    logins = secure_kafka.Logins(inside, folder, folder / "kafka-ca.pem")
    logins.make(_JOB, password, [*rights_on(Topics(), written, _JOB), *makes], prefixed=True)
    logins.make(secure_kafka.OPERATOR, password)
    logins.file_by_reference(secured.job_properties.name, _JOB, password)
    logins.file(secured.operator_properties.name, secure_kafka.OPERATOR, password)
