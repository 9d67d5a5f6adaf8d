"""The network, for training only: a GRU over what a user did, and x, the compact vector the bandit learns on.

x = [1, u] / sqrt(2) with u = v / sqrt(1 + |v|^2) and v linear on h: a constant inside and a norm below 1 by
construction. The training head is linear on x alone, so that category affinity is linear on x.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from udfs.core.features import ORGANIC_TYPES

X_SCALE = 0.5**0.5 * (1.0 - 1e-6)  # the last factor keeps float32 rounding below norm 1


@dataclass(frozen=True, slots=True)
class GRUConfig:
    """Sizes of the network. `categories` and `item_buckets` do not count index 0 (none)."""

    categories: int
    item_buckets: int = 1023
    hidden: int = 32
    dim: int = 16
    item_width: int = 16
    category_width: int = 32
    type_width: int = 4


class GRUEncoder(nn.Module):  # type: ignore[misc]  # torch is not type-checked here
    """Embeddings -> GRU -> x -> logits of the next event's category."""

    def __init__(self, config: GRUConfig) -> None:
        super().__init__()
        self.config = config
        self.item = nn.Embedding(config.item_buckets + 1, config.item_width)
        self.category = nn.Embedding(config.categories + 1, config.category_width)
        self.kind = nn.Embedding(ORGANIC_TYPES, config.type_width)
        width = config.item_width + config.category_width + config.type_width + 3
        self.gru = nn.GRU(width, config.hidden, batch_first=True)
        self.to_v = nn.Linear(config.hidden, config.dim - 1)
        self.head = nn.Linear(config.dim, config.categories + 1)
        for embedding in (self.item, self.category, self.kind):
            nn.init.normal_(embedding.weight, std=0.5)
        # x is short, so telling 300 categories apart from it takes a long head and a v that leaves the origin.
        nn.init.normal_(self.head.weight, std=1.0)
        nn.init.normal_(self.to_v.weight, std=1.0 / config.hidden**0.5)

    def forward(
        self,
        item: Tensor,
        category: Tensor,
        kind: Tensor,
        gap: Tensor,
        price: Tensor,
        quantity: Tensor,
        h: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Return h [B, T, hidden] and x [B, T, dim] after each step; inputs are [B, T], h [B, hidden] or 0."""
        embedded = self.item(item), self.category(category), self.kind(kind)
        steps = torch.cat([*embedded, gap[..., None], price[..., None], quantity[..., None]], dim=-1)
        hidden, _ = self.gru(steps, None if h is None else h[None])
        return hidden, project(self.to_v(hidden))


def project(v: Tensor) -> Tensor:
    """Return x [..., dim] of v [..., dim - 1]."""
    u = v / torch.sqrt(1.0 + (v * v).sum(dim=-1, keepdim=True))
    return torch.cat([torch.ones_like(u[..., :1]), u], dim=-1) * X_SCALE
