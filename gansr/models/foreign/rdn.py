"""Other projects' names for RDN."""

from gansr.models.foreign.dialect import Dialect, State

KIND = r"(weight|bias)"
WHITE = 255
"""What white is in EDSR-PyTorch, where ours is 1."""


def _in_range(state: State) -> State:
    """Number the convolutions that enlarge, and let the network do to [0, 1] what it did to [0, 255].

    Convolutions and ReLU have outputs in proportion to their inputs, so what is added shrinks too.
    """
    last = max(int(name.split(".")[1]) for name in state if name.startswith("upscale."))
    named = {name.replace(f"upscale.{last}.", "output."): tensor for name, tensor in state.items()}
    return {name: tensor / WHITE if name.endswith("bias") else tensor for name, tensor in named.items()}


DIALECTS = (
    # src/model/rdn.py of EDSR-PyTorch, as kept in delldu/EDSR and others. Where its growth is not its number of
    # features (its configuration A), it enlarges maps of `growth` channels, and is no network of ours.
    Dialect(
        "EDSR-PyTorch's RDN",
        rf"SFENet[12]\.{KIND}",
        (
            (rf"SFENet([12])\.{KIND}", r"sfe\1.\2"),
            (rf"RDBs\.(\d+)\.convs\.(\d+)\.conv\.0\.{KIND}", r"rdbs.\1.layers.\2.conv.\3"),
            (rf"RDBs\.(\d+)\.LFF\.{KIND}", r"rdbs.\1.lff.\2"),
            (rf"GFF\.([01])\.{KIND}", r"gff.\1.\2"),
            (rf"UPNet\.(\d)\.{KIND}", r"upscale.\1.\2"),
        ),
        finish=_in_range,
    ),
)
