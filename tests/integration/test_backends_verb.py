"""`cmean backends`: the list, trying a back-end out, fetching weights."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from checkpoints import blip2, clap, clip, instructblip
from hub_server import COMMIT, serving

from cmean.backends import registry
from cmean.backends.hub import Checkpoint
from cmean.backends.info import BackendInfo
from cmean.backends.pinned_commits import PINNED_COMMITS
from cmean.cli import main
from cmean.domain import RGB, Answer, Caption, Kind, Role

SAFE, RESTRICTED = "openai/clip-vit-base-patch32", "Salesforce/instructblip-vicuna-7b"


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A folder of tiny checkpoints under the names of the real ones."""
    folder = tmp_path_factory.mktemp("models")
    clip.build(folder / SAFE)
    clap.build(folder / "laion/larger_clap_general")
    instructblip.build(folder / RESTRICTED)
    return folder


@pytest.fixture
def call(tmp_path, monkeypatch, capsys):
    """The verb in this process: exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        code = main(["backends", *arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def checked(call, *arguments):
    """A check's document, and each of its checks by name."""
    code, out, _ = call("--check", *arguments, "--json")
    document = json.loads(out)
    assert code == (0 if document["ok"] else 1)
    assert document["ok"] == all(check["ok"] for check in document["checks"])
    return document, {check["check"]: check for check in document["checks"]}


def test_the_list_names_all_back_ends_with_licence_and_weights(call):
    code, out, _ = call("--json")
    rows = json.loads(out)
    assert code == 0
    assert len({(row["name"], row["role"]) for row in rows}) == len(rows)
    keys = ["name", "role", "kinds", "installed", "weights", "licence", "repository", "revision"]
    assert all(list(row) == keys for row in rows)
    assert {"blip", "blip-2", "instructblip", "clip", "clap"} <= {row["name"] for row in rows}


@pytest.mark.parametrize("name", ["embedded-track", "embedded-artwork", "embedded-mapper"])
def test_the_embedded_back_ends_are_well(call, name):
    document, found = checked(call, name)
    assert document["ok"], document
    assert {"installed", "weights", "loaded", "memory", "unloaded"} < set(found)
    assert "none needed" in found["weights"]["detail"]


@pytest.mark.parametrize(
    ("name", "results"),
    [
        ("clip", {"artwork vector", "text vector"}),
        ("clap", {"track vector", "text vector"}),
        ("instructblip", {"artwork caption"}),
    ],
)
def test_back_ends_of_models_are_well(call, models, monkeypatch, name, results):
    monkeypatch.setenv("CMEAN_MODEL_DIR", str(models))
    document, found = checked(call, name)
    assert document["ok"], document
    assert results <= set(found)
    assert {f"{result}, batch of 2" for result in results} <= set(found)
    info = registry.get_info(name)
    assert info.model in found["weights"]["detail"]
    assert info.licence in found["weights"]["detail"]


def test_lines_say_what_works(cmean):
    found = cmean("backends", "--check", "embedded-mapper")
    assert found.code == 0
    assert all(line.startswith("ok  ") for line in found.out.splitlines())
    assert "triple" in found.out


def test_missing_weights_are_one_line_that_names_the_command(call, monkeypatch, tmp_path):
    monkeypatch.setenv("CMEAN_MODEL_DIR", str(tmp_path))
    code, out, _ = call("--check", "blip-2")
    assert code == 1
    assert out.splitlines()[-1].startswith("FAILED  weights")
    assert "cmean backends --fetch" in out


def test_a_missing_extra_is_one_line_that_names_the_command(call):
    code, out, _ = call("--check", "testing-missing")
    assert code == 1
    (line,) = out.splitlines()
    assert line.startswith("FAILED  installed")
    assert "pip install 'cmean[models]'" in line


def test_parameters_come_from_the_profile_that_uses_the_back_end(call, tmp_path, monkeypatch):
    folder = blip2.build(tmp_path / "mine")
    (tmp_path / "own.toml").write_text(f"""
[profiles.own]
extends = "embedded"
[profiles.own.artwork]
captioner = {{ backend = "blip-2", model = "{folder}", dtype = "float32", max_new_tokens = 5 }}
""")
    monkeypatch.setenv("CMEAN_CONFIG", str(tmp_path / "own.toml"))
    _, found = checked(call, "blip-2", "--profile", "own")
    assert found["loaded"]["ok"]
    assert str(folder) in found["weights"]["detail"]
    assert "as its publisher states" in found["weights"]["detail"]


def test_the_prompt_and_the_embedders_of_a_profile_are_used(call, models, tmp_path, monkeypatch):
    (tmp_path / "own.toml").write_text(f"""
[profiles.own]
extends = "embedded"
embedders = [{{ backend = "clip", model = "{models / SAFE}" }}]
[profiles.own.artwork]
captioner = {{ backend = "instructblip", model = "{models / RESTRICTED}", prompt = "gone.txt" }}
""")
    monkeypatch.setenv("CMEAN_CONFIG", str(tmp_path / "own.toml"))
    document, found = checked(call, "clip", "--profile", "own")
    assert document["ok"]
    assert str(models / SAFE) in found["weights"]["detail"]
    code, _, err = call("--check", "instructblip", "--profile", "own")
    assert code == 1
    assert "gone.txt" in err


def test_an_unknown_back_end_is_an_error(call):
    code, _, err = call("--check", "clap2")
    assert code == 1
    assert "there is no back-end 'clap2'" in err


class Faulty:
    """A captioner, mapper and embedder that does its work badly."""

    revision = "1"
    constrains = True
    fault = ""  # what a test wants it to do

    def load(self):
        if self.fault == "load":
            raise RuntimeError("no such device")

    def unload(self):
        if self.fault == "unload":
            raise RuntimeError("stuck")

    def caption(self, batch):
        texts = {"empty": " ", "batch": f"one of {len(batch)}"}
        return [Caption(texts.get(self.fault, "a grey field")) for _ in batch][: self._most()]

    def map(self, texts):
        wrong = (1, 2, 3) if self.fault == "kind" else RGB(1, 2, len(texts))
        return [wrong for _ in texts]

    def embed(self, batch):
        return [np.full(4, 0.5 + (self.fault == "long"), np.float32) for _ in batch]

    def embed_texts(self, texts):
        sign = -1 if len(texts) > 1 else 1
        return [np.full(4, 0.5 * sign, np.float32) for _ in texts]

    def _most(self):
        return 1 if self.fault == "few" else None


class Babbler(Faulty):
    """A language model that says what it likes."""

    map = None

    def write(self, batch):
        return [Answer("perhaps") for _ in batch]


CASES = [
    (Role.CAPTIONER, "load", "loaded", "no such device"),
    (Role.CAPTIONER, "empty", "track caption", "the caption is empty"),
    (Role.CAPTIONER, "batch", "track caption, batch of 2", "one of 2"),
    (Role.CAPTIONER, "few", "artwork caption, batch of 2", "1 results for 2"),
    (Role.CAPTIONER, "unload", "unloaded", "stuck"),
    (Role.MAPPER, "kind", "triple", "a tuple instead of a triple"),
    (Role.MAPPER, "", "triple, batch of 2", "(1, 2, 2), but alone (1, 2, 1)"),
    (Role.EMBEDDER, "long", "artwork vector", "no unit vector"),
    (Role.EMBEDDER, "", "text vector, batch of 2", "cosine -1"),
]


def register(monkeypatch, role, kind=Faulty):
    info = BackendInfo(
        name="faulty",
        role=role,
        kinds=(Kind.TRACK, Kind.ARTWORK),
        target=f"{__name__}:{kind.__name__}",
        licence="none",
        batch=1,
        share=1,
    )
    monkeypatch.setattr(registry, "list_backends", lambda: (info, *registry.BACKENDS))


@pytest.mark.parametrize(("role", "fault", "check", "said"), CASES)
def test_what_is_not_well_is_found(call, monkeypatch, role, fault, check, said):
    register(monkeypatch, role)
    monkeypatch.setattr(Faulty, "fault", fault)
    document, found = checked(call, "faulty")
    assert not document["ok"]
    assert not found[check]["ok"]
    assert said in found[check]["detail"]


def test_an_answer_that_breaks_its_pattern_is_found(call, monkeypatch):
    register(monkeypatch, Role.MAPPER, Babbler)
    _, found = checked(call, "faulty")
    assert "does not match" in found["answer"]["detail"]


@pytest.fixture
def hub(cmean):
    """The program with a hub of its own to fetch from, and nothing fetched."""
    files = {"config.json": b"{}", "model.safetensors": b"tensors"}
    with serving({SAFE: files, RESTRICTED: files}) as server:
        cmean.in_process = False  # the hub's client reads its environment when it is imported
        kept = {k: v for k, v in cmean.environment.items() if not k.startswith("HF_")}
        cmean.environment = kept | {
            "HF_ENDPOINT": server.url,
            "HF_HOME": str(cmean.folder / "hf"),
        }
        yield cmean


def test_weights_are_fetched_by_the_name_of_a_back_end(hub):
    found = hub("backends", "--fetch", "clip", "--json")
    assert found.code == 0, found.err
    assert (found.json["model"], found.json["revision"]) == (SAFE, PINNED_COMMITS[SAFE])
    files = {path.name for path in Path(found.json["path"]).iterdir()}
    assert files == {"config.json", "model.safetensors"}
    listed = hub("backends", "--json").json
    assert {row["weights"] for row in listed if row["name"] == "clip"} == {"present"}


@pytest.mark.parametrize("name", ["instructblip", RESTRICTED])
def test_restricted_weights_are_fetched_only_with_consent(hub, name):
    refused = hub("backends", "--fetch", name)
    assert refused.code == 1
    assert "not for commercial use" in refused.err
    assert "--accept-licence" in refused.err
    assert not (hub.folder / "hf").exists()
    agreed = hub("backends", "--fetch", name, "--accept-licence")
    assert agreed.code == 0
    assert "LLaMA and Vicuna terms; code BSD-3-Clause" in agreed.err


@pytest.mark.parametrize(("typed", "code"), [("yes\n", 0), ("no\n", 1), ("", 1)])
def test_on_a_terminal_consent_is_asked_for(call, monkeypatch, tmp_path, typed, code):
    terminal = io.StringIO(typed)
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", terminal)
    weights = Checkpoint(tmp_path, COMMIT)
    monkeypatch.setattr("cmean.backends.fetch.fetch_weights", lambda _: weights)
    found, out, err = call("--fetch", "instructblip")
    assert found == code
    assert "Type yes" in err
    assert (str(tmp_path) in out) == (code == 0)


def test_what_cannot_be_fetched_is_an_error_of_one_line(hub):
    for name in ("someone/nothing", "embedded-track", "nothing"):
        found = hub("backends", "--fetch", name)
        assert found.code == 1
        assert found.err.splitlines()[-1].startswith("cmean: ")
