"""Weights are fetched from a hub: a real server of this machine's own."""

import errno
import sys

import pytest
from checkpoints import clip
from hub_server import COMMIT, serving

from cmean.backends import fetch, hub, registry
from cmean.backends.info import BackendInfo
from cmean.backends.pinned_commits import PINNED_COMMITS
from cmean.domain import Kind, Role
from cmean.errors import ConfigError, WeightsError

FILES = {
    "config.json": b"{}",
    "model.safetensors": b"tensors",
    "pytorch_model.bin": b"pickle",
    "weights.pth": b"pickle",
    "modeling_own.py": b"code",
    "merges.txt": b"merges",
    "spiece.model": b"pieces",
    "chat_template.jinja": b"template",
    "tokenizer/tokenizer.json": b"{}",
}
OWN = "someone/own"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A cache of its own, and no other place to look in."""
    from huggingface_hub import constants  # noqa: PLC0415 - of an extra

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CMEAN_MODEL_DIR", raising=False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    return tmp_path


@pytest.fixture
def reach(place, monkeypatch):
    """Sets which hub is asked: the library reads its own setting only once a process."""
    from huggingface_hub import constants  # noqa: PLC0415 - of an extra

    def set_url(url):
        template = f"{url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr(constants, "ENDPOINT", url)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        return place

    return set_url


@pytest.fixture
def served(reach):
    """A server of two repositories, of one that is gated, and of one that it fails to give."""
    repositories = {
        OWN: FILES,
        "someone/pickles": {"config.json": b"{}", "pytorch_model.bin": b"pickle", "a.bin": b"x"},
        "someone/others": {"config.json": b"{}", "a.bin": b"pickle"},
    }
    refused = {"someone/gated": "GatedRepo", "someone/broken": "Broken"}
    with serving(repositories, refused) as server:
        reach(server.url)
        yield server


def named(name, revision=None, chosen=None):
    return fetch.find_weights_to_fetch(name, revision, chosen or {})


def names(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_tensors_and_settings_are_fetched_and_neither_pickles_nor_code(served):
    found = fetch.fetch_weights(named(OWN))
    assert found.revision == COMMIT
    unwanted = {"pytorch_model.bin", "weights.pth", "modeling_own.py"}
    assert names(found.folder) == set(FILES) - unwanted
    assert (found.folder / "model.safetensors").read_bytes() == b"tensors"
    assert not [path for path in served.asked if path.endswith((".bin", ".pth", ".py"))]


@pytest.mark.usefixtures("served")
def test_a_pickle_is_fetched_where_there_are_no_other_tensors():
    found = fetch.fetch_weights(named("someone/pickles"))
    assert names(found.folder) == {"config.json", "pytorch_model.bin"}


@pytest.mark.usefixtures("served")
def test_what_was_fetched_is_found():
    with pytest.raises(WeightsError, match="fetch them"):
        hub.locate_checkpoint(OWN)
    assert fetch.fetch_weights(named(OWN)) == hub.locate_checkpoint(OWN)


@pytest.mark.usefixtures("served")
def test_a_revision_is_fetched_by_its_commit():
    assert fetch.fetch_weights(named(OWN, COMMIT)) == hub.locate_checkpoint(OWN, COMMIT)


def test_what_is_here_is_not_downloaded_again(served):
    fetch.fetch_weights(named(OWN))
    served.asked.clear()
    fetch.fetch_weights(named(OWN))
    assert not [path for path in served.asked if "resolve" in path]


@pytest.mark.usefixtures("served")
def test_a_fetch_that_was_cut_off_is_not_taken_for_a_whole_one():
    found = fetch.fetch_weights(named(OWN))
    (found.folder / "model.safetensors").unlink()
    with pytest.raises(WeightsError, match="fetch them"):
        hub.locate_checkpoint(OWN)
    assert fetch.fetch_weights(named(OWN)) == found
    assert (found.folder / "model.safetensors").read_bytes() == b"tensors"


def test_a_fetched_checkpoint_is_used(served, place):
    folder = clip.build(place / "built")
    served.repositories[OWN] = {path.name: path.read_bytes() for path in folder.iterdir()}
    found = fetch.fetch_weights(named(OWN))
    embedder = registry.create_embedder("clip", {"model": OWN})
    embedder.load()
    assert embedder.revision == f"{found.revision}/1"
    assert len(embedder.embed_texts(["a calm sea"])) == 1


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize(
    ("name", "revision", "said"),
    [
        ("someone/gated", None, "gated: accept its terms"),
        ("someone/nowhere", None, "has no someone/nowhere"),
        ("someone/broken", None, "cannot be fetched"),
        (OWN, "v9", "has no revision 'v9'"),
        ("someone/others", None, "has neither safetensors nor pytorch_model.bin at revision main"),
        ("some one/own", None, "neither a back-end nor"),
    ],
)
def test_what_cannot_be_fetched_is_said_in_one_line(name, revision, said):
    with pytest.raises(WeightsError, match=said) as caught:
        fetch.fetch_weights(named(name, revision))
    assert "\n" not in str(caught.value)


def test_no_server_is_said_in_one_line(reach):
    with serving({}) as server:
        url = server.url
    reach(url)
    with pytest.raises(WeightsError, match=f"cannot be fetched from {url}") as caught:
        fetch.fetch_weights(named(OWN))
    assert "\n" not in str(caught.value)


def test_offline_nothing_is_fetched_and_what_is_here_is_used(served, monkeypatch):
    from huggingface_hub import constants  # noqa: PLC0415 - of an extra

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(WeightsError, match="HF_HUB_OFFLINE forbids"):
        fetch.fetch_weights(named(OWN))
    assert not served.asked
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    found = fetch.fetch_weights(named(OWN))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    served.asked.clear()
    assert fetch.fetch_weights(named(OWN)) == found
    assert not served.asked


@pytest.mark.usefixtures("served")
def test_a_full_disk_is_said_in_one_line(monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("huggingface_hub.snapshot_download", full)
    with pytest.raises(WeightsError, match=r"no space is left .*make room"):
        fetch.fetch_weights(named(OWN))


LARGE = bytes(range(256)) * 20_000
FILES_TO_FETCH = ()  # as a back-end's module names what no repository holds as a whole


@pytest.fixture
def in_parts(served, place, monkeypatch):
    """A back-end of this module whose model is put together from two places."""
    info = BackendInfo(
        name="in-parts",
        role=Role.EMBEDDER,
        kinds=(Kind.TRACK,),
        target=f"{__name__}:none",
        licence="no selling",
        commercial=False,
        batch=1,
        share=1,
        model="someone/in-parts",
    )
    places = ((f"{served.url}/elsewhere", "all.pth"), (OWN, "config.json"))
    served.files["elsewhere/all.pth"] = LARGE
    monkeypatch.setattr(sys.modules[__name__], "FILES_TO_FETCH", places)
    monkeypatch.setattr(registry, "list_backends", lambda: (info,))
    monkeypatch.setenv("CMEAN_MODEL_DIR", str(place / "models"))
    return named("in-parts")


def test_a_model_in_parts_is_put_together(in_parts, served):
    assert (in_parts.licence, in_parts.commercial) == ("no selling", False)
    assert named("someone/in-parts") == in_parts
    found = fetch.fetch_weights(in_parts)
    assert found == hub.locate_checkpoint("someone/in-parts")
    assert {path.name for path in found.folder.iterdir() if path.is_file()} == {
        "all.pth",
        "config.json",
    }
    assert (found.folder / "all.pth").read_bytes() == LARGE
    served.asked.clear()
    assert fetch.fetch_weights(in_parts) == found
    assert "elsewhere/all.pth" not in served.asked


def test_a_part_that_was_cut_off_is_gone_on_with(in_parts, place):
    folder = place / "models" / "someone/in-parts.part"
    folder.mkdir(parents=True)
    (folder / "all.pth.part").write_bytes(LARGE[:1000])
    with pytest.raises(WeightsError, match="fetch them"):
        hub.locate_checkpoint("someone/in-parts")
    found = fetch.fetch_weights(in_parts).folder
    assert (found / "all.pth").read_bytes() == LARGE
    assert not (found / "all.pth.part").exists()
    assert not folder.exists()


def test_a_part_that_is_not_there_is_said_in_one_line(in_parts, served):
    served.files.clear()
    with pytest.raises(WeightsError, match="elsewhere cannot be fetched"):
        fetch.fetch_weights(in_parts)


def test_parts_are_not_fetched_offline(in_parts, served, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(WeightsError, match="HF_HUB_OFFLINE forbids"):
        fetch.fetch_weights(in_parts)
    assert not served.asked


def test_parts_need_a_folder_to_be_put_into(in_parts, monkeypatch):
    monkeypatch.delenv("CMEAN_MODEL_DIR")
    with pytest.raises(ConfigError, match="set CMEAN_MODEL_DIR"):
        fetch.fetch_weights(in_parts)


def test_a_name_stands_for_its_weights_and_their_licence():
    found = named("clip")
    info = registry.get_info("clip")
    commit = PINNED_COMMITS[info.model]
    assert (found.model, found.revision, found.licence) == (info.model, commit, info.licence)
    assert named(info.model, "main").revision == "main"
    assert found.commercial
    assert named(info.model) == found
    assert not named("instructblip").commercial
    assert not named(registry.get_info("instructblip").model).commercial


def test_a_profile_may_name_other_weights_of_a_back_end():
    info = registry.get_info("clip")
    chosen = {(info.name, info.role): {"model": OWN, "revision": "v2"}}
    found = named("clip", chosen=chosen)
    assert (found.model, found.revision) == (OWN, "v2")
    assert "unknown" in found.licence
    assert named("clip", "v3", chosen).revision == "v3"


def test_what_is_no_repository_is_refused():
    with pytest.raises(ConfigError, match="needs no weights"):
        named("embedded-track")
    with pytest.raises(ConfigError, match="there is no back-end 'clap2'"):
        named("clap2")
