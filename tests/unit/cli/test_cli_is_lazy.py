"""The help text loads nothing of the program, so that it is there at once."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from cmean.cli import VERBS, main

HEAVY = {"sqlalchemy", "alembic", "numpy", "scipy", "librosa", "PIL", "soundfile", "soxr"}
HEAVY |= {"celery", "torch", "transformers", "rich", "jinja2", "psutil", "pyarrow", "matplotlib"}

PROBE = """
import json, sys
from cmean.cli import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print(json.dumps(sorted({name.split(".")[0] for name in sys.modules})))
"""


def loaded(*arguments):
    command = [sys.executable, "-c", PROBE, *arguments]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    return found.stdout, set(json.loads(found.stdout.splitlines()[-1]))


def test_help_and_version_load_nothing_heavy():
    for arguments in (["--help"], ["--version"]):
        assert not loaded(*arguments)[1] & HEAVY


def test_help_names_every_verb():
    text, _ = loaded("--help")
    for verb, summary in VERBS.items():
        assert verb in text
        assert summary in text


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb, capsys):
    with pytest.raises(SystemExit) as ended:
        main([verb, "--help"])
    assert ended.value.code == 0
    assert f"usage: cmean {verb}" in capsys.readouterr().out
