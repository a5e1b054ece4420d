"""What lies around weights in files of other projects: parts of a checkpoint, prefixes of names, other networks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

State = dict[str, Tensor]

CONTAINERS = (
    *("params_ema", "params", "ema_state_dict", "generator_ema", "g_ema", "state_dict_ema", "model_ema", "ema"),
    *("state_dict", "model_state_dict", "generator_state_dict", "netG_state_dict", "G_state_dict", "model_state"),
    *("model", "netG", "net_g", "G", "gen", "generator", "net", "network", "weights"),
)
"""Where other projects keep a generator's weights inside a checkpoint, best first."""

WRAPPERS = ("module.", "_orig_mod.")
"""What wrapping a network (for several devices, for compilation) puts before its names."""

HOLDERS = (
    *("generator.", "netG.", "net_g.", "gen.", "G.", "g_ema.", "model.", "net.", "network."),
    *("discriminator.", "netD.", "net_d.", "D."),
)
"""What a class that holds a network, and perhaps others, puts before its names; of those, generators first."""

AVERAGED = "n_averaged"
"""A counter that torch's AveragedModel keeps among the weights."""

SHOWN = 6
"""So many keys of a file are named."""


@dataclass(frozen=True)
class Bare:
    """One network's tensors, and the names of those that the file has for others."""

    state: State
    others: tuple[str, ...] = ()


def table(content: Any) -> State | None:
    """The best table of tensors by name in what a file held, however deep; None: there is none, or no best one.

    What is no tensor (the number of the epoch, say) is left out.
    """
    if not isinstance(content, Mapping):
        return None
    for key in CONTAINERS:
        if inner := table(content.get(key)):
            return inner
    if own := {name: value for name, value in content.items() if isinstance(name, str) and isinstance(value, Tensor)}:
        return own
    inner = [found for key, value in content.items() if isinstance(key, str) and (found := table(value))]
    return inner[0] if len(inner) == 1 else None


def outline(content: Any) -> str:
    """What a file held instead, for people: 'epoch (int), optimizer (state, param_groups)'."""
    if not isinstance(content, Mapping):
        return f"one {type(content).__name__}"
    return _listed([f"{key} ({_inside(value)})" for key, value in content.items()]) or "nothing"


def _inside(value: Any) -> str:
    if not isinstance(value, Mapping):
        return type(value).__name__
    return _listed([str(key) for key in value]) or "empty"


def _listed(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")


def unwrapped(name: str) -> str:
    """The name as the bare network has it."""
    while prefix := next((prefix for prefix in WRAPPERS if name.startswith(prefix)), None):
        name = name.removeprefix(prefix)
    return name


def bared(state: Mapping[str, Tensor], others: tuple[str, ...] = ()) -> Iterator[Bare]:
    """The weights without what wraps them, and then under each holder's name that they have, and so on inwards."""
    kept = {name: value for name, value in state.items() if name != AVERAGED}
    inner = {unwrapped(name): value for name, value in kept.items()}
    inner = inner if len(inner) == len(kept) else kept  # two networks, of which one is wrapped
    yield Bare(inner, others)
    for holder in HOLDERS:
        held = {name.removeprefix(holder): value for name, value in inner.items() if name.startswith(holder)}
        if held:
            yield from bared(held, (*others, *(name for name in inner if not name.startswith(holder))))
