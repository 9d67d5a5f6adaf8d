"""The network, for training only: a GRU over what a user did, a memory beside it, two heads, and x for the bandit.

The state is h = [g, m]: g of the GRU, and m = `KEEP` m + sqrt(1 - KEEP) (W e * a), a decayed sum of what the newest
events were about (e the item's and the category's vectors, a of the event's type). A head that is linear on m is a
factored decayed Markov chain or item-kNN, which a GRU of this size does not learn by itself: with m the next category
of Complete Journey is among the first 20 for .62 of the validation events, without for .57.

The next item is scored by h against the item vectors that are also the input (tied), the next category likewise.
x = [1, u] / sqrt(2) with u = v / sqrt(1 + |v|^2) and v linear on h: a constant inside and a norm below 1 by
construction. A head that is linear on x alone keeps what decides about categories (or items) linear on x.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from tideline.udfs.core.users.features import ORGANIC_TYPES

if TYPE_CHECKING:
    from tideline.models.config import Config

X_SCALE = 0.5**0.5 * (1.0 - 1e-6)  # the last factor keeps float32 rounding below norm 1
SCALARS = 3
"""Gap, price and quantity."""
KEEP = 0.9
"""What an event leaves of the memory: its half-life is 6.6 events."""


class GRUEncoder(nn.Module):  # type: ignore[misc]  # torch is not type-checked here
    """Embeddings -> h -> scores of items and categories; h -> x -> scores of categories, else of items.

    `items` and `categories` are counts of indices, index 0 (none) among them. Index 0 is never predicted.
    """

    def __init__(self, config: Config, items: int, categories: int) -> None:
        super().__init__()
        self.config, self.items, self.categories = config, items, categories
        self.item = nn.Embedding(items, config.item_width, sparse=config.negatives > 0)
        self.category = nn.Embedding(categories, config.category_width)
        self.kind = nn.Embedding(ORGANIC_TYPES, config.type_width)
        width = config.item_width + config.category_width + config.type_width + SCALARS
        self.gru = nn.GRU(width, config.hidden, batch_first=True)
        self.to_memory = nn.Linear(config.item_width + config.category_width, config.memory, bias=False)
        self.memory_of_kind = nn.Embedding(ORGANIC_TYPES, config.memory)
        self.dropout = nn.Dropout(config.dropout)
        self.state = config.hidden + config.memory
        """Numbers of h."""
        self.to_v = nn.Linear(self.state, config.dim - 1)
        self.item_map = nn.Linear(self.state, config.item_width, bias=False)
        self.item_bias = nn.Parameter(torch.zeros(items))
        self.category_map = nn.Linear(self.state, config.category_width, bias=False)
        self.category_bias = nn.Parameter(torch.zeros(categories))
        of_x = categories if categories > 1 else config.item_width
        self.x_head = nn.Linear(config.dim, of_x)
        for embedding in (self.item, self.category, self.kind):
            nn.init.normal_(embedding.weight, std=embedding.embedding_dim**-0.5)
        nn.init.orthogonal_(self.to_memory.weight)
        nn.init.ones_(self.memory_of_kind.weight)
        # x is short, so telling 300 categories apart from it takes a long head and a v that leaves the origin.
        nn.init.normal_(self.x_head.weight, std=1.0)
        nn.init.normal_(self.to_v.weight, std=self.state**-0.5)

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
        """Return h [B, T, state] and x [B, T, dim] after each step; inputs are [B, T], h [B, state] or 0."""
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
        """Return h [B, T, state] after each step."""
        about = torch.cat([self.item(item), self.category(category)], dim=-1)
        steps = torch.cat([about, self.kind(kind), gap[..., None], price[..., None], quantity[..., None]], dim=-1)
        g, m = (None, None) if h is None else h.split([self.config.hidden, self.config.memory], dim=-1)
        passed: Tensor = self.gru(self.dropout(steps), None if g is None else g[None].contiguous())[0]
        return torch.cat([passed, self.memories(self.to_memory(about) * self.memory_of_kind(kind), m)], dim=-1)

    def memories(self, told: Tensor, before: Tensor | None) -> Tensor:
        """Return m [B, T, memory] after each step, of what each event tells it [B, T, memory]."""
        step = torch.arange(told.shape[1], device=told.device)
        age = step[:, None] - step
        kept = torch.where(age >= 0, (1.0 - KEEP) ** 0.5 * KEEP**age, 0.0).to(told.dtype)
        found: Tensor = kept @ told
        return found if before is None else found + (KEEP ** (step + 1.0))[:, None] * before[:, None]

    def x_of(self, hidden: Tensor) -> Tensor:
        """Return x [..., dim] of h [..., state]."""
        v = self.to_v(hidden)
        u = v / torch.sqrt(1.0 + (v * v).sum(dim=-1, keepdim=True))
        return torch.cat([torch.ones_like(u[..., :1]), u], dim=-1) * X_SCALE

    def item_scores(self, queries: Tensor, which: Tensor | None = None) -> Tensor:
        """Return the scores [N, K] of the items `which` [K], or of all from index 1 on, for `item_map` of h [N, W]."""
        if which is None:
            return torch.addmm(self.item_bias[1:], queries, self.item.weight[1:].T)
        return torch.addmm(self.item_bias[which], queries, self.item(which).T)

    def category_scores(self, hidden: Tensor) -> Tensor:
        """Return the scores [N, categories - 1] of the categories from index 1 on, of h [N, state]."""
        return torch.addmm(self.category_bias[1:], self.category_map(hidden), self.category.weight[1:].T)
