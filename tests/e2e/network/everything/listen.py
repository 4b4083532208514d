"""Listens at each ADDRESS:PORT:COUNT given (COUNT sockets with SO_REUSEPORT), and sends back what comes."""

import selectors
import socket
import sys

selector = selectors.DefaultSelector()
for place in sys.argv[1:]:
    address, port, count = place.rsplit(":", 2)
    for _ in range(int(count)):
        listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if ":" in address:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((address, int(port)))
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
