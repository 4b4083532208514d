"""The kernel and glibc decide over images with random headers; ``make dep-oracles`` has more of them."""

import os
import platform

import pytest
from tests.oracle.dep.random_images import kernel, loader

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="builds and runs x86 programs")

IMAGES = int(os.environ.get("JAVERT_IMAGES", "1500"))
SEED = int(os.environ.get("JAVERT_IMAGES_SEED", "1"))


def test_the_kernel_runs_programs_as_javert_judges_them(tmp_path):
    *differences, totals = kernel(IMAGES, SEED, tmp_path)
    assert differences == []
    assert totals["64 ran"] > IMAGES / 4, "the images tell nothing"
    assert totals["executable stacks"] > IMAGES / 5
    assert totals["writable executable segments"] > IMAGES / 5


def test_glibc_loads_shared_objects_as_javert_judges_them(tmp_path):
    *differences, totals = loader(IMAGES, SEED, tmp_path)
    assert differences == []
    assert totals["64 loaded"] > IMAGES / 8, "the images tell nothing"
    assert totals["executable stacks"] + totals["refused for its stack"] > IMAGES / 8
    assert totals["writable executable segments"] > IMAGES / 20
