"""What an archive says: a notebook on DuckDB, see its first cell."""

# %% [markdown]
# # What an archive says
#
# DuckDB over the folder that `tideline archive` writes, each cell a question. `python docs/notebooks/archive.py FOLDER`
# runs all of it; Jupyter, VS Code and marimo open the file as a notebook. It needs the folder alone: no Kafka.
#
# Impressions are counted by decision records, of which there is one for each activity that a user first saw in a list;
# clicks by events of the clickstream. Robots and events that were sent twice are in the latter as they came:
# `tideline export` joins the two as the job does, and is what policies are evaluated with.

# %%
import sys
from pathlib import Path

import duckdb
import pyarrow as pa

from tideline.schemas.codec import decode_event
from tideline.schemas.errors import InvalidRecord
from tideline.schemas.events import TYPE_NAMES
from tideline.scripts.archive.topic_columns import decisions_of
from tideline.udfs.io.archive_files import read

ARCHIVE = Path(sys.argv[1] if len(sys.argv) > 1 else "archive")
db = duckdb.connect()
db.sql("SET TimeZone = 'UTC'")

# %% [markdown]
# ## What is there
# Files carry the day in their path, so DuckDB opens only those of the days that are asked for.

# %%
records = db.read_parquet(f"{ARCHIVE}/topic=*/date=*/*.parquet", hive_partitioning=True)
days = db.sql("""
    SELECT topic, date, count(*) AS records, count(DISTINCT key) AS users, sum(octet_length(value)) AS bytes
    FROM records
    GROUP BY ALL ORDER BY ALL
""")
print(days)

# %% [markdown]
# ## Records as tables
# Values are what was sent: JSON or Avro. Both tables are in memory; for months of a large shop, take one day's folder.

# %%
TEXT = pa.string()
EVENTS = pa.schema([("user_id", TEXT), ("type", TEXT), ("ts_ms", pa.int64()), ("activity_id", TEXT)])


def event_rows(folder: Path) -> pa.Table:
    """Return user, type, time and activity of every event that the job would take."""
    found = []
    for record in read(folder, "clickstream"):
        try:
            event = decode_event(record.key, record.value, record.timestamp_ms)
        except InvalidRecord:
            continue  # it became a dead letter
        found.append((event.user_id, TYPE_NAMES[event.type], event.ts_ms, event.activity_id))
    return pa.Table.from_pylist([dict(zip(EVENTS.names, row, strict=True)) for row in found], schema=EVENTS)


events = event_rows(ARCHIVE)
decisions, left_out = decisions_of(read(ARCHIVE, "decisions"))
print(f"{len(events):,} events, {len(decisions):,} decisions, {left_out:,} records that are no decisions")

# %% [markdown]
# ## Traffic by day

# %%
traffic = db.sql("""
    SELECT CAST(to_timestamp(ts_ms / 1000) AS DATE) AS day, type, count(*) AS events, count(DISTINCT user_id) AS users
    FROM events GROUP BY ALL ORDER BY ALL
""")
print(traffic)

# %% [markdown]
# ## Clicks by activity
# With Wilson's interval of 95 %: of what was shown ten times nothing is known yet.

# %%
rates = db.sql("""
    WITH shown AS (SELECT activity_id, count(*) AS impressions FROM decisions GROUP BY ALL),
    clicked AS (SELECT activity_id, count(*) AS clicks FROM events WHERE type = 'click' GROUP BY ALL),
    counts AS (SELECT activity_id, impressions AS n, coalesce(clicks, 0) AS clicks FROM shown LEFT JOIN clicked
        USING (activity_id)),
    wilson AS (SELECT *, clicks / n AS rate, 1.96 * sqrt(rate * (1 - least(rate, 1)) / n + 0.9604 / n ** 2) AS wide
        FROM counts)
    SELECT activity_id, n AS impressions, clicks, rate,
        greatest((rate + 1.9208 / n - wide) / (1 + 3.8416 / n), 0) AS low,
        least((rate + 1.9208 / n + wide) / (1 + 3.8416 / n), 1) AS high
    FROM wilson ORDER BY impressions DESC, activity_id
""")
print(rates)

# %% [markdown]
# ## Places, and what exploration is given
# `propensity` is the probability with which the policy put an activity where it was seen; its inverse is what an
# impression weighs when another policy is asked about.

# %%
places = db.sql("""
    SELECT position, count(*) AS impressions, avg(CAST(explored AS INT)) AS explored,
        min(propensity) AS least_propensity, avg(1 / propensity) AS mean_weight
    FROM decisions GROUP BY ALL ORDER BY ALL
""")
print(places)

# %% [markdown]
# ## Who is shown the same again

# %%
again = db.sql("""
    SELECT times, count(*) AS users_and_activities
    FROM (SELECT user_id, activity_id, count(*) AS times FROM decisions GROUP BY ALL)
    GROUP BY ALL ORDER BY ALL
""")
print(again)
