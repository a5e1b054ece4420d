"""`python -m gansr`, and so `accelerate launch -m gansr train ...`."""

from gansr.cli import main

main()
