"""The engine: requests are added at any time, and each step gives all of them a token."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from .exceptions import VLLMValidationError
from .sampling_params import RequestOutputKind


@dataclass
class CompletionOutput:
    """What was generated."""

    index: int
    text: str
    token_ids: list[int]
    finish_reason: str | None = None


@dataclass
class RequestOutput:
    """A request that has ended."""

    request_id: str
    prompt_token_ids: list[int]
    outputs: list[CompletionOutput]
    finished: bool


@dataclass
class _Row:
    inputs: dict[str, Any]
    sampling: Any
    matcher: Any
    generator: Any
    written: list[int] = field(default_factory=list)


class LLMEngine:
    """An engine in this process."""

    def __init__(self, args):
        import torch
        import transformers

        if args.dtype not in {"float32", "bfloat16", "float16"}:
            raise ValueError(f"Unknown dtype: {args.dtype!r}")
        config = transformers.AutoConfig.from_pretrained(args.model)
        self._longest = args.max_model_len or config.get_text_config().max_position_embeddings
        network = getattr(transformers, config.architectures[0])
        self._network = network.from_pretrained(args.model, dtype=getattr(torch, args.dtype)).eval()
        self._tokenizer = transformers.AutoTokenizer.from_pretrained(args.model)
        takes_media = any(args.limit_mm_per_prompt.values())
        self._processor = None
        if takes_media:
            self._processor = transformers.AutoProcessor.from_pretrained(args.model)
        self._rows: dict[str, _Row] = {}
        self._room = args.max_num_seqs
        self.renderer = SimpleNamespace(render_cmpl=self._render_cmpl)
        self.engine_core = SimpleNamespace(shutdown=self._rows.clear)

    @classmethod
    def from_engine_args(cls, engine_args):
        """Start an engine."""
        return cls(engine_args)

    def _render_cmpl(self, prompts):
        return [self._render(prompt) for prompt in prompts]

    def _render(self, prompt):
        """Preprocess a medium, and put its tokens in the place of the placeholder."""
        import torch

        tokens, media = prompt["prompt_token_ids"], prompt.get("multi_modal_data")
        if len(tokens) > self._longest:
            raise VLLMValidationError(
                f"This model's maximum context length is {self._longest} tokens. However, your "
                f"request has {len(tokens)} input tokens."
            )
        if not media:
            return {"input_ids": torch.tensor([tokens])}
        given = {"images": [media["image"]]} if "image" in media else {}
        if "audio" in media:
            samples, rate = media["audio"]
            given = {"audio": [samples], "audio_kwargs": {"sampling_rate": rate}}
        text = self._tokenizer.decode(tokens, clean_up_tokenization_spaces=False)
        plain = {"add_special_tokens": False}
        return dict(self._processor(text=[text], text_kwargs=plain, return_tensors="pt", **given))

    def add_request(self, request_id, prompt, params):
        """Take a request that was rendered."""
        import torch

        if not isinstance(request_id, str):
            raise TypeError(f"request_id must be a string, got {type(request_id)}")
        length = prompt["input_ids"].shape[1]
        if length >= self._longest:
            raise VLLMValidationError(
                f"The decoder prompt (length {length}) is longer than the maximum model length of "
                f"{self._longest}."
            )
        generator = torch.Generator().manual_seed(params.seed or 0)
        matcher = self._make_matcher(params.structured_outputs)
        self._rows[request_id] = _Row(prompt, params, matcher, generator)

    def abort_request(self, request_ids, internal=False):  # noqa: ARG002 - as of the real one
        """Drop requests."""
        for name in request_ids:
            self._rows.pop(name, None)

    def has_unfinished_requests(self):
        """Whether there is anything to do."""
        return bool(self._rows)

    def step(self):
        """Give each of the first requests a token; return those that have ended."""
        if not self._rows:
            raise RuntimeError("a step without a request waits for ever")
        ended = []
        for name, row in list(self._rows.items())[: self._room]:
            token = self._draw(row)
            row.written.append(token)
            reason = self._find_end(row, token)
            if reason:
                del self._rows[name]
                prompt = row.inputs["input_ids"][0].tolist()
                made = CompletionOutput(0, "", row.written, reason)
                ended.append(RequestOutput(name, prompt, [made], finished=True))
            elif row.sampling.output_kind is not RequestOutputKind.FINAL_ONLY:
                raise NotImplementedError("cmean asks for final outputs only")
        return ended

    def _find_end(self, row, token):
        if token in {self._tokenizer.eos_token_id, *(row.sampling.stop_token_ids or ())}:
            return "stop"
        full = row.inputs["input_ids"].shape[1] + len(row.written) >= self._longest
        return "length" if full or len(row.written) >= row.sampling.max_tokens else None

    def _draw(self, row):
        import torch

        ids = torch.cat([row.inputs["input_ids"], torch.tensor([row.written]).long()], dim=1)
        inputs = row.inputs | {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        with torch.no_grad():
            scores = self._network(**inputs).logits[0, -1].float().clone()
        used = ids[0].unique()
        penalised = scores[used]
        penalty = row.sampling.repetition_penalty
        scores[used] = torch.where(penalised > 0, penalised / penalty, penalised * penalty)
        if row.matcher is not None:
            self._mask(row.matcher, scores)
        token = self._choose(row, scores)
        if row.matcher is not None:
            row.matcher.consume_token(token)
        return token

    @staticmethod
    def _choose(row, scores):
        import torch
        from transformers import TopKLogitsWarper, TopPLogitsWarper

        sampling = row.sampling
        if not sampling.temperature:
            return int(scores.argmax())
        scores = scores[None] / sampling.temperature
        if sampling.top_k:
            scores = TopKLogitsWarper(sampling.top_k)(None, scores)
        scores = TopPLogitsWarper(sampling.top_p)(None, scores)
        return int(torch.multinomial(scores.softmax(-1)[0], 1, generator=row.generator))

    def _make_matcher(self, structured):
        if structured is None:
            return None
        from llguidance import LLMatcher
        from llguidance.hf import from_tokenizer

        width = self._network.get_output_embeddings().weight.shape[0]
        tokenizer = from_tokenizer(self._tokenizer, n_vocab=width)
        grammar = LLMatcher.grammar_from_regex(structured.regex)
        matcher = LLMatcher(tokenizer, grammar, log_level=0)
        if matcher.is_error():
            raise VLLMValidationError(f"Grammar error: {matcher.get_error()}")
        return matcher

    @staticmethod
    def _mask(matcher, scores):
        import torch

        words = torch.frombuffer(bytearray(matcher.compute_logit_bias()), dtype=torch.uint8)
        scores[words[: len(scores)] == 0] = float("-inf")
