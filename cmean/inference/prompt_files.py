"""Prompt templates as files: those that come with cmean, and a user's own."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from cmean.errors import ConfigError

CAPTIONS_LAST = "emotion-captions-last"
"""The mapping prompt that is the same up to its captions, one or several, so that an engine can
reuse what it computed of it. New language models name it as their `BackendInfo.prompt`."""

_FOLDER = files("cmean.inference") / "prompts"


def name_mapping_template(own: str, *, together: bool) -> str:
    """Name the mapping prompt of a language model where a profile names none.

    Args:
        own: of the back-end, its `BackendInfo.prompt`.
        together: whether several captions are asked about at once.
    """
    if own == CAPTIONS_LAST:
        return CAPTIONS_LAST
    return "emotion-five" if together else "emotion"


def read_template(name: str) -> str:
    """Read the text of the template of that name, or of the file at that path.

    Raises:
        ConfigError: there is none, or it is not UTF-8 text.
    """
    packaged = {entry.name.removesuffix(".txt"): entry for entry in _FOLDER.iterdir()}
    try:
        if name in packaged:
            return packaged[name].read_text(encoding="utf-8")
        return Path(name).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"the prompt template {name} is not UTF-8 text") from error
    except OSError as error:
        known = ", ".join(sorted(packaged))
        raise ConfigError(
            f"the prompt template {name!r} is neither one of {known}, nor a file that can be read"
        ) from error
