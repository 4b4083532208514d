"""The ports by which a session that was open before the run began may be told, for want of its first payload.

A port number is evidence for nothing else in Javert. Numbers: IANA Service Name and Transport Protocol Port Number
Registry; only protocols that are cleartext on that port.
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
