"""Complete checkpoints of a few hundred kilobytes, random but always the same."""

import os

# Before PyTorch is imported: models this small are several times slower with more threads.
os.environ.setdefault("OMP_NUM_THREADS", "1")
