"""Pure core: functions over frozen records; no pyflink, no network."""
