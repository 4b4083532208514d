"""Scenes that the network rules judge: telemetry put together from a few records."""

from typing import Any

import pytest

from javert.model.rule_id import RuleId
from javert.model.telemetry import (
    AnyRecord,
    Encryption,
    Endpoint,
    Evidence,
    Listener,
    NetworkNamespace,
    ProbeAnswer,
    ProbeOutcome,
    Process,
    ProcessKey,
    ProtocolUse,
    PublishedPort,
    Role,
    RunEnded,
    SensorReport,
    ServiceProbe,
    Transport,
)
from javert.model.view import Telemetry, assemble

START = 1_795_453_200.0
HOST, CONTAINER = 4026531840, 4026532500
NETWORK_RULES = (
    RuleId.INSECURE_CLIENT_LOGIN,
    RuleId.INSECURE_CLIENT_GENERAL,
    RuleId.UNUSED_LISTENING_TCP_PORT,
    RuleId.INSECURE_SERVER_PROTOCOL,
)


class Scene:
    """Builds records with sensible defaults; times are seconds after the run's start."""

    def __init__(self, started) -> None:
        self._started = started
        self._count = 0

    def telemetry(
        self,
        *records: AnyRecord,
        window_s: float = 3600.0,
        asleep_s: float = 0.0,
        watched: bool = True,
        probing: bool = False,
    ) -> Telemetry:
        base: list[AnyRecord] = [
            self._started(started_at=START, probing=probing),
            NetworkNamespace(inode=HOST, initial=True, addresses=("127.0.0.1", "::1", "192.0.2.7", "2001:db8::7")),
            NetworkNamespace(inode=CONTAINER, name="web", addresses=("127.0.0.1", "172.17.0.2")),
        ]
        if watched:
            base.append(SensorReport(name="network", started_at=START, rules=NETWORK_RULES))
        return assemble([*base, *records, RunEnded(ended_at=START + window_s, asleep_s=asleep_s)])

    def process(self, name: str = "curl", pid: int = 100, **fields: Any) -> Process:
        fields = {"exe": f"/usr/bin/{name}", "uid": 1000, "user": "app", "parent": "bash", **fields}
        return Process(key=ProcessKey(pid, pid * 10), name=name, **fields)

    def use(self, protocol: str, encryption: Encryption = Encryption.NONE, **fields: Any) -> ProtocolUse:
        fields = {"first_seen": START + 5, "last_seen": START + 6, **fields}
        return ProtocolUse(protocol=protocol, encryption=encryption, **fields)

    def by_port(self) -> ProtocolUse:
        return self.use("unknown", Encryption.UNKNOWN, evidence=Evidence.PORT)

    def client(self, address: str, port: int, *uses: ProtocolUse, process: Process, **fields: Any) -> Endpoint:
        return self._endpoint(Role.CLIENT, address, port, uses, process=process.key, **fields)

    def server(self, address: str, port: int, *uses: ProtocolUse, **fields: Any) -> Endpoint:
        return self._endpoint(Role.SERVER, address, port, uses, **fields)

    def _endpoint(self, role: Role, address: str, port: int, uses: tuple[ProtocolUse, ...], **fields: Any):
        self._count += 1
        defaults = {
            "transport": Transport.TCP,
            "network_namespace": HOST,
            "connections": 1,
            "bytes_out": 10,
            "bytes_in": 20,
            "first_seen": START + 5,
            "last_seen": START + 6,
        }
        return Endpoint(id=self._count, role=role, address=address, port=port, uses=uses, **{**defaults, **fields})

    def listener(self, address: str, port: int, *processes: Process, **fields: Any) -> Listener:
        defaults = {"transport": Transport.TCP, "network_namespace": HOST}
        return Listener(
            address=address, port=port, processes=tuple(p.key for p in processes), **{**defaults, **fields}
        )

    def probe(self, address: str, port: int, outcome: ProbeOutcome, *answers: ProbeAnswer, **fields: Any):
        defaults = {"transport": Transport.TCP, "network_namespace": HOST, "at": START + 7, "connections": 1}
        return ServiceProbe(address=address, port=port, outcome=outcome, answers=answers, **{**defaults, **fields})

    def at(self, seconds: float) -> float:
        return START + seconds


@pytest.fixture
def scene(run_started) -> Scene:
    return Scene(run_started)


@pytest.fixture
def container() -> int:
    """The network namespace that is not the host's own."""
    return CONTAINER


@pytest.fixture
def published(scene, container):
    """A port of the host that Docker's proxy holds for the container, and the container's own listener."""
    proxy = scene.process("docker-proxy", 7, uid=0, user="root")
    web = scene.process("nginx", 8)
    return (
        proxy,
        web,
        scene.listener("0.0.0.0", 8080, proxy, publishes=PublishedPort("172.17.0.2", 80)),
        scene.listener("::", 8080, proxy, publishes=PublishedPort("172.17.0.2", 80)),
        scene.listener("0.0.0.0", 80, web, network_namespace=container),
    )
