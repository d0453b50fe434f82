"""A long track never stands in memory at its full rate."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

MINUTES, RATE = 6, 44_100

PROGRAM = """
import sys
from pathlib import Path
from cmean.media import audio

def peak():
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024

path = Path(sys.argv[1])
start = peak()
info = audio.probe_track(path)
probed = peak()
sound = audio.load_track(path)
print(info.seconds, len(sound.samples), probed - start, peak() - start)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's memory counters")
def test_a_long_track_is_decoded_in_blocks(tmp_path):
    path = tmp_path / "long.flac"
    second = 0.3 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)
    minute = np.tile((second[:, None] * [32_000, 16_000]).astype(np.int16), (60, 1))
    with soundfile.SoundFile(path, "w", RATE, 2) as file:
        for _ in range(MINUTES):
            file.write(minute)
    program = [sys.executable, "-c", PROGRAM, str(path)]
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    seconds, samples, probing, loading = map(float, done.stdout.split())
    assert (seconds, samples) == (MINUTES * 60, MINUTES * 60 * 16_000)
    full = MINUTES * 60 * RATE * 2 * 4 / 2**20  # 121 MiB
    kept = samples * 4 / 2**20  # 22 MiB
    assert probing < 0.1 * full
    assert loading < 1.2 * kept + 0.1 * full
