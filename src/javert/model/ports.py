"""The only port numbers in Javert, by which nothing is judged that its payload can tell.

Numbers: IANA Service Name and Transport Protocol Port Number Registry, and the documentation of the software.
"""

CLEARTEXT_TCP_PORTS = {
    21: "ftp",
    23: "telnet",
    25: "smtp",
    80: "http",
    110: "pop3",
    119: "nntp",
    143: "imap",
    389: "ldap",
    512: "rexec",
    513: "rlogin",
    514: "rsh",
    554: "rtsp",
    1883: "mqtt",
    5672: "amqp",
    5900: "vnc",
    6379: "redis",
    6667: "irc",
    8080: "http",
    27017: "mongodb",
}
"""Protocols that are cleartext on a port.

By it a session that was open before the run began may be told, for want of its first payload. A port number is
evidence for nothing else.
"""

PROTOCOLS_BY_PORT = {
    **CLEARTEXT_TCP_PORTS,
    **dict.fromkeys((22, 2222), "ssh"),
    **dict.fromkeys((24, 465, 587, 2525), "smtp"),
    53: "dns",
    69: "tftp",
    **dict.fromkeys((111, 2049, 20048), "nfs"),
    **dict.fromkeys((139, 445), "smb1"),
    **dict.fromkeys((161, 1161), "snmp"),
    **dict.fromkeys((443, 636, 853, 989, 990, 992, 993, 994, 995, 5061, 5671, 5986, 6514, 6697, 8443, 8883), "tls"),
    2121: "ftp",
    3268: "ldap",
    3306: "mysql",
    5060: "sip",
    **dict.fromkeys((5222, 5269, 5347), "xmpp"),
    **dict.fromkeys((5432, 5433, 6432), "postgresql"),
    **dict.fromkeys(range(5901, 5910), "vnc"),
    **dict.fromkeys(range(6000, 6010), "x11"),
    **dict.fromkeys((6380, 16379, 26379), "redis"),
    **dict.fromkeys((6660, 6661, 6662, 6663, 6664, 6665, 6666, 6668, 6669), "irc"),
    8554: "rtsp",
    11211: "memcached",
    **dict.fromkeys((27018, 27019), "mongodb"),
}
"""What a probe asks first on a port. The answer alone is evidence."""
