"""The table of docs/probed-servers.md: what each server accepts, what Javert says, and what others say of it."""

import json
from collections.abc import Iterator
from pathlib import Path

from tests.oracle.servers.records import Expected, ProbeAnswer, ProbeOutcome, Service, Transport
from tests.oracle.servers.table import SERVERS

DOCUMENT = Path(__file__).parents[3] / "docs" / "probed-servers.md"
PEERS = Path(__file__).with_name("peers.json")
"""What nmap and sslyze said, once; by server and port."""

HEAD = """\
| server | configuration | port | Javert | nmap -sV | sslyze |
|---|---|---|---|---|---|
"""


def table() -> str:
    """The rows, in Markdown."""
    peers = json.loads(PEERS.read_text())
    return HEAD + "".join(_rows(peers))


def rendered(text: str) -> str:
    """The document, which ends with the table, with the table as it should be."""
    return text[: text.index(HEAD)] + table()


def _rows(peers: dict[str, dict[str, str]]) -> Iterator[str]:
    for server in SERVERS:
        for number, service in enumerate(server.services):
            name = (server.software, server.variant) if number == 0 else ("", "")
            said = [peers[tool].get(f"{server.slug}:{service.port}", "") for tool in ("nmap", "sslyze")]
            yield "| " + " | ".join((*name, _port(service), in_words(service.expected), *said)) + " |\n"


def _port(service: Service) -> str:
    return f"{service.port}/udp" if service.transport is Transport.UDP else str(service.port)


def in_words(expected: Expected) -> str:
    """What Javert says."""
    if isinstance(expected, ProbeOutcome):
        return f"not judged: {expected.value}"
    if isinstance(expected, frozenset):
        return "not judged: " + " or ".join(sorted(outcome.value for outcome in expected))
    return "; ".join(map(_answer_in_words, expected))


def _answer_in_words(answer: ProbeAnswer) -> str:
    parts = [f"{answer.protocol} **{answer.acceptance.value}**"]
    if answer.communities:
        parts.append(f"communities {' and '.join(answer.communities)}")
    if answer.without_privacy:
        parts.append("answers without privacy")
    if answer.authentication.value != "unknown":
        parts.append("no authentication" if answer.authentication.value == "none" else "authentication required")
    if answer.product:
        parts.append(answer.product)
    return ", ".join(parts)
