"""The recipes by name."""

from gansr.recipes.paired import Paired
from gansr.recipes.paired_gan import PairedGan
from gansr.recipes.unpaired.cincgan import CinCGAN
from gansr.recipes.unpaired.learned_degradation import LearnedDegradation
from gansr.recipes.unpaired.pseudo_supervision import PseudoSupervision
from gansr.recipes.unpaired.semi_cycle import SemiCycle
from gansr.recipes.unpaired.unpaired_cycle import UnpairedCycle

RECIPES = {
    "paired": Paired,
    "paired_gan": PairedGan,
    "learned_kernel_noise": LearnedDegradation,
    "degradation_gan": LearnedDegradation,
    "unpaired_cycle": UnpairedCycle,
    "cincgan": CinCGAN,
    "pseudo_supervision": PseudoSupervision,
    "semi_cycle": SemiCycle,
}
