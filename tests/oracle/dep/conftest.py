"""Compiles the programs that the kernel and the loaders decide about."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def compile_c(tmp_path_factory) -> Callable[..., Path]:
    """``compile_c(source, *gcc_options)``: the path of what came of it."""
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc")
    directory = tmp_path_factory.mktemp("built")

    def build(source: str, *options: str, compiler: str = "gcc") -> Path:
        target = directory / f"{len(list(directory.iterdir()))}.so"
        command = [compiler, "-x", "c", "-", "-o", str(target), *options]
        subprocess.run(command, input=source, text=True, check=True, capture_output=True, timeout=60)
        return target

    return build
