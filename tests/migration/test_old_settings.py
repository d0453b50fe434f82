"""Settings, profiles and back-ends that users wrote for earlier versions give the same recipes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support import write_small_corpus

FOLDER = Path(__file__).parent
DIGESTS = json.loads((FOLDER / "recipe_digests.json").read_text(encoding="utf-8"))
"""Of each packaged profile that needs no weights by `cmean setup`: role, kind, back-end and digest
of its recipes, as schema 0005's code entered them; newer are those of `paper-as-run`, which follows
the study's code more closely since, and of the mappers of `server`, whose captions come last."""
REPOSITORIES = (
    "Qwen/Qwen2-Audio-7B-Instruct",
    "Qwen/Qwen2.5-VL-7B-Instruct",
    "Qwen/Qwen2.5-Omni-7B",
    "Qwen/Qwen3-4B",
    "Salesforce/blip2-opt-2.7b",
    "facebook/bart-base",
    "laion/clap-htsat-unfused",
    "laion/larger_clap_general",
    "laion/larger_clap_music",
    "llava-hf/llava-v1.6-mistral-7b-hf",
    "nielsr/imagebind-huge",
    "openai/clip-vit-base-patch32",
    "openai/clip-vit-large-patch14",
    "seungheondoh/lp-music-caps",
)
WEIGHT_FILES = (
    *("config.json", "generation_config.json", "preprocessor_config.json", "processor_config.json"),
    *("tokenizer.json", "tokenizer_config.json", "model.safetensors", "imagebind_huge.pth"),
    *("pytorch_model.bin", "transfer.pth"),
)


@pytest.fixture
def model_folder(cmean, tmp_path):
    """Empty checkpoints: entering a recipe reads no more than their revision."""
    for repository in REPOSITORIES:
        folder = tmp_path / "models" / repository
        folder.mkdir(parents=True)
        for name in WEIGHT_FILES:
            (folder / name).write_text("{}\n")
    cmean.environment["CMEAN_MODEL_DIR"] = str(tmp_path / "models")


def read_recipes(call, *columns):
    query = f"SELECT {', '.join(columns)} FROM recipes ORDER BY id"  # noqa: S608 - names of columns
    return [list(row.values()) for row in call("sql", query, "--json")]


@pytest.mark.usefixtures("model_folder")
@pytest.mark.parametrize("profile", DIGESTS)
def test_the_recipes_of_a_packaged_profile_keep_their_digests(profile, call):
    call("run", "--profile", profile)
    assert read_recipes(call, "role", "kind", "backend", "digest") == DIGESTS[profile]


OLD_RECIPES = {
    "0001": {
        "95156f061cc2115a4d3d1ec6a4639c5cdb430401a1459e6c03562632d0144b99",
        "bd3d59089a512ce1d7086e55e01f11b22af8c8a9640780287b812a43a83c602e",
        "c947d0ab4395bed7b1d3a97131fa5309b282519b03a4f7b482f39f25c22beab2",
        "3db4621055f3c62b19b68d7ff48ab783bd61f1e88e5a71b54c710af61f502bad",
    },
    "0005": {
        "f7e2da7a9fd8dbbd86e43b779b08f0fac5ce3a281e1b5902333026b6a1505b45",
        "a23f2cf7391091b3b323cbda6efdf182beacbbcc840af6a5101c28e0ee4cc3c5",
        "1e112c611af38e9f0f3bf409d6f71fc31bf340c05900930099783da46d26d661",
        "7d66a1a18f3886ee041a1e89ee746ac77d79f49ced4163fb7eb467b1c9e3bfe9",
        "ba9348e2806e4b293bb7237e7e5fbca308c754f3fbaa5396b6f00c5c37f86588",
        "78b4f56840968b0d3722995ae913d2ad17bc9584b0ad7c51401f5df37a967721",
        "081e1954f9b6807e9b212215a8d6413a5ab7b23d4f8351d8d3cfe569dc24d7e8",
    },
}


@pytest.mark.parametrize("version", OLD_RECIPES)
def test_a_configuration_file_of_an_earlier_version(version, cmean, call, tmp_path):
    del cmean.environment["CMEAN_PROFILE"]  # the file names one
    text = (FOLDER / "settings" / f"{version}.toml").read_text(encoding="utf-8")
    (tmp_path / "cmean.toml").write_text(text, encoding="utf-8")
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "mine.txt").write_text("Describe what you hear.\n")
    call("run")
    assert (tmp_path / "mine.db").is_file()
    assert {digest for (digest,) in read_recipes(call, "digest")} == OLD_RECIPES[version]


PLUGIN_PROFILE = """
[profiles.theirs]
embedders = [{ backend = "earlier" }]

[profiles.theirs.track]
preprocessing = { rate = 16000 }
captioner = { backend = "earlier" }
mapper = { backend = "earlier" }

[profiles.theirs.artwork]
preprocessing = { square = "centre", whole_size = 64, fragment_size = 64 }
captioner = { backend = "earlier", darkest = 0.9 }
mapper = { backend = "earlier" }
"""


def test_back_ends_written_against_earlier_protocols(call, tmp_path):
    (tmp_path / "cmean.toml").write_text(PLUGIN_PROFILE)
    listed = {row["role"] for row in call("backends", "--json") if row["name"] == "earlier"}
    assert listed == {"captioner", "mapper", "embedder"}
    call("ingest", write_small_corpus(tmp_path / "media"))
    found = call("run", "--profile", "theirs", "--json", code=3)
    assert (found["caption"]["done"], found["caption"]["failed"]) == (15, 20)
    assert found["emotion"]["done"] == 15
    assert found["embed"]["done"] == 35 + 15
    texts = call("sql", "SELECT text, words FROM v_captions WHERE position = 0", "--json")
    assert all(row["text"].startswith("Level 0.") for row in texts)
    reasons = call("sql", "SELECT DISTINCT reason FROM tasks WHERE state <> 'done'", "--json")
    assert reasons == [{"reason": "too-dark"}]
