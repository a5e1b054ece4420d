"""Why PyTorch would not read a pickle as plain data, in words."""

import pickletools
from pathlib import Path

SIGNS_OF_CODE = ("GLOBAL", "Unsupported class", "unrecognized function")
"""What PyTorch's complaint says when a pickle asks for more than data."""

MAGIC = 0x1950A86A20F9469CFC6C
"""The first object of the files that `torch.save` wrote before they were zip archives."""

LOOKED_AT = 100_000
"""So many instructions of a pickle are looked at."""


def refusal(path: Path, complaint: str) -> str:
    """What is the matter with a file that `torch.load` complained of: code, arrays of numpy, or damage."""
    asks = any(sign in complaint for sign in SIGNS_OF_CODE)
    if asks and "GLOBAL numpy" in complaint:
        return (
            "it holds arrays or numbers of numpy, which cannot be read without running code. If you trust its author, "
            "make tensors of them: import torch; content = torch.load(FILE, weights_only=False); torch.save({name: "
            "torch.as_tensor(array) for name, array in content.items()}, OTHER_FILE)."
        )
    if asks or _is_plain_pickle(path):
        return (
            "refused, because reading it would run code stored in it, not only load tensors. Ask its author for a "
            "plain state dict or a .safetensors file."
        )
    return "damaged, or not a file of weights that PyTorch saved."


def _is_plain_pickle(path: Path) -> bool:
    """Is it a whole pickle that `torch.save` did not write? Those are read for their code as soon as for their data.

    Nothing of it is run: its instructions are read one after another.
    """
    with path.open("rb") as file:
        try:
            for number, (instruction, argument, _) in enumerate(pickletools.genops(file)):
                if argument == MAGIC:
                    return False
                if instruction.name == "STOP" or number > LOOKED_AT:
                    return number > 1
        except (ValueError, IndexError, UnicodeDecodeError):
            pass
    return False
