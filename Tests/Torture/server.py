"""The server that is tortured, and a client that says what it knows of each answer."""
import http.client
import json
import os
import re
import signal
import subprocess
import threading
import time


class Unknown(Exception):
    """Nobody can say whether it was done: the connection broke, or the server was at its end."""


class Refused(Exception):
    """The server says that it was not done."""


class Server:
    """`run` on one data folder, always on the same port; killed and started again."""

    def __init__(self, command, workspace, data, definitions, variables):
        self.command, self.workspace, self.data = command, workspace, data
        self.definitions, self.variables = definitions, variables
        self.port = None
        self.process = None
        # Set while it answers.
        self.up = threading.Event()
        self.log = open(workspace / "server.log", "ab+")

    def spawn(self):
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("SLUICE_", "AWS_"))}
        environment.update(self.variables)
        listen = f"127.0.0.1:{self.port or 0}"
        self.process = subprocess.Popen(
            [self.command, "run", *self.definitions, "--data", self.data, "--listen", listen], cwd=self.workspace,
            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.log)

    def start(self):
        begin = self.log.seek(0, os.SEEK_END)
        started = time.monotonic()
        self.spawn()
        while True:
            self.log.seek(begin)
            found = re.search(rb"http://\S+:(\d+) ", self.log.read())
            if found:
                break
            if self.process.poll() is not None or time.monotonic() - started > 120:
                self.log.seek(begin)
                raise AssertionError(f"the server does not start: {self.log.read().decode()}")
            time.sleep(0.01)
        self.port = int(found[1])
        self.up.set()
        return time.monotonic() - started

    def kill(self):
        """By SIGKILL."""
        self.up.clear()
        self.process.kill()
        return self.process.wait()

    def has_ended(self):
        return self.process.poll() is not None

    def stop(self):
        self.up.clear()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(120)

    def run(self, *arguments, timeout=300):
        """A command on the same folder: exit code, and what it said."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SLUICE_")}
        done = subprocess.run(
            [self.command, *arguments, "--data", self.data], cwd=self.workspace, stdin=subprocess.DEVNULL,
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout)
        return done.returncode, done.stdout.decode() or done.stderr.decode()


class SQS:
    """One connection to the server; AWS's JSON protocol, and nothing that tries again by itself."""

    def __init__(self, server):
        self.server = server
        self.connection = None

    def __call__(self, action, **parameters):
        body = json.dumps(parameters).encode()
        headers = {"X-Amz-Target": f"AmazonSQS.{action}", "Content-Type": "application/x-amz-json-1.0"}
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
            self.connection.request("POST", "/", body, headers)
            response = self.connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Unknown(f"{action}: {error}") from error
        if response.status == 200:
            return json.loads(answer or b"{}")
        if response.status >= 500:
            raise Unknown(f"{action}: {response.status} {answer[:300]}")
        raise Refused(f"{action}: {response.status} {answer[:300]}")

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None
