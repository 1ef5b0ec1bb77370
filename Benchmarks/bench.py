#!/usr/bin/env python3
"""Drives the benchmark: bench.py [--records 200000] [--runs 5] [--only raw,codable]. README.md says what is timed."""
import argparse
import json
import os
import pathlib
import random
import re
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
BENCH = pathlib.Path(os.environ.get("BENCH", HERE / ".build" / "release" / "bench"))
RECORD_BYTES = 250
VARIANTS = ["raw", "codable", "no-archive", "no-subject", "no-order", "bare"]
STEPS = 2  # transform and delivery
TICK = 1 / os.sysconf("SC_CLK_TCK")


def make_records(path, count):
    """Records of 250 bytes with the end of line, of 1,000 customers."""
    generator = random.Random(1)
    with open(path, "w") as file:
        for number in range(count):
            record = {
                "id": number,
                "customer": f"customer-{generator.randrange(1000):04}",
                "placed": f"2026-{generator.randrange(12) + 1:02}-{generator.randrange(28) + 1:02}T12:00:00Z",
                "amount": generator.randrange(100_000) / 4,
                "note": "",
            }
            missing = RECORD_BYTES - 1 - len(json.dumps(record, separators=(",", ":")))
            record["note"] = "".join(generator.choices("abcdefghij klmnop", k=missing))
            file.write(json.dumps(record, separators=(",", ":")) + "\n")


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * TICK


def wait_for_rows(database_path, count, process, timeout=300):
    """Returns the moment at which the last row was seen to be committed; looks every 5 ms, by the end of the table."""
    deadline = time.perf_counter() + timeout
    database = None
    while True:
        if process.poll() is not None:
            sys.exit(f"`bench run` ended by itself with {process.returncode}")
        if time.perf_counter() > deadline:
            sys.exit(f"not all rows arrived within {timeout} s")
        try:
            if database is None and database_path.exists():
                database = sqlite3.connect(f"file:{database_path}?mode=ro", uri=True)
            if database and (database.execute("SELECT max(rowid) FROM sales").fetchone()[0] or 0) >= count:
                moment = time.perf_counter()
                [(rows,)] = database.execute("SELECT count(*) FROM sales")
                if rows != count:
                    sys.exit(f"{rows} rows in the table, {count} were sent")
                return moment
        except sqlite3.OperationalError:
            pass  # the table is not there yet, or the database is just being made
        time.sleep(0.005)


class Run:
    """One run of the pipeline in a folder of its own."""

    def __init__(self, variant, records, count, folder, tracer=()):
        definition = shutil.copy(HERE / "definitions" / f"{variant}.yaml", folder)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SLUICE_")}
        options = {"cwd": folder, "env": environment | {"SLUICE_DATA": str(folder / "data")}}
        process = subprocess.Popen(
            [*tracer, BENCH, "run", definition], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **options
        )
        try:
            # The first line says that it is up; what follows is shown.
            process.stderr.readline()
            threading.Thread(target=lambda: [print("    run:", line, end="") for line in process.stderr]).start()
            before = 0 if tracer else cpu_seconds(process.pid)
            started = time.perf_counter()
            sender = subprocess.Popen([BENCH, "send", "bench-in", records, "-q"], stdout=subprocess.DEVNULL, **options)
            ended = wait_for_rows(folder / "out" / "sink.db", count, process)
            _, status, usage = os.wait4(sender.pid, 0)
            if status != 0:
                sys.exit(f"`bench send` ended with {os.waitstatus_to_exitcode(status)}")
            self.seconds = ended - started
            self.cpu = 0 if tracer else cpu_seconds(process.pid) - before
            self.sender_cpu = usage.ru_utime + usage.ru_stime
            self.memory = 0 if tracer else peak_memory(process.pid)
        finally:
            stop(process, traced=bool(tracer))


def peak_memory(pid):
    return int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) * 1024


def stop(process, traced):
    pid = process.pid
    if traced:
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        pid = int(children[0]) if children else pid
    os.kill(pid, signal.SIGTERM)
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        sys.exit("`bench run` did not stop within 60 s of SIGTERM")


def in_new_folder(work):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bench-", dir=HERE / ".build"))
    try:
        return work(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def script(name, records):
    command = lambda folder: [sys.executable, HERE / name, records, folder / "sink.db"]  # noqa: E731
    return in_new_folder(lambda folder: float(subprocess.run(command(folder), check=True, stdout=-1).stdout))


def syncs(variant, records, count):
    """Synced writes of a run, by the file they go to; needs strace. Slows the run down, so it is not timed."""

    def work(folder):
        log = folder / "strace"
        tracer = ["strace", "-f", "-y", "-qq", "-e", "trace=fsync,fdatasync", "-e", "signal=none", "-o", log]
        Run(variant, records, count, folder, tracer)
        lines = [line for line in log.read_text().splitlines() if re.search(r"f(data)?sync\(\d+<", line)]
        sink = sum("/out/sink.db" in line for line in lines)
        return len(lines) - sink, sink

    return in_new_folder(work)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default=",".join(VARIANTS), help="some of the definitions, with commas")
    options = parser.parse_args()
    variants, count = options.only.split(","), options.records

    records = HERE / ".build" / f"records-{count}.jsonl"
    if not records.exists():
        make_records(records, count)
    print(f"{count:,} records of {RECORD_BYTES} bytes; medians of {options.runs} runs, in turn with the loop\n")

    loop, runs = [], {variant: [] for variant in variants}
    for number in range(options.runs):
        loop.append(script("loop.py", records))
        for variant in variants:
            runs[variant].append(in_new_folder(lambda folder: Run(variant, records, count, folder)))
        shown = "  ".join(f"{variant} {runs[variant][-1].seconds:.2f} s" for variant in variants)
        print(f"run {number + 1}: loop {loop[-1]:.2f} s  {shown}", flush=True)

    loop_rate = count / statistics.median(loop)
    sink_cpu = statistics.median(script("sink.py", records) for _ in range(3)) / count * 1e6
    print(f"\n{'':12}{'records/s':>12}{'of the loop':>13}{'µs CPU/record':>15}{'per step*':>11}{'send µs':>9}"
          f"{'peak MB':>9}{'records/sync':>14}{'(sink)':>9}")
    print(f"{'loop':12}{loop_rate:12,.0f}{1:13.2f}")
    for variant in variants:
        median = lambda figure: statistics.median(figure(run) for run in runs[variant])  # noqa: E731
        rate, cpu = count / median(lambda run: run.seconds), median(lambda run: run.cpu) / count * 1e6
        line = (f"{variant:12}{rate:12,.0f}{rate / loop_rate:13.2f}{cpu:15.1f}{(cpu - sink_cpu) / STEPS:11.1f}"
                f"{median(lambda run: run.sender_cpu) / count * 1e6:9.1f}{median(lambda run: run.memory) / 2**20:9.0f}")
        if shutil.which("strace"):
            engine, sink = syncs(variant, records, count)
            line += f"{count / max(engine, 1):14.0f}{count / max(sink, 1):9.0f}"
        else:
            line += f"{'no strace':>14}"
        print(line, flush=True)
    print(f"\n* (CPU of `run` per record - {sink_cpu:.1f} µs, the sink's own) / {STEPS} steps")


if __name__ == "__main__":
    main()
