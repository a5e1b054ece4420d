"""Losses of what a degrader says of itself, by the names of options."""

from gansr.losses.degradation.noise import noise_mean, noise_power

DEGRADATION = {"noise_mean": noise_mean, "noise_power": noise_power}
