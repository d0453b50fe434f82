"""vLLM's engine in this process: the requests of many threads, batched continuously by vLLM itself.

Written against vLLM 0.32 and 0.33 (`LLMEngine`, `EngineArgs`, `SamplingParams`, `render_cmpl`).
A process has one engine at a time: it takes most of a GPU's memory, and ending one ends what
vLLM's engines of a process share.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cmean import torch_tools
from cmean.errors import CmeanError, ConfigError, DeviceFaultError, ItemError, WeightsError
from cmean.failure_reasons import FailureReason
from cmean.generation.engine import ContinuousBatch, EngineThread

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_ENVIRONMENT = {
    # The engine in this process: its errors come with their cause, and it ends with the process.
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "VLLM_LOGGING_LEVEL": "ERROR",
    "VLLM_NO_USAGE_STATS": "1",
}
"""Variables that vLLM reads, where the user did not set them."""

_ONLY_ONE = threading.Lock()
"""Held while there is an engine."""

_LACKS_MEMORY = re.compile(
    r"desired GPU memory utilization|No available memory for the cache blocks"
    r"|larger than the available KV cache memory|available KV cache"
)
_IS_TOO_LONG = re.compile(r"maximum (context|model) length")


@dataclass(frozen=True, slots=True)
class EngineRequest:
    """One request to the engine.

    Args:
        tokens: the prompt, with one placeholder for a medium, up to where the model continues.
        sampling: fields of vLLM's `SamplingParams`.
        media: `{"image": a picture of Pillow}` or `{"audio": (samples, rate)}`; empty: none.
        pattern: a regular expression that the whole answer matches; None: free text.
    """

    tokens: Sequence[int]
    sampling: Mapping[str, Any]
    media: Mapping[str, Any] = field(default_factory=dict)
    pattern: str | None = None


@dataclass(frozen=True, slots=True)
class EngineReply:
    """The tokens that the engine generated, the token that ended them included.

    `finish_reason` is vLLM's: ``stop``, ``length``, or another where generation failed;
    `prompt_length` is the number of tokens of the prompt, with those of the medium.
    """

    tokens: tuple[int, ...]
    finish_reason: str
    prompt_length: int


@dataclass(frozen=True, slots=True)
class _RenderedRequest:
    """A request whose medium is preprocessed, as the engine takes it."""

    given: Any
    sampling: Any


class VllmEngine:
    """An engine of vLLM that any number of threads may ask at once.

    Args:
        options: of vLLM's `EngineArgs`.
        rows: how many requests are worked on at the same time, at most.

    Raises:
        ConfigError: this process has an engine already.
        MemoryError: weights and cache do not fit on the device.
        WeightsError: vLLM cannot run this checkpoint, or not with these options.
    """

    def __init__(self, options: Mapping[str, Any], rows: int) -> None:
        if not _ONLY_ONE.acquire(blocking=False):
            raise ConfigError("this process runs a model by vLLM already: unload it first")
        for name, value in _ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        self._batch = _VllmBatch({"max_num_seqs": rows, **options}, rows)
        self._thread = EngineThread(self._batch, "cmean-vllm")
        self._rendering = threading.Lock()  # vLLM's preprocessing of media is not made for threads
        try:
            self._thread.run([None])
        except BaseException:
            self.close()
            raise

    def ask(self, requests: Sequence[EngineRequest]) -> list[EngineReply | ItemError]:
        """Run requests and wait for them: a reply or an `ItemError` for each, in order.

        Media are preprocessed in the calling thread, while the engine works on other requests.

        Raises:
            DeviceFaultError: the engine has failed; the process must end.
        """
        outcomes: list[Any] = [self._render(request) for request in requests]
        ready = [one for one in outcomes if isinstance(one, _RenderedRequest)]
        replies = iter(self._thread.run(ready))
        return [next(replies) if isinstance(one, _RenderedRequest) else one for one in outcomes]

    def close(self) -> None:
        """End the engine and release its memory. Called once."""
        self._thread.close()
        self._batch.shut_down()
        _ONLY_ONE.release()

    def _render(self, request: EngineRequest) -> _RenderedRequest | ItemError:
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

        engine = self._batch.engine
        if engine is None:
            raise RuntimeError("the model was unloaded")
        fields = dict(request.sampling)
        if request.pattern is not None:
            fields["structured_outputs"] = StructuredOutputsParams(regex=request.pattern)
        sampling = SamplingParams(
            output_kind=RequestOutputKind.FINAL_ONLY, detokenize=False, **fields
        )
        prompt: dict[str, Any] = {"prompt_token_ids": list(request.tokens)}
        if request.media:
            prompt["multi_modal_data"] = dict(request.media)
        try:
            with self._rendering:
                (given,) = engine.renderer.render_cmpl([prompt])
        except Exception as error:
            refusal = _convert_refusal(error)
            if refusal is None:
                raise
            return refusal
        return _RenderedRequest(given, sampling)


class _VllmBatch(ContinuousBatch[_RenderedRequest | None, Any]):
    """The requests in an engine. The job None starts it.

    It is started by the thread that uses it, since PyTorch's current device belongs to a thread.
    """

    def __init__(self, options: Mapping[str, Any], rows: int) -> None:
        self.engine: Any = None
        self._options = options
        self._rows = rows
        self._running: set[int] = set()
        self._ended: dict[int, Any] = {}

    def count_free_rows(self) -> int:
        return max(0 if self._running else 1, self._rows - len(self._running))

    def add(self, jobs: Mapping[int, _RenderedRequest | None]) -> None:
        for number, job in jobs.items():
            if job is None:
                self.engine = _start_engine(self._options)
                self._ended[number] = None
                continue
            try:
                self.engine.add_request(str(number), job.given, job.sampling)
            except Exception as error:  # noqa: BLE001 - returned in place of the reply
                constrained = job.sampling.structured_outputs is not None
                self._ended[number] = _convert_refusal(error, constrained=constrained) or error
            else:
                self._running.add(number)

    def step(self) -> Mapping[int, Any]:
        if self._ended:  # none may be left running, and the engine would wait for ever
            ended, self._ended = self._ended, {}
            return ended
        try:
            outputs = self.engine.step()
        except Exception as error:
            # vLLM's scheduler does not survive a failed step, of whatever kind
            raise DeviceFaultError(f"vLLM's engine failed: {_shorten(error)}") from error
        replies = {int(one.request_id): _read_reply(one) for one in outputs if one.finished}
        self._running -= replies.keys()
        return replies

    def clear(self) -> None:
        with contextlib.suppress(Exception):  # an engine that has failed cannot abort anything
            self.engine.abort_request([str(number) for number in self._running])
        self._running.clear()
        self._ended.clear()

    def shut_down(self) -> None:
        """End the engine; its thread has ended."""
        engine, self.engine = self.engine, None
        if engine is None:
            return
        from vllm.distributed import cleanup_dist_env_and_memory

        with contextlib.suppress(Exception):  # it may have failed already
            engine.engine_core.shutdown()
        del engine
        cleanup_dist_env_and_memory()


def _read_reply(output: Any) -> EngineReply:  # noqa: ANN401 - of vLLM
    made = output.outputs[0]
    length = len(output.prompt_token_ids or ())
    return EngineReply(tuple(made.token_ids), str(made.finish_reason), length)


def _start_engine(options: Mapping[str, Any]) -> Any:  # noqa: ANN401 - of vLLM
    from vllm import EngineArgs, LLMEngine

    with _convert_start_errors(str(options["model"])):
        return LLMEngine.from_engine_args(EngineArgs(**options))


@contextlib.contextmanager
def _convert_start_errors(folder: str) -> Iterator[None]:
    try:
        with torch_tools.convert_device_errors():
            yield
    except (CmeanError, MemoryError):
        raise
    except Exception as error:  # down to bare ones of the libraries that vLLM builds on
        line = _shorten(error)
        if _LACKS_MEMORY.search(str(error)):
            raise MemoryError(f"{line} (set CMEAN_VLLM_MEMORY, or max_model_len)") from error
        raise WeightsError(f"vLLM cannot run {folder}: {line}") from error


def _convert_refusal(error: Exception, *, constrained: bool = False) -> ItemError | None:
    """Convert vLLM's refusal of a request; None: it is something else."""
    from vllm.exceptions import VLLMValidationError

    if not isinstance(error, VLLMValidationError | ValueError):
        return None
    if _IS_TOO_LONG.search(str(error)):
        return ItemError(FailureReason.PROMPT_TOO_LONG, _shorten(error))
    if constrained:  # the lengths are right, so it is the pattern
        return ItemError(FailureReason.BAD_PATTERN, _shorten(error))
    return None


def _shorten(error: Exception) -> str:
    """The first line of a message, at most 300 characters."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
