"""Services get the advice for the very software: by greeting, by program, by what a super-server starts."""

import pytest

from javert.catalogue.lookup import Language, passage
from javert.catalogue.server_software import LOOPBACK, SOFTWARE
from javert.model.telemetry import Acceptance, ProbeAnswer, ProbeOutcome, ServiceProbe, Transport
from javert.rules.cleartext import SERVED_PROTOCOLS
from javert.rules.insecure_server_protocol import RULE


def advice(scene, exe, protocol, *, product="", starts="", address="0.0.0.0"):
    process = scene.process("server", 50, exe=exe)
    listener = scene.listener(address, 4711, process, starts=starts)
    answer = ProbeAnswer(protocol=protocol, acceptance=Acceptance.CLEARTEXT_ONLY, product=product)
    probe = ServiceProbe(
        transport=Transport.TCP,
        network_namespace=listener.network_namespace,
        address=address,
        port=4711,
        outcome=ProbeOutcome.ANSWERED,
        at=scene.at(1),
        connections=1,
        answers=(answer,),
    )
    (finding,) = RULE.evaluate(scene.telemetry(process, listener, probe)).findings
    return finding


def recommendation(finding, language=Language.ENGLISH):
    return passage(finding.advice, language, finding.params)


@pytest.mark.parametrize(
    ("exe", "protocol", "setting"),
    [
        ("/usr/sbin/nginx", "http", "return 301"),
        ("/usr/sbin/apache2", "http", "SSLEngine on"),
        ("/usr/sbin/dovecot", "imap", "ssl = required"),
        ("/usr/lib/dovecot/pop3-login", "pop3", "ssl = required"),
        ("/usr/lib/postfix/sbin/master", "smtp", "smtpd_tls_security_level"),
        ("/usr/sbin/exim4", "smtp", "${if eq{$tls_in_cipher}{}{}{*}}"),
        ("/usr/sbin/vsftpd", "ftp", "force_local_logins_ssl=YES"),
        ("/usr/sbin/proftpd", "ftp", "TLSRequired on"),
        ("/usr/sbin/snmpd", "snmpv2c", "rouser"),
        ("/usr/sbin/inetutils-inetd", "telnet", "update-inetd"),
        ("/usr/bin/redis-server", "redis", "tls-port"),
        ("/usr/lib/postgresql/15/bin/postgres", "postgresql", "hostssl"),
        ("/usr/sbin/mariadbd", "mysql", "require_secure_transport"),
        ("/usr/sbin/slapd", "ldap", "tls=1"),
        ("/usr/sbin/mosquitto", "mqtt", "allow_anonymous false"),
        ("/usr/sbin/nginx (deleted)", "http", "return 301"),
    ],
)
def test_the_program_tells_which_setting_fixes_it(scene, exe, protocol, setting):
    finding = advice(scene, exe, protocol)
    for language in Language:
        assert setting in recommendation(finding, language)


def test_a_program_of_another_files_name_is_told_by_its_processs(scene):
    redis = scene.process("redis-server", 50, exe="/usr/bin/redis-check-rdb")  # as Debian has it
    probe = scene.probe("0.0.0.0", 6379, ProbeOutcome.ANSWERED, _clear("redis"))
    (finding,) = RULE.evaluate(scene.telemetry(redis, scene.listener("0.0.0.0", 6379, redis), probe)).findings
    assert "`bind 127.0.0.1 -::1`" in recommendation(finding)


def _clear(protocol):
    return ProbeAnswer(protocol=protocol, acceptance=Acceptance.CLEARTEXT_ONLY)


def test_what_a_service_calls_itself_comes_before_the_program(scene):
    assert "ProFTPD" in recommendation(advice(scene, "/usr/bin/server", "ftp", product="ProFTPD"))
    assert "require_secure_transport" in recommendation(advice(scene, "/usr/bin/x", "mysql", product="MariaDB"))


def test_what_a_super_server_starts_is_named_and_advised_on(scene):
    finding = advice(scene, "/usr/sbin/xinetd", "ftp", starts="/usr/sbin/vsftpd")
    assert "force_local_logins_ssl" in recommendation(finding)
    assert finding.attributes.starts == "/usr/sbin/vsftpd"
    also = passage(finding.also, Language.ENGLISH, finding.params)
    assert "/usr/sbin/vsftpd is started when a client comes" in also


def test_other_software_gets_the_general_advice_of_its_protocol(scene):
    assert "listen 443 ssl" in recommendation(advice(scene, "/opt/app/server", "http"))
    general = recommendation(advice(scene, "/usr/sbin/nginx", "imap"))  # nginx as a mail proxy
    assert "inet_listener" not in general


def test_every_advice_is_for_a_protocol_that_the_rule_reports():
    assert {protocol for _, protocol in SOFTWARE} <= set(SERVED_PROTOCOLS)


@pytest.mark.parametrize(
    ("exe", "protocol", "setting"),
    [
        ("/usr/sbin/nginx", "http", "`listen 127.0.0.1:4711;`"),
        ("/opt/app/server", "http", "bind it to 127.0.0.1"),
        ("/usr/sbin/mosquitto", "mqtt", "`listener 4711 127.0.0.1`"),
    ],
)
def test_how_to_keep_it_to_this_host_is_told_unless_it_is_already(scene, exe, protocol, setting):
    assert setting in recommendation(advice(scene, exe, protocol))
    local = recommendation(advice(scene, exe, protocol, address="127.0.0.1"))
    assert setting not in local
    assert local.startswith("Only this host can reach it")


def test_what_binds_a_software_is_of_one_that_has_advice():
    assert set(LOOPBACK) <= {f"{software}.{protocol}" for software, protocol in SOFTWARE}
