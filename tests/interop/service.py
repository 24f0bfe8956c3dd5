"""A service with Datadog's Python SDK: continues the caller's trace, calls another service, and ends.

Argument: the URL of the other service. Prints the port it listens on.
"""

import sys
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

from ddtrace.llmobs import LLMObs


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.headers.get("x-datadog-trace-id"):
            LLMObs.activate_distributed_headers({name.lower(): value for name, value in self.headers.items()})
        with LLMObs.agent(name="python"):
            headers = LLMObs.inject_distributed_headers({})
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            opener.open(urllib.request.Request(sys.argv[1], headers=headers), timeout=20).read()
        LLMObs.flush()
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


LLMObs.enable(integrations_enabled=False)
server = HTTPServer(("127.0.0.1", 0), Handler)
server.timeout = 30
print(server.server_port, flush=True)
server.handle_request()
