"""The rows of docs/networks.md: networks as their papers have them, with the numbers that those publish."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from gansr.models.generators import GENERATORS
from torch import nn

FAMILIES = {
    "pre": "Enlarge first",
    "post": "Enlarge last",
    "progressive": "Enlarge step by step",
    "iterative": "Enlarge and reduce in turns",
    "several": "Several scales in one network",
    "spandrel": "Through spandrel",
}


@dataclass(frozen=True)
class Entry:
    """One row.

    Args:
        title: the network's name in its paper
        type: its name in our table
        family: key of FAMILIES
        arguments: those that make it the paper's
        scales: at which it is measured; the first is timed
        published: scale -> parameters as the paper, or its authors' code, has them
        colour: y counts one channel
        narrow: arguments with few features, for measures that do not depend on them
    """

    title: str
    type: str
    family: str
    scales: tuple[int, ...] = (4, 2, 3)
    arguments: Mapping[str, Any] = field(default_factory=dict)
    published: Mapping[int, str] = field(default_factory=dict)
    colour: str = "rgb"
    narrow: Mapping[str, Any] = field(default_factory=dict)

    def maker(self, scale: int, narrow: bool = False) -> Callable[[], nn.Module]:
        """Makes the network, or one of few features that is as deep."""
        channels = {"in_channels": 1, "out_channels": 1} if self.colour == "y" else {}
        return partial(GENERATORS[self.type], scale, **{**self.arguments, **channels, **(self.narrow if narrow else {})})


def everywhere(count: str, scales: tuple[int, ...] = (4, 2, 3)) -> dict[int, str]:
    """The same number at every scale."""
    return dict.fromkeys(scales, count)


FEW = {"features": 8}
CATALOGUE: tuple[Entry, ...] = (
    Entry("SRCNN 9-1-5 (Y)", "srcnn", "pre", arguments={"kernels": (9, 1, 5)}, published=everywhere("8,032 without biases"), colour="y"),
    Entry("SRCNN 9-5-5 (Y)", "srcnn", "pre", published=everywhere("57,184 without biases"), colour="y"),
    Entry("VDSR (Y)", "vdsr", "pre", published=everywhere("665 k"), colour="y", narrow=FEW),
    Entry("DRCN (Y)", "drcn", "pre", published=everywhere("1.77 M"), colour="y", narrow=FEW),
    Entry("DRRN B1U9 (Y)", "drrn", "pre", arguments={"units": 9}, published=everywhere("297 k"), colour="y", narrow=FEW),
    Entry("DRRN B1U25 (Y)", "drrn", "pre", published=everywhere("297 k"), colour="y", narrow=FEW),
    Entry("MemNet M6R6 (Y)", "memnet", "pre", published=everywhere("677 k"), colour="y", narrow=FEW),
    Entry("FSRCNN-s (Y)", "fsrcnn", "post", arguments={"features": 32, "shrunk": 5, "mappings": 1},
          published=everywhere("3,937 without biases and slopes"), colour="y"),
    Entry("FSRCNN (Y)", "fsrcnn", "post", published=everywhere("12,464 without biases and slopes"), colour="y"),
    Entry("ESPCN (Y)", "espcn", "post", published={3: "25 k"}, colour="y"),
    Entry("SRResNet", "srresnet", "post", published={4: "1.5 M"}, narrow=FEW),
    Entry("MSRResNet", "msrresnet", "post", narrow=FEW),
    Entry("EDSR baseline", "edsr", "post", published={2: "1.37 M", 3: "1.55 M", 4: "1.52 M"}, narrow=FEW),
    Entry("EDSR", "edsr", "post", arguments={"features": 256, "blocks": 32, "residual_scale": 0.1},
          published={2: "40.7 M", 3: "43.7 M", 4: "43.1 M"}, narrow=FEW),
    Entry("SRDenseNet", "srdensenet", "post", scales=(4,), narrow={"growth": 4}),
    Entry("RDN (D16 C8 G64)", "rdn", "post", published={4: "22.3 M", 2: "22.1 M", 3: "22.3 M"}, narrow={"features": 8, "growth": 4}),
    Entry("CARN", "carn", "post", published={4: "1.59 M"}, narrow=FEW),
    Entry("CARN-M", "carn", "post", published={4: "412 k"}, narrow=FEW),
    Entry("DSRN", "dsrn", "post", published=everywhere("1.2 M"), narrow=FEW),
    Entry("RCAN", "rcan", "post", published={2: "15.4 M", 3: "15.6 M", 4: "15.6 M"}, narrow={"features": 16}),
    Entry("SAN", "san", "post", published={4: "15.7 M"}, narrow={"features": 16}),
    Entry("CSNLN", "csnln", "post", published={2: "3.06 M", 4: "6.57 M"}, narrow=FEW),
    Entry("RRDBNet (ESRGAN)", "rrdbnet", "post", scales=(4, 2), published={4: "16.7 M"}, narrow={"features": 8, "growth": 4}),
    Entry("Compact (Real-ESRGAN)", "srvgg_compact", "post", narrow=FEW),
    Entry("LapSRN (Y)", "lapsrn", "progressive", scales=(4, 2, 8), arguments={"bias": False}, published={4: "812 k"}, colour="y", narrow=FEW),
    Entry("MS-LapSRN D5R8 (Y)", "lapsrn", "progressive", scales=(4, 2, 8), arguments={"bias": False},
          published={4: "222 k"}, colour="y", narrow=FEW),
    Entry("ProSR-l", "prosr", "progressive", scales=(4, 2, 8), published={8: "15.5 M"}),
    Entry("Super-FAN", "super_fan", "progressive", scales=(4, 8), narrow=FEW),
    Entry("D-DBPN", "dbpn", "iterative", scales=(4, 2, 8), published={4: "10 M"}, narrow={"features": 8, "first_features": 8}),
    Entry("MDSR", "mdsr", "several", published=everywhere("8.0 M"), narrow=FEW),
)
