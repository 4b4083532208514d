"""What is asked first, by what is known of a service."""

import pytest

from javert.model.telemetry import Transport
from javert.probes.hints import expected
from javert.probes.interface import ServiceHint


@pytest.mark.parametrize(
    ("port", "known", "protocols"),
    [
        (54321, {}, ()),
        (6379, {}, ("redis",)),
        (6379, {"program": "nginx"}, ("http", "redis")),
        (6379, {"program": "redis-server"}, ("redis",)),
        (54321, {"unit": "postgresql@15-main.service"}, ("postgresql",)),
        (8080, {"program": "java", "unit": "rabbitmq-server.service"}, ("http", "amqp")),
        (25, {"observed": ("smtp",), "program": "master"}, ("smtp",)),
        (161, {"observed": ("snmpv2c", "snmpv1"), "program": "snmpd"}, ("snmp",)),
        (80, {"observed": ("ldap",), "program": "in.telnetd"}, ("ldap", "telnet", "http")),
    ],
)
def test_what_was_observed_comes_before_program_port_and_unit(port, known, protocols) -> None:
    assert expected(ServiceHint(transport=Transport.TCP, port=port, **known)) == protocols
