"""A capture instead of a host: its flows to a spool, what they come to before the rules."""

from collections.abc import Callable, Iterator
from typing import BinaryIO

import msgspec

from javert import __version__
from javert.assessment.flow_spool import FlowSpool
from javert.assessment.traffic import MOST, Traffic
from javert.catalogue.lookup import Language, text
from javert.model.assessment import Assessment, FlowSummary
from javert.model.moment import moment
from javert.model.rule_id import TRAFFIC_RULES, RuleId
from javert.model.telemetry import AnyRecord, Encryption, Host, Limitation, RunEnded, RunStarted, SensorReport
from javert.model.view import assemble
from javert.protocols.interface import Protocol, Verdict
from javert.rules.evaluation import evaluate
from javert.sensors.capture import CaptureReader, read_capture
from javert.sensors.flow_table import Flow

_CLIENT_RULES = (RuleId.INSECURE_CLIENT_LOGIN, RuleId.INSECURE_CLIENT_GENERAL)
_BREAKS = frozenset({"capture-cut", "capture-damaged"})
_ENCRYPTED = {Encryption.FULL: "yes", Encryption.UPGRADED: "upgraded"}


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What a capture came to.

    Attributes:
        broken: where the capture breaks off or is damaged, in English; "" if it could be read to its end.
    """

    assessment: Assessment
    broken: str


def replay(
    stream: BinaryIO,
    name: str,
    spool: FlowSpool,
    *,
    rules: tuple[RuleId, ...],
    language: Language,
    progress: Callable[[int], None] | None = None,
) -> Replayed:
    """Judge the traffic in a capture. The same capture always gives the same assessment.

    What can be read of a damaged capture is judged, with an exclusion that says where it breaks.

    Args:
        stream: pcap or pcapng, compressed with gzip or not; need not be seekable.
        name: stands for the host in the assessment.
        spool: takes every flow; the assessment's own ``flows`` stay unset.
        rules: those to answer; what a capture cannot tell of does not apply.
        language: of titles, descriptions and recommendations.
        progress: is told how many bytes of ``stream`` were read.

    Raises:
        ParseError: it is no capture.
        JavertError: there is no room for the flows.
        OSError: the stream cannot be read.
    """
    reader = read_capture(stream, progress)
    traffic = Traffic()
    for flow in reader:
        spool.append(summary(flow))
        traffic.add(flow)
    broken = (limit for limit in reader.limitations if limit.code in _BREAKS)
    return Replayed(
        assessment=evaluate(assemble(_records(name, rules, spool, reader, traffic)), language),
        broken="".join(text(f"limitation.{limit.code}.title", Language.ENGLISH, limit.params) for limit in broken),
    )


def summary(flow: Flow) -> FlowSummary:
    """The flow as reports tell of it."""
    verdict = flow.verdict
    return FlowSummary(
        transport=flow.transport,
        client=_end(flow.client_address, flow.client_port),
        server=_end(flow.server_address, flow.server_port),
        protocol=verdict.protocol,
        encrypted=_encrypted(verdict),
        evidence=flow.evidence,
        credentials_exposed=verdict.credentials_exposed,
    )


def _encrypted(verdict: Verdict) -> str:
    """What asked for TLS and never began it crossed readable; of an unknown protocol nothing can be said."""
    if verdict.protocol is Protocol.UNKNOWN:
        return "unknown"
    return _ENCRYPTED.get(verdict.encryption, "no")


def _end(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _records(
    name: str, rules: tuple[RuleId, ...], spool: FlowSpool, reader: CaptureReader, traffic: Traffic
) -> Iterator[AnyRecord]:
    first, last = traffic.first_seen, traffic.last_seen
    yield RunStarted(
        run_id=f"{moment(first):%Y%m%dT%H%M%SZ}-{spool.digest[:6]}",
        javert_version=__version__,
        started_at=first,
        planned_s=last - first,
        host=Host(hostname=name, os="", kernel="", architecture=""),
        rules=rules,
        capture=True,
    )
    yield SensorReport(name="capture", started_at=first, ended_at=last, records=reader.packets, rules=TRAFFIC_RULES)
    yield from traffic.endpoints()
    yield from reader.limitations
    yield from _unseen(reader, traffic)
    yield RunEnded(ended_at=last)


def _unseen(reader: CaptureReader, traffic: Traffic) -> Iterator[Limitation]:
    unknown = traffic.with_payload - traffic.identified
    flows = str(traffic.flows)
    if not traffic.with_payload:
        params = {"packets": str(reader.packets), "flows": flows}
        yield Limitation(code="capture-without-payload", rules=TRAFFIC_RULES, params=params, blinds=True)
    elif unknown:
        params = {"count": str(unknown), "flows": flows}
        blinds = not traffic.identified
        yield Limitation(code="capture-flows-unknown", rules=TRAFFIC_RULES, params=params, blinds=blinds)
    for code, rules, count in (
        ("capture-many-clients", _CLIENT_RULES, traffic.clients_left_out),
        ("capture-many-services", (RuleId.INSECURE_SERVER_PROTOCOL,), traffic.services_left_out),
    ):
        if count:
            yield Limitation(code=code, rules=rules, params={"count": str(count), "bound": str(MOST)}, blinds=True)
