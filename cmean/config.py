"""Settings and profiles: the environment first, then `cmean.toml`, then the defaults."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cmean.domain import Kind
from cmean.errors import ConfigError
from cmean.step_options import take_options

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cmean.profile_names import Control

_KEYS = (
    "database_url",
    "broker_url",
    "profile",
    "lease_seconds",
    "model_dir",
    "weights_dir",
    "device",
    "vllm_memory",
    "vllm_gpus",
)
_NUMBERS: Mapping[str, tuple[type[float], Callable[[float], bool], str]] = {
    "lease_seconds": (float, lambda value: 0 < value < float("inf"), "a positive number"),
    "vllm_memory": (float, lambda value: 0 < value <= 1, "a share above 0 and up to 1"),
    "vllm_gpus": (int, lambda value: value >= 1, "a whole number from 1"),
}
"""The settings that are numbers: type, accepted values, and what a message calls them."""


PAIRING: Mapping[str, tuple[str, ...]] = {
    "method": ("greedy", "sequential", "optimal"),
    "metric": ("cosine", "euclidean"),
    "calibrate": ("none", "quantile"),
}
"""What a profile may say of its pairing, the first of each where it says nothing; a test holds
these equal to the names that the matching has."""


def get_plain_pairing() -> dict[str, str]:
    """Return how triples are paired where no profile says otherwise."""
    return {name: known[0] for name, known in PAIRING.items()}


@dataclass(frozen=True, slots=True)
class BackendChoice:
    """A back-end by name, and how it is used.

    Args:
        backend: its name.
        parameters: what it is built with.
        prompt: a template that comes with cmean, or a file; None: the back-end's usual one.
        options: of `cmean.step_options.OPTIONS`, how the step uses it.
    """

    backend: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    prompt: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KindProfile:
    """What a profile does with one kind of item.

    `merger` joins what a captioner wrote of the windows of a long sound; None: they are put one
    after the other. `shuffle` is the seed by which each item gets the captions of another; None:
    each keeps its own.
    """

    preprocessing: Mapping[str, Any]
    captioner: BackendChoice
    mapper: BackendChoice
    merger: BackendChoice | None = None
    shuffle: int | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """A named set of recipes. `embedders` embed the media that they take, and all captions.

    `pairing` is how its triples are paired unless something else is asked for: a choice for each
    of `PAIRING`. It is no part of a recipe. `controls` were made of the profile whose name `name`
    begins with; they are part of the name.
    """

    name: str
    description: str
    kinds: Mapping[Kind, KindProfile]
    embedders: tuple[BackendChoice, ...] = ()
    pairing: Mapping[str, str] = field(default_factory=get_plain_pairing)
    controls: tuple[Control, ...] = ()

    @property
    def base_name(self) -> str:
        """The name of the profile that the controls were made of."""
        return self.name.removesuffix("".join(map(str, self.controls)))


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set.

    `profile` is used where a command names none; None: by what weights are on this machine.
    `lease_seconds` is how long a claimed task stays claimed. `weights_dir` is where `cmean setup`
    puts weights; None: into the user's data folder. `device` is where models run, as PyTorch names
    it (`cuda`, `cuda:1`, `cpu`); None: a GPU where there is one. `vllm_memory` is the share of a
    GPU's memory that vLLM takes, above 0 and up to 1; `vllm_gpus` is over how many GPUs it divides
    a model.
    """

    database_url: str = "sqlite:///cmean.db"
    broker_url: str | None = None
    profile: str | None = None
    lease_seconds: float = 120.0
    model_dir: Path | None = None
    weights_dir: Path | None = None
    device: str | None = None
    vllm_memory: float = 0.9
    vllm_gpus: int = 1
    user_profiles: Mapping[str, Any] = field(default_factory=dict)

    def get_profile(self, name: str) -> Profile:
        """Return the profile of that name.

        Raises:
            ConfigError: there is none of that name, or it is not well formed.
        """
        return _build_profile(name, self.user_profiles)


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings.

    Raises:
        ConfigError: the TOML file is broken, or a setting has no sense.
    """
    env = os.environ if environment is None else environment
    path = Path(env.get("CMEAN_CONFIG") or "cmean.toml")
    if "CMEAN_CONFIG" in env and not path.is_file():
        raise ConfigError(f"CMEAN_CONFIG names a file that does not exist: {path}")
    table = _read_toml(path) if path.is_file() else {}
    profiles = table.pop("profiles", {})
    if not isinstance(profiles, dict):
        raise ConfigError(f"{path}: profiles must be tables: [profiles.NAME]")
    unknown = sorted(set(table) - set(_KEYS))
    if unknown:
        raise ConfigError(f"{path}: unknown setting {unknown[0]!r}; known: {', '.join(_KEYS)}")
    values = table | {
        key: env[f"CMEAN_{key.upper()}"] for key in _KEYS if env.get(f"CMEAN_{key.upper()}")
    }
    return _check(values, profiles)


def _check(values: Mapping[str, Any], profiles: Mapping[str, Any]) -> Settings:
    given = {key: _read_setting(key, value) for key, value in values.items() if value != ""}
    return Settings(user_profiles=profiles, **given)


def _read_setting(key: str, given: object) -> Any:  # noqa: ANN401 - of the type of the field
    if key not in _NUMBERS:
        if not isinstance(given, str):
            raise ConfigError(f"the setting {key} must be a text, not {given!r}")
        return Path(given) if key.endswith("_dir") else given
    kind, is_accepted, what = _NUMBERS[key]
    try:
        value = kind(given)  # type: ignore[arg-type]  # whatever it is
    except (TypeError, ValueError, OverflowError):
        value = float("nan")  # which no comparison accepts
    if not is_accepted(value):
        raise ConfigError(f"CMEAN_{key.upper()} must be {what}, not {given!r}")
    return value


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error


def list_profile_names(user_profiles: Mapping[str, Any]) -> list[str]:
    """List the names of all profiles, those that come with cmean first."""
    return list(dict.fromkeys([*_read_packaged_profiles(), *user_profiles]))


def _read_packaged_profiles() -> dict[str, Any]:
    return _read_toml(Path(__file__).with_name("profiles.toml"))


def _build_profile(name: str, user_profiles: Mapping[str, Any]) -> Profile:
    packaged = _read_packaged_profiles()
    merged = _resolve(name, packaged | dict(user_profiles), seen=())
    try:
        kinds = {kind: _read_kind_profile(merged[kind.value]) for kind in Kind}
        embedders = tuple(_read_choice(table, "embedder") for table in merged.get("embedders", ()))
        pairing = _read_pairing(merged.get("pairing", {}))
        unknown = set(merged) - {"description", "extends", "embedders", "pairing", *map(str, Kind)}
        if unknown:
            raise ValueError(f"unknown key {sorted(unknown)[0]!r}")  # noqa: TRY301 - handled below
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ConfigError(
            f"profile {name!r} is not well formed: {error}; see profiles.toml"
        ) from error
    return Profile(name, str(merged.get("description", "")), kinds, embedders, pairing)


def _resolve(name: str, tables: Mapping[str, Any], seen: tuple[str, ...]) -> dict[str, Any]:
    """Merge the profile's own table into the one that it extends, part by part."""
    if name not in tables:
        raise ConfigError(f"there is no profile {name!r}; there are: {', '.join(tables)}")
    if name in seen:
        raise ConfigError(f"profile {name!r} extends itself")
    own = tables[name]
    if not isinstance(own, dict):
        raise ConfigError(f"profile {name!r} must be a table: [profiles.{name}]")
    if "extends" not in own:
        return dict(own)
    return _merge(_resolve(own["extends"], tables, (*seen, name)), own)


def _merge(old: dict[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Merge `new` over `old`, part by part; a table that names another back-end starts afresh."""
    result = dict(old)
    for key, value in new.items():
        inner = result.get(key)
        if isinstance(inner, dict) and isinstance(value, dict) and "backend" not in value:
            result[key] = _merge(inner, value)
        else:
            result[key] = value
    return result


def _read_pairing(table: object) -> dict[str, str]:
    if not isinstance(table, dict):
        raise TypeError(f"pairing must be a table, not {table!r}")
    for name, value in table.items():
        if name not in PAIRING:
            raise ValueError(f"unknown key {name!r} of the pairing; known: {', '.join(PAIRING)}")
        if value not in PAIRING[name]:
            known = ", ".join(PAIRING[name])
            raise ValueError(f"{name} of the pairing is one of {known}, not {value!r}")
    return get_plain_pairing() | dict(table)


def _read_kind_profile(table: Mapping[str, Any]) -> KindProfile:
    unknown = set(table) - {"preprocessing", "captioner", "mapper", "merger"}
    if unknown:
        raise ValueError(f"unknown key {sorted(unknown)[0]!r}")
    merger = table.get("merger")
    return KindProfile(
        preprocessing=dict(table["preprocessing"]),
        captioner=_read_choice(table["captioner"], "captioner"),
        mapper=_read_choice(table["mapper"], "mapper"),
        merger=_read_choice(merger, "merger") if merger else None,
    )


def _read_choice(table: Mapping[str, Any], step: str) -> BackendChoice:
    parameters = dict(table)
    backend, prompt = str(parameters.pop("backend")), parameters.pop("prompt", None)
    if not isinstance(prompt, str | None):
        raise TypeError(f"the prompt of the {step} is the name of a template, not {prompt!r}")
    options = take_options(step, parameters)
    return BackendChoice(backend, parameters, prompt, options)
