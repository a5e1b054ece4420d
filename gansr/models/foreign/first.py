"""Other projects' names for the first networks: SRCNN, FSRCNN, ESPCN and VDSR."""

from gansr.models.foreign.dialect import Dialect, State

KIND = r"(weight|bias)"


def _in_a_row(state: State) -> State:
    """VDSR as one sequence, in which convolutions have even numbers: the first, those between, and the last."""
    last = max(int(name.split(".")[1]) for name in state)
    ours = {0: "input", last: "output"}
    ours |= {number: f"residual_layer.{number // 2 - 1}.conv" for number in range(2, last, 2)}
    return {f"{ours[int(name.split('.')[1])]}.{name.split('.')[2]}": tensor for name, tensor in state.items()}


def _mapped(state: State) -> State:
    """FSRCNN's mapping layers, which others count for themselves, stand between the two 1x1 convolutions here."""
    mappings = 1 + max(int(name.split(".")[1]) for name in state if name.startswith("map.")) // 2
    before = {"map": 2, "expand": 2 + 2 * mappings}

    def ours(name: str) -> str:
        part, number, kind = name.split(".") if name.count(".") == 2 else (name, "", "")
        return f"mid_part.{int(number) + before[part]}.{kind}" if part in before else name

    return {ours(name): tensor for name, tensor in state.items()}


DIALECTS = (
    Dialect(  # model.py of Lornatang/SRCNN-PyTorch
        "Lornatang's SRCNN",
        rf"reconstruction\.{KIND}",
        (
            (rf"features\.0\.{KIND}", r"conv1.\1"),
            (rf"map\.0\.{KIND}", r"conv2.\1"),
            (rf"reconstruction\.{KIND}", r"conv3.\1"),
        ),
    ),
    Dialect(  # model.py of Lornatang/FSRCNN-PyTorch
        "Lornatang's FSRCNN",
        rf"deconv\.{KIND}",
        (
            (rf"feature_extraction\.([01])\.{KIND}", r"first_part.\1.\2"),
            (rf"shrink\.([01])\.{KIND}", r"mid_part.\1.\2"),
            (rf"((?:map|expand)\.\d+\.{KIND})", r"\1"),
            (rf"deconv\.{KIND}", r"last_part.\1"),
        ),
        finish=_mapped,
    ),
    Dialect(  # model.py of Lornatang/ESPCN-PyTorch
        "Lornatang's ESPCN",
        rf"sub_pixel\.0\.{KIND}",
        (
            (rf"feature_maps\.([02])\.{KIND}", r"first_part.\1.\2"),
            (rf"sub_pixel\.0\.{KIND}", r"last_part.0.\1"),
        ),
    ),
    Dialect(  # model.py of Lornatang/VDSR-PyTorch
        "Lornatang's VDSR",
        rf"trunk\.0\.conv\.{KIND}",
        (
            (rf"conv1\.0\.{KIND}", r"input.\1"),
            (rf"trunk\.(\d+)\.conv\.{KIND}", r"residual_layer.\1.conv.\2"),
            (rf"conv2\.{KIND}", r"output.\1"),
        ),
    ),
    Dialect(  # an older vdsr.py of twtygqyy/pytorch-vdsr
        "pytorch-vdsr's first code",
        r"features\.3[68]\.weight",
        ((rf"(features\.\d*[02468]\.{KIND})", r"\1"),),
        finish=_in_a_row,
    ),
)
