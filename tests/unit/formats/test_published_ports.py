"""What docker-proxy publishes, from its arguments."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from javert.formats.published_ports import published_port
from javert.model.telemetry import PublishedPort

ARGUMENTS = (
    "/usr/bin/docker-proxy -proto tcp -host-ip 0.0.0.0 -host-port 8080 -container-ip 172.17.0.2 -container-port 80 "
    "-use-listen-fd"
)


def test_the_arguments_of_docker_proxy_tell_where_it_leads():
    assert published_port(ARGUMENTS.split()) == PublishedPort("172.17.0.2", 80)
    assert published_port(ARGUMENTS.replace("172.17.0.2", "fd00::0:2").split()) == PublishedPort("fd00::2", 80)


@pytest.mark.parametrize("port", ["0", "65536", "-1", "x", ""])
def test_a_port_that_is_none_tells_nothing(port):
    assert published_port([*ARGUMENTS.split()[:10], port]) is None


OPTIONS = st.sampled_from(["-container-ip", "-container-port", "-proto", "172.17.0.2", "80", "::1", "99999999999"])


@given(st.lists(OPTIONS | st.text()))
def test_any_arguments_tell_a_real_place_or_nothing(arguments):
    published = published_port(arguments)
    assert published is None or 0 < published.port < 65536
