"""``python -m tools.stack.mailbox NAME HOME``: serve the mailbox of a stack until it stops."""

import sys
import threading
import time
from http import HTTPStatus
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import override

from tools.stack import mailbox
from tools.stack.mailbox.views import answer
from tools.stack.stack import HOST, Mail, Stack

LOOK_SECONDS = 2


class Server(ThreadingHTTPServer):
    """Serves the mails of a stack, on the loopback only."""

    daemon_threads = True

    def __init__(self, stack: Stack, port: int) -> None:
        super().__init__((HOST, port), Handler)
        self.stack = stack
        self.names = {f"{name}:{self.server_port}" for name in (HOST, "localhost")}

    def mails(self) -> list[Mail]:
        """Return every mail; raises ``OSError`` when the emulator does not answer."""
        try:
            return self.stack.mails()
        except (HTTPException, ValueError) as error:
            raise OSError from error


class Handler(BaseHTTPRequestHandler):
    """Answers GET. A name of another site that leads here is refused: its pages could read."""

    server: Server  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_GET(self) -> None:
        """Answer a page, a mail or a file."""
        if self.headers.get("Host") not in self.server.names:
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
            return
        found = answer(self.path, self.server.mails)
        body = found.body.encode()
        self.send_response(found.status)
        for name, value in (
            ("Content-Type", found.media_type),
            ("Content-Length", str(len(body))),
            ("Content-Security-Policy", found.policy),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Cache-Control", "no-store"),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: the addresses of people's mails are in the paths."""


def main(name: str, home: str) -> None:
    """Serve until the emulator has stopped."""
    stack = Stack(name, 0, home=Path(home))
    if not stack.is_running:
        return
    server = Server(stack, mailbox.port_of(stack.port))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    while stack.is_running:
        time.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    main(*sys.argv[1:])
