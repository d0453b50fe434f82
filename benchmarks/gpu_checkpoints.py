"""The checkpoints that `first_hour.py` runs: real weights, or random ones of the real shapes.

A random checkpoint is a folder like a published one: the config of the published shape, a tiny
tokenizer, weights in bfloat16. Every text of it ends at each token with the same probability, so
that lengths are spread as those of real captions are, whatever generates them. The residual stream
has a constant in its first dimension; the row of the end token in the output layer reads that
alone. All tokens that are no printable characters are as good as impossible.
"""

from __future__ import annotations

import math
import string
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import servers  # noqa: F401 - sets the path on which the tests' checkpoints are found
from gpu_shapes import QWEN2_5_VL, QWEN2_AUDIO, QWEN3, Shape, shape

from cmean import torch_tools
from cmean.backends import hub
from cmean.domain import Kind, Role
from cmean.errors import WeightsError

if TYPE_CHECKING:
    from pathlib import Path

_CONSTANT = 2.0
_SPREAD = 0.1


@dataclass(frozen=True)
class Model:
    """A model of the study.

    Args:
        title: its name and size.
        backend: of cmean, that runs it by transformers.
        role: of the back-end.
        kind: what it captions.
        repository: of its weights.
        shape: of its network.
    """

    title: str
    backend: str
    role: Role
    kind: Kind
    repository: str
    shape: Shape


MODELS = (
    Model(
        "Qwen2-Audio-7B",
        "qwen2-audio",
        Role.CAPTIONER,
        Kind.TRACK,
        "Qwen/Qwen2-Audio-7B-Instruct",
        QWEN2_AUDIO,
    ),
    Model(
        "Qwen2.5-VL-7B",
        "qwen2.5-vl",
        Role.CAPTIONER,
        Kind.ARTWORK,
        "Qwen/Qwen2.5-VL-7B-Instruct",
        QWEN2_5_VL,
    ),
    Model("Qwen3-4B", "qwen3", Role.MAPPER, Kind.TRACK, "Qwen/Qwen3-4B", QWEN3),
)


def find_real_weights(model: Model) -> Path | None:
    """Find the real weights on this machine; None: they are not here."""
    try:
        return hub.locate_checkpoint(model.repository).folder
    except WeightsError:
        return None


def build_random_checkpoint(model: Model, folder: Path, mean: float, *, tiny: bool) -> Path:
    """Write a random checkpoint whose texts have `mean` tokens; tiny, of a tiny network."""
    import transformers
    from checkpoints import making, qwen2_5_vl, qwen2_audio, qwen3  # noqa: PLC0415 - of the tests

    builders = {"qwen2-audio": qwen2_audio, "qwen2.5-vl": qwen2_5_vl, "qwen3": qwen3}
    builders[model.backend].build(folder)
    config = transformers.AutoConfig.from_pretrained(folder)
    if not tiny:
        config = shape(model.shape, config, tiny=False)
        if model.backend == "qwen2-audio":
            _hear_thirty_seconds(folder)
    network = make_network(getattr(transformers, config.architectures[0]), config)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    ends = transformers.GenerationConfig.from_pretrained(folder).eos_token_id
    listed = ends if isinstance(ends, list) else [ends]
    if model.role is Role.CAPTIONER:  # a mapper's answers end where their pattern does
        spread_lengths(network, tokenizer, listed, mean)
    settings: Any = transformers.GenerationConfig
    network.generation_config = settings(eos_token_id=listed, pad_token_id=tokenizer.pad_token_id)
    network.save_pretrained(folder)
    making.mend_names(folder)
    return folder


def make_network(network_class: Any, config: Any) -> Any:  # noqa: ANN401 - of transformers
    """Make a network of a shape with random weights in bfloat16, where it is to run."""
    import torch

    usual = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    torch.manual_seed(1)
    try:
        with torch.device(torch_tools.choose_device()):
            return network_class(config).eval()
    finally:
        torch.set_default_dtype(usual)


def spread_lengths(network: Any, tokenizer: Any, ends: list[int], mean: float) -> None:  # noqa: ANN401 - of transformers
    """Let every text end at each token with the probability 1 / `mean`; see the module."""
    import torch

    head = network.get_output_embeddings()
    written = tokenizer(string.ascii_letters + string.digits + " .,;", add_special_tokens=False)
    printable = sorted(set(written["input_ids"]))
    device = head.weight.device
    with torch.no_grad():
        network.get_input_embeddings().weight[:, 0] = _CONSTANT
        rows = torch.zeros_like(head.weight)
        rows[:, 0] = -1.0
        rows[printable] = torch.randn_like(rows[printable]) * _SPREAD
        rows[printable, 0] = 0.0
        head.weight.copy_(rows)
        seen: list[Any] = []
        handle = head.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
        tokens = torch.tensor([printable * 4], device=device)
        scores = network(input_ids=tokens).logits[0, 8:, printable].float()
        handle.remove()
        wanted = scores.logsumexp(-1) - math.log(max(mean - 1, 1e-3))
        head.weight[ends] = 0.0
        # two tokens may end a turn: each gets half of the probability
        reading = (wanted - math.log(len(ends))) / seen[0][0, 8:, 0].float()
        head.weight[ends, 0] = reading.mean().to(head.weight.dtype)


def _hear_thirty_seconds(folder: Path) -> None:
    """Write the feature extractor of the real size into a tiny checkpoint's folder."""
    import transformers

    loader: Any = transformers.AutoProcessor
    processor = loader.from_pretrained(folder)
    extractor = processor.feature_extractor
    processor.feature_extractor = type(extractor)(feature_size=128, chunk_length=30)
    processor.save_pretrained(folder)
