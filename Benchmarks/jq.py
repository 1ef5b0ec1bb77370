#!/usr/bin/env python3
"""CPU of `jq:` beside the `jq` program over the same lines: jq.py SLUICE [--lines 200000].

SLUICE is a release build. The lines are the purchases of Examples/orders, again and again. `jq` is one process over the
whole file, its start included; the child is the process of the function, its start included; the rest is what `run`
needs beside it for the same pipeline, and what it needs with no function at all.
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAMS = {
    "small": "{order_id, amount: (.dollars | tonumber)}",
    "orders.jq": (ROOT / "Examples" / "orders-jq" / "orders.jq").read_text(),
}
PIPELINE = """\
pipeline: lines
source: {{queue: lines-in}}
archive: none
transform: {transform}
deliver: {{to: "sqlite:out.db", table: lines}}
"""


def cpu(usage):
    return usage.ru_utime + usage.ru_stime


def run(*command, cwd, stdout=subprocess.DEVNULL):
    """Runs a command to its end; returns its CPU and that of its children, in seconds."""
    process = subprocess.Popen(command, cwd=cwd, stdout=stdout, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[:3]} ended with {process.returncode}")
    return cpu(usage)


def child_cpu(pid):
    """Of the function's process, as long as it is there."""
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            if b"jq-runtime" in pathlib.Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")[1:2]:
                fields = pathlib.Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()
                return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def pipeline(sluice, folder, lines, transform):
    """CPU of `run` with all its children, and the part of it that is the jq process."""
    shutil.rmtree(folder / ".sluice", ignore_errors=True)
    for path in folder.glob("out.db*"):
        path.unlink()
    (folder / "lines.yaml").write_text(PIPELINE.format(transform=transform))
    run(sluice, "send", "lines-in", lines, cwd=folder)
    process = subprocess.Popen(
        [sluice, "run", "lines.yaml", "--until-idle"], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    child = 0.0
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                raise SystemExit(f"run ended with {process.returncode}")
            return cpu(usage), child
        try:
            child = max(child, child_cpu(process.pid))
        except (FileNotFoundError, ProcessLookupError):
            pass  # it has ended meanwhile
        time.sleep(0.02)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("sluice", type=pathlib.Path)
    arguments.add_argument("--lines", type=int, default=200_000)
    options = arguments.parse_args()
    sluice = options.sluice.resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        subprocess.run([ROOT / "Examples" / "orders" / "data" / "make", folder / "months"], check=True, stdout=subprocess.DEVNULL)
        purchases = [l for path in sorted((folder / "months").glob("*.jsonl")) for l in path.read_bytes().splitlines(True)]
        lines = folder / "lines.jsonl"
        with open(lines, "wb") as file:
            file.writelines(purchases[n % len(purchases)] for n in range(options.lines))
        bare, _ = pipeline(sluice, folder, lines, "none")
        print(f"{options.lines} lines; `run` without a function {bare:.2f} s of CPU")
        for label, program in PROGRAMS.items():
            (folder / "p.jq").write_text(program)
            alone = run("jq", "-c", "-f", "p.jq", lines, cwd=folder)
            total, child = pipeline(sluice, folder, lines, "{jq: ./p.jq, concurrency: 1}")
            print(
                f"{label:10} jq {alone:.2f} s, the function's process {child:.2f} s ({child / alone:.2f} ×), "
                f"with all that `run` does more for it {total - bare:.2f} s ({(total - bare) / alone:.2f} ×)")


main()
