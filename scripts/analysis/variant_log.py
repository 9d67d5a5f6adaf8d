"""The variants of one activity in the log that `tideline export` writes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.models.tables import Table
from tideline.schemas.errors import ConfigError
from tideline.udfs.core.catalogue.competing import OBJECTIVES
from tideline.udfs.core.variants.variant_report import ShownVariants

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_COLUMNS = ("user", "action", "ts_ms", "variant", "variant_share", "about", "click", "conversion", "revenue", "mature")


class VariantLog(NamedTuple):
    """What an activity's variants are, and the entries with each of them; how many entries were left out."""

    variants: tuple[str, ...]
    objective: str
    split: str
    costs: tuple[float, ...]
    """Of a conversion with each."""
    shown: ShownVariants
    left_out: int

    @property
    def is_binary(self) -> bool:
        """Whether a user either brings something or does not."""
        return self.objective in OBJECTIVES[:2]


class _About(NamedTuple):
    variants: tuple[str, ...]
    objective: str
    split: str
    costs: tuple[float, ...]


def read_variant_log(path: Path, activity_id: str) -> VariantLog:
    """Return what a log has of an activity's variants.

    Raises:
        ConfigError: the file cannot be read, lacks a column, or has no entry of that activity with variants.
    """
    table = Table(path, "--log")
    table.need(_COLUMNS, "the columns of tideline export")
    rows = np.flatnonzero(table.coded("action").are(activity_id))
    rows = rows[np.argsort(table.times("ts_ms")[rows], kind="stable")]
    about = _about(table, rows, activity_id)
    names = table.coded("variant", empty="").of(rows)
    share = table.numbers("variant_share")
    table.require("variant_share", np.isnan(share) | ((share > 0) & (share <= 1)), "empty, or above 0 and at most 1")
    known = np.isin(names, about.variants) & np.isfinite(share[rows])
    if about.objective != OBJECTIVES[0]:
        known &= table.flags("mature")[rows]
    here = rows[known]
    number = {name: at for at, name in enumerate(about.variants)}
    variant = np.array([number[name] for name in names[known].tolist()], np.int64)
    shown = ShownVariants(
        user=np.unique(table.coded("user").of(here), return_inverse=True)[1].astype(np.int64),
        variant=variant,
        share=share[here],
        click=table.flags("click")[here].astype(np.float64),
        brought=_brought(table, here, about, variant),
    )
    return VariantLog(*about, shown, int(rows.size - here.size))


def _brought(table: Table, rows: NDArray[np.int64], about: _About, variant: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return what came of each entry, in the objective."""
    if about.objective in OBJECTIVES[:2]:
        return table.flags(about.objective)[rows].astype(np.float64)
    revenue = table.numbers("revenue")
    table.require("revenue", np.isfinite(revenue), "a finite number in every row")
    if about.objective != "margin":
        return revenue[rows]
    margin: NDArray[np.float64] = revenue[rows] - np.array(about.costs)[variant] * table.flags("conversion")[rows]
    return margin


def _about(table: Table, rows: NDArray[np.int64], activity_id: str) -> _About:
    """Return what the log says of the activity: it is the same in all of its rows."""
    told: Any = None
    if rows.size:
        try:
            told = json.loads(table.coded("about", empty="{}").of(rows[-1:])[0])
        except ValueError as error:
            raise table.wrong("about", "a JSON object in every row") from error
    if not (isinstance(told, dict) and told.get("variants")):
        with_one = np.flatnonzero(~table.coded("variant", empty="").are(""))
        names = sorted(set(table.coded("action").of(with_one).tolist()))
        allowed = f"an activity of this log that has variants: {', '.join(names) or 'it has none'}"
        raise ConfigError("ID", activity_id, allowed)
    variants = tuple(map(str, told["variants"]))
    costs = told.get("costs", {})
    return _About(
        variants,
        str(told.get("objective", OBJECTIVES[0])),
        str(told.get("split", "even")),
        tuple(float(costs.get(each, 0.0)) for each in variants),
    )
