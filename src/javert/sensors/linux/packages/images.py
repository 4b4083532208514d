"""Which container image a file on the host belongs to, told by the storage directories of container engines.

Followed are: Docker's overlay2 driver (``image/overlay2/{layerdb,imagedb,repositories.json}`` beside ``overlay2``;
moby, layer/filestore.go and image/fs.go) and containers/storage of Podman, Buildah and CRI-O
(``overlay-{layers,images,containers}/*.json`` beside ``overlay``; containers-storage(1)). containerd keeps this in
a database of its own (bolt), which is not read: files in its snapshots have no image here.

Nothing that is read is trusted beyond a name.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from javert.sensors.linux.packages.untrusted import contents

_DOCKER = re.compile(r"^(.*)/overlay2/([0-9a-z]{25,64})(?:-init)?/(?:diff|merged)/")
_STORAGE = re.compile(r"^(.*)/overlay/([0-9a-f]{64})/(?:diff|merged)/")
_DIGEST = re.compile(r"^sha256:([0-9a-f]{64})$")
_STORES_REMEMBERED = 16
_MOST_ENTRIES = 100_000
_NAMES = 3

_Value = TypeVar("_Value")


class Layer(NamedTuple):
    """What a layer belongs to.

    Attributes:
        image: name of the image, or some of the names if several share the layer; "" where none is known.
        container: name of the container whose own layer it is; "" for a layer of images.
    """

    image: str = ""
    container: str = ""


class ImageNames:
    """Names of images by the layers that they are made of; each store is read once."""

    def __init__(self) -> None:
        self._docker = lru_cache(_STORES_REMEMBERED)(_docker_layers)
        self._storage = lru_cache(_STORES_REMEMBERED)(_storage_layers)

    def layer(self, place: str) -> Layer:
        """What the layer belongs to in which a file lies.

        Args:
            place: where the host can open the file.
        """
        for pattern, read in ((_DOCKER, self._docker), (_STORAGE, self._storage)):
            if match := pattern.match(place):
                return read(match[1]).get(match[2], Layer())
        return Layer()


# ------------------------------------------------------------ Docker


class _RootFs(msgspec.Struct):
    diff_ids: list[str] = []


class _DockerImage(msgspec.Struct):
    rootfs: _RootFs = msgspec.field(default_factory=_RootFs)


class _Repositories(msgspec.Struct, rename={"repositories": "Repositories"}):
    repositories: dict[str, dict[str, str]] = {}


class _DockerConfig(msgspec.Struct, rename={"image": "Image"}):
    image: str = ""


class _DockerContainer(msgspec.Struct, rename={"name": "Name", "config": "Config"}):
    name: str = ""
    config: _DockerConfig = msgspec.field(default_factory=_DockerConfig)


def _docker_layers(root: str) -> dict[str, Layer]:
    """Layers by the directory of a layer below ``overlay2``."""
    image_root = Path(root, "image/overlay2")
    names: defaultdict[str, set[str]] = defaultdict(set)
    tags = _decoded(f"{image_root}/repositories.json", _Repositories) or _Repositories()
    tagged = defaultdict(set)
    for by_name in tags.repositories.values():
        for name, digest in by_name.items():
            if "@" not in name:  # the other ones repeat the digest
                tagged[digest].add(name)
    for entry in _entries(image_root / "imagedb/content/sha256"):
        image = _decoded(str(entry), _DockerImage)
        for chain in _chain(image.rootfs.diff_ids if image else []):
            names[chain] |= tagged[f"sha256:{entry.name}"] or {f"sha256:{entry.name[:12]}"}
    layers = {}
    for entry in _entries(image_root / "layerdb/sha256"):
        if (directory := _word(entry / "cache-id")) and names[entry.name]:
            layers[directory] = Layer(_some(names[entry.name]))
    for entry in _entries(image_root / "layerdb/mounts"):
        container = _decoded(f"{root}/containers/{entry.name}/config.v2.json", _DockerContainer)
        if (directory := _word(entry / "mount-id")) and container is not None:
            layers[directory] = Layer(container.config.image, container.name.lstrip("/") or entry.name[:12])
    return layers


def _chain(diff_ids: list[str]) -> Iterator[str]:
    """Chain ids of the layers of an image, from the lowest up (OCI image-spec, config.md, "Layer ChainID")."""
    chain = ""
    for diff_id in diff_ids:
        chain = "sha256:" + sha256(f"{chain} {diff_id}".encode()).hexdigest() if chain else diff_id
        if match := _DIGEST.match(chain):
            yield match[1]


# ------------------------------------------------------------ containers/storage


class _StorageLayer(msgspec.Struct):
    id: str
    parent: str = ""


class _StorageImage(msgspec.Struct):
    id: str
    names: list[str] | None = None
    layer: str = ""


class _StorageContainer(msgspec.Struct):
    id: str
    names: list[str] | None = None
    image: str = ""
    layer: str = ""


def _storage_layers(root: str) -> dict[str, Layer]:
    """Layers by the directory of a layer below ``overlay``."""
    parents = {
        layer.id: layer.parent
        for layer in _decoded(f"{root}/overlay-layers/layers.json", list[_StorageLayer]) or ()
    }
    images = _decoded(f"{root}/overlay-images/images.json", list[_StorageImage]) or ()
    names: defaultdict[str, set[str]] = defaultdict(set)
    called = {}
    for image in images:
        own = set(image.names or ()) or {f"sha256:{image.id[:12]}"}
        called[image.id] = _some(own)
        layer = image.layer
        while layer and own - names[layer]:  # a layer has its own names from one image only once
            names[layer] |= own
            layer = parents.get(layer, "")
    layers = {layer: Layer(_some(several)) for layer, several in names.items() if several}
    for file in ("containers.json", "volatile-containers.json"):
        for container in _decoded(f"{root}/overlay-containers/{file}", list[_StorageContainer]) or ():
            name = next(iter(container.names or ()), container.id[:12])
            layers[container.layer] = Layer(called.get(container.image, ""), name)
    return layers


# ------------------------------------------------------------ both


def _some(names: set[str]) -> str:
    more = len(names) - _NAMES
    return ", ".join(sorted(names)[:_NAMES]) + (f", … (+{more})" if more > 0 else "")


def _decoded(path: str, kind: type[_Value]) -> _Value | None:
    try:
        return msgspec.json.decode(contents(path), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None  # not there, or not what it should be: the file has no image


def _word(path: Path) -> str:
    return contents(str(path)).decode("ascii", "replace").strip()


def _entries(directory: Path) -> list[Path]:
    try:
        return [entry for entry, _ in zip(directory.iterdir(), range(_MOST_ENTRIES), strict=False)]
    except OSError:
        return []
