"""The part of vLLM's interface that cmean uses, generating by transformers on a CPU.

Names, fields, defaults and errors are those of vLLM 0.32 and 0.33, which a test compares where the
real package is installed. Requests of unequal lengths are worked on together, a token a step.
"""

from .engine_args import EngineArgs
from .llm_engine import LLMEngine
from .sampling_params import SamplingParams

__all__ = ["EngineArgs", "LLMEngine", "SamplingParams"]
