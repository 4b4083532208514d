"""Rule ``insecure-server-protocol``: a service here accepts a cleartext protocol."""

from collections import Counter

from javert.catalogue.protocols import PROTOCOLS
from javert.formats.addresses import authority, is_loopback
from javert.model.assessment import Outcome
from javert.model.attributes import ServerAttributes
from javert.model.draft import FindingDraft, RuleVerdict
from javert.model.rule_id import RuleId
from javert.model.telemetry import (
    Acceptance,
    Authentication,
    Evidence,
    Limitation,
    ProbeOutcome,
    Process,
    Role,
)
from javert.model.view import Telemetry
from javert.rules.interface import Rule
from javert.rules.reach import Exposure, Reach, destination, watched
from javert.rules.server_software import advice_for, binding_for
from javert.rules.services import Service, Spoken, reportable, services
from javert.rules.unjudged_services import unjudged
from javert.rules.who import find, summarize

_ID = RuleId.INSECURE_SERVER_PROTOCOL
_NAMED_LISTENERS = 20
_OPEN_BY_NATURE = frozenset({"http", "nfs", "sip", "smtp", "syslog", "tftp"})
"""That these let strangers in is what they are mostly for."""


def evaluate(telemetry: Telemetry) -> RuleVerdict:
    """Judge every service by what it answered to Javert, and by the payload of connections that came in."""
    reach = Reach(telemetry)
    findings = tuple(
        _finding(service, spoken, verdict, telemetry, reach)
        for service, spoken in sorted(services(telemetry).items(), key=lambda item: tuple(map(str, item[0])))
        if reportable(service) and (verdict := spoken.verdict(service.protocol))
    )
    coverage = _coverage(telemetry)
    not_judged = unjudged(telemetry, reach)
    known = coverage["with_readable_payload"] + coverage.get("services_answered", 0)
    return RuleVerdict(
        outcome=_outcome(telemetry, bool(findings), known, bool(not_judged)),
        findings=findings,
        exclusions=tuple(_exclusion(reason, places) for reason, places in sorted(not_judged.items())),
        coverage={**coverage, "listeners_not_judged": sum(map(len, not_judged.values()))},
    )


RULE = Rule(id=_ID, evaluate=evaluate)


def _outcome(telemetry: Telemetry, found: bool, known: int, unknown: bool) -> Outcome:
    if found:
        return Outcome.FINDING
    if not watched(telemetry, _ID) or (unknown and not known):
        return Outcome.NOT_AVAILABLE  # what nobody talked to may speak anything
    return Outcome.CLEAR


def _coverage(telemetry: Telemetry) -> dict[str, int]:
    servers = [e for e in telemetry.endpoints if e.role is Role.SERVER and e.connections and not e.prompted]
    watched_only = {
        "services_with_traffic": len(servers),
        "with_readable_payload": sum(
            any(use.evidence is Evidence.PAYLOAD and use.protocol != "unknown" for use in server.uses)
            for server in servers
        ),
    }
    if not telemetry.started.probing:
        return watched_only
    answers = [answer for probe in telemetry.probes for answer in probe.answers]
    accepted = Counter(answer.acceptance for answer in answers)
    return watched_only | {
        "services_asked": sum(probe.connections > 0 for probe in telemetry.probes),
        "services_answered": sum(probe.outcome is ProbeOutcome.ANSWERED for probe in telemetry.probes),
        "tls_required": accepted[Acceptance.TLS_REQUIRED],
        "encrypted_from_the_start": accepted[Acceptance.TLS_ONLY],
        "snmpv3_only": accepted[Acceptance.SNMP_V3_ONLY],
        "snmpv3_without_privacy": sum(answer.without_privacy for answer in answers),
    }


def _exclusion(reason: str, places: list[str]) -> Limitation:
    named = ", ".join(places[:_NAMED_LISTENERS]) + (", …" if len(places) > _NAMED_LISTENERS else "")
    return Limitation(
        code=f"services-not-judged-{reason}" if reason else "services-not-judged",
        rules=(_ID,),
        params={"count": str(len(places)), "where": named},
    )


def _process(one: Spoken, telemetry: Telemetry) -> Process | None:
    holders = [key for listener in (one.behind, one.listener) if listener for key in listener.processes]
    keys = (*holders, *(endpoint.process for endpoint in one.endpoints))
    return next((process for key in keys if (process := find(telemetry, key))), None)


def _exposure(service: Service, one: Spoken, reach: Reach) -> Exposure:
    if one.listener is not None:
        return reach.exposure(one.listener)
    if is_loopback(service.address):
        return Exposure.LOOPBACK
    return Exposure.CONTAINER if reach.place(service.network_namespace) else Exposure.HOST


def _finding(service: Service, one: Spoken, verdict: str, telemetry: Telemetry, reach: Reach) -> FindingDraft:
    process = _process(one, telemetry)
    bound = one.listener.address if one.listener else service.address
    exposure = _exposure(service, one, reach)
    behind = (one.behind,) if one.behind else ()
    address, port = destination(one.listener, behind, telemetry) if one.listener else ("", 0)
    who = "captured" if telemetry.started.capture else "process" if process else "unknown"
    communities = tuple(sorted({name for answer in one.accepting for name in answer.communities}))
    return FindingDraft(
        identity=(
            reach.place(service.network_namespace),
            service.transport,
            service.address,
            str(service.port),
            service.protocol,
            (process.exe or process.name) if process else "",
        ),
        text=f"{_ID.value}.{who}",
        also=_also(service, one, verdict, published=bool(port), captured=telemetry.started.capture),
        advice=_advice(service, one, verdict, process, exposure, published=bool(port)),
        params={
            "protocol": PROTOCOLS[service.protocol].name,
            "process": process.name if process else "?",
            "exe": (process.exe or process.name) if process else "?",
            "user": (process.user or str(process.uid)) if process else "?",
            "pid": str(process.key.pid) if process else "?",
            "connections": str(one.connections),
            "communities": ", ".join(communities),
            "starts": one.listener.starts if one.listener else "",
            **_places(service, bound),
            "target": authority(address, port) if port else "",
            "target_port": str(port) if port else "",
        },
        attributes=ServerAttributes(
            protocol=service.protocol,
            transport=service.transport,
            address=bound,
            port=service.port,
            exposure=exposure.value,
            process=summarize(process) if process else None,
            verdict=verdict,
            evidence=one.evidence,
            credentials_exposed=_exposed(one),
            used_only_from_loopback=bool(one.uses) and all(endpoint.peer_loopback for endpoint in one.endpoints),
            authentication=_authentication(one).value,
            software=next((answer.product for answer in one.answers if answer.product), ""),
            communities=communities,
            without_privacy=one.without_privacy,
            starts=one.listener.starts if one.listener else "",
        ),
        first_seen=min((*(use.first_seen for use in one.uses), *one.asked_at)),
        last_seen=max((*(use.last_seen for use in one.uses), *one.asked_at)),
    )


def _places(service: Service, bound: str) -> dict[str, str]:
    """Where it is, as the texts say it."""
    where = authority(bound, service.port)
    return {"where": f"{where}/udp" if service.transport == "udp" else where, "port": str(service.port)}


def _advice(
    service: Service,
    one: Spoken,
    verdict: str,
    process: Process | None,
    exposure: Exposure,
    *,
    published: bool,
) -> tuple[str, ...]:
    """The settings of the very software where they are known; how to keep it to this host, unless it is already."""
    changed = ("fix.exposed",) if _exposed(one) else ()
    if verdict == "redirect-only":
        return tuple(f"service.{name}" for name in ("fix.redirect-only", *changed))
    very = advice_for(one, service.protocol, process)
    fix = f"fix.{very or service.protocol}"
    if exposure is Exposure.LOOPBACK:
        names = ("fix.local", fix, *changed)
    elif published:
        names = (fix, "bind.published", *changed)
    else:
        names = (fix, *binding_for(very, service.protocol), *changed)
    return tuple(f"service.{name}" for name in names)


def _exposed(one: Spoken) -> bool:
    return any(use.credentials_exposed for use in one.uses)


def _authentication(one: Spoken) -> Authentication:
    known = {answer.authentication for answer in one.accepting}
    for worst in (Authentication.NONE, Authentication.REQUIRED):
        if worst in known:
            return worst
    return Authentication.UNKNOWN


def _also(service: Service, one: Spoken, verdict: str, *, published: bool, captured: bool) -> tuple[str, ...]:
    """What the description says beside who serves what and where."""
    seen = "both" if len(one.evidence) > 1 else one.evidence[0]
    judged_by = "probed" if one.accepting else "observed"
    sentences = ["starts"] if one.listener and one.listener.starts else []
    sentences += ["published"] if published else []
    sentences += [] if captured else [f"seen.{seen}"]
    sentences.append("contradicted" if one.contradicted else f"{verdict}.{judged_by}")
    if any(answer.communities for answer in one.accepting):
        sentences.append("communities")
    if one.without_privacy:
        sentences.append("without-privacy")
    if _authentication(one) is Authentication.NONE and service.protocol not in _OPEN_BY_NATURE:
        sentences.append("open")
    if _exposed(one):
        sentences.append("exposed")
    return tuple(f"service.{name}" for name in sentences)
