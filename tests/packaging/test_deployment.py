"""The compose file and the Dockerfile: valid, pinned, confined, and free of secrets."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from dockerfile_parse import DockerfileParser

from cmean.catalog.engine import parse_url
from cmean.cli import VERBS
from cmean.config import load_settings
from cmean.inference.queues import QUEUES

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
EXAMPLE = dict(
    line.split("=", 1)
    for line in (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
)
WORKERS = {"worker-cpu", "worker-gpu-caption", "worker-gpu-emotion"}
OURS = WORKERS | {"migrate", "metrics"}
PASSWORD = "p@ss:w/rd"  # noqa: S105 - of no server; it has signs that a URL would not bear


def docker_compose(tmp_path, *arguments, env_file=ROOT / ".env.example", **environment):
    """The real Docker Compose, which needs no engine to read a file."""
    return subprocess.run(
        [Path(sys.executable).with_name("docker-compose"), "--env-file", env_file, *arguments],
        cwd=ROOT,
        env={"PATH": os.defpath, "HOME": str(tmp_path), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def services(tmp_path_factory):
    """All services, as Docker Compose understands them."""
    found = docker_compose(
        tmp_path_factory.mktemp("home"),
        *("--profile", "*", "config", "--format", "json"),
        POSTGRES_PASSWORD=PASSWORD,
    )
    assert (found.returncode, found.stderr) == (0, "")
    return json.loads(found.stdout)["services"]


def test_it_says_what_must_be_set(tmp_path):
    found = docker_compose(tmp_path, "config")
    assert found.returncode != 0
    assert "POSTGRES_PASSWORD is missing a value: must be set, see .env.example" in found.stderr
    found = docker_compose(tmp_path, "config", env_file=os.devnull, POSTGRES_PASSWORD=PASSWORD)
    assert found.returncode != 0
    assert "CMEAN_MEDIA is missing a value: must be the absolute path" in found.stderr


def test_the_example_names_every_variable_with_its_default():
    used = re.findall(r"\$\{(\w+)(?::([-?])([^}]*))?\}", COMPOSE)
    assert {name for name, _, _ in used} == set(EXAMPLE)
    defaults = {name: value for name, sign, value in used if sign == "-"}
    assert {name: EXAMPLE[name] for name in defaults} == defaults
    assert set(EXAMPLE) - set(defaults) == {"POSTGRES_PASSWORD", "CMEAN_MEDIA"}


def test_no_secret_is_written_down():
    assert EXAMPLE["POSTGRES_PASSWORD"] == ""
    for name, value in re.findall(r"(\w*(?:PASSWORD|TOKEN|SECRET|KEY)\w*):(.*)", COMPOSE):
        assert value.strip().startswith("${POSTGRES_PASSWORD:?"), name
    assert not re.search(r"://[^/\s]*:[^/\s]*@", COMPOSE)


def test_the_services_and_their_profiles(services):
    profiles = {name: service.get("profiles", []) for name, service in services.items()}
    assert profiles == {
        "postgres": [],
        "redis": [],
        "migrate": [],
        "worker-cpu": [],
        "metrics": [],
        "worker-gpu-caption": ["gpu"],
        "worker-gpu-emotion": ["gpu"],
        "flower": ["monitor"],
        "vllm": ["vllm"],
    }


def test_images_have_a_version(services):
    for name, service in services.items():
        image, _, tag = service["image"].partition(":")
        assert image, name
        assert tag in {"cpu", "gpu"} if name in OURS else re.match(r"v?\d", tag), name


def test_ports_are_open_to_this_machine_only(services):
    ports = {
        name: [port["target"] for port in service.get("ports", [])]
        for name, service in services.items()
        if all(port["host_ip"] == "127.0.0.1" for port in service.get("ports", []))
    }
    assert set(ports) == set(services)
    assert {name: found for name, found in ports.items() if found} == {
        "postgres": [5432],
        "metrics": [9464],
        "flower": [5555],
    }


def test_services_that_go_on_have_a_health_check(services):
    checked = {name for name, service in services.items() if "healthcheck" in service}
    assert checked == set(services) - {"migrate"}
    for name in checked:
        assert services[name]["restart"] == "unless-stopped"
        assert services[name]["healthcheck"]["test"][0] == "CMD"  # an argument list, no shell
    assert services["migrate"]["restart"] == "no"


def test_nothing_works_on_a_catalog_that_is_not_up_to_date(services):
    assert services["migrate"]["command"] == ["cmean", "init"]
    assert services["migrate"]["depends_on"]["postgres"]["condition"] == "service_healthy"
    for name in OURS - {"migrate"}:
        condition = services[name]["depends_on"]["migrate"]["condition"]
        assert condition == "service_completed_successfully", name


def test_data_lies_on_volumes(services):
    mounts = {name: service.get("volumes", []) for name, service in services.items()}
    named = {
        name: [(mount["source"], mount["target"]) for mount in found if mount["type"] == "volume"]
        for name, found in mounts.items()
    }
    assert {name: found for name, found in named.items() if found} == {
        "postgres": [("catalog", "/var/lib/postgresql")],
        "worker-gpu-caption": [("models", "/models")],
        "worker-gpu-emotion": [("models", "/models")],
        "vllm": [("vllm-models", "/root/.cache/huggingface")],
    }
    bound = {n: [m for m in found if m["type"] == "bind"] for n, found in mounts.items()}
    media = EXAMPLE["CMEAN_MEDIA"]
    for name, found in bound.items():
        if name in WORKERS:
            (mount,) = found
            assert (mount["source"], mount["target"]) == (media, media)
            assert mount["read_only"] is True
            assert mount["bind"] == {"create_host_path": False}
        else:
            assert found == [], name


def test_our_services_are_confined(services):
    for name in OURS:
        service = services[name]
        assert service["init"] is service["read_only"] is True
        assert service["tmpfs"] == ["/tmp"]  # noqa: S108 - a mount point
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["stop_signal"] == "SIGTERM"
        assert "privileged" not in service
    graces = {name: services[name]["stop_grace_period"] for name in WORKERS}
    assert graces == dict.fromkeys(WORKERS, "5m0s") | {"worker-cpu": "2m0s"}


def test_our_services_are_configured(services):
    for name in OURS:
        environment = services[name]["environment"]
        settings = load_settings(environment)
        url = parse_url(settings.database_url)
        assert (url.drivername, url.host, url.password) == ("postgresql+psycopg", "postgres", None)
        assert environment["PGPASSWORD"] == PASSWORD
        assert settings.broker_url == "redis://redis:6379/0"
        assert settings.lease_seconds == load_settings({}).lease_seconds
        assert settings.profile is None  # as the weights in the image say


def test_gpus_are_reserved_where_they_are_used(services):
    for name, service in services.items():
        resources = service.get("deploy", {}).get("resources", {})
        gpu = {"driver": "nvidia", "device_ids": ["0"], "capabilities": ["gpu"]}
        uses_one = name.startswith("worker-gpu") or name == "vllm"
        assert resources == ({"reservations": {"devices": [gpu]}} if uses_one else {}), name


def commands():
    for name, service in yaml.safe_load(COMPOSE)["services"].items():
        for command in (service.get("command", []), service.get("healthcheck", {}).get("test", [])):
            words = [word for word in command if word != "CMD"]
            if words[:1] == ["cmean"]:
                yield pytest.param(words[1:], id=f"{name}: {' '.join(words[:2])}")


def parsed(verb, *arguments):
    parser = argparse.ArgumentParser()
    import_module(f"cmean.cli.verbs.{verb.replace('-', '_')}").configure(parser)
    filled = [re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", argument) for argument in arguments]
    return parser.parse_args(filled)


@pytest.mark.parametrize("words", list(commands()))
def test_every_command_is_one_that_cmean_has(words):
    assert words[0] in VERBS
    assert parsed(*words)


def test_every_queue_is_served(services):
    served = {name: parsed(*services[name]["command"][1:]).queue for name in WORKERS}
    assert {queue for queues in served.values() for queue in queues} == set(QUEUES)
    gpu = [*served["worker-gpu-caption"], *served["worker-gpu-emotion"]]
    assert len(set(gpu)) == len(gpu)  # a model is in the memory of one of them


@pytest.fixture(scope="module")
def stages():
    """The instructions of each stage of the Dockerfile, in order."""
    found, name = {}, None
    for step in DockerfileParser(str(ROOT)).structure:
        if step["instruction"] == "FROM":
            name = step["value"].split()[-1]
            found[name] = []
        if name and step["instruction"] != "COMMENT":
            found[name].append((step["instruction"], step["value"]))
    return found


def values(steps, instruction):
    return [value for name, value in steps if name == instruction]


def test_both_images_run_as_an_ordinary_user(stages):
    assert set(stages) == {"build", "base", "cpu", "gpu"}
    for target in ("cpu", "gpu"):
        assert values(stages[target], "FROM") == [f"base AS {target}"]
        assert values(stages[target], "USER")[-1] == "10001:10001"
        names = [name for name, _ in stages[target]]
        assert names.index("USER") > max(i for i, name in enumerate(names) if name == "RUN")
        assert values(stages[target], "CMD") == ['["cmean", "--help"]']
    every = [name for steps in stages.values() for name, _ in steps]
    assert not {"ENTRYPOINT", "HEALTHCHECK", "ADD"} & set(every)
    assert values(stages["base"], "STOPSIGNAL") == ["SIGTERM"]


def test_both_images_hold_the_weights_of_the_default_profile(stages):
    (folder,) = re.findall(r"CMEAN_WEIGHTS_DIR=(\S+)", " ".join(values(stages["base"], "ENV")))
    writable = ("/tmp", "/data")  # noqa: S108 - a mount point; what volumes and tmpfs would hide
    assert folder.startswith("/")
    assert not folder.startswith(writable)
    for target in ("cpu", "gpu"):
        steps = values(stages[target], "RUN")
        (setup,) = (n for n, step in enumerate(steps) if step.split()[-2:] == ["cmean", "setup"])
        assert any(".whl" in step for step in steps[:setup])
        assert not any("CMEAN_" in value for value in values(stages[target], "ENV"))


def test_the_services_use_the_images(services, stages):
    for name in OURS:
        build = services[name]["build"]
        assert build["target"] in stages
        assert services[name]["image"] == f"cmean:{build['target']}"
        assert (build["target"] == "gpu") == name.startswith("worker-gpu")


def test_the_images_have_a_python_that_cmean_supports():
    first = (ROOT / "Dockerfile").read_text(encoding="utf-8").split("FROM")[0]
    (minor,) = re.findall(r"^ARG PYTHON=3\.(\d+)$", first, re.M)
    assert int(minor) >= 11


@pytest.mark.parametrize(("extras", "asked"), [("", "x.whl"), ("a,b", "x.whl[a,b]")])
def test_the_images_install_the_extras_asked_for(stages, extras, asked):
    for target in ("cpu", "gpu"):
        assert "EXTRAS=" in values(stages[target], "ARG")
        (word,) = re.findall(
            r'pip install ("[^"]*\.whl.*?")', " ".join(values(stages[target], "RUN"))
        )
        script = f"printf %s {word.replace('/wheels/*.whl', 'x.whl')}"
        found = subprocess.run(
            ["/bin/sh", "-c", script], env={"EXTRAS": extras}, capture_output=True, check=True
        )
        assert found.stdout.decode() == asked


def test_the_wheel_is_built_from_what_is_copied(stages, tmp_path):
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for copy in values(stages["build"], "COPY"):
        *sources, _ = copy.split()
        for source in sources:
            assert f"!{source}" in ignored
            (tmp_path / source).symlink_to(ROOT / source)
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", tmp_path / "dist", tmp_path]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
