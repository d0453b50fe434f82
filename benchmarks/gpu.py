"""Models of real size with random weights on a GPU; what is measured and how: gpu_models.py.

python benchmarks/gpu.py
"""

from __future__ import annotations

from gpu_models import main

if __name__ == "__main__":
    main()
