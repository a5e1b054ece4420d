"""The recipes by name."""

from gansr.recipes.learned_kernel_noise import LearnedKernelNoise
from gansr.recipes.paired import Paired
from gansr.recipes.paired_gan import PairedGan

RECIPES = {"paired": Paired, "paired_gan": PairedGan, "learned_kernel_noise": LearnedKernelNoise}
