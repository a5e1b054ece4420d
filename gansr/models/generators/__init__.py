"""Networks that make a large image of a small one: name -> class. All take `scale` first."""

from collections.abc import Callable

from torch import nn

from gansr.models.generators.attention.csnln import CSNLN
from gansr.models.generators.attention.rcan import RCAN
from gansr.models.generators.attention.san import SAN
from gansr.models.generators.iterative.dbpn import DBPN
from gansr.models.generators.post_upsampling.carn import CARN
from gansr.models.generators.post_upsampling.dsrn import DSRN
from gansr.models.generators.post_upsampling.edsr import EDSR
from gansr.models.generators.post_upsampling.espcn import ESPCN
from gansr.models.generators.post_upsampling.fsrcnn import FSRCNN
from gansr.models.generators.post_upsampling.mdsr import MDSR
from gansr.models.generators.post_upsampling.msrresnet import MSRResNet
from gansr.models.generators.post_upsampling.rdn import RDN
from gansr.models.generators.post_upsampling.rrdbnet import RRDBNet
from gansr.models.generators.post_upsampling.srdensenet import SRDenseNet
from gansr.models.generators.post_upsampling.srresnet import SRResNet
from gansr.models.generators.post_upsampling.srvgg_compact import SRVGGNetCompact
from gansr.models.generators.pre_upsampling.drcn import DRCN
from gansr.models.generators.pre_upsampling.drrn import DRRN
from gansr.models.generators.pre_upsampling.memnet import MemNet
from gansr.models.generators.pre_upsampling.srcnn import SRCNN
from gansr.models.generators.pre_upsampling.vdsr import VDSR
from gansr.models.generators.progressive.lapsrn import LapSRN
from gansr.models.generators.progressive.prosr import ProSR
from gansr.models.generators.progressive.super_fan import SuperFAN
from gansr.models.generators.same_size.cyclegan_resnet import CycleGANResNet
from gansr.models.generators.same_size.translator import Translator
from gansr.models.generators.through_spandrel.rows import SPANDREL

GENERATORS: dict[str, Callable[..., nn.Module]] = {
    "srresnet": SRResNet,
    "msrresnet": MSRResNet,
    "rrdbnet": RRDBNet,
    "srvgg_compact": SRVGGNetCompact,
    "super_fan": SuperFAN,
    "san": SAN,
    "csnln": CSNLN,
    "lapsrn": LapSRN,
    "edsr": EDSR,
    "mdsr": MDSR,
    "rcan": RCAN,
    "rdn": RDN,
    "dbpn": DBPN,
    "prosr": ProSR,
    "espcn": ESPCN,
    "fsrcnn": FSRCNN,
    "srcnn": SRCNN,
    "vdsr": VDSR,
    "drcn": DRCN,
    "drrn": DRRN,
    "memnet": MemNet,
    "srdensenet": SRDenseNet,
    "carn": CARN,
    "dsrn": DSRN,
    "translator": Translator,
    "cyclegan_resnet": CycleGANResNet,
} | SPANDREL
