"""The learned back-ends with the weights that `cmean setup` brought."""

import pytest

from cmean.backends.captioners.learned_artwork import LearnedArtworkCaptioner
from cmean.backends.captioners.learned_track import LearnedTrackCaptioner


@pytest.fixture(scope="session")
def _real_weights(learned_weights):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CMEAN_WEIGHTS_DIR", str(learned_weights))
        yield


@pytest.fixture(scope="session")
def track_captioner(_real_weights):
    """A loaded captioner of tracks."""
    captioner = LearnedTrackCaptioner()
    captioner.load()
    return captioner


@pytest.fixture(scope="session")
def artwork_captioner(_real_weights):
    """A loaded captioner of artworks."""
    captioner = LearnedArtworkCaptioner()
    captioner.load()
    return captioner
