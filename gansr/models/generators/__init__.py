"""Networks that make a large image of a small one: name -> class. All take `scale` first."""

from collections.abc import Callable

from torch import nn

from gansr.models.generators.carn import CARN
from gansr.models.generators.csnln import CSNLN
from gansr.models.generators.dbpn import DBPN
from gansr.models.generators.drcn import DRCN
from gansr.models.generators.drrn import DRRN
from gansr.models.generators.dsrn import DSRN
from gansr.models.generators.edsr import EDSR
from gansr.models.generators.espcn import ESPCN
from gansr.models.generators.fsrcnn import FSRCNN
from gansr.models.generators.lapsrn import LapSRN
from gansr.models.generators.mdsr import MDSR
from gansr.models.generators.memnet import MemNet
from gansr.models.generators.msrresnet import MSRResNet
from gansr.models.generators.prosr import ProSR
from gansr.models.generators.rcan import RCAN
from gansr.models.generators.rdn import RDN
from gansr.models.generators.rrdbnet import RRDBNet
from gansr.models.generators.san import SAN
from gansr.models.generators.srcnn import SRCNN
from gansr.models.generators.srdensenet import SRDenseNet
from gansr.models.generators.srresnet import SRResNet
from gansr.models.generators.srvgg_compact import SRVGGNetCompact
from gansr.models.generators.super_fan import SuperFAN
from gansr.models.generators.through_spandrel import SPANDREL
from gansr.models.generators.vdsr import VDSR

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
} | SPANDREL
