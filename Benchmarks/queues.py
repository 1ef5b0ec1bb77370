#!/usr/bin/env python3
"""Our SQS port beside emulators of SQS and beside brokers: queues.py [--seconds 3] [--runs 3] [--only "batch 16,sluice,…"]
[--backlog MESSAGES]. README.md says what is timed. Medians of runs that take turns; ratios count."""
import argparse
import shutil
import signal
import statistics
import sys
import typing

sys.dont_write_bytecode = True
sys.path.insert(0, __file__.rsplit("/", 1)[0] + "/queues")
import peers  # noqa: E402

# What is done, over how many connections.
LINES = {"send 1": ("send", 1), "send 8": ("send", 8), "batch 16": ("batch", 16), "cycle 16": ("cycle", 16)}
PEERS = {
    "sluice": peers.sluice, "tls": peers.sluice_tls, "localstack": peers.localstack, "ministack": peers.ministack,
    "nothing": peers.nothing, "sync": peers.Sync, "nginx": peers.nginx, "nats": peers.nats, "rabbitmq": peers.rabbitmq,
    "redis": peers.redis}
# The peers of a line that are not of all lines. A server that has nothing gives nothing to delete.
ALSO = {"send 1": ["nothing", "sync", "nginx"], "send 8": ["nothing"], "batch 16": ["tls", "nothing"],
        "cycle 16": ["tls", "nats", "rabbitmq", "redis"]}
EVERYWHERE = ["sluice", "localstack", "ministack"]
UNTRACED = ["nothing", "sync", "nginx"]
WARM_UP = TRACED = 1  # seconds


class Run(typing.NamedTuple):
    """What a line on a server took: messages a second, milliseconds of a send, microseconds and bytes a message."""

    rate: float
    half: float
    most: float
    cpu: float
    client: float
    bytes: float


def work_of(name, line):
    """The mode of the load, and its connections."""
    return ("get", 1) if name == "nginx" else LINES[line]


def measure_on(server, work, seconds):
    server.load(*work, WARM_UP)
    cpu, written = server.cpu(), server.written()
    load = server.load(*work, seconds)
    count = max(load.count, 1)
    return Run(load.rate, load.half / 1e3, load.most / 1e3, (server.cpu() - cpu) * 1e6 / count, load.client_cpu * 1e6 / count,
               (server.written() - written) / count)


def measure(name, line, seconds, **more):
    server = PEERS[name](**more)
    try:
        return measure_on(server, work_of(name, line), seconds)
    finally:
        server.stop()


def count_syncs(name, line):
    """Of 1,000 messages, as text, in a run of its own: being watched makes a server slower."""
    if not peers.can_trace():
        return "not traced"
    server = PEERS[name](traced=True)
    try:
        before = server.syncs()
        load = server.load(*work_of(name, line), TRACED)
        return f"{(server.syncs() - before) * 1_000 / max(load.count, 1):.1f}"
    finally:
        server.stop()


def median(runs):
    return Run(*map(statistics.median, zip(*runs)))


def show(line, name, runs, syncs, ours):
    run = median(runs)
    rates = sorted(run.rate for run in runs)
    ratio = f"{ours.rate / run.rate:.2f}" if ours and name not in ("sluice", *UNTRACED) else ""
    print(f"{line:9} {name:10} {run.rate:10,.0f} {run.half:8.2f} {run.most:8.2f} {run.cpu:8.1f} {run.client:8.1f}"
          f" {run.bytes:9,.0f} {syncs:>10} {ratio:>9}   {rates[0]:,.0f} … {rates[-1]:,.0f}", flush=True)


def show_head():
    print(f"{'':9} {'':10} {'messages/s':>10} {'p50 ms':>8} {'p99 ms':>8} {'CPU µs':>8} {'client':>8} {'bytes':>9}"
          f" {'syncs/1000':>10} {'ours/its':>9}   least … most")


def goals(line, of):
    """What is wanted: name, figure, goal."""
    ours = of["sluice"]
    if line == "send 1" and "sync" in of and "nginx" in of:
        least = of["sync"].half + of["nginx"].half
        yield f"p50 / (a sync + a round trip of nginx: {least:.2f} ms)", ours.half / least, "at most 2"
    if line == "send 8":
        yield "messages a second", ours.rate, "at least 15,000"
    if line == "batch 16":
        yield "messages a second", ours.rate, "at least 100,000"
        yield "CPU µs a message", ours.cpu, "at most 10"
        yield "p99 ms", ours.most, "at most 10"
        for name, goal in ("localstack", 20), ("ministack", 6):
            if name in of:
                yield f"ours / {name}", ours.rate / of[name].rate, f"at least {goal}"
    if line == "cycle 16":
        yield "messages a second", ours.rate, "at least 50,000"
        yield "CPU µs a message", ours.cpu, "at most 17.5"
    if "tls" in of:
        yield "with TLS and signatures / without", of["tls"].rate / ours.rate, "at least 0.7"


def show_goals(line, of):
    for what, figure, goal in goals(line, of) if "sluice" in of else ():
        print(f"    {what:48}{figure:>12,.{0 if figure >= 1000 else 2}f}   goal: {goal}", flush=True)
    print(flush=True)


def run_line(line, names, options):
    runs = {name: [] for name in names}
    for _ in range(options.runs):
        for name in names:
            runs[name].append(measure(name, line, options.seconds))
    of = {name: median(found) for name, found in runs.items()}
    for name in names:
        syncs = "" if name in UNTRACED else count_syncs(name, line)
        show(line, name, runs[name], syncs, of.get("sluice"))
    show_goals(line, of)


def run_backlog(options):
    """Our cycle, with messages waiting that another process of the server took."""
    folder = peers.new_folder()
    try:
        server = peers.sluice(folder=folder)
        try:
            waiting = server.load("batch", 16, 86_400, options.backlog).sent
        finally:
            server.stop()
        runs = []
        for _ in range(options.runs):
            server = peers.sluice(folder=folder)
            try:
                server.waiting = waiting
                runs.append(measure_on(server, LINES["cycle 16"], options.seconds))
            finally:
                server.stop()
    finally:
        shutil.rmtree(folder)
    print(f"{waiting:,} messages wait")
    show_head()
    show("cycle 16", "sluice", runs, "", None)
    show_goals("cycle 16", {"sluice": median(runs)})


def chosen(words):
    """The lines that are asked for, and the peers; all, if none of their kind is named."""
    for word in words:
        if word not in [*LINES, *PEERS]:
            sys.exit(f"--only: there is no '{word}'; there are {', '.join([*LINES, *PEERS])}")
    lines = [line for line in LINES if line in words] or list(LINES)
    return lines, [name for name in PEERS if name in words] or list(PEERS)


def installed(names):
    for name in names:
        if name in ("localstack", "ministack") and not (peers.BUILD / f"venv-{name}" / "packages").exists():
            print(f"{name} is not measured: it is not installed (scripts/bench says why)")
        else:
            yield name


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default="", help="lines and peers, with commas")
    parser.add_argument("--backlog", type=int, default=0, help="only our cycle, with so many messages waiting")
    options = parser.parse_args()
    # As by Ctrl-C: servers are stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by a signal"))
    if not peers.SLUICE.exists():
        sys.exit(f"there is no {peers.SLUICE}: scripts/bench builds it, or SLUICE says where one is")
    if options.backlog:
        return run_backlog(options)
    lines, names = chosen(list(filter(None, options.only.split(","))))
    names = list(installed(names))
    print(f"bodies of 1 KB, {options.seconds} s a run, medians of {options.runs} runs that take turns\n")
    show_head()
    for line in lines:
        of_line = [name for name in names if name in EVERYWHERE + ALSO[line]]
        if of_line:
            run_line(line, of_line, options)


if __name__ == "__main__":
    main()
