"""Starts one `cmean worker` for each GPU of this machine, and keeps them running.

Each process sees one GPU and works alone in it, since a fork after CUDA has started breaks.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys

from supervise import Job, supervise

from cmean.inference.queues import QUEUES

_MODEL_QUEUES = ("caption.track", "caption.artwork", "emotion", "embed")
_DEVICE = re.compile(r"\s*(GPU|MIG) .*\(UUID: ([^)]+)\)")


def main() -> int:
    """Start the workers; returns when they have ended."""
    args = _make_parser().parse_args()
    limited = "CUDA_VISIBLE_DEVICES" in os.environ
    devices = args.gpus or (_read_visible_devices() if limited else _find_devices())
    if not devices:
        print("gpu.py: no GPU found; name some with --gpus, or use cpu.py", file=sys.stderr)
        return 1
    queues = [part for queue in args.queue or _MODEL_QUEUES for part in ("--queue", queue)]
    command = [sys.executable, "-m", "cmean", "worker", "--concurrency", "1", *queues]
    environments = {device: {**os.environ, "CUDA_VISIBLE_DEVICES": device} for device in devices}
    return supervise(
        [Job(f"worker of GPU {device}", command, env) for device, env in environments.items()]
    )


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="gpu.py", description="Start a worker for each GPU.")
    parser.add_argument(
        "--queue",
        action="append",
        choices=QUEUES,
        help=f"a queue to serve; may be repeated (default: {', '.join(_MODEL_QUEUES)})",
    )
    parser.add_argument(
        "--gpus",
        type=_parse_devices,
        metavar="LIST",
        help="GPUs by number or UUID, e.g. 0,1 "
        "(default: those of CUDA_VISIBLE_DEVICES, else all that nvidia-smi names)",
    )
    return parser


def _parse_devices(text: str) -> list[str]:
    devices = [part.strip() for part in text.split(",")]
    if not all(devices) or len(set(devices)) < len(devices):
        raise argparse.ArgumentTypeError("must name different GPUs, e.g. 0,1")
    return devices


def _read_visible_devices() -> list[str]:
    """Read the GPUs in CUDA_VISIBLE_DEVICES; as for CUDA, -1 ends the list."""
    found: list[str] = []
    for part in os.environ["CUDA_VISIBLE_DEVICES"].split(","):
        if part.strip() in {"", "-1"}:
            break
        found.append(part.strip())
    return found


def _find_devices() -> list[str]:
    """Find the UUIDs of all GPUs; of a GPU that is split (MIG), those of its parts."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    answer = subprocess.run([program, "-L"], capture_output=True, text=True, check=False)  # noqa: S603 - found on PATH
    found: list[tuple[str, list[str]]] = []
    for line in answer.stdout.splitlines() if answer.returncode == 0 else ():
        match = _DEVICE.match(line)
        if match and match[1] == "GPU":
            found.append((match[2], []))
        elif match and found:
            found[-1][1].append(match[2])
    return [device for whole, parts in found for device in parts or [whole]]


if __name__ == "__main__":
    sys.exit(main())
