"""What to say of weights that fit no network, or not the one that was asked for."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from torch import Tensor, nn

from gansr.models.cleaned import Cleaned
from gansr.models.luma import OnLuma
from gansr.models.near import namesake, nearest
from gansr.models.recognise import recognise
from gansr.models.shapes import Mismatch

NO_GENERATORS = (
    (r"(conv\d_1|bn\d_1)\.weight", "a VGG-style discriminator"),
    (r"conv\d\.weight_orig", "a U-Net discriminator"),
    (r"(model|main)\.\d+\.running_mean", "a PatchGAN discriminator"),
    (r"layer[1-4]\.\d+\.conv\d\.weight", "a ResNet, which classifies"),
    (r"classifier\.\d+\.weight|classifier\.weight", "a network that classifies"),
)
"""Names that tell other kinds of networks. What users take for a generator's file is often one of these."""


def title(network: nn.Module) -> str:
    """The name of its class, or of the network that a wrapper makes no names for."""
    if isinstance(network, OnLuma | Cleaned):
        network = network.network
    name = getattr(network, "title", None)  # rows of other libraries have one class for all
    return name if isinstance(name, str) else type(network).__name__


def misfit(network: nn.Module, state: Mapping[str, Tensor], source: str | None, differs: Mismatch, loose: bool) -> str:
    """A sentence or two on weights that do not fit a network.

    Args:
        network: that was asked for
        state: the weights, as far as possible under our names
        source: whose names they had, if not ours
        differs: what keeps them from fitting
        loose: whether the user could say `strict: false`
    """
    instead = _without_cleaner(network, differs, loose) or _instead(state, differs, loose)
    return f"these weights{_named(source)} do not fit {title(network)}: {differs}. {instead}"


def _without_cleaner(network: nn.Module, differs: Mismatch, loose: bool) -> str | None:
    """What to say of weights that are the restorer's alone."""
    own = [name for name in network.state_dict() if name.startswith("cleaner.")] if isinstance(network, Cleaned) else []
    if not own or differs.names != own:
        return None
    way = ": `strict: false` beside `weights:` in an options file lets the cleaner begin anew" if loose else ""
    return f"The file has the generator behind the cleaner alone{way}."


def _instead(state: Mapping[str, Tensor], differs: Mismatch, loose: bool) -> str:
    if (found := recognise(state)) is not None:
        return f"The file looks like {found}."
    if len(differs) < len(state) / 2:
        way = ": `strict: false` beside `weights:` in an options file starts from that" if loose else ""
        return f"Everything else fits{way}."
    if kind := no_generator(state):
        return f"They look like weights of {kind}."
    if near := nearest(state):
        return f"The file comes near to {near[0]}, but for {near[1]}."
    return "The file looks like another architecture, or the same with other arguments."


def unknown(path: Path, state: Mapping[str, Tensor], source: str | None) -> str:
    """What the weights in a file are, which say nothing of their network and belong to none that is known."""
    told = f"{path}: the file does not say which network it belongs to"
    if near := nearest(state):
        return (
            f"{told}. Its weights{_named(source)} come near to {near[0]}, but for {near[1]}. Training can start from "
            f"what fits: `weights: {path}, strict: false` among that generator's arguments. If it is built of other "
            "parts, or another network, say so: --generator '{type: NAME, ARGUMENT: VALUE}'."
        )
    if kind := no_generator(state):
        return f"{told}, and its weights look like those of {kind}; expected a generator's."
    if type := namesake(state):
        return f"{told}. Its names are those of {type}, but its shapes and numbers make no such network."
    return (
        f"{told}, and its names ({_first(state)}) are of none that gansr knows. Say so, if you know it: --generator "
        f"'{{type: NAME, ARGUMENT: VALUE}}' --scale 4. `gansr list generators` prints names and arguments."
    )


def no_generator(state: Iterable[str]) -> str | None:
    """Which other kind of network the names tell, if any."""
    return next((kind for sign, kind in NO_GENERATORS if any(re.fullmatch(sign, name) for name in state)), None)


def _named(source: str | None) -> str:
    return f", named as in {source}," if source else ""


def _first(state: Mapping[str, Tensor]) -> str:
    names = list(state)
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
