"""Captions by a model server: pictures and sounds go to it as they are, with the prompt."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import soundfile
from PIL import Image

from cmean.backends.server import ModelServer
from cmean.backends.server_connection import ServerConnection
from cmean.backends.server_requests import make_messages
from cmean.domain import Answer, Caption, Sound
from cmean.errors import CaptionError, ItemError
from cmean.failure_reasons import FailureReason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmean.domain import Excerpt, Picture


class ServerCaptioner:
    """Captions excerpts by the model of a server that speaks OpenAI's chat API.

    Implements `cmean.protocols.Captioner`. A picture is sent as PNG, a sound as 16-bit WAV. The
    served model must take them: most servers refuse what theirs does not take, but
    `transformers serve` leaves it out without a word.

    Which weights are served cannot be known before the server is asked, nor told by it: `revision`
    says what the user calls them. The same name on another server is the same recipe.

    Args:
        max_new_tokens: a caption is cut there.
        temperature: 0 is greedy.
        seed: of the sampling, for servers that take one.
        window_seconds: longer sounds are cut into windows by the caller; None: sent whole.
        revision: any name of the served weights; it becomes part of the recipe and is sent nowhere.
        connection: how the server is reached; see `ServerConnection`.
    """

    def __init__(
        self,
        *,
        max_new_tokens: int = 512,
        temperature: float = 0.0,
        seed: int = 0,
        window_seconds: float | None = None,
        revision: str = "",
        **connection: Any,  # noqa: ANN401 - fields of Connection
    ) -> None:
        self.window_seconds = window_seconds
        self.revision = f"{revision}/1".lstrip("/")
        self._sampling = {"max_tokens": max_new_tokens, "temperature": temperature, "seed": seed}
        self._server = ModelServer(ServerConnection(**connection), CaptionError)

    @property
    def concurrency(self) -> int:
        """How many threads may ask at once: what the server was found to take, and a few more."""
        return self._server.concurrency

    def load(self) -> None:
        """Import the client. Sends nothing; errors as `ModelServer.load`."""
        self._server.load()

    def unload(self) -> None:
        """Close the connections."""
        self._server.unload()

    def caption(self, batch: Sequence[Excerpt]) -> list[Caption | ItemError]:
        """Caption a batch; for an excerpt that fails, a `CaptionError` in its place.

        Raises:
            ServerError: the server cannot be used, and no excerpt has a caption.
        """
        return [
            Caption(found.text, found.finish_reason, tokens=found.tokens)
            if isinstance(found, Answer)
            else found
            for found in self._server.ask(batch, self._request)
        ]

    def _request(self, excerpt: Excerpt) -> dict[str, Any]:
        if excerpt.prefix:
            raise CaptionError(
                FailureReason.CANNOT_CONTINUE, "a model server does not go on with a caption"
            )
        if excerpt.prompt is None:
            raise CaptionError(
                FailureReason.NO_PROMPT, "a model server needs a prompt: name one in the profile"
            )
        media = excerpt.media
        part = _encode_sound(media) if isinstance(media, Sound) else _encode_picture(media)
        return {"messages": make_messages(excerpt.prompt, part), **self._sampling}


def _encode_picture(picture: Picture) -> dict[str, Any]:
    file = io.BytesIO()
    Image.fromarray(picture.pixels).save(file, format="PNG")
    return {
        "type": "image_url",
        "image_url": {"url": f"data:image/png;base64,{_encode_base64(file)}"},
    }


def _encode_sound(sound: Sound) -> dict[str, Any]:
    file = io.BytesIO()
    soundfile.write(file, sound.samples, sound.rate, format="WAV", subtype="PCM_16")
    return {"type": "input_audio", "input_audio": {"data": _encode_base64(file), "format": "wav"}}


def _encode_base64(file: io.BytesIO) -> str:
    return base64.b64encode(file.getvalue()).decode("ascii")
