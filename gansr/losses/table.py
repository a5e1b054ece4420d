"""The weighted table of losses: L = sum_k weight_k * term_k."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gansr.errors import OptionsError
from gansr.losses.adversarial import Objective
from gansr.losses.pixel import Loss

Terms = dict[str, Tensor]  # role -> scalar, not yet weighted


@dataclass(frozen=True)
class Term:
    """One row: a loss and its weight."""

    loss: Loss | Objective
    weight: float
    target: str = "hr"  # which image of the batch to compare with
    type: str = ""  # the loss's name in the options, for people


class LossTable(dict[str, Term]):
    """Role -> term. What is absent or weighs nothing is not computed."""

    @property
    def objective(self) -> Objective:
        """The game in the row `adversarial`."""
        objective = self["adversarial"].loss
        assert isinstance(objective, Objective), "the row 'adversarial' holds an adversarial objective"
        return objective

    def compare(self, sr: Tensor, batch: Any) -> Terms:
        """Every term that compares `sr` (B, 3, H, W) with an image of the batch, unweighted."""
        return {
            role: term.loss(sr, getattr(batch, term.target))
            for role, term in self.items()
            if term.weight and not isinstance(term.loss, Objective)
        }

    def total(self, terms: Mapping[str, Tensor]) -> Tensor:
        """The weighted sum of terms, each of them a row of this table.

        Raises:
            OptionsError: every term weighs 0.
        """
        weighted = [self[role].weight * value for role, value in terms.items() if self[role].weight]
        if not weighted:
            raise OptionsError("losses: every weight is 0, so there is nothing to learn from.")
        return torch.stack(weighted).sum()

    def describe(self) -> list[tuple[str, str, str, str]]:
        """Rows to print: role, type, weight, and the image compared with."""
        return [
            (role, term.type, f"{term.weight:g}", "" if isinstance(term.loss, Objective) else term.target)
            for role, term in self.items()
        ]
