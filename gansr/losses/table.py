"""The weighted table of losses: L = sum_k weight_k * term_k."""

import inspect
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from gansr.errors import OptionsError, UserError
from gansr.imaging.resize import reduce
from gansr.losses.adversarial.objectives import Objective
from gansr.losses.weight import Weight, weight_at
from gansr.models.features.lens import Lens

Loss = Callable[..., Tensor]  # images of a step, by the names of the function's parameters -> scalar
View = Callable[[Tensor], Tensor]  # what a loss sees of an image
Terms = dict[str, Tensor]  # role -> scalar, not yet weighted
Images = Mapping[str, Any]
"""What a step has, by name: tensors, lists of tensors, or a function where it costs something, called at most once.

None stands for what there is at other steps; rows that ask for it sit this one out.
"""

ALIAS = "target"
"""The parameter for the image that sr should become: hr, unless the row says otherwise."""

INTERMEDIATE = "intermediate"
"""The images that a generator makes on its way to sr: a list, perhaps of smaller ones."""

HINTS = {
    "average": ", which there is where train.ema is set",
    "importance": ", which comes from data.train.importance",
    "domain_distance": ", which recipes that learn a degradation make",
    "sharp": ", which data.train.sharpen makes",
    "fake_maps": ", which there are with recipe: paired_gan",
    "intermediate": ", which generators that make images on their way have: lapsrn, prosr, drcn, memnet",
}
"""Where images come from that not every step has."""


@dataclass(frozen=True)
class Term:
    """One row: a loss, its weight, and what it looks at."""

    loss: Loss | Objective
    weight: Weight
    target: str = "hr"  # which image of the step to compare with
    type: str = ""  # the loss's name in the options, for people
    views: tuple[View, ...] = ()  # each image passes through them, one after another
    where: Callable[..., Tensor] | None = None  # images of the step -> (B, 1, H, W) in [0, 1]: where it counts
    of: str = "sr"  # which image the loss is of; or INTERMEDIATE: their mean, the target at the size of each

    @cached_property
    def asks(self) -> dict[str, bool]:
        """Images that the loss and its map ask for -> can they do without?"""
        asked = needs(self.loss)
        asked = needs(self.where) | asked if self.where else asked
        return {self.of if name == "sr" else name: optional for name, optional in asked.items()}

    def waits(self, images: Images) -> bool:
        """Does it ask for something that there is not at this step?"""
        names = (self.target if asked == ALIAS else asked for asked in self.asks)
        return any(name in images and images[name] is None for name in names)

    def __call__(self, images: Mapping[str, Any]) -> Tensor:
        """The loss of the step's images, which have all that `asks` names."""
        rest = {name: image for name, image in images.items() if name != self.of}
        if self.of != INTERMEDIATE:
            return self._measure({"sr": images[self.of], **rest} if self.of in images else rest)
        return torch.stack([self._measure({"sr": image, **_resized(rest, image)}) for image in images[self.of]]).mean()

    def _measure(self, images: Mapping[str, Any]) -> Tensor:
        assert not isinstance(self.loss, Objective)
        given = dict(images)
        if self.where is not None:
            # Where the map is 0 both images are the target: no difference there, whatever the loss is.
            here = self.where(**{name: given[name] for name in needs(self.where) if name in given})
            given["sr"] = torch.lerp(given[ALIAS], given["sr"], here)
        seen = {name: given[name] for name in needs(self.loss) if name in given}
        for view in self.views:
            seen = {name: view(image) for name, image in seen.items()}
        return self.loss(**seen)


def _resized(images: Mapping[str, Tensor], like: Tensor) -> dict[str, Tensor]:
    """Images at the size of a smaller one, by MATLAB's bicubic: what LapSRN compares its levels with."""
    factors = {name: image.shape[-1] // like.shape[-1] for name, image in images.items()}
    return {name: reduce(image, factors[name]) if factors[name] > 1 else image for name, image in images.items()}


def needs(loss: Loss | Objective) -> dict[str, bool]:
    """Names of images that a function asks for by its parameters -> can it do without?"""
    if isinstance(loss, Objective):
        return {}
    function = loss.forward if isinstance(loss, nn.Module) else loss
    parameters = inspect.signature(function).parameters
    return {name: parameter.default is not parameter.empty for name, parameter in parameters.items()}


class LossTable(dict[str, Term]):
    """Role -> term. What is absent or weighs nothing is not computed."""

    section = "losses"  # its name in the options, for people

    @property
    def objective(self) -> Objective:
        """The game in the row `adversarial`."""
        objective = self["adversarial"].loss
        assert isinstance(objective, Objective), "the row 'adversarial' holds an adversarial objective"
        return objective

    def asks_for(self, image: str, step: int | None = None) -> bool:
        """Does any row need or want this image, at this step or ever?"""
        return any(image in term.asks for term in self._weighing(step).values())

    def compare(self, images: Images, step: int = 0) -> Terms:
        """Every term that compares images, unweighted.

        Args:
            images: "sr" (B, 3, H, W), "hr", "lr" and whatever else the recipe has, by name
            step: steps taken before this one

        Raises:
            OptionsError: a loss asks for an image that the step does not have.
        """
        made: dict[str, Any] = {}
        with ExitStack() as stack:
            for lens in self.lenses():
                stack.enter_context(lens.once())
            return {
                role: _measured(where, term, _given(where, term, images, made))
                for role, term in self._weighing(step).items()
                if not isinstance(term.loss, Objective) and not term.waits(images)
                for where in [f"{self.section}.{role} (type {term.type})"]
            }

    def weighted(self, terms: Mapping[str, Tensor], step: int = 0) -> Terms:
        """Weight times term, for each that weighs anything."""
        weights = {role: weight_at(self[role].weight, step) for role in terms}
        return {role: weight * terms[role] for role, weight in weights.items() if weight}

    def total(self, terms: Mapping[str, Tensor], step: int = 0) -> Tensor:
        """The weighted sum of terms, each of them a row of this table.

        Raises:
            OptionsError: every term weighs 0.
        """
        weighted = list(self.weighted(terms, step).values())
        if not weighted:
            raise OptionsError(
                f"{self.section}: at step {step} there is nothing to learn from: every row weighs 0, or looks at "
                f"images that there are not, as those on the way of a generator that makes none at this scale."
            )
        return torch.stack(weighted).sum()

    def modules(self) -> list[nn.Module]:
        """Losses, maps and views that hold networks or other tensors."""
        parts = [part for term in self.values() for part in (term.loss, term.where, *term.views)]
        return [part for part in parts if isinstance(part, nn.Module)]

    def lenses(self) -> list[Lens]:
        """Every network that losses look through, each once."""
        found = [module for part in self.modules() for module in part.modules() if isinstance(module, Lens)]
        return list(dict.fromkeys(found))

    def shares(self, terms: Mapping[str, float], step: int = 0) -> dict[str, float]:
        """Each term's part of the weighted total, in absolute values; of a single row there is nothing to say."""
        found = {role: abs(weight_at(self[role].weight, step) * value) for role, value in terms.items()}
        total = sum(found.values())
        return {role: value / total for role, value in found.items()} if total and len(self) > 1 else {}

    def describe(self) -> list[tuple[str, str, str, str]]:
        """Rows to print: role, type, weight, and the image compared with."""
        return [
            (role, term.type, _weight(term.weight), term.target if ALIAS in term.asks else "")
            for role, term in self.items()
        ]

    def _weighing(self, step: int | None) -> dict[str, Term]:
        if step is None:
            return dict(self)
        return {role: term for role, term in self.items() if weight_at(term.weight, step)}


def _measured(where: str, term: Term, given: dict[str, Any]) -> Tensor:
    """The term; whatever goes wrong in it says in which row."""
    try:
        return term(given)
    except UserError as error:
        raise error.at(where) from None
    except (RuntimeError, ValueError, IndexError) as error:
        error.add_note(where)
        raise


def _given(where: str, term: Term, images: Images, made: dict[str, Any]) -> dict[str, Any]:
    """The images that a term asks for, under the names of its parameters; `made` remembers what was computed."""
    given = {}
    for asked, optional in term.asks.items():
        name = term.target if asked == ALIAS else asked
        if name in images:
            image = images[name]
            if name not in made:
                made[name] = image() if callable(image) else image
            given[asked] = made[name]
        elif not optional:
            raise OptionsError(f"{where} needs '{name}'{HINTS.get(name, '')}. There are: {', '.join(images)}.")
    return given


def _weight(weight: Weight) -> str:
    return str(weight) if not isinstance(weight, float | int) else f"{weight:g}"
