"""What a comparison of pixels leaves open, as those who publish numbers close it: protocols by name."""

from typing import Literal, NamedTuple

from gansr.errors import OptionsError, choices_hint

Colour = Literal["y", "rgb"]


class Protocol(NamedTuple):
    """Colour, border and rounding of one way to score."""

    colour: Colour
    round_y: bool  # Y in 8 bits, as MATLAB's rgb2ycbcr gives it
    beside_scale: int = 0  # pixels of the border beside those of the scale

    def border(self, scale: int) -> int:
        """Pixels that are cut off each side at this magnification."""
        return scale + self.beside_scale


PROTOCOLS: dict[str, Protocol] = {
    "sr": Protocol("y", round_y=True),
    "basicsr_rgb": Protocol("rgb", round_y=False),
    "ntire": Protocol("rgb", round_y=False),
    "ntire2017": Protocol("rgb", round_y=False, beside_scale=6),
}
"""Name -> protocol. In all of them a grey ground truth is compared as it is.

* `sr`: what papers print of Set5, Set14, BSD100, Urban100, Manga109: MATLAB's 8-bit Y, `scale` pixels cut.
* `basicsr_rgb`: BasicSR's `calculate_psnr` and `calculate_ssim` with `crop_border: scale, test_y_channel: false`; its
  tables of MSRResNet and EDSR, and MMagic's.
* `ntire`: the released scoring of NTIRE's efficient super-resolution (2022 and later): RGB, `scale` pixels cut. Today
  that is `basicsr_rgb` under the name that the challenge's papers are looked up by.
* `ntire2017`: DIV2K in the challenges of 2017 and 2018 and in EDSR's code: RGB, `scale + 6` pixels cut.
"""


def protocol_of(name: str) -> Protocol:
    """The protocol of this name.

    Raises:
        OptionsError: there is none.
    """
    if name not in PROTOCOLS:
        raise OptionsError(f"protocol: there is no '{name}'. {choices_hint(name, PROTOCOLS)}")
    return PROTOCOLS[name]
