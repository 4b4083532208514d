"""Records and assessments that unit tests start from."""

import hashlib
from typing import Any

import msgspec
import pytest

from javert.model.assessment import (
    Assessment,
    Exclusion,
    Finding,
    HostSummary,
    Outcome,
    RuleResult,
    Run,
    RunState,
    SensorSummary,
)
from javert.model.attributes import (
    ClientAttributes,
    DepAttributes,
    ProcessSummary,
    RemoteService,
    RootModuleAttributes,
    ServerAttributes,
    UnusedPortAttributes,
    Way,
)
from javert.model.codec import to_builtins
from javert.model.rule_id import RuleId
from javert.model.telemetry import Host, RunStarted

T0 = "2026-11-23T17:00:00.000Z"
T1 = "2026-11-23T18:00:00.000Z"


@pytest.fixture
def run_started():
    """Makes the first record of a journal; keyword arguments replace its fields."""

    def make(**fields: Any) -> RunStarted:
        start = RunStarted(
            run_id="20261123T170000Z-abcdef",
            javert_version="0.1.0",
            started_at=1_795_453_200.0,
            planned_s=3600.0,
            host=Host(
                hostname="web-1", os="linux", kernel="6.1.0", architecture="x86_64", addresses=("192.0.2.7",)
            ),
            rules=tuple(RuleId),
        )
        return msgspec.structs.replace(start, **fields)

    return make


@pytest.fixture
def make_finding():
    """Makes a finding of a rule; its texts are plain, its attributes the ones given."""

    def make(rule: RuleId, attributes: msgspec.Struct, title: str, **fields: Any) -> Finding:
        finding = Finding(
            fingerprint=hashlib.sha256(f"{rule} {title}".encode()).hexdigest()[:32],
            rule_id=rule,
            severity=rule.severity,
            numeric_severity=rule.severity.number,
            title=title,
            description=f"Description of: {title}.",
            recommendation="Do this.",
            first_seen=T0,
            last_seen=T1,
            attributes=to_builtins(attributes),
        )
        return msgspec.structs.replace(finding, **fields)

    return make


def _process(name: str, pid: int = 4321, **fields: Any) -> ProcessSummary:
    process = ProcessSummary(
        pid=pid,
        name=name,
        exe=f"/usr/bin/{name}",
        user="app",
        uid=1000,
        cmdline_redacted="",
        parent="",
        container="",
    )
    return msgspec.structs.replace(process, **fields)


@pytest.fixture
def make_process():
    """Makes a process summary; keyword arguments replace its fields."""
    return _process


@pytest.fixture
def make_assessment():
    """Makes an assessment in which every rule is clear; keyword arguments replace its parts."""

    def make(**fields: Any) -> Assessment:
        findings = fields.get("findings", ())
        with_findings = {finding.rule_id for finding in findings}
        assessment = Assessment(
            run=Run(
                id="20261123T170000Z-abcdef",
                state=RunState.COMPLETED,
                started_at=T0,
                ended_at=T1,
                duration_s=3600.0,
                javert_version="0.1.0",
            ),
            host=HostSummary(
                hostname="web-1", os="linux", kernel="6.1.0", architecture="x86_64", addresses=("192.0.2.7",)
            ),
            rules=tuple(
                RuleResult(id=rule, outcome=Outcome.FINDING if rule in with_findings else Outcome.CLEAR)
                for rule in RuleId
            ),
            findings=(),
            exclusions=(),
            sensors=(SensorSummary(name="sockets", started_at=T0, ended_at=T1, records=12, lost=0),),
        )
        return msgspec.structs.replace(assessment, **fields)

    return make


@pytest.fixture
def attributes_of_every_rule():
    """One plausible set of attributes for each rule."""
    curl = _process("curl", parent="cron", cmdline_redacted="curl *** /etc/hosts")
    remote = RemoteService(
        address="192.0.2.9",
        port=80,
        connections=3,
        bytes_out=420,
        bytes_in=1_500_000,
        first_seen=T0,
        last_seen=T1,
    )
    client = ClientAttributes(
        protocol="http",
        process=curl,
        remotes=(remote,),
        remote_count=1,
        evidence="payload",
        encryption="none",
        credentials_exposed=True,
    )
    return {
        RuleId.INSECURE_CLIENT_LOGIN: msgspec.structs.replace(
            client, protocol="telnet", process=_process("telnet"), credentials_exposed=True
        ),
        RuleId.INSECURE_CLIENT_GENERAL: client,
        RuleId.UNUSED_LISTENING_TCP_PORT: UnusedPortAttributes(
            address="::",
            port=9100,
            family="ipv6",
            exposure="host",
            process=_process("node_exporter", uid=0, user="root", unit="node-exporter.service"),
            listening_s=3600.0,
            window_s=3600.0,
            silent_since="2026-11-02T09:00:00.000Z",
            silent_runs=3,
            silent_s=10800.0,
        ),
        RuleId.INSECURE_SERVER_PROTOCOL: ServerAttributes(
            protocol="ftp",
            transport="tcp",
            address="0.0.0.0",
            port=21,
            exposure="host",
            process=None,
            verdict="cleartext-only",
            evidence=("observed",),
            credentials_exposed=True,
        ),
        RuleId.SOFTWARE_WITHOUT_DEP: DepAttributes(
            path="/opt/old/lib/libold.so",
            reasons=("stack-executable",),
            machine="x86-64",
            bits=64,
            kind="shared-object",
            origin="third-party-package",
            package="old",
            vendor="Old Inc.",
            running_pids=(10, 11),
            loadable_by_glibc=False,
            kernel_makes_stack_executable=False,
        ),
        RuleId.ROOT_PROCESS_INSECURE_PERMISSIONS: RootModuleAttributes(
            path="/opt/app/plugin.so",
            kind="shared-object",
            processes=(_process("appd", uid=0, user="root"),),
            process_count=1,
            container="",
            ways=(Way(path="/opt/app", reason="directory", principals=("user:app",), fix="chown root /opt/app"),),
        ),
    }


@pytest.fixture
def exclusion():
    """Makes an exclusion of a rule."""

    def make(rule: RuleId | None, title: str = "Something was not seen", scope: str = "the host") -> Exclusion:
        return Exclusion(
            rule_id=rule, title=title, description="Why it was not.", recommendation="Look again.", scope=scope
        )

    return make
