#!/usr/bin/env python3
"""Drives the benchmark of functions: functions.py [--runs 5] [--only clients,pipeline,celery,start]. README.md says what
is timed."""
import argparse
import base64
import json
import os
import socket
import statistics
import subprocess
import sys
import time

from bench import BENCH, HERE, in_new_folder, make_records

CODE = HERE / "functions"
CLIENT = HERE.parent / "Sources" / "SluiceFunctions" / "Runtimes" / "python_runtime.py"
VENV = HERE / ".build" / "venv" / "bin"
PYTHON = VENV / "python3"
STUB = HERE / ".build" / "rapistub"
INVOCATIONS, PIPELINE_INVOCATIONS, SALES, TASKS, STARTS = 20_000, 5_000, 50_000, 5_000, 20
CLIENTS = {
    "awslambdaric": [str(PYTHON), "-m", "awslambdaric", "handler.unchanged"],
    "ours": [str(PYTHON), str(CLIENT)],
}
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith(("SLUICE_", "AWS_"))} | {
    "PATH": f"{VENV}:{os.environ['PATH']}", "PYTHONPATH": str(CODE)}


class Stub:
    """The Runtime API that always has the same event ready."""

    def __init__(self, folder):
        event = folder / "event.json"
        data = base64.b64encode(b"x" * 250).decode()
        event.write_text(json.dumps({"records": [{"recordId": "1", "data": data}]}))
        self.process = subprocess.Popen([STUB, event], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def environment(self, **more):
        return ENVIRONMENT | {"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.port}", "_HANDLER": "handler.unchanged"} | more

    def first_next(self):
        """The moment at which a new client asked for its first invocation, as `time.monotonic` counts."""
        return int(self.process.stdout.readline()) / 1e9

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(10)


def wait_for(path, process, timeout=120):
    deadline = time.monotonic() + timeout
    while not path.exists() or not path.read_text():
        if process.poll() is not None:
            sys.exit(f"`{process.args[0]}` ended by itself with {process.returncode}")
        if time.monotonic() > deadline:
            sys.exit(f"`{process.args[0]}`: no figures within {timeout} s")
        time.sleep(0.02)
    return [float(word) for word in path.read_text().split()]


def on_stub(client):
    """Invocations a second of a client on the stub."""

    def work(folder):
        figures = folder / "figures"
        with Stub(folder) as stub:
            environment = stub.environment(RECORDS=str(INVOCATIONS), FIGURES=str(figures))
            process = subprocess.Popen(CLIENTS[client], cwd=CODE, env=environment)
            try:
                return INVOCATIONS / wait_for(figures, process)[1]
            finally:
                process.kill()
                process.wait()

    return in_new_folder(work)


def definition(folder, client, handler, count, **settings):
    """Writes a definition, and returns it and the file of the figures."""
    figures = folder / "figures"
    what = (f"command: {json.dumps(CLIENTS[client])}" if client != "ours"
            else f"runtime: python3\n  handler: handler.{handler}")
    keys = {"code": CODE, "concurrency": 1, "timeout": "60s"} | settings
    text = "\n  ".join([what, *(f"{key}: {value}" for key, value in keys.items()),
                        f"environment: {{RECORDS: '{count}', FIGURES: {figures}}}"])
    path = folder / "bench.yaml"
    path.write_text(f"pipeline: bench\nsource: {{queue: bench-in}}\narchive: none\ntransform:\n  {text}\n"
                    'deliver: {to: "sqlite:sink.db", table: sales}\n')
    return path, figures


def bench(folder, *arguments):
    """A command of ours to its end; returns the moment it ended and the CPU seconds of it and of all it has started."""
    environment = ENVIRONMENT | {"SLUICE_DATA": str(folder / "data")}
    process = subprocess.Popen(
        [BENCH, *arguments], cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    ended = time.monotonic()
    if status:
        sys.exit(f"`bench {arguments[0]}` ended with {os.waitstatus_to_exitcode(status)}: {errors[-2000:]}")
    return ended, usage.ru_utime + usage.ru_stime


def on_host(client):
    """Invocations a second through `try`: our host without queues and store, a record an invocation."""

    def work(folder):
        path, figures = definition(folder, client, "unchanged", INVOCATIONS, batch=1)
        bench(folder, "try", path, records(INVOCATIONS), "-n", str(INVOCATIONS), "-q", "--log-level", "error")
        return INVOCATIONS / float(figures.read_text().split()[1])

    return in_new_folder(work)


def in_pipeline(client):
    """Invocations a second of a whole pipeline whose batches are of one record: each is a synced commit."""

    def work(folder):
        path, figures = definition(folder, client, "unchanged", PIPELINE_INVOCATIONS, batch=1)
        bench(folder, "send", "bench-in", records(PIPELINE_INVOCATIONS), "-q")
        bench(folder, "run", path, "--until-idle")
        return PIPELINE_INVOCATIONS / float(figures.read_text().split()[1])

    return in_new_folder(work)


def sales():
    """Records a second, and a CPU second, of a transformation in Python with 100 records an invocation, into a table."""

    def work(folder):
        path, figures = definition(folder, "ours", "sales", SALES, contract="json", batch=100)
        bench(folder, "send", "bench-in", records(SALES), "-q")
        ended, cpu = bench(folder, "run", path, "--until-idle")
        return SALES / (ended - float(figures.read_text().split()[0])), SALES / cpu

    return in_new_folder(work)


def free_port():
    with socket.socket() as any_socket:
        any_socket.bind(("127.0.0.1", 0))
        return any_socket.getsockname()[1]


def celery():
    """The same of Celery with Redis: one worker process drains a backlog of tasks, a record each, into a table."""

    def work(folder):
        port, figures = free_port(), folder / "figures"
        redis = subprocess.Popen(
            ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "",
             "--appendonly", "yes", "--appendfsync", "everysec", "--daemonize", "no"], stdout=subprocess.DEVNULL)
        environment = ENVIRONMENT | {
            "BROKER": f"redis://127.0.0.1:{port}/0", "REDIS": str(redis.pid), "RECORDS": str(TASKS),
            "FIGURES": str(figures), "DATABASE": str(folder / "sink.db")}
        worker = None
        try:
            send = ("import json, sys, tasks\n"
                    "for line in open(sys.argv[1]): tasks.sale.delay(json.loads(line))\n")
            subprocess.run([PYTHON, "-c", send, records(TASKS)], env=environment, cwd=CODE, check=True)
            worker = subprocess.Popen(
                [VENV / "celery", "-A", "tasks", "worker", "--pool", "prefork", "--concurrency", "1", "--without-gossip",
                 "--without-mingle", "--without-heartbeat", "--loglevel", "ERROR"],
                env=environment, cwd=CODE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            seconds, cpu = wait_for(figures, worker)
            return TASKS / seconds, TASKS / cpu
        finally:
            for process in filter(None, (worker, redis)):
                process.terminate()
                process.wait(30)

    return in_new_folder(work)


def start(client):
    """Seconds from the spawn to the first `next`, through what our host puts before a program."""

    def work(folder):
        with Stub(folder) as stub:
            guard = ["/bin/sh", "-c", 'ulimit -c 0 && exec "$@"', "sh", "/usr/bin/setpriv", "--no-new-privs",
                     "--pdeathsig", "KILL", "--"]
            spawned = time.monotonic()
            process = subprocess.Popen([*guard, *CLIENTS[client]], cwd=CODE, env=stub.environment())
            try:
                return stub.first_next() - spawned
            finally:
                process.kill()
                process.wait()

    return in_new_folder(work)


def least_start():
    """Seconds of an interpreter that does nothing but import the handler."""
    spawned = time.monotonic()
    subprocess.run([PYTHON, "-c", "pass; import handler"], cwd=CODE, env=ENVIRONMENT, check=True)
    return time.monotonic() - spawned


def records(count):
    path = HERE / ".build" / f"records-{count}.jsonl"
    if not path.exists():
        make_records(path, count)
    return path


def show(name, figures, goal="", unit="/s"):
    shown = [f"{figure:,.0f}" if unit == "/s" else f"{figure * 1e3:.1f}" for figure in sorted(figures)]
    print(f"{name:44}{statistics.median(figures) * (1 if unit == '/s' else 1e3):>10,.{0 if unit == '/s' else 1}f} {unit}"
          f"   {shown[0]} … {shown[-1]}   {goal}", flush=True)


def ratio(name, above, below, goal):
    print(f"  {name:42}{statistics.median(above) / statistics.median(below):>10.2f}      {goal}", flush=True)


def in_turn(runs, **variants):
    """Each variant once, then each again: what the machine does meanwhile happens to all of them."""
    figures = {name: [] for name in variants}
    for _ in range(runs):
        for name, work in variants.items():
            figures[name].append(work())
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="clients,pipeline,celery,start")
    options = parser.parse_args()
    parts = options.only.split(",")
    print(f"medians of {options.runs} runs, least … most; the variants of a block in turn\n")
    if "clients" in parts:
        print(f"{INVOCATIONS:,} invocations of one record of 250 bytes, one process")
        found = in_turn(
            options.runs, ric_stub=lambda: on_stub("awslambdaric"), ric_host=lambda: on_host("awslambdaric"),
            our_stub=lambda: on_stub("ours"), our_host=lambda: on_host("ours"))
        show("awslambdaric on the C stub", found["ric_stub"])
        show("awslambdaric on our host", found["ric_host"])
        show("our client on the C stub", found["our_stub"])
        show("our client on our host", found["our_host"])
        ratio("our host / the stub, awslambdaric", found["ric_host"], found["ric_stub"], "goal: at least 0.5")
        ratio("our client / awslambdaric, on our host", found["our_host"], found["ric_host"], "goal: at least 1\n")
    if "pipeline" in parts:
        print(f"{PIPELINE_INVOCATIONS:,} invocations of one record in a whole pipeline, each a synced commit")
        found = in_turn(
            options.runs, ric=lambda: in_pipeline("awslambdaric"), our=lambda: in_pipeline("ours"))
        show("awslambdaric", found["ric"])
        show("our client", found["our"])
        print()
    if "celery" in parts:
        print(f"transform and insert: {SALES:,} records with 100 an invocation; {TASKS:,} Celery tasks on Redis")
        found = in_turn(options.runs, our=sales, celery=celery)
        ours, theirs = list(zip(*found["our"])), list(zip(*found["celery"]))
        show("the pipeline, records", ours[0])
        show("Celery, tasks", theirs[0])
        show("the pipeline, records a CPU second", ours[1])
        show("Celery, tasks a CPU second", theirs[1])
        ratio("the pipeline / Celery", ours[0], theirs[0], "")
        ratio("the pipeline / Celery, of one core", ours[1], theirs[1], "goal: at least 5\n")
    if "start" in parts:
        print(f"from the spawn to the first `next`, {STARTS} starts in turn")
        found = in_turn(
            STARTS, least=least_start, our=lambda: start("ours"), ric=lambda: start("awslambdaric"))
        show("python3 that imports the handler", found["least"], unit="ms")
        show("our client", found["our"], unit="ms")
        show("awslambdaric", found["ric"], unit="ms")
        ratio("our client / the least", found["our"], found["least"], "goal: at most 1.5")


if __name__ == "__main__":
    main()
