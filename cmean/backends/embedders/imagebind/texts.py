"""A text as ImageBind's tower takes it: windows of 77 tokens of CLIP's vocabulary."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cmean.backends import state_dicts
from cmean.backends.embedders.imagebind.sizes import TEXT_TOKENS
from cmean.backends.embedders.texts import cut_token_windows
from cmean.errors import WeightsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

REPOSITORY = "openai/clip-vit-base-patch32"
"""Has the tokenizer, where the checkpoint's folder has not."""

_FILES = (("tokenizer.json",), ("vocab.json", "merges.txt"))


class Tokenizer:
    """CLIP's byte-pair tokenizer.

    Args:
        folder: of the checkpoint; read there, if it has `tokenizer.json`, or `vocab.json` and
            `merges.txt`, else in `REPOSITORY`.
        vocabulary: how many tokens the model knows.

    Raises:
        WeightsError: the files are not there, cannot be read, or are of another vocabulary.
    """

    def __init__(self, folder: Path, vocabulary: int) -> None:
        from transformers import CLIPTokenizer

        folder = state_dicts.find_companion_folder(_FILES, folder, REPOSITORY)
        try:
            found = CLIPTokenizer.from_pretrained(folder, local_files_only=True)
        except Exception as error:  # the tokenizers library raises bare exceptions
            raise WeightsError(f"the tokenizer in {folder} cannot be read: {error}") from error
        self._tokenizer = found
        # the tower finds a text's end as its largest token
        if len(found) != vocabulary or found.eos_token_id != vocabulary - 1:
            raise WeightsError(
                f"the tokenizer in {folder} has {len(found)} tokens and ends texts with number "
                f"{found.eos_token_id}; the model has {vocabulary}, and ends them with the last"
            )

    def cut_windows(self, text: str) -> Iterator[NDArray[np.int64]]:
        """Cut a text into the tokens of windows that together cover it.

        They follow each other, and the last one is aligned to the end. Each is framed by the tokens
        for start and end. What looks like such a token in the text is read as plain characters.

        Returns:
            Arrays of shape (77,), zeros after the end.

        Raises:
            EmbeddingError: `empty-text`.
        """
        for window in cut_token_windows(self._tokenizer, text, TEXT_TOKENS):
            yield np.pad(np.array(window, np.int64), (0, TEXT_TOKENS - len(window)))
