"""The rows of docs/networks.md: networks as their papers have them, with the numbers that those publish."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from gansr.models.generators import GENERATORS
from gansr.options.load import load

OPTIONS = Path(__file__).parent.parent.parent / "options"


@dataclass(frozen=True)
class Entry:
    """One row.

    Args:
        title: the network's name in its paper; "Y" where it is measured with one channel
        type: its name in our table
        scales: at which it is measured; the first is timed
        arguments: those that make it the paper's
        published: scale -> parameters as the paper, or its authors' code, has them; or the same at every scale
        narrow: arguments with few features, for measures that do not depend on them
    """

    title: str
    type: str
    scales: tuple[int, ...] = (4, 2, 3)
    arguments: Mapping[str, Any] = field(default_factory=dict)
    published: Mapping[int, str] | str = ""
    narrow: Mapping[str, Any] = field(default_factory=dict)

    @property
    def channels(self) -> int:
        """Of its images."""
        return 1 if self.title.endswith(" Y") else 3

    def maker(self, scale: int, narrow: bool = False) -> Callable[[], nn.Module]:
        """Makes the network, or one of few features that is as deep."""
        arguments = {**self.arguments, **(self.narrow if narrow else {})}
        if self.channels == 1:
            arguments |= {"in_channels": 1, "out_channels": 1}
        return partial(GENERATORS[self.type], scale, **arguments)

    def count(self, scale: int) -> str:
        """The published number of parameters, or nothing."""
        return self.published if isinstance(self.published, str) else self.published.get(scale, "")


def from_options(title: str, name: str, published: str) -> Entry:
    """The generator of an options file, at its scale."""
    options = load(OPTIONS / f"{name}.yml")[-1]
    return Entry(title, options.generator.type, (options.scale,), options.generator.arguments, published)


FEW = {"features": 8}
SEVERAL = {"scales": (2, 3, 4)}
SMALL_FSRCNN = {"features": 32, "shrunk": 5, "mappings": 1}
WIDE_EDSR = {"features": 256, "blocks": 32, "residual_scale": 0.1}
MS_LAPSRN = {"depth": 5, "recursions": 8, "skip": "shared", "shared": True, "bias": False}

CATALOGUE: dict[str, tuple[Entry, ...]] = {
    "Pre-upsampling": (
        Entry("SRCNN 9-1-5 Y", "srcnn", (3,), {"kernels": (9, 1, 5)}, "8,032 without biases"),
        Entry("SRCNN 9-5-5 Y", "srcnn", (3,), {}, "57,184 without biases"),
        Entry("VDSR Y", "vdsr", (4,), {}, "665 k", FEW),
        Entry("DRCN Y", "drcn", (3,), {}, "1.77 M", FEW),
        Entry("DRRN B1U9 Y", "drrn", (4,), {"units": 9}, "297 k: convolutions alone", FEW),
        Entry("DRRN B1U25 Y", "drrn", (4,), {}, "297 k: convolutions alone", FEW),
        Entry("MemNet M6R6 Y", "memnet", (4,), {}, "677 k: convolutions alone", FEW),
    ),
    "Post-upsampling": (
        Entry("FSRCNN-s Y", "fsrcnn", (4, 2, 3), SMALL_FSRCNN, "3,937 without biases and slopes"),
        Entry("FSRCNN Y", "fsrcnn", (4, 2, 3), {}, "12,464 without biases and slopes"),
        Entry("ESPCN Y", "espcn", published={3: "25 k"}),
        Entry("SRResNet", "srresnet", published={4: "1.5 M"}, narrow=FEW),
        Entry("MSRResNet", "msrresnet", narrow=FEW),
        Entry("EDSR baseline", "edsr", (4, 2, 3), {}, {2: "1.37 M", 3: "1.55 M", 4: "1.52 M"}, FEW),
        Entry("EDSR", "edsr", (4, 2, 3), WIDE_EDSR, {2: "40.7 M", 3: "43.7 M", 4: "43.1 M"}, FEW),
        Entry("SRDenseNet Y", "srdensenet", (4,), narrow={"growth": 4}),
        Entry("RDN", "rdn", (4, 2, 3), {}, "22 M", {"features": 8, "growth": 4}),
        Entry("DSRN", "dsrn", (2, 3, 4), {}, "", FEW),
        Entry("RRDBNet (ESRGAN)", "rrdbnet", (4, 2), {}, {4: "16.7 M"}, {"features": 8, "growth": 4}),
        Entry("Compact (Real-ESRGAN)", "srvgg_compact", narrow=FEW),
    ),
    "Attention": (
        Entry("RCAN", "rcan", (4, 2, 3), {}, {2: "15.4 M", 3: "15.6 M", 4: "15.6 M"}, {"features": 16}),
        Entry("SAN", "san", (4, 2, 3), {}, {4: "15.7 M"}, {"features": 16}),
        Entry("CSNLN", "csnln", (4, 2, 3), {}, {2: "3.06 M", 4: "6.57 M"}, FEW | {"depth": 1}),
    ),
    "Progressive": (
        Entry("LapSRN Y", "lapsrn", (4, 2, 8), {"bias": False}, {4: "812 k"}, FEW),
        Entry("MS-LapSRN D5R8 Y", "lapsrn", (4, 2, 8), MS_LAPSRN, "222 k", FEW),
        Entry("ProSR-l", "prosr", (8, 4, 2), {}, {8: "15.5 M"}),
        Entry("Super-FAN", "super_fan", (4, 8), narrow=FEW),
    ),
    "Iterative up-and-down": (
        Entry("D-DBPN", "dbpn", (4, 2, 8), {}, {4: "10 M"}, {"features": 8, "first_features": 8}),
    ),
    "Several scales in one network": (
        Entry("MDSR", "mdsr", (4,), {}, "8.0 M", FEW),
        Entry("CARN", "carn", (4,), SEVERAL, "1,592 k", FEW),
        Entry("CARN-M", "carn", (4,), SEVERAL | {"mobile": True}, "412 k without biases", FEW),
    ),
    "Of the same size": (
        Entry("UnpairedSR's translator", "translator", (1,), {}, "631,299", FEW),
        Entry("CycleGAN, 9 blocks", "cyclegan_resnet", (1,), {}, "11.378 M", FEW),
        Entry("CycleGAN, 6 blocks", "cyclegan_resnet", (1,), {"blocks": 6}, "7.838 M", FEW),
    ),
    "Through spandrel": (
        from_options("SwinIR", "swinir_x4", "11.9 M"),
        from_options("HAT", "hat_x4", "20.8 M"),
        from_options("DAT", "dat_x4", "14.8 M"),
        from_options("OmniSR", "omnisr_x4", "792 k"),
        from_options("SAFMN", "safmn_x4", "240 k"),
        from_options("SPAN", "span_x4", "426 k once merged"),
        from_options("RealPLKSR", "realplksr_x4", ""),
    ),
}
