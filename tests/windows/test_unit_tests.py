"""The unit and property tests, run by Windows Python."""

import re
from pathlib import Path

import pytest
from tests.windows.environment import CHECKOUT
from tests.windows.machine import Machine
from tests.windows.not_for_windows import REASONS

ROOT = "Z:\\javert"
pytestmark = pytest.mark.windows


def test_whatever_is_left_out_is_there():
    for name in REASONS:
        file, _, function = name.partition("::")
        assert (CHECKOUT / file).exists(), f"{name} is left out on Windows, and there is no such file"
        if function:
            source = (CHECKOUT / file).read_text()
            assert re.search(rf"^(async )?def {function}\(", source, re.MULTILINE), f"there is no {name}"


def test_all_others_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    options = ("-q", "-p", "no:cacheprovider", "--rootdir", ROOT, "-c", f"{ROOT}\\pyproject.toml", "--tb=short")
    places = (f"{ROOT}\\tests\\unit", f"{ROOT}\\tests\\property")
    with Machine(tmp_path) as machine:
        done = machine.python("-B", "-m", "pytest", *options, *places, capture_output=True)
    said = done.stdout.decode("utf-8", "replace")
    lines = said.splitlines()
    with capsys.disabled():
        print("", *(line for line in lines if line.startswith("left out on Windows")), sep="\n")
        print(f"under Windows Python: {lines[-1] if lines else 'nothing was said'}")
    assert done.returncode == 0, said + done.stderr.decode("utf-8", "replace")
    passed = re.search(r"(\d+) passed", said)
    assert passed
    assert int(passed[1]) > 3000
