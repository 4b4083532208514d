"""The ordered list: complete, and without ports."""

import inspect
import re
from pathlib import Path

import pytest

from javert.model.telemetry import Transport
from javert.protocols import registry
from javert.protocols.interface import Protocol

MODULES = sorted(Path(inspect.getfile(registry)).parent.glob("*.py"))


def test_every_protocol_has_a_predicate() -> None:
    told = {protocol for detector in registry.DETECTORS for protocol in detector.protocols}
    assert told == set(Protocol) - {Protocol.UNKNOWN}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_only_the_r_commands_ask_for_a_port(module: Path) -> None:
    asks = re.search(r"talk\.server_port", module.read_text("utf-8")) is not None
    assert asks == (module.stem == "rcommands")


def test_nobody_heard_means_nobody_asked() -> None:
    assert registry.candidates(Transport.TCP, -1, -1) == ()


@pytest.mark.parametrize("transport", list(Transport))
def test_candidates_keep_the_order_of_the_list(transport: Transport) -> None:
    for first in range(256):
        found = registry.candidates(transport, first, -1)
        positions = [registry.DETECTORS.index(detector) for detector in found]
        assert positions == sorted(positions)
        assert all(detector.transport is transport for detector in found)
