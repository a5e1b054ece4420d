"""gansr: train, evaluate and use generative super-resolution networks."""

__version__ = "0.1.0"
