"""Every command that the documentation prints works as it is printed."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys
import tomllib
from functools import partial
from importlib import import_module
from pathlib import Path

import pytest
import study_files
import yaml
from in_process import run_in_process
from servers import ChatServer
from support import Finished, Program, write_artwork, write_small_corpus

from cmean.weights.packages import PACKAGES

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])


def commands(page):
    """The lines of the page's shell blocks, without their comments."""
    for block in re.findall(r"^```sh\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S):
        for line in block.splitlines():
            if words := shlex.split(line, comments=True):
                yield words


def inline(page):
    """Complete `cmean …` commands in running text: those with no placeholder in them."""
    for text in re.findall(r"`(cmean [a-z][^`]*)`", page.read_text(encoding="utf-8")):
        words = shlex.split(text)
        if not {"DIR", "VERB", "N", "NAME", "FILE", "TRACKS.csv"} & set(words):
            yield words


PROFILES = """
[profiles.paper]
extends = "embedded"
[profiles.paper.track]
captioner = { backend = "qwen2-audio", max_new_tokens = 8 }
mapper = { backend = "qwen3" }

[profiles.server]
extends = "embedded"
[profiles.server.artwork]
captioner = { backend = "openai", model = "tiny" }
"""
"""Those of the documentation, so small that they are done in a moment."""


def labels(paths):
    """A labels file for the benchmark of the triples' truth."""
    rows = [
        f"{path.name},Q{number % 4 + 1},{number},{number * number},{number}"
        for number, path in enumerate(paths)
    ]
    return "\n".join(["path,quadrant,arousal,solemnity,pleasure", *rows])


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A folder as the README's reader has it, with a finished catalog."""
    folder = tmp_path_factory.mktemp("docs")
    media = write_small_corpus(folder / "media")
    for name, kind in (("MUSIC", "track"), ("PICTURES", "artwork")):
        (folder / name).mkdir()
        for path in media.glob(f"{kind}-*"):
            path.rename(folder / name / path.name)
    for number in range(4):  # so that there is enough to fit a mapper to
        write_artwork(folder / "PICTURES" / f"more-{number}.png", (50 * number, 90, 160))
    (folder / "tracks.csv").write_text("one,200,40,10\ntwo,10,60,90\n")
    (folder / "artworks.csv").write_text("three,0,50,80\nfour,90,20,0\n")
    study_files.write(folder / "RESULTS")
    for name, files in (("music", "track-*"), ("pictures", "*")):
        (folder / f"{name}.csv").write_text(labels(sorted((folder / name.upper()).glob(files))))
    program = Program(folder)
    for arguments in (("ingest", "MUSIC", "PICTURES"), ("run",), ("pair",)):
        assert program(*arguments).code == 0
    (folder / "cmean.toml").write_text(PROFILES)
    return program


@pytest.fixture
def chat_server():
    """A model server that says the same of everything."""
    with ChatServer() as server:
        yield server


class Reader:
    """Follows a page as its reader would, with servers of its own for the URLs that it names."""

    def __init__(self, program, servers, weights):
        self.program = program
        self.servers = servers
        self.weights = weights
        self.running = []
        self.done = []
        self.makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        self.compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))

    def follow(self, words):
        """Do what a line says, once."""
        if words in self.done:
            return
        self.done.append(words)
        getattr(self, f"_{words[0]}")(words[1:])

    def _make(self, words):
        assert re.search(rf"^{words[0]}:", self.makefile, re.M), words

    def _echo(self, words):
        said, command = words[0], words[words.index("|") + 2 :]
        assert self.program(*command, text=said).code == 0, words

    def _export(self, words):
        name, _, value = words[0].partition("=")
        scheme = value.partition(":")[0]
        self.program.environment[name] = self.servers(scheme)

    def _pip(self, words):
        if words[0] == "download":
            (folder,) = (words[n + 1] for n, word in enumerate(words) if word == "--dest")
            (self.program.folder / folder).mkdir()
            requirements = [word for word in words if "==" in word]
            assert requirements == [package.requirement for package in PACKAGES]
            assert "--no-deps" in words
            return
        assert words[0] == "install"
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        for extra in re.findall(r"[a-z]+", words[1].partition("[")[2]):
            assert extra in project["optional-dependencies"], words

    def _python(self, words):
        """A script of the source tree, on the reader's own files."""
        main = import_module(Path(words[0]).stem).main  # its folder is on the path
        assert (ROOT / words[0]).is_file()
        folder, environment = self.program.folder, self.program.environment
        fewer = ["--draws", "5"] if "--pairs" in words else ["--resamples", "50"]  # for speed
        done = Finished(*run_in_process([*words[1:], *fewer], folder, environment, main=main))
        assert done.code == 0, (words, done)

    def _docker(self, words):
        assert words[0] == "compose"
        services = self.compose["services"]
        if "--profile" in words:
            profile = words[words.index("--profile") + 1]
            assert profile == "*" or any(
                profile in service.get("profiles", ()) for service in services.values()
            )
        for word in words[1:]:
            name = word.partition("=")[0]
            assert name in services or word in DOCKER or name in DOCKER, words

    def _cmean(self, words):
        if words[0] == "setup":  # what the index gave once is there: nothing is fetched again
            environment = dict(self.program.environment)
            self.program.environment["CMEAN_WEIGHTS_DIR"] = str(self.weights())
            found = self.program(*words)
            assert (found.code, found.err) == (0, ""), (words, found)
            self.program.environment = environment
            return
        ends = words[0] not in {"worker", "metrics"} and "--watch" not in words
        if ends or "--healthy" in words:
            found = self.program(*words)
            assert found.code == 0, (words, found)
            return
        process = self.program.start(*words)
        if words[0] in {"worker", "metrics"}:
            self.running.append(process)
            for line in process.stderr:
                if "is ready" in line or "metrics at" in line:
                    return
        if "--watch" in words:
            stream = process.stdout if words[0] == "status" else process.stderr
            assert stream.readline()
            process.send_signal(signal.SIGINT)
        out, err = process.communicate()
        assert process.returncode == 130, (words, out, err)

    def end(self):
        """Stop what was started."""
        for process in self.running:
            process.send_signal(signal.SIGTERM)
            process.communicate()


DOCKER = {"up", "logs", "run", "down", "--detach", "--build", "--scale", "--follow", "--rm"}
DOCKER |= {"--profile", "*", "gpu", "worker-cpu", "cmean", "status"}
DOCKER |= {"backends", "--fetch", "qwen2-audio"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_of_a_page(prepared, page, request):
    def server(scheme):
        if scheme == "http":
            return request.getfixturevalue("chat_server").url
        if scheme == "postgresql":
            return request.getfixturevalue("new_postgresql")
        return request.getfixturevalue("redis_server").url

    environment = dict(prepared.environment)
    if page.name == "back-ends.md":
        models = str(request.getfixturevalue("models"))
        prepared.environment |= {"CMEAN_MODEL_DIR": models, "HF_HUB_OFFLINE": "1"}
    reader = Reader(prepared, server, partial(request.getfixturevalue, "learned_weights"))
    try:
        for words in [*commands(page), *inline(page)]:
            reader.follow(words)
    finally:
        reader.end()
        prepared.environment = environment


def test_the_readme_names_only_files_that_are_there():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), (page.name, target)


def test_make_help_lists_the_targets():
    found = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in ("demo", "test", "lint", "bench"):
        assert f"make {target}" in found.stdout
    assert sys.version_info >= (3, 11)
