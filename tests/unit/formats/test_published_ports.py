"""What programs that hold ports for containers say of them in their arguments."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from javert.formats.published_ports import pid_file, published_port, serves_its_own
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


def test_conmon_tells_where_its_container_s_process_id_is_kept():
    monitor = "/usr/bin/conmon --api-version 1 -c f00 -r /usr/bin/crun -b /b -p /run/pidfile -n shop --exit-dir /e"
    assert pid_file(monitor.split()) == "/run/pidfile"
    assert pid_file(monitor.replace("-p /run", "--container-pidfile /run").split()) == "/run/pidfile"
    assert pid_file(monitor.replace("-p /run", "-p run").split()) == ""
    assert pid_file(["conmon", "-p"]) == pid_file([]) == ""


@pytest.mark.parametrize(
    ("arguments", "own"),
    [
        (["dockerd", "-H", "tcp://0.0.0.0:2375"], True),
        (["dockerd", "--host=tcp://[::1]:2375", "-H", "fd://"], True),
        (["dockerd", "-H", "tcp://0.0.0.0:12375"], False),
        (["dockerd", "-H", "fd://"], False),
        (["podman", "system", "service", "tcp:127.0.0.1:2375"], True),
        (["podman", "run", "-p", "2375:80", "image"], False),
    ],
)
def test_runtimes_say_at_which_ports_they_serve_their_own_clients(arguments, own):
    assert serves_its_own(arguments, 2375) is own
