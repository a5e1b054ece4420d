"""A player of the GAN game: the networks that one optimizer moves, and how a turn is taken.

There are two players however many networks there are: in CycleGAN both generators belong to one
player and both discriminators to the other.
"""

import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_, clip_grad_value_

from gansr.training.ema import Ema
from gansr.training.optimizers import MakeOptimizer


class Player:
    """Networks, their optimizer, and their running averages.

    Args:
        networks: by name; a name is also the name of the network's file in a checkpoint.
        accelerator: wraps the networks for several processes and lower precision. The optimizer stays ours:
            Accelerate shares one gradient scaler among all optimizers, which is wrong for two players.
        optimizer: makes the optimizer from the parameters.
        rate: learning rate at pace 1.
        ema: decay of the averages; 0 keeps plain fp32 copies, None keeps none.
        clip: largest norm of the gradient over all networks; None leaves gradients alone.
        clip_value: largest element of the gradient at pace 1; at a lower pace it may be larger in proportion, so that
            no step moves a weight further (Kim et al. 2016, VDSR, section 4.2). None leaves gradients alone.
        rates: factors on the rate of parameters whose names begin so, the longest beginning first.
    """

    def __init__(
        self,
        networks: Mapping[str, nn.Module],
        accelerator: Accelerator,
        optimizer: MakeOptimizer,
        rate: float,
        ema: float | None = None,
        clip: float | None = None,
        clip_value: float | None = None,
        rates: Mapping[str, float] | None = None,
    ) -> None:
        self.networks = {name: network.to(accelerator.device) for name, network in networks.items()}
        self.averages = {} if ema is None else {name: Ema(n, ema) for name, n in self.networks.items()}
        self.accelerator, self.rate = accelerator, rate
        self.clip, self.clip_value, self._pace = clip, clip_value, 1.0
        self.prepared = {name: accelerator.prepare_model(n) for name, n in self.networks.items()}
        everything = itertools.chain.from_iterable(n.parameters() for n in self.networks.values())
        self.parameters = [parameter for parameter in everything if parameter.requires_grad]
        self.optimizer = optimizer(self._paced(rates) if rates else self.parameters)
        half = accelerator.mixed_precision == "fp16"
        self.scaler = torch.amp.GradScaler(accelerator.device.type, enabled=half)
        self._frozen = False

    def __call__(self, image: Tensor, **wishes: Any) -> Any:
        """Run the player's network, when it has just one; `wishes` are what its forward takes beside the image."""
        (name,) = self.networks
        return self[name](image, **wishes)

    def __getitem__(self, name: str) -> nn.Module:
        """The network to call: unwrapped while frozen, since then it has no gradients to share with others."""
        return self.networks[name] if self._frozen else self.prepared[name]

    def _paced(self, rates: Mapping[str, float]) -> list[dict[str, Any]]:
        """Groups of parameters for the optimizer, each with the factor on its rate."""
        names = {id(p): name for n in self.networks.values() for name, p in _named(n)}
        groups: dict[float, list[nn.Parameter]] = {}
        for parameter in self.parameters:
            groups.setdefault(rate_of(names[id(parameter)], rates), []).append(parameter)
        return [{"params": parameters, "factor": factor} for factor, parameters in groups.items()]

    @property
    def title(self) -> str:
        """The name of its first network, by which people know it."""
        return next(iter(self.networks))

    @contextmanager
    def full_precision(self) -> Iterator[None]:
        """Without Accelerate's autocast, for gradients of gradients: in bf16 they are off by a percent.

        Accelerate puts autocast into each network's `forward` and keeps the plain one beside it.
        """
        cast = {network: network.forward for network in self.networks.values() if "_original_forward" in vars(network)}
        for network in cast:
            network.forward = network._original_forward  # pyright: ignore[reportAttributeAccessIssue]
        try:
            yield
        finally:
            for network, forward in cast.items():
                network.forward = forward

    @property
    def averaged(self) -> bool:
        """Is there a running average that differs from the network?"""
        return any(average.decay for average in self.averages.values())

    @torch.no_grad()
    def average(self, image: Tensor, **wishes: Any) -> Tensor:
        """What the running average makes of an image, when the player has just one network. No graph."""
        (average,) = self.averages.values()
        with self.accelerator.autocast():
            return average.network(image, **wishes).float()

    @property
    def lr(self) -> float:
        """The learning rate of the moment, on which parts may have factors of their own."""
        return self.rate * self._pace

    def pace(self, factor: float) -> None:
        """Set the learning rate to `factor` times the player's rate."""
        self._pace = factor
        for group in self.optimizer.param_groups:
            group["lr"] = self.lr * group.get("factor", 1.0)

    def gradient_norms(self, terms: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Norm of each term's own gradient over all of the player's parameters, on the device.

        To be asked in the player's own turn, before `minimize`, with the weighted terms; costs one backward pass
        for each. Gradients are those of this process's images: nothing is shared with the others, and `.grad` stays
        as it was. A term that does not depend on the player has norm 0. In fp16, the norm of a gradient that is too
        large for the scaler's present scale is given as the largest that it can express.
        """
        return {name: self._gradient_norm(term) for name, term in terms.items()}

    def _gradient_norm(self, term: Tensor) -> Tensor:
        term = term if term.dtype == torch.float64 else term.float()
        scale = self.scaler.scale(torch.ones_like(term)).detach()
        if not term.requires_grad:
            return torch.zeros_like(scale)
        # `grad` ends before the nodes that accumulate into `.grad`, to which DistributedDataParallel listens.
        found = torch.autograd.grad(term, self.parameters, scale, retain_graph=True, allow_unused=True)
        gradients = [
            gradient if gradient.dtype == torch.float64 else gradient.float()
            for gradient in found
            if gradient is not None
        ]
        if not gradients:
            return torch.zeros_like(scale)
        norms = torch._foreach_norm(gradients)  # pyright: ignore[reportPrivateImportUsage]
        norm = torch.linalg.vector_norm(torch.stack(norms))
        if self.scaler.is_enabled():
            norm = norm.where(norm.isfinite(), torch.finfo(torch.float16).max)
        return norm / scale

    def minimize(self, loss: Tensor) -> None:
        """Take a turn: backward, clip, step, average. While gradients accumulate, only backward."""
        self.scaler.scale(loss / self.accelerator.gradient_accumulation_steps).backward()
        if not self.accelerator.sync_gradients:
            return
        if self.clip is not None or self.clip_value is not None:
            self.scaler.unscale_(self.optimizer)
        if self.clip_value is not None and self._pace:
            clip_grad_value_(self.parameters, self.clip_value / self._pace)
        if self.clip is not None:
            clip_grad_norm_(self.parameters, self.clip)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad(set_to_none=True)
        for name, average in self.averages.items():
            average.update(self.networks[name])

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """The other player's turn: gradients flow through these networks, not into them."""
        self._freeze(True)
        try:
            yield
        finally:
            self._freeze(False)

    def _freeze(self, frozen: bool) -> None:
        self._frozen = frozen
        for parameter in self.parameters:
            parameter.requires_grad_(not frozen)

    @torch.no_grad()
    def broken(self) -> list[str]:
        """Names of networks with a parameter that is no longer finite. Waits for the device."""
        return [
            name
            for name, network in self.networks.items()
            if not torch.stack([parameter.isfinite().all() for parameter in network.parameters()]).all()
        ]

    def best_networks(self) -> dict[str, nn.Module]:
        """What is validated and shipped: the averages, or the networks themselves when there are none."""
        averages = {name: average.network for name, average in self.averages.items()}
        return dict(self.networks) | averages

    def share_buffers(self) -> None:
        """Give every process the first one's buffers: batch statistics are gathered by each on its own."""
        if self.accelerator.num_processes > 1:
            for network in (*self.networks.values(), *(a.network for a in self.averages.values())):
                for buffer in network.buffers():
                    torch.distributed.broadcast(buffer, src=0)

    def state_dict(self) -> dict[str, Any]:
        """The optimizer's and the scaler's state; networks and averages are saved as files of their own."""
        saved = self.optimizer.state_dict() | {"names": self._order()}
        averages = {name: average.state_dict() for name, average in self.averages.items()}
        return {"optimizer": saved, "scaler": self.scaler.state_dict(), "averages": averages}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state`: each parameter with what was kept for the one of its name, whatever its group is now.

        Settings of groups stay what the options say today.

        Raises:
            ValueError: a parameter that learns now did not learn then.
        """
        saved = state["optimizer"]
        places = {name: place for place, name in enumerate(saved["names"])}
        if fresh := [name for name in self._order() if name not in places]:
            raise ValueError(f"{fresh[0]} did not learn then, and learns now")
        kept = {number: saved["state"].get(places[name]) for number, name in enumerate(self._order())}
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict(
            {"state": {number: one for number, one in kept.items() if one is not None}, "param_groups": groups}
        )
        self.scaler.load_state_dict(state["scaler"])
        for name, average in self.averages.items():
            average.load_state_dict(state["averages"][name])

    def _order(self) -> list[str]:
        """Names of the parameters in the order in which the optimizer's state has them: group after group."""
        named = {id(p): f"{network}.{name}" for network, n in self.networks.items() for name, p in _named(n)}
        return [named[id(parameter)] for group in self.optimizer.param_groups for parameter in group["params"]]


def rate_of(name: str, rates: Mapping[str, float]) -> float:
    """The factor on a parameter's rate: that of the longest beginning of its name, else 1."""
    begins = [begin for begin in rates if name.startswith(begin)]
    return rates[max(begins, key=len)] if begins else 1.0


def _named(network: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """Parameters by the names that their weights have in files."""
    yield from network.named_parameters()  # if a network's own state leaves some out
    yield from network.state_dict(keep_vars=True).items()
