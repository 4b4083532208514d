"""Podman makes images and a container; the layers are named as Podman names them."""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from javert.sensors.linux.packages.images import ImageNames, Layer

pytestmark = [pytest.mark.root, pytest.mark.skipif(shutil.which("podman") is None, reason="needs podman")]

_SCRIPT = r"""
set -e
mount -t tmpfs none /dev/shm   # where Podman keeps its locks
mount -t tmpfs none /run
podman() { command podman --root "$1/storage" --runroot "$1/run" --tmpdir "$1/tmp" --cgroup-manager cgroupfs \
    --events-backend none --log-level error "${@:2}"; }
podman "$1" import "$1/base.tar" example.test/base:1 >&2
podman "$1" build --isolation chroot --network host --tag example.test/web:2 "$1/context" >&2
podman "$1" create --network none --name shop example.test/web:2 /opt/tool >&2
own=$(podman "$1" mount shop)
echo written >"$own/opt/written"
podman "$1" umount shop >&2
podman "$1" image inspect example.test/base:1 example.test/web:2
"""


@pytest.fixture(scope="module")
def podman():
    """The directory Podman worked in, and what it says of its images; its mounts go with its mount namespace."""
    # Podman takes no longer path than 50 characters for what runs: pytest's own directories can be too deep.
    with tempfile.TemporaryDirectory(prefix="podman-", ignore_cleanup_errors=True) as directory:
        yield _built(Path(directory))


def _built(top):
    for name in ("context", "base/usr/bin", "upper/opt"):
        (top / name).mkdir(parents=True)
    (top / "base/usr/bin/old").write_text("base")
    (top / "upper/opt/tool").write_text("top")
    for archive, tree in (("base.tar", "base"), ("context/upper.tar", "upper")):
        subprocess.run(["tar", "-C", top / tree, "-cf", top / archive, "."], check=True)
    (top / "context/Dockerfile").write_text("FROM example.test/base:1\nADD upper.tar /\n")
    done = subprocess.run(
        ["unshare", "--mount", "bash", "-c", _SCRIPT, "podman", str(top)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return top, json.loads(done.stdout)


def test_files_in_layers_have_the_images_podman_has_made(podman):
    top, images = podman
    found = {
        path.name: ImageNames().layer(str(path))
        for path in Path(top, "storage/overlay").glob("*/diff/**/*")
        if path.is_file()
    }
    assert found["old"] == Layer("example.test/base:1, example.test/web:2")
    assert found["tool"] == Layer("example.test/web:2")
    assert found["written"] == Layer("example.test/web:2", "shop")
    assert [image["RepoTags"] for image in images] == [["example.test/base:1"], ["example.test/web:2"]]
