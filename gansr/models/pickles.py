"""Why PyTorch would not read a pickle as plain data, in words."""

import pickletools
import zipfile
from dataclasses import dataclass
from pathlib import Path

SIGNS_OF_CODE = ("GLOBAL", "Unsupported class", "unrecognized function")
"""What PyTorch's complaint says when a pickle asks for more than data."""

INSTRUCTIONS_OF_CODE = {"GLOBAL", "STACK_GLOBAL", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "REDUCE", "BUILD"}

MAGIC = 0x1950A86A20F9469CFC6C
"""The first object of the files that `torch.save` wrote before they were zip archives."""

LOOKED_AT = 100_000
"""So many instructions of a pickle are looked at."""

CODE = (
    "refused, because reading it would run code stored in it, not only load tensors. Ask its author for a plain state "
    "dict or a .safetensors file."
)
NUMPY = (
    "refused, because it holds arrays or numbers of numpy, which cannot be read without running code. If you trust its "
    "author, make tensors of them in Python: content = {reader}; torch.save({{name: torch.as_tensor(value) for name, "
    "value in content.items()}}, 'OTHER.pth'). Of a checkpoint, take the part with the weights."
)


@dataclass(frozen=True)
class Plain:
    """A whole pickle that `torch.save` did not write: would it run code, and are there arrays of numpy in it?"""

    code: bool
    numpy: bool


def refusal(path: Path, complaint: str) -> str | None:
    """What is the matter with a file that `torch.load` complained of: code, arrays of numpy; None: it is damaged.

    A pickle that `torch.save` did not write is read for its code as soon as for its data, so it is refused too.
    """
    if "TorchScript" in complaint:
        return (
            "refused, because it is TorchScript, a program with weights inside. Ask its author for a plain state dict."
        )
    plain = _plain(path)
    asks = any(sign in complaint for sign in SIGNS_OF_CODE)
    if (asks and "GLOBAL numpy" in complaint) or (plain is not None and plain.numpy):
        reader = f"torch.load('{path}', weights_only=False)" if plain is None else f"pickle.load(open('{path}', 'rb'))"
        return NUMPY.format(reader=reader)
    if asks or (plain is not None and plain.code):
        return CODE
    return "not a file of weights that PyTorch saved, but another pickle." if plain is not None else None


def _plain(path: Path) -> Plain | None:
    """Nothing of the file is run: its instructions are read one after another."""
    if zipfile.is_zipfile(path):
        return None
    code, numpy = False, False
    try:
        with path.open("rb") as file:
            for number, (instruction, argument, _) in enumerate(pickletools.genops(file)):
                if argument == MAGIC:
                    return None
                code |= instruction.name in INSTRUCTIONS_OF_CODE
                numpy |= isinstance(argument, str) and argument.startswith("numpy")
                if instruction.name == "STOP" or number > LOOKED_AT:
                    return Plain(code, numpy) if number > 1 else None
    except Exception:  # noqa: BLE001  whatever a file of any kind makes a parser of pickles say
        return None
    return None
