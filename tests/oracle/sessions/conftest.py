"""The island on which real sessions are recorded, one for each process of the test run."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.oracle.sessions.island import Island, program

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.root)
            if os.geteuid() != 0:
                item.add_marker(pytest.mark.skip(reason="makes namespaces, and starts servers that want root"))


@pytest.fixture(scope="session")
def island(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Island]:
    directory = tmp_path_factory.mktemp("island")
    for each in [directory, *list(directory.parents)[:3]]:  # servers give up root, and read their files still
        each.chmod(each.stat().st_mode | 0o055)
    made = Island(directory)
    yield made
    made.close()


@pytest.fixture
def directory(island: Island, request: pytest.FixtureRequest) -> Path:
    """Of one test, writable by all."""
    path = island.directory / request.node.name.translate(str.maketrans("[]/ ", "____"))
    path.mkdir()
    path.chmod(0o777)
    return path


@pytest.fixture(scope="session")
def certificate(island: Island) -> tuple[Path, Path]:
    """A certificate and its key."""
    path, key = island.directory / "certificate.pem", island.directory / "key.pem"
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    request = [program("openssl"), "req", "-x509", *curve, "-subj", "/CN=localhost", "-addext"]
    names = "subjectAltName=DNS:localhost,DNS:island.example"
    subprocess.run([*request, names, "-out", path, "-keyout", key], check=True, capture_output=True)
    key.chmod(0o644)
    return path, key
