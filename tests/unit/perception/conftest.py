"""The learned back-ends with the weights that `cmean setup` brought."""

import pytest

from cmean.backends.captioners.learned_artwork import LearnedArtworkCaptioner
from cmean.backends.captioners.learned_track import LearnedTrackCaptioner


def load(captioner, weights):
    """The captioner, loaded; other tests of the process keep their own folder of weights."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CMEAN_WEIGHTS_DIR", str(weights))
        captioner.load()
    return captioner


@pytest.fixture(scope="session")
def track_captioner(learned_weights):
    """A loaded captioner of tracks."""
    return load(LearnedTrackCaptioner(), learned_weights)


@pytest.fixture(scope="session")
def artwork_captioner(learned_weights):
    """A loaded captioner of artworks."""
    return load(LearnedArtworkCaptioner(), learned_weights)
