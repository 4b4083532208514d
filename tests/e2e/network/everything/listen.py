"""Listens at each ADDRESS:PORT:COUNT given (COUNT sockets with SO_REUSEPORT), and sends back what comes.

ADDRESS may be "::" for every IPv6 address, and "dual" for one socket for every IPv6 and IPv4 address.
"""

import selectors
import socket
import sys

selector = selectors.DefaultSelector()
for place in sys.argv[1:]:
    address, port, count = place.rsplit(":", 2)
    for _ in range(int(count)):
        ipv6 = ":" in address or address == "dual"
        listener = socket.socket(socket.AF_INET6 if ipv6 else socket.AF_INET)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if ipv6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, address != "dual")
        listener.bind(("::" if address == "dual" else address, int(port)))
        listener.listen(1024)
        selector.register(listener, selectors.EVENT_READ, listener)
print("listening", flush=True)
while True:
    for key, _events in selector.select():
        if key.data:
            connection, _peer = key.data.accept()
            selector.register(connection, selectors.EVENT_READ, None)
            continue
        try:
            data = key.fileobj.recv(4096)
            key.fileobj.sendall(data)
        except OSError:
            data = b""
        if not data:
            selector.unregister(key.fileobj)
            key.fileobj.close()
