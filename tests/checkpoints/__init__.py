"""Tiny checkpoints with random weights, complete and saved as real ones are: one module a family.

Each `build(folder)` writes one of under 1.5 MB and returns the folder.
"""

import os

# Before PyTorch is imported: models this small are five times slower with more threads, and a GPU
# adds numbers in another order.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("CMEAN_DEVICE", "cpu")
