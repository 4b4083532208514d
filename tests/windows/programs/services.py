"""Serves, on this Windows machine, each protocol named as an argument, for instance http:8080; prints "ready".

tls reads the certificate and key that CERTIFICATE names. ``silent`` only listens.
"""

import http.server
import socketserver
import ssl
import sys
import threading
import time

FTP_ANSWERS = {b"USER": b"331 Password please.", b"PASS": b"230 Logged in.", b"QUIT": b"221 Goodbye."}
CERTIFICATE = "Z:\\tmp\\certificate.pem"


class Http(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *arguments):
        pass


class Ftp(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"220 FTP here.\r\n")
        for line in self.rfile:
            word = line.split(maxsplit=1)[0].upper() if line.strip() else b""
            self.wfile.write(FTP_ANSWERS.get(word, b"502 Not implemented.") + b"\r\n")
            if word == b"QUIT":
                return


class Silent(socketserver.StreamRequestHandler):
    def handle(self):
        self.rfile.read()


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = False  # on Windows it would let another program take the port as well
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # a client that goes without a word


HANDLERS = {"http": Http, "tls": Http, "ftp": Ftp, "silent": Silent}

for argument in sys.argv[1:]:
    kind, port = argument.split(":")
    server = Server(("0.0.0.0", int(port)), HANDLERS[kind])
    if kind == "tls":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
print("ready", flush=True)
time.sleep(3600)
