"""Layers of container images, in directories as the engines leave them; Podman itself: tests/oracle/packages."""

import hashlib
import json

import pytest

from javert.sensors.linux.packages.images import ImageNames, Layer

BASE, TOP, OWN, STRAY = "a" * 64, "b" * 64, "c" * 64, "d" * 64
CONTAINER = "0123456789abcdef" * 4


def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


def chain(*diff_ids):
    """Chain id as OCI image-spec says, without the algorithm's name."""
    first, *rest = diff_ids
    for each in rest:
        first = "sha256:" + hashlib.sha256(f"{first} {each}".encode()).hexdigest()
    return first.removeprefix("sha256:")


@pytest.fixture
def docker(tmp_path):
    """Two images, one of them on top of the other, and a container of that one."""
    root = tmp_path / "docker"
    low, high = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"
    base, top = "e" * 64, "f" * 64
    images = root / "image/overlay2"
    put(images / f"imagedb/content/sha256/{base}", {"rootfs": {"type": "layers", "diff_ids": [low]}})
    put(images / f"imagedb/content/sha256/{top}", {"rootfs": {"type": "layers", "diff_ids": [low, high]}})
    put(
        images / "repositories.json",
        {
            "Repositories": {
                "debian": {"debian:12": f"sha256:{base}", f"debian@sha256:{'9' * 64}": f"sha256:{base}"},
                "shop/web": {"shop/web:2": f"sha256:{top}"},
            }
        },
    )
    put(images / f"layerdb/sha256/{chain(low)}/cache-id", BASE)
    put(images / f"layerdb/sha256/{chain(low, high)}/cache-id", TOP)
    put(images / f"layerdb/mounts/{CONTAINER}/mount-id", OWN)
    put(root / f"containers/{CONTAINER}/config.v2.json", {"Name": "/web", "Config": {"Image": "shop/web:2"}})
    return root


def layer(root, directory, driver="overlay2"):
    return ImageNames().layer(f"{root}/{driver}/{directory}/diff/usr/bin/tool")


def test_a_layer_of_docker_has_the_names_of_the_images_it_is_in(docker):
    assert layer(docker, TOP) == Layer("shop/web:2")
    assert layer(docker, BASE) == Layer("debian:12, shop/web:2")
    assert layer(docker, STRAY) == Layer()


def test_what_a_container_of_docker_wrote_is_the_containers(docker):
    assert layer(docker, OWN) == layer(docker, f"{OWN}-init") == Layer("shop/web:2", "web")


def test_an_image_without_a_name_is_told_by_its_id(docker):
    (docker / "image/overlay2/repositories.json").unlink()
    assert layer(docker, TOP) == Layer(f"sha256:{'f' * 12}")


@pytest.fixture
def storage(tmp_path):
    root = tmp_path / "storage"
    put(
        root / "overlay-layers/layers.json", [{"id": BASE}, {"id": TOP, "parent": BASE}, {"id": OWN, "parent": TOP}]
    )
    put(
        root / "overlay-images/images.json",
        [
            {"id": "1" * 64, "names": ["localhost/base:1"], "layer": BASE},
            {"id": "2" * 64, "names": ["localhost/top:2"], "layer": TOP},
        ],
    )
    put(
        root / "overlay-containers/containers.json",
        [{"id": "3" * 64, "names": ["web"], "image": "2" * 64, "layer": OWN}],
    )
    return root


def test_layers_of_podman(storage):
    assert layer(storage, TOP, "overlay") == Layer("localhost/top:2")
    assert layer(storage, BASE, "overlay") == Layer("localhost/base:1, localhost/top:2")
    assert layer(storage, OWN, "overlay") == Layer("localhost/top:2", "web")
    assert layer(storage, STRAY, "overlay") == Layer()


def test_many_names_are_shortened(storage):
    images = [{"id": f"{n}" * 64, "names": [f"localhost/{n}"], "layer": BASE} for n in range(6)]
    put(storage / "overlay-images/images.json", images)
    assert layer(storage, BASE, "overlay").image == "localhost/0, localhost/1, localhost/2, … (+3)"


def test_images_and_containers_may_have_no_name(storage):
    put(storage / "overlay-images/images.json", [{"id": "2" * 64, "names": None, "layer": TOP}])
    put(storage / "overlay-containers/containers.json", [{"id": "3" * 64, "image": "2" * 64, "layer": OWN}])
    assert layer(storage, OWN, "overlay") == Layer(f"sha256:{'2' * 12}", "3" * 12)


def test_layers_that_are_their_own_ancestors_are_no_trap(storage):
    put(storage / "overlay-layers/layers.json", [{"id": BASE, "parent": TOP}, {"id": TOP, "parent": BASE}])
    assert layer(storage, TOP, "overlay").image == "localhost/base:1, localhost/top:2"


@pytest.mark.parametrize("damage", ["", "[", "{}", "[1]", '[{"id": 5}]', "\xff", "[" * 100_000])
def test_damaged_records_name_nothing(storage, docker, damage):
    for path in (*storage.glob("*/*.json"), *docker.rglob("*.json"), *docker.rglob("content/sha256/*")):
        path.write_text(damage, "latin-1")
    assert layer(storage, TOP, "overlay") == Layer()
    assert layer(docker, TOP) == Layer()


@pytest.mark.parametrize(
    "place",
    [
        "/usr/bin/tool",
        "/var/lib/docker/overlay2/l/ABCDEFGHIJKLMNOPQRSTUVWXYZ/usr/bin/tool",
        "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/12/fs/usr/bin/tool",
    ],
)
def test_other_places_are_in_no_layer(place):
    assert ImageNames().layer(place) == Layer()
