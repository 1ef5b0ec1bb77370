#!/usr/bin/env python3
"""SQS on our port beside moto's server and a server that does nothing: sqs.py [--seconds N] [--runs N] [--only …].
README.md says what is timed. Medians of runs that take turns; ratios count, figures a second are this machine's."""
import argparse
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
SLUICE = pathlib.Path(os.environ.get("SLUICE", HERE.parent / ".build" / "release" / "sluice"))
LOAD = HERE / ".build" / "sqsload"
MOTO = HERE / ".build" / "venv" / "bin" / "moto_server"
# What is done, over how many connections.
LINES = {"send 1": ("send", 1), "send 64": ("send", 64), "batch 1": ("batch", 1), "batch 16": ("batch", 16),
         "drain 1": ("drain", 1), "drain 16": ("drain", 16)}
# Messages that a drain finds; more than it can take in its time, but for moto, whose receives read the whole queue.
BACKLOG_SECONDS = 6


class Server:
    """A process that listens, on a folder of its own."""

    def __init__(self, command, pattern):
        self.folder = tempfile.mkdtemp(prefix="sluice-bench-", dir=HERE / ".build")
        self.process = subprocess.Popen(
            [str(word).replace("FOLDER", self.folder) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
        for line in self.process.stdout:
            if found := re.search(pattern, line):
                self.port = int(found[1])
                break
        else:
            sys.exit(f"{command[0]} does not start")

    def create_queue(self):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/", data=b'{"QueueName":"bench"}',
            headers={"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.CreateQueue",
                     # moto tells services by it; nobody verifies it.
                     "Authorization": "AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/sqs/aws4_request, "
                                      "SignedHeaders=host, Signature=0"})
        urllib.request.urlopen(request).read()

    def load(self, mode, connections, seconds):
        url = f"http://127.0.0.1:{self.port}/{'123456789012' if self.is_moto else '000000000000'}/bench"
        done = subprocess.run(
            [LOAD, "load", str(self.port), url, mode, str(connections), str(seconds)], check=True, stdout=subprocess.PIPE,
            text=True)
        rate, half, most, count = done.stdout.split()
        return float(rate), float(half), float(most), int(count)

    @property
    def is_moto(self):
        return "moto" in str(self.process.args[0])

    def cpu(self):
        """Seconds, so far."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.terminate()
        self.process.wait(60)
        shutil.rmtree(self.folder)


def servers():
    yield "sluice", lambda: Server([SLUICE, "run", "--data", "FOLDER/data", "--listen", "127.0.0.1:0"], r"http://\S+:(\d+) ")
    yield "moto", lambda: Server([MOTO, "-p", "0"], r"http://127.0.0.1:(\d+)")
    yield "nothing", lambda: Server([LOAD, "stub"], r"^(\d+)$")


def measure(make, line, seconds):
    """Messages a second, percentiles of a request in µs, µs of the server's CPU a message."""
    mode, connections = LINES[line]
    server = make()
    try:
        if "sqsload" not in str(server.process.args[0]):
            server.create_queue()
        if mode == "drain":
            server.load("batch", 4, 1 if server.is_moto else BACKLOG_SECONDS)
        before = server.cpu()
        rate, half, most, count = server.load(mode, connections, seconds)
        return rate, half, most, (server.cpu() - before) * 1e6 / max(count, 1)
    finally:
        server.stop()


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=int, default=3)
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--only", nargs="+", default=list(LINES), choices=list(LINES), metavar="LINE")
    options = options.parse_args()
    print(f"{'':10} {'server':8} {'messages/s':>11} {'p50 µs':>8} {'p99 µs':>8} {'CPU µs':>7}   of ours")
    for line in options.only:
        results = {}
        for _ in range(options.runs):
            for name, make in servers():
                # A server that has nothing gives nothing to delete.
                if not (name == "nothing" and line.startswith("drain")):
                    results.setdefault(name, []).append(measure(make, line, options.seconds))
        ours = statistics.median(run[0] for run in results["sluice"])
        for name, runs in results.items():
            rate, half, most, cpu = (statistics.median(column) for column in zip(*runs))
            print(f"{line:10} {name:8} {rate:11,.0f} {half:8,.0f} {most:8,.0f} {cpu:7.1f}   {rate / ours:.3f}", flush=True)


if __name__ == "__main__":
    main()
