"""A request to evaluate a pairing, as it is stored with its task."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from cmean.stats.sampling import SamplingOptions
from cmean.util.dataclass_json import make_json_options


@dataclass(frozen=True, slots=True)
class EvaluationRequest:
    """What is to be evaluated, and how.

    The order and the keys of the fields enter the digest of the request's task.

    Attributes:
        pairing_id: the pairing.
        revision: of the evaluation's code.
        labels: names of label sets, ascending.
        sampling: how to sample.
    """

    pairing_id: int
    revision: int = 0
    labels: Sequence[str] = ()
    sampling: SamplingOptions = field(
        default=SamplingOptions(), metadata=make_json_options("choices")
    )
