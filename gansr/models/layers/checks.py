"""Arguments of networks that the type of an option cannot express."""

from collections.abc import Collection, Iterable, Sequence

from gansr.errors import OptionsError


def check_scale(network: str, scale: int, choices: Iterable[int]) -> None:
    """Raise OptionsError unless `network` is defined at this scale."""
    known = sorted(choices)
    if scale not in known:
        raise OptionsError(f"{network}: there is no network for scale {scale}. Choices: {', '.join(map(str, known))}.")


def check_scales(network: str, scale: int, scales: Sequence[int], choices: Collection[int]) -> None:
    """Raise OptionsError unless `network` is defined at each of `scales`, which differ, and `scale` is one of them."""
    for one in (scale, *scales):
        check_scale(network, one, choices)
    if scale not in scales or len(set(scales)) < len(scales):
        raise OptionsError(f"{network}: scales is {list(scales)}; expected different scales, and {scale} among them.")


def check_positive(network: str, **numbers: int) -> None:
    """Raise OptionsError unless every number is at least 1."""
    for name, number in numbers.items():
        if number < 1:
            raise OptionsError(f"{network}: {name} is {number}; it must be at least 1.")


def check_residual(network: str, in_channels: int, out_channels: int) -> None:
    """Raise OptionsError unless the enlarged input can be added to the output."""
    if in_channels != out_channels:
        raise OptionsError(
            f"{network}: in_channels is {in_channels} and out_channels is {out_channels}; they must be "
            "equal, because the network adds its enlarged input to its output."
        )


def check_side(network: str, height: int, width: int, least: int) -> None:
    """Raise OptionsError unless both sides of an image have at least `least` pixels."""
    if min(height, width) < least:
        raise OptionsError(
            f"{network}: an image of {height}x{width} pixels is too small, each side needs at least {least}. "
            "Train on larger crops, or choose a discriminator with fewer halvings."
        )
