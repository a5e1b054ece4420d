"""`gansr import`: weights of other projects -> a file of ours, which says what it is."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from gansr.build.making.networks import describe_generator, identify, make_generator
from gansr.errors import OptionsError
from gansr.models import weights
from gansr.models.architecture import Architecture
from gansr.models.recognise import any_scale
from gansr.options.sections import NetworkOptions


@dataclass(frozen=True)
class Brought:
    """What a file turned out to be."""

    architecture: Architecture
    parameters: int
    others: list[str]  # tensors of other networks in the file
    source: str  # whose names its weights had; ours are those of the authors where they published PyTorch code


def bring(path: Path, output: Path, options: NetworkOptions | None = None, scale: int | None = None) -> Brought:
    """Read weights under whatever names, recognise their network, and write them as a safetensors file of ours.

    The file carries its architecture, so that `gansr upscale` and `generator.weights` need no options. What `options`
    and `scale` leave out, names and shapes tell.

    Raises:
        WeightsError: the file would run code, is damaged, belongs to no network that is known, or some layers do not
            match: the message says which.
        OptionsError: the output has another ending, or is the input.
        StorageError: the output cannot be written.
    """
    if output.suffix != ".safetensors":
        raise OptionsError(f"--output {output}: expected a name that ends in .safetensors.")
    if output.resolve() == path.resolve():
        raise OptionsError(f"--output {output} is the file to import; choose another name.")
    content = weights.read(path)
    options, own = identify(path, content, options, scale)
    if scale not in {None, own}:
        raise OptionsError(f"--scale {scale}: the weights in {path} were made for x{own}. Leave --scale out.")
    scale = own
    where = f"{path}: generator"
    built_at = scale or any_scale(options.arguments)
    with torch.device("cpu"):
        network = make_generator(options, built_at, where)
    others = weights.load_into(network, content, where=str(path))
    described = describe_generator(options, built_at, where)
    architecture = replace(described, scale=scale)
    source = content.source or "gansr"
    made = {"imported_from": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "names_of": source}
    weights.write(output, network.state_dict(), weights.describe(architecture, **made))
    return Brought(architecture, sum(parameter.numel() for parameter in network.parameters()), others, source)
