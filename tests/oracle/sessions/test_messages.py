"""AMQP: RabbitMQ with rabbitmq-c (0-9-1), Qpid Proton with itself (1.0)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.oracle.sessions.island import Island, told

from javert.model.telemetry import Encryption
from javert.protocols.interface import Protocol

SECRET = "S3cret-word"


@pytest.fixture(scope="module")
def rabbitmq(island: Island, certificate: tuple[Path, Path]) -> Iterator[None]:
    home = island.directory / "rabbitmq"
    home.mkdir()
    home.chmod(0o777)
    path, key = certificate
    (home / "rabbitmq.conf").write_text(
        "listeners.tcp.default = 127.0.0.1:5672\nloopback_users = none\n"
        f"ssl_options.certfile = {path}\nssl_options.keyfile = {key}\nlisteners.ssl.default = 5671\n"
    )
    environment = {
        "HOME": home, "RABBITMQ_CONFIG_FILE": home / "rabbitmq.conf", "RABBITMQ_MNESIA_BASE": home / "mnesia",
        "RABBITMQ_LOG_BASE": home / "log", "RABBITMQ_NODENAME": "rabbit@localhost", "RABBITMQ_LOGS": "-",
        "RABBITMQ_ENABLED_PLUGINS_FILE": home / "plugins", "RABBITMQ_PID_FILE": home / "pid",
    }  # fmt: skip
    (home / "plugins").write_text("[rabbitmq_amqp1_0].\n")
    variables = [f"{name}={value}" for name, value in environment.items()]
    server = ("setpriv", "--reuid=rabbitmq", "--regid=rabbitmq", "--clear-groups", "env", *variables)
    with island.serve(*server, "/usr/lib/rabbitmq/bin/rabbitmq-server", port=5672):
        yield


def test_amqp_0_9_1(island: Island, rabbitmq: None) -> None:
    with island.record() as recording:
        done = island.run("amqp-declare-queue", "-u", "amqp://guest:guest@localhost:5672", "-q", "letters")
        assert done.returncode == 0, done.stderr
        island.run("amqp-publish", "-u", "amqp://guest:guest@localhost:5672", "-r", "letters", "-b", "hello")
        island.run("amqp-get", "-u", "amqp://guest:guest@localhost:5672", "-q", "letters")
        island.run("amqp-get", "-u", f"amqp://guest:{SECRET}@localhost:5672", "-q", "letters")
    assert recording.of(5672) == [told(Protocol.AMQP, exposed=True)]


AMQP_1_0 = """
import sys
from proton.utils import BlockingConnection
from proton import Message
options = eval(sys.argv[2])
try:
    connection = BlockingConnection(sys.argv[1], timeout=10, heartbeat=5, **options)
    connection.create_sender("letters").send(Message("hello"))
    connection.close()
except Exception as error:
    print(error)
"""


@pytest.mark.parametrize(("mechanism", "exposed"), [("PLAIN", True), ("ANONYMOUS", False)])
def test_amqp_1_0(island: Island, rabbitmq: None, mechanism: str, exposed: bool) -> None:
    options = {"allowed_mechs": mechanism, "allow_insecure_mechs": True}
    if exposed:
        options |= {"user": "guest", "password": "guest"}
    with island.record() as recording:
        island.python(AMQP_1_0, "amqp://localhost:5672", repr(options))
    assert recording.of(5672) == [told(Protocol.AMQP, exposed=exposed)]


def test_amqp_over_tls_is_tls(island: Island, rabbitmq: None) -> None:
    with island.record() as recording:
        island.python(AMQP_1_0, "amqps://localhost:5671", "{}")
    assert recording.of(5671) == [told(Protocol.TLS, Encryption.FULL)]
