"""The whole command over public captures says what the reader of captures says, and keeps to the schema."""

import gzip
import hashlib
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import jsonschema
import pytest

from javert.assessment.replay import summary
from javert.model.codec import encode_flow
from javert.sensors.capture import read_capture

ROOT = Path(__file__).parents[2]
CAPTURES = ROOT.parent / "shared/captures"
VALIDATOR = jsonschema.Draft202012Validator(json.loads((ROOT / "docs/schema/assessment-1.0.json").read_text()))
SAMPLE = 40
LARGEST = 2 << 20


def sample() -> list[Path]:
    """The same files every time, pcapng among them; they are chosen by a hash of their names."""
    if not CAPTURES.is_dir():
        return []
    files = [path for path in CAPTURES.iterdir() if path.suffix != ".md" and path.suffix != ".jsonl"]
    small = sorted(
        (path for path in files if path.stat().st_size <= LARGEST),
        key=lambda path: hashlib.sha256(path.name.encode()).digest(),
    )
    pcapng = [path for path in small if path.read_bytes()[:4] == b"\x0a\x0d\x0d\x0a"]
    return list(dict.fromkeys([*pcapng[:8], *small]))[:SAMPLE]


def replayed(*arguments: object, data: bytes | None = None) -> dict:
    command = [sys.executable, "-c", "import sys; from javert.cli import main; sys.exit(main())", "replay"]
    ended = subprocess.run(
        [*command, *map(str, arguments), "--format", "json"],
        input=data,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode in (0, 3), ended.stderr
    result = json.loads(ended.stdout)
    # Nothing can be assessed only where there is no flow.
    assert (ended.returncode == 3) is (result["flows"] == [])
    assert b"fault of Javert" not in ended.stderr
    return result


def read(path: Path) -> Counter:
    with path.open("rb") as stream:
        return Counter(encode_flow(summary(flow)) for flow in read_capture(stream))


def listed(result: dict) -> Counter:
    return Counter(json.dumps(flow, separators=(",", ":"), ensure_ascii=False).encode() for flow in result["flows"])


@pytest.mark.skipif(not CAPTURES.is_dir(), reason="no labelled captures beside the checkout")
def test_there_are_captures_of_both_formats():
    beginnings = {path.read_bytes()[:4] for path in sample()}
    assert len(sample()) == SAMPLE
    assert len(beginnings) > 1


@pytest.mark.parametrize("path", sample(), ids=lambda path: path.name)
def test_the_flows_are_those_that_the_reader_gives(path):
    result = replayed(path)
    VALIDATOR.validate(result)
    assert listed(result) == read(path)
    assert result["sensors"][0]["lost"] == 0
    assert [rule["outcome"] for rule in result["rules"] if rule["outcome"] == "ERROR"] == []


@pytest.mark.parametrize("path", sample()[:4], ids=lambda path: path.name)
def test_so_are_those_of_the_same_file_compressed_or_piped(path, tmp_path):
    packed = tmp_path / "capture.gz"
    packed.write_bytes(gzip.compress(path.read_bytes(), 1))
    assert listed(replayed(packed)) == listed(replayed("-", data=path.read_bytes())) == read(path)


@pytest.mark.parametrize("path", sample()[:6], ids=lambda path: path.name)
def test_cut_anywhere_the_rest_is_read(path, tmp_path):
    data = path.read_bytes()
    for share in (0.3, 0.77):
        cut = tmp_path / "cut"
        cut.write_bytes(data[: max(200, int(len(data) * share))])
        assert listed(replayed(cut)) == read(cut)
