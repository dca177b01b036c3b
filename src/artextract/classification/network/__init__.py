"""The network, its inputs and its training."""
