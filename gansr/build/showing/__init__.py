"""Weights and folders of pictures -> what a page shows of them."""
