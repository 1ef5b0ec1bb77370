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
    """`run` on one data folder, always on the same port; killed and started again. With the commands beside it."""

    def __init__(self, command, workspace, place, variables):
        self.command, self.place, self.data, self.variables = command, place, place / "data", variables
        # Of `run`: definitions, and what else it is given.
        self.options = []
        # Where a function notes that it kills it, and that it has answered; how much there was of both at the start.
        self.kills, self.answers = workspace / "kills", workspace / "answers"
        self.kills.touch()
        self.answers.touch()
        self.kills_before = self.answers_before = 0
        self.port = None
        self.process = None
        # Set while it answers, as far as is known.
        self.up = threading.Event()
        # Commands that clients have begun: none while it is away.
        self.beside = []
        self.gate = threading.Lock()
        self.log = open(workspace / "server.log", "ab+")

    def spawn(self):
        self.kills_before, self.answers_before = len(self.kills_from_inside()), self.answers.stat().st_size
        self.process = self.popen(
            ["run", *self.options, "--listen", f"127.0.0.1:{self.port or 0}"], stdout=subprocess.DEVNULL,
            stderr=self.log)

    def popen(self, arguments, **where):
        """On the disk that fails, whoever it is."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("SLUICE_", "AWS_"))}
        return subprocess.Popen(
            [self.command, *arguments, "--data", self.data], cwd=self.place, stdin=subprocess.DEVNULL,
            env={**environment, **self.variables}, **where)

    def start(self):
        begin = self.log.seek(0, os.SEEK_END)
        started = time.monotonic()
        self.spawn()
        while True:
            self.log.seek(begin)
            found = re.search(rb"http://\S+:(\d+) ", self.log.read())
            if found:
                self.port = int(found[1])
                break
            ended = self.has_ended()
            if ended and self.was_killed_from_inside():
                break
            if ended or time.monotonic() - started > 120:
                self.log.seek(begin)
                raise AssertionError(f"the server does not start: {self.log.read().decode()}")
            time.sleep(0.01)
        self.up.set()
        return time.monotonic() - started

    def kill(self, all_of_it):
        """By SIGKILL. Commands beside it are killed, too, or come to their ends by themselves."""
        with self.gate:
            self.up.clear()
        self.process.kill()
        for process in self.beside if all_of_it else []:
            process.kill()
        self.process.wait()
        for process in self.beside:
            process.wait(120)
        self.beside = []

    def has_ended(self):
        return self.process.poll() is not None

    def kills_from_inside(self):
        """The records at which a function has killed it."""
        return [int(line) for line in self.kills.read_text().splitlines()]

    def was_killed_from_inside(self):
        """By a function, since it was started."""
        if len(self.kills_from_inside()) == self.kills_before:
            return False
        # The note comes first, and whoever had a connection knows it before we do.
        return self.process.wait(60) == -signal.SIGKILL

    def has_worked(self):
        """Since it was started: an answer of the function that kills is stored, for there is another one after it."""
        return self.answers.stat().st_size >= self.answers_before + 2

    def stop(self):
        self.up.clear()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(120)

    def begin(self, *arguments):
        """A command of a client, which may be killed with the server; `None` while that is away."""
        with self.gate:
            if not self.up.is_set():
                return None
            process = self.popen(arguments, stdout=subprocess.DEVNULL, stderr=self.log)
            self.beside.append(process)
            return process

    def run(self, *arguments, timeout=300):
        """A command on the same folder: exit code, and what it said."""
        with self.popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            try:
                out, errors = process.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return process.returncode, out.decode() or errors.decode()


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
