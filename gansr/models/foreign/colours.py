"""Mean colours that were trained by mistake."""

import torch
from torch import Tensor

from gansr.models.foreign.dialect import State


def fold_colours(state: State, first: str, last: str) -> State:
    """Leave the shifts of colour with no more than a shift: what they mix goes into the convolutions beside them.

    Code that came of early EDSR-PyTorch freezes its mean layers by `self.requires_grad = False`, which freezes nothing:
    they are 1x1 convolutions W x + b whose W was trained. W x + b = W (x + W^-1 b), and the padding, which is 0, stays
    0; so the first convolution takes W over, and the last one the other W. Nothing changes where W is the identity.

    Args:
        state: under our names, with `sub_mean` and `add_mean`
        first: name of the convolution after `sub_mean`
        last: name of the convolution before `add_mean`

    Raises:
        LookupError: a name is missing.
        ValueError: a W that mixes colours so that they cannot be told apart again.
    """
    before, after = (state[f"{name}.weight"][..., 0, 0] for name in ("sub_mean", "add_mean"))
    folded = dict(state)
    if not _plain(before):
        folded["sub_mean.weight"] = _identity(state["sub_mean.weight"])
        folded["sub_mean.bias"] = _unmix(before, state["sub_mean.bias"])
        folded[f"{first}.weight"] = torch.einsum("oihw,ij->ojhw", state[f"{first}.weight"], before)
    if not _plain(after):
        folded["add_mean.weight"] = _identity(state["add_mean.weight"])
        folded[f"{last}.weight"] = torch.einsum("ko,oihw->kihw", after, state[f"{last}.weight"])
        folded[f"{last}.bias"] = after @ state[f"{last}.bias"]
    return folded


def _plain(matrix: Tensor) -> bool:
    return torch.equal(matrix, torch.eye(len(matrix), dtype=matrix.dtype, device=matrix.device))


def _identity(weight: Tensor) -> Tensor:
    return torch.eye(len(weight), dtype=weight.dtype, device=weight.device)[..., None, None]


def _unmix(matrix: Tensor, bias: Tensor) -> Tensor:
    try:
        return torch.linalg.solve(matrix.double(), bias.double()).to(bias.dtype)
    except RuntimeError as error:  # LinAlgError is one
        raise ValueError("sub_mean mixes colours beyond recovery") from error
