"""PE-AV: layouts in which it may be published, and what it makes of each kind of input."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

pytest.importorskip("transformers")

from checkpoints import spoiling
from checkpoints.models import TEXTS, excerpt, picture, same, sound, use

from cmean.errors import WeightsError


@pytest.fixture
def subject(subject_of):
    return subject_of("pe-av")


def test_sounds_pictures_and_texts_have_vectors_of_one_space(subject):
    vectors = use(subject.ready, subject.things)
    assert {vector.shape for vector in vectors} == {(32,)}
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_all_of_a_long_sound_and_of_a_long_text_counts(subject):
    rate = subject.case.rate
    long, short = sound(12, rate), sound(10, rate)
    assert not same(subject.ready.embed([excerpt(long)]), subject.ready.embed([excerpt(short)]))
    longest = TEXTS[-1]
    assert not same(
        subject.ready.embed_texts([longest]), subject.ready.embed_texts([longest[:200]])
    )


def test_the_tower_of_pictures_may_be_named_with_or_without_its_wrapper(subject, tmp_path):
    def rename(tensors):
        named = [name for name in tensors if ".vision_model.timm_model." in name]
        assert named
        for name in named:
            tensors[name.replace(".timm_model.", ".")] = tensors.pop(name)

    folder = spoiling.with_weights(subject.folder, tmp_path / "renamed", rename)
    seen = [excerpt(picture(30, 40))]
    assert same(subject.new(model=str(folder)).embed(seen), subject.ready.embed(seen))


def test_settings_of_pictures_may_lie_in_the_file_of_the_whole_processor(subject, tmp_path):
    folder = shutil.copytree(subject.folder, tmp_path / "joined")
    file = folder / "video_preprocessor_config.json"
    settings = {"video_processor": json.loads(file.read_text())}
    (folder / "processor_config.json").write_text(json.dumps(settings))
    file.unlink()
    seen = [excerpt(picture(30, 40))]
    assert same(subject.new(model=str(folder)).embed(seen), subject.ready.embed(seen))


def test_a_tower_of_pictures_that_is_not_known_is_refused(subject, tmp_path):
    path = ("audio_video_config", "video_config", "vision_config", "architecture")
    folder = spoiling.with_setting(subject.folder, tmp_path / "other", "vit_tiny", *path)
    with pytest.raises(WeightsError, match="'vit_tiny' of pictures is not known"):
        subject.new(model=str(folder))
