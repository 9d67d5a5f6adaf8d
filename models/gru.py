"""The network, for training only: a GRU over what a user did, its two heads, and x, on which the bandit learns.

The next item is scored by h against the item vectors that are also the input (tied), the next category likewise.
x = [1, u] / sqrt(2) with u = v / sqrt(1 + |v|^2) and v linear on h: a constant inside and a norm below 1 by
construction. A head that is linear on x alone keeps what decides about categories (or items) linear on x.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from udfs.core.features import ORGANIC_TYPES

if TYPE_CHECKING:
    from models.config import Config

X_SCALE = 0.5**0.5 * (1.0 - 1e-6)  # the last factor keeps float32 rounding below norm 1
SCALARS = 3
"""Gap, price and quantity."""


class GRUEncoder(nn.Module):  # type: ignore[misc]  # torch is not type-checked here
    """Embeddings -> GRU -> h -> scores of items and categories; h -> x -> scores of categories, else of items.

    `items` and `categories` are counts of indices, index 0 (none) among them. Index 0 is never predicted.
    """

    def __init__(self, config: Config, items: int, categories: int) -> None:
        super().__init__()
        self.config, self.items, self.categories = config, items, categories
        self.item = nn.Embedding(items, config.item_width)
        self.category = nn.Embedding(categories, config.category_width)
        self.kind = nn.Embedding(ORGANIC_TYPES, config.type_width)
        width = config.item_width + config.category_width + config.type_width + SCALARS
        self.gru = nn.GRU(width, config.hidden, batch_first=True)
        self.dropout = nn.Dropout(config.dropout)
        self.to_v = nn.Linear(config.hidden, config.dim - 1)
        self.item_map = nn.Linear(config.hidden, config.item_width, bias=False)
        self.item_bias = nn.Parameter(torch.zeros(items))
        self.category_map = nn.Linear(config.hidden, config.category_width, bias=False)
        self.category_bias = nn.Parameter(torch.zeros(categories))
        of_x = categories if categories > 1 else config.item_width
        self.x_head = nn.Linear(config.dim, of_x)
        for embedding in (self.item, self.category, self.kind):
            nn.init.normal_(embedding.weight, std=embedding.embedding_dim**-0.5)
        # x is short, so telling 300 categories apart from it takes a long head and a v that leaves the origin.
        nn.init.normal_(self.x_head.weight, std=1.0)
        nn.init.normal_(self.to_v.weight, std=config.hidden**-0.5)

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
        hidden = self.states(item, category, kind, gap, price, quantity, h)
        return hidden, self.x_of(hidden)

    def states(
        self,
        item: Tensor,
        category: Tensor,
        kind: Tensor,
        gap: Tensor,
        price: Tensor,
        quantity: Tensor,
        h: Tensor | None = None,
    ) -> Tensor:
        """Return h [B, T, hidden] after each step."""
        embedded = self.item(item), self.category(category), self.kind(kind)
        steps = torch.cat([*embedded, gap[..., None], price[..., None], quantity[..., None]], dim=-1)
        hidden: Tensor = self.gru(self.dropout(steps), None if h is None else h[None])[0]
        return hidden

    def x_of(self, hidden: Tensor) -> Tensor:
        """Return x [..., dim] of h [..., hidden]."""
        v = self.to_v(hidden)
        u = v / torch.sqrt(1.0 + (v * v).sum(dim=-1, keepdim=True))
        return torch.cat([torch.ones_like(u[..., :1]), u], dim=-1) * X_SCALE

    def item_scores(self, queries: Tensor, which: Tensor | None = None) -> Tensor:
        """Return the scores [N, K] of the items `which` [K], or of all from index 1 on, for `item_map` of h [N, W]."""
        if which is None:
            return torch.addmm(self.item_bias[1:], queries, self.item.weight[1:].T)
        return torch.addmm(self.item_bias[which], queries, self.item(which).T)

    def category_scores(self, hidden: Tensor) -> Tensor:
        """Return the scores [N, categories - 1] of the categories from index 1 on, of h [N, hidden]."""
        return torch.addmm(self.category_bias[1:], self.category_map(hidden), self.category.weight[1:].T)
