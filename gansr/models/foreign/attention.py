"""The names that the authors of SAN and CSNLN gave to their weights."""

from gansr.models.foreign.colours import fold_colours
from gansr.models.foreign.dialect import Dialect, State

KIND = r"(weight|bias)"


def _san(state: State) -> State:
    """Puts attention and the last convolution of each group after its blocks, whose number the names tell."""
    blocks = 1 + max(int(name.split(".")[3]) for name in state if name.startswith("body.0.body."))

    def ours(name: str) -> str:
        return name.replace(".soca.", f".body.{blocks}.").replace(".conv_last.", f".body.{blocks + 1}.")

    return fold_colours({ours(name): tensor for name, tensor in state.items()}, "head.0", "tail.1")


CELL = r"SEM\.multi_source_projection"
FIRST, SECOND = "cell.0.0", "cell.0.1"

DIALECTS = (
    # TrainCode/model/san.py and TestCode/code/model/san.py of daitao/SAN. An older version in its history adds other
    # maps at the end and has no `non_local.soca`; its files would give other images here, so they are not recognised.
    Dialect(
        "SAN's authors",
        rf"non_local\.soca\.conv_du\.\d\.{KIND}",
        (
            (rf"RG\.(\d+)\.rcab\.(\d+)\.conv_first\.(\d)\.{KIND}", r"body.\1.body.\2.body.\3.\4"),
            (rf"RG\.(\d+)\.(soca\.conv_du\.\d|conv_last)\.{KIND}", r"body.\1.\2.\3"),
            (rf"non_local\.non_local\.(g|W|theta|phi)\.{KIND}", r"non_local.\1.\2"),
            (rf"((?:sub_mean|add_mean|head\.0|tail\.0\.\d|tail\.1)\.{KIND}|gamma)", r"\1"),
        ),
        dropped=rf"conv_last\.{KIND}|RG\.\d+\.gamma|non_local\.soca\..+",
        finish=_san,
    ),
    # src/model/csnln.py of SHI-Labs/Cross-Scale-Non-Local-Attention.
    Dialect(
        "CSNLN's authors",
        rf"{CELL}\.up_attention\.conv_match_1\.0\.{KIND}",
        (
            (rf"{CELL}\.(.+)", rf"{FIRST}.\1"),
            (rf"{CELL}_2\.(.+)", rf"{SECOND}.\1"),
            (r"SEM\.down_sample_1\.(.+)", rf"{FIRST}.down.\1"),
            (r"SEM\.down_sample_3\.(.+)", rf"{SECOND}.down.\1"),
            (r"SEM\.down_sample_[24]\.(.+)", r"shrink.0.\1"),
            (r"SEM\.error_encode\.(.+)", rf"{FIRST}.error.\1"),
            (r"SEM\.error_encode_2\.(.+)", rf"{SECOND}.error.\1"),
            (r"SEM\.post_conv\.(.+)", r"shrink.1.\1"),
            (rf"((?:sub_mean|add_mean|head\.\d\.\d|tail\.0)\.{KIND})", r"\1"),
        ),
        dropped=r"SEM\..+\.escape_NaN",
    ),
)
