"""Uses, from this Windows machine, each service named as an argument, for instance http:192.0.2.1:80, for good.

Each says something twice a second; http, tls and ftp on one connection, web on a new one each time. ftp logs in.
Prints "ready" when all have begun.
"""

import ftplib
import http.client
import ssl
import sys
import threading
import time

USER, PASSWORD = "alice", "correct-horse"


def use_http(connection):
    def step():
        connection.request("GET", "/")
        connection.getresponse().read()

    return step


def use_anew(host, port):
    held = []

    def step():
        held[:] = [http.client.HTTPConnection(host, port)]  # and so the one before is closed
        use_http(held[0])()

    return step


def client(kind, host, port):
    if kind == "http":
        return use_http(http.client.HTTPConnection(host, port))
    if kind == "web":
        return use_anew(host, port)
    if kind == "tls":
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return use_http(http.client.HTTPSConnection(host, port, context=context))
    ftp = ftplib.FTP()
    ftp.connect(host, port)
    ftp.login(USER, PASSWORD)
    return lambda: ftp.putcmd("NOOP")


def for_good(step):
    while True:
        time.sleep(0.5)
        step()


for argument in sys.argv[1:]:
    kind, host, port = argument.split(":")
    step = client(kind, host, int(port))
    if kind != "ftp":
        step()
    threading.Thread(target=for_good, args=(step,), daemon=True).start()
print("ready", flush=True)
time.sleep(3600)
