"""The flows of a capture in lines: each of them if they are few, or one line for each kind."""

from collections.abc import Iterator

from javert.catalogue.wording import printable
from javert.model.assessment import FlowSummary
from javert.report.interface import Flows
from javert.report.words import Words

SINGLY = 40
"""More flows than this are put together."""
_NAMED_SERVERS = 3
_ENCRYPTION = {"no": "none", "yes": "full"}

_Kind = tuple[str, str, str, bool]


def flow_lines(flows: Flows, words: Words) -> list[str]:
    """The lines, in the capture's order, or the most frequent kind first. Memory does not grow with the flows."""
    if len(flows) <= SINGLY:
        return [_single(flow, words) for flow in flows]
    return [*_kinds(flows, words), words.phrase("flows_grouped")]


def _single(flow: FlowSummary, words: Words) -> str:
    line = words.phrase(
        "flow",
        transport=printable(flow.transport),
        client=printable(flow.client),
        server=printable(flow.server),
        protocol=printable(flow.protocol),
        encryption=_encryption(flow.encrypted, words),
    )
    return line + (words.phrase("flow.exposed") if flow.credentials_exposed else "")


def _kinds(flows: Flows, words: Words) -> Iterator[str]:
    counts: dict[_Kind, int] = {}
    servers: dict[_Kind, list[str]] = {}
    for flow in flows:
        kind = (flow.transport, flow.protocol, flow.encrypted, flow.credentials_exposed)
        counts[kind] = counts.get(kind, 0) + 1
        known = servers.setdefault(kind, [])
        # One more than are named, to know whether there are more.
        if len(known) <= _NAMED_SERVERS and flow.server not in known:
            known.append(flow.server)
    for kind, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        transport, protocol, encrypted, exposed = kind
        named = ", ".join(printable(server) for server in servers[kind][:_NAMED_SERVERS])
        line = words.phrase(
            "flow.kind",
            count=count,
            transport=printable(transport),
            protocol=printable(protocol),
            encryption=_encryption(encrypted, words),
            servers=named + (", …" if len(servers[kind]) > _NAMED_SERVERS else ""),
        )
        yield line + (words.phrase("flow.exposed") if exposed else "")


def _encryption(encrypted: str, words: Words) -> str:
    return words.value(_ENCRYPTION.get(encrypted, encrypted), "encryption-")
