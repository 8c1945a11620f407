"""What the services talk to, with TLS if wanted: it can hold an answer back and tells what went wrong in handshakes."""

import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PATIENCE_SECONDS = 20
# At once a like's answer, an empty scan of DynamoDB, and metadata.
ANSWER = b'{"Update":"Success","Items":[],"Count":0,"ScannedCount":0}'


class Authority:
    """A certificate authority that nobody knows, and a certificate of it for this machine."""

    def __init__(self, directory):
        self.certificate = directory / "authority.pem"
        self.served = directory / "localhost.pem"
        authority_key, key = directory / "authority.key", directory / "localhost.key"
        common = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                  "-days", "2"]
        openssl(*common, "-subj", "/CN=Authority of a test", "-keyout", authority_key, "-out", self.certificate,
                "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
        openssl(*common, "-subj", "/CN=localhost", "-keyout", key, "-out", self.served,
                "-CA", self.certificate, "-CAkey", authority_key,
                "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "subjectAltName=DNS:localhost")
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.served, key)


def openssl(*command):
    subprocess.run(command, check=True, capture_output=True)


class Upstream:
    def __init__(self, held=False, authority=None):
        self.requested = threading.Event()
        self.released = threading.Event()
        self.alerted = threading.Event()
        self.reason = None
        if not held:
            self.released.set()
        self.server = Server(("127.0.0.1", 0), handler(self))
        self.server.upstream = self
        if authority:
            self.server.socket = authority.context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.url = f"https://localhost:{self.port}" if authority else f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def wait_for_request(self):
        if not self.requested.wait(PATIENCE_SECONDS):
            raise RuntimeError("no request came")

    def release(self):
        self.released.set()

    def alert(self):
        """What the first client that broke a handshake off gave as its reason."""
        self.alerted.wait(PATIENCE_SECONDS)
        return self.reason

    def close(self):
        self.release()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def get_request(self):
        try:
            return super().get_request()
        except ssl.SSLError as error:
            self._broken_off(error)
            raise

    def handle_error(self, request, client_address):
        pass

    def _broken_off(self, error):
        self.upstream.reason = self.upstream.reason or error.reason
        self.upstream.alerted.set()


def handler(upstream):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            # A health check is answered at once.
            if (self.command, self.path) != ("GET", "/"):
                upstream.requested.set()
                upstream.released.wait(PATIENCE_SECONDS)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(ANSWER)))
            self.end_headers()
            self.wfile.write(ANSWER)

        do_GET = do_POST = answer

        def log_message(self, *arguments):
            pass

    return Handler
