"""The kernel decides who can change a file; Javert's answer must be the same, on every tree."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TREES = int(os.environ.get("JAVERT_TREES", "1500"))
SEED = int(os.environ.get("JAVERT_TREES_SEED", "1"))


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become other users and to mount")
def test_the_kernel_lets_change_exactly_what_javert_says():
    program = Path(__file__).with_name("permission_trees.py")
    done = subprocess.run(
        [sys.executable, program, str(TREES), str(SEED)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    *differences, totals = (json.loads(line) for line in done.stdout.splitlines())
    assert differences == []
    assert totals["trees"] == TREES
    assert totals["attacks"] / 5 < totals["successes"] < totals["attacks"] * 4 / 5, "the trees tell nothing"
    assert totals["planted"] > TREES / 20, "too few attacks were looked at from root's side"
    assert totals["repaired"] > TREES / 50, "too few commands were run"
