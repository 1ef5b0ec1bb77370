#!/usr/bin/env python3
"""Queues: our port beside emulators of SQS and beside brokers: queues.py [--seconds N] [--runs N] [--only LINE…]
[--peers NAME…] [--backlog N]. README.md says what is timed. Medians of runs that take turns; ratios count."""
import argparse
import os
import statistics
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "queues"))
import peers  # noqa: E402

# What is done, over how many connections.
LINES = {"send 1": ("send", 1), "send 8": ("send", 8), "batch 16": ("batch", 16), "cycle 16": ("cycle", 16)}
SPEAKS_SQS = {"sluice": peers.sluice, "tls": peers.sluice_tls, "localstack": peers.localstack, "ministack": peers.ministack,
              "nothing": peers.nothing}
BROKERS = {"nats": peers.nats, "rabbitmq": peers.rabbitmq, "redis": peers.redis}
PEERS = SPEAKS_SQS | BROKERS


def is_measured(peer, line):
    if peer in BROKERS:
        return line == "cycle 16"
    # A server that has nothing gives nothing to delete.
    return not (peer == "nothing" and line == "cycle 16")


class Run:
    """One run of one line on one peer."""

    def __init__(self, server, line, seconds):
        mode, connections = LINES[line]
        server.load(mode, connections, 1)
        cpu, written = server.cpu(), server.written()
        self.rate, self.half, self.most, count = server.load(mode, connections, seconds)
        self.cpu = (server.cpu() - cpu) * 1e6 / max(count, 1)
        self.written = (server.written() - written) / max(count, 1)


def count_syncs(make, line):
    """Of 1,000 messages, in a run of its own: being watched makes a server slow."""
    server = make()
    try:
        tracing = server.syncs(3)
        if tracing is None:
            return None
        process, trace = tracing
        time.sleep(0.5)
        mode, connections = LINES[line]
        count = server.load(mode, connections, 1)[3]
        process.wait()
        calls = [words for words in map(str.split, trace.read_text().splitlines()) if words and words[-1] != "total"]
        syncs = sum(int(words[3]) for words in calls if len(words) >= 5 and words[3].isdigit())
        return syncs * 1_000 / max(count, 1)
    finally:
        server.stop()


def measure(names, line, options):
    runs = {name: [] for name in names}
    for _ in range(options.runs):
        for name in names:
            server = PEERS[name]()
            try:
                if name == "sluice" and options.backlog:
                    fill(server, options.backlog)
                runs[name].append(Run(server, line, options.seconds))
            finally:
                server.stop()
    return runs


def fill(server, count):
    while count > 0:
        count -= server.load("batch", 16, 5)[3]


def show(line, runs, syncs):
    ours = statistics.median(run.rate for run in runs.get("sluice", [])) if runs.get("sluice") else None
    for name, found in runs.items():
        rate, cpu, written = (statistics.median(getattr(run, key) for run in found) for key in ("rate", "cpu", "written"))
        times = "{:>8} {:>8}".format(*("" if getattr(found[0], key) is None else
                                       f"{statistics.median(getattr(run, key) for run in found) / 1e3:.2f}"
                                       for key in ("half", "most")))
        synced = "" if syncs.get(name) is None else f"{syncs[name]:.1f}"
        ratio = f"{ours / rate:.2f}" if ours and name != "sluice" else ""
        print(f"{line:9} {name:10} {rate:11,.0f} {times} {cpu:8.1f} {written:9,.0f} {synced:>8} {ratio:>8}", flush=True)


def one_sync_and_one_round_trip(seconds):
    """What a single send cannot go below: the medians in µs of a sync of 1 KB, and of a request for 1 KB to nginx."""
    times = []
    with tempfile.TemporaryFile(dir=peers.BUILD) as file:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            begin = time.perf_counter()
            os.write(file.fileno(), b"x" * 1024)
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - begin) * 1e6)
    server = peers.nginx()
    try:
        return statistics.median(times), server.load("get", 1, seconds)[1]
    finally:
        server.stop()


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=int, default=3)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--only", nargs="+", default=list(LINES), choices=list(LINES), metavar="LINE")
    options.add_argument("--peers", nargs="+", default=list(PEERS), choices=list(PEERS), metavar="NAME")
    options.add_argument("--backlog", type=int, default=0, help="messages that wait in our queue before it is measured")
    options = options.parse_args()
    for name in ("localstack", "ministack"):
        if name in options.peers and not (peers.BUILD / f"venv-{name}" / "packages").exists():
            print(f"{name} is not measured: it is not installed (scripts/bench says why)")
            options.peers.remove(name)
    print(f"{'':9} {'':10} {'messages/s':>11} {'p50 ms':>8} {'p99 ms':>8} {'CPU µs':>8} {'bytes':>9} {'syncs/k':>8} {'ours/its':>8}")
    for line in options.only:
        names = [name for name in options.peers if is_measured(name, line)]
        runs = measure(names, line, options)
        show(line, runs, {name: count_syncs(PEERS[name], line) for name in names if name != "nothing"})
        if line == "send 1" and "sluice" in runs:
            sync, trip = one_sync_and_one_round_trip(options.seconds)
            half = statistics.median(run.half for run in runs["sluice"])
            print(f"          one sync {sync:.0f} µs + one round trip of nginx {trip:.0f} µs: ours is {half / (sync + trip):.2f} of it")


if __name__ == "__main__":
    main()
