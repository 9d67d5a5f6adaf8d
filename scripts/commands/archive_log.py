"""Records of two topics, or of an archive of them, as the log of `tideline export`, whatever their size."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

from pyarrow import parquet

from tideline.schemas.errors import ConfigError
from tideline.schemas.topics import Topics
from tideline.scripts.analysis import join_log
from tideline.scripts.analysis.rule_log import rules_of, with_rules
from tideline.scripts.archive.topic_activities import activities_of
from tideline.scripts.archive.users_in_parts import UsersInParts
from tideline.scripts.archive.working_folder import working_folder
from tideline.scripts.commands.target import PUBLISH_MS
from tideline.scripts.commands.token_secrets import SECRETS, named_token_keys
from tideline.udfs.core.catalogue.catalogue import Catalogue
from tideline.udfs.core.policies.policy_start import read_start
from tideline.udfs.core.rewards.attribution_settings import AttributionSettings
from tideline.udfs.io import archive_files
from tideline.udfs.settings.job_config import JobConfig

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pyarrow as pa

    from tideline.scripts.archive.users_in_parts import Taken
    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.lists.token_keys import TokenKeys
    from tideline.udfs.core.policies.policy_start import TopicRecord

_DAY_MS = 86_400_000
_OF_A_PART = 500_000
"""So many records are joined at a time, in some 0.4 GB."""
_PARTS = 500
"""Not more: each is an open file while users are put in parts. Above 250 million records parts grow."""


class Shop(NamedTuple):
    """What a log is made with beside decisions and events."""

    settings: AttributionSettings
    activities: Mapping[str, Activity]
    rules: Mapping[str, Any] | None

    @classmethod
    def of(cls, activities: Iterable[TopicRecord], policy: Iterable[TopicRecord], keys: TokenKeys, days: float) -> Shop:
        """Return it from the records of two topics, the job's token secrets, and for how many days a reward counts."""
        known = activities_of(activities)
        catalogue = Catalogue.of(known.values())
        window_ms = round(days * _DAY_MS)
        settings = AttributionSettings.of(keys, window_ms, catalogue.reward_value, catalogue.activities_of_item)
        return cls(settings, known, rules_of(policy, known))


def write_archived(archive: Path, topics: Topics, shop: Shop, out: Path, of_a_part: int = _OF_A_PART) -> int:
    """Write the log of what an archive has to a file as `write_log` does; return its number of rows.

    Raises:
        ConfigError: the archive has no such topic, or a file is none of ours.
        OSError: the file cannot be written; it is not there then, or as it was.
    """
    names = topics.decisions, topics.clickstream
    count = sum(archive_files.rows_of(archive, topic) for topic in names)
    decisions, clickstream = (archive_files.read(archive, topic) for topic in names)
    return write_log(Records(count, decisions, clickstream), shop, out, of_a_part)[0]


class Records(NamedTuple):
    """What a log is made of: about how many records, and those of two topics."""

    size: int
    decisions: Iterable[TopicRecord]
    clickstream: Iterable[TopicRecord]


def write_log(records: Records, shop: Shop, out: Path, of_a_part: int = _OF_A_PART) -> tuple[int, Taken]:
    """Write the log of records to a file; return its number of rows, and what was taken.

    Users are joined in parts of some `of_a_part` records, which lie beside the file meanwhile; the rows of a part are
    by time.

    Raises:
        OSError: the file cannot be written; it is not there then, or as it was.
    """
    with working_folder(out) as folder:
        parts = UsersInParts(folder, min(1 + records.size // of_a_part, _PARTS))
        parts.take(records.decisions, records.clickstream)
        told = join_log.Told(len(parts.placements - {""}), parts.newest_ms)
        tables = (
            join_log.join(parts.decisions(part), parts.events(part), shop.settings, shop.activities, told)
            for part in range(parts.count)
        )
        first = with_rules(next(tables), shop.rules)
        schema, done, whole = first.schema, int(first.num_rows), folder / "whole"
        with parquet.ParquetWriter(whole, schema, compression="zstd", write_page_checksum=True) as writer:
            writer.write_table(first)
            del first  # of those that are joined next none is beside another
            done += sum(map(partial(_written, writer, schema), tables))
        whole.replace(out)
    return done, parts.taken


def _written(writer: parquet.ParquetWriter, schema: pa.Schema, table: pa.Table) -> int:
    writer.write_table(table.replace_schema_metadata(schema.metadata))
    return int(table.num_rows)


@contextmanager
def log_file(path: Path) -> Iterator[Path]:
    """Yield a file as `tideline export` writes it: the one that is named, or, of an archive, one made of it meanwhile.

    The archive has to hold activities as well, and the secrets of the tokens come from the environment.

    Raises:
        ConfigError: the archive cannot be made a log of; the message says what it takes.
    """
    if not any(path.glob("topic=*")):
        yield path
        return
    topics, keys = Topics(), named_token_keys()
    if keys is None:
        name = SECRETS.environment
        raise ConfigError(name, None, f"the job's token secrets, in it or in the file {name}_FILE, for an archive")
    archived = archive_files.logs_of(path, topics.policy)
    policy = read_start(archived[0], PUBLISH_MS).records if archived else ()
    shop = Shop.of(archive_files.read(path, topics.activities), policy, keys, JobConfig.attribution_days)
    with TemporaryDirectory() as folder:
        made = Path(folder) / "log.parquet"
        rows = write_archived(path, topics, shop, made)
        print(f"{path}: {rows:,} rows", file=sys.stderr, flush=True)
        yield made
