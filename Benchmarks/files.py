#!/usr/bin/env python3
"""Objects, and databases behind them, beside what people write by hand: files.py [--records N] [--runs N] [--only …].
README.md says what is timed. Medians of runs that take turns; ratios count, seconds are this machine's."""
import argparse
import csv
import glob
import gzip
import importlib.util
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

import bench

HERE = pathlib.Path(__file__).resolve().parent
SLUICE = pathlib.Path(os.environ.get("SLUICE", HERE.parent / ".build" / "release" / "sluice"))
PSYCOPG = HERE / ".build" / "venv" / "bin" / "python3"
LINES = ["jsonl", "csv", "gzip", "zstd", "sqlite", "postgres", "replay"]
# Of what is only read: enough that a start does not count.
READ_RECORDS = 1_000_000

PIPELINE = """\
pipeline: sales
source: {%s}
archive: {keep: 1d}
deliver:
  to: %s
  table: sales
  key: [id]
  create: true
  columns: {id: integer, customer: text, placed: text, amount: %s, note: text}
"""


def seconds(command, **options):
    started = time.perf_counter()
    subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL, **options)
    return time.perf_counter() - started


# What people write: a script for each.

READ_LINES = "import sys\nfor line in open(sys.argv[1], 'rb'): pass"
READ_CSV = """\
import csv, json, sys
for row in csv.DictReader(open(sys.argv[1], newline='')): json.dumps(row)
"""
LOAD_SQLITE = """\
import json, sqlite3, sys
database = sqlite3.connect(sys.argv[2], isolation_level=None)
database.execute("PRAGMA journal_mode=WAL")
database.execute("PRAGMA synchronous=FULL")
database.execute("CREATE TABLE sales (id INTEGER PRIMARY KEY, customer TEXT, placed TEXT, amount REAL, note TEXT)")
database.execute("CREATE TABLE position (offset INTEGER)")
database.execute("INSERT INTO position VALUES (0)")
with open(sys.argv[1], "rb") as file:
    offset = 0
    while lines := [line for _, line in zip(range(500), file)]:
        rows = [tuple(json.loads(line).values()) for line in lines]
        offset += sum(map(len, lines))
        database.execute("BEGIN")
        database.executemany("INSERT INTO sales VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
                             "customer = excluded.customer, placed = excluded.placed, amount = excluded.amount, "
                             "note = excluded.note", rows)
        database.execute("UPDATE position SET offset = ?", (offset,))
        database.execute("COMMIT")
"""
LOAD_POSTGRES = """\
import json, psycopg, sys
with psycopg.connect(sys.argv[2]) as database:
    database.execute("CREATE TABLE sales (id integer PRIMARY KEY, customer text, placed text, amount numeric, note text)")
    database.commit()
    with open(sys.argv[1], "rb") as file:
        while lines := [line for _, line in zip(range(500), file)]:
            rows = [tuple(json.loads(line).values()) for line in lines]
            with database.cursor() as cursor:
                cursor.executemany("INSERT INTO sales VALUES (%s, %s, %s, %s, %s) ON CONFLICT (id) DO UPDATE SET "
                                   "customer = excluded.customer, placed = excluded.placed, amount = excluded.amount, "
                                   "note = excluded.note", rows)
            database.commit()
"""


def python(script, *arguments, interpreter=sys.executable):
    return seconds([interpreter, "-c", script, *arguments])


class Pipeline:
    """A definition in a folder of its own."""

    def __init__(self, folder, sink, source="bucket: drop", amount="real"):
        self.folder = folder
        self.definition = folder / "sales.yaml"
        self.definition.write_text(PIPELINE % (source, sink, amount))
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("SLUICE_")} | {
            "SLUICE_DATA": str(folder / "data")}

    def sluice(self, *arguments):
        return seconds([SLUICE, *arguments, "-q"], cwd=self.folder, env=self.environment)

    def load(self, records):
        put = self.sluice("put", "drop", records)
        return put, self.sluice("run", self.definition, "--until-idle")


def csv_of(records, path):
    with open(records) as source, open(path, "w", newline="") as target:
        writer = None
        for line in source:
            row = json.loads(line)
            writer = writer or csv.DictWriter(target, row)
            if target.tell() == 0:
                writer.writeheader()
            writer.writerow(row)


def prepare(count):
    """The files that are read, made once."""
    folder = HERE / ".build"
    lines = folder / f"records-{count}.jsonl"
    if not lines.exists():
        bench.make_records(lines, count)
    table, packed, standard = (folder / f"records-{count}.{ending}" for ending in ("csv", "jsonl.gz", "jsonl.zst"))
    if not table.exists():
        csv_of(lines, table)
    if not packed.exists():
        with open(lines, "rb") as source, gzip.open(packed, "wb", compresslevel=6) as target:
            shutil.copyfileobj(source, target)
    if not standard.exists():
        subprocess.run(["zstd", "-q", "-3", lines, "-o", standard], check=True)
    return lines, table, packed, standard


def server():
    """A PostgreSQL of its own, as the acceptance tests start it."""
    path = HERE.parent / "Tests" / "Acceptance"
    sys.path.insert(0, str(path))
    spec = importlib.util.spec_from_file_location("postgres_test", path / "postgres_test.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Server()


def compare(name, runs, peer, own, goal, note=""):
    """Takes turns; prints how often the peer's time our time is contained in."""
    theirs, ours = [], []
    for _ in range(runs):
        theirs.append(peer())
        ours.append(own())
    left, right = statistics.median(theirs), statistics.median(ours)
    print(f"{name:44}{left:9.2f} s{right:9.2f} s{left / right:8.2f}   {goal}{note}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=200_000, help="of the whole pipeline")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default=",".join(LINES), help="some of " + ", ".join(LINES))
    options = parser.parse_args()
    only, runs = options.only.split(","), options.runs
    lines, table, packed, standard = prepare(READ_RECORDS)
    print(f"medians of {runs} runs, in turn\n\n{'':44}{'peer':>11}{'Sluice':>11}{'ratio':>8}   goal")
    if "jsonl" in only:
        compare("JSON lines split : Python reads lines", runs, lambda: python(READ_LINES, lines),
                lambda: seconds([SLUICE, "split", lines]), "0.5")
    if "csv" in only:
        compare("CSV split : csv.DictReader + json.dumps", runs, lambda: python(READ_CSV, table),
                lambda: seconds([SLUICE, "split", table]), "3")
    if "gzip" in only:
        compare("JSON lines in gzip, split : gzip -dc", runs, lambda: seconds(["gzip", "-dc", packed]),
                lambda: seconds([SLUICE, "split", packed]), "0.8")
    if "zstd" in only:
        compare("JSON lines in zstd, split : zstd -dc", runs, lambda: seconds(["zstd", "-dcq", standard]),
                lambda: seconds([SLUICE, "split", standard]), "–")
    whole = HERE / ".build" / f"records-{options.records}.jsonl"
    if not whole.exists():
        bench.make_records(whole, options.records)
    if "sqlite" in only:
        pipeline("sqlite", whole, runs)
    if "postgres" in only:
        pipeline("postgres", whole, runs)
    if "replay" in only:
        replay(lines, runs)


def pipeline(kind, records, runs):
    puts = []
    machine = server() if kind == "postgres" else None

    def own(folder):
        if machine:
            machine.sql("DROP TABLE IF EXISTS sales")
        sink = machine.url if machine else "sqlite:sink.db"
        put, run = Pipeline(folder, sink, amount="numeric" if machine else "real").load(records)
        puts.append(put)
        return put + run

    def peer(folder):
        if not machine:
            return python(LOAD_SQLITE, records, folder / "sink.db")
        machine.sql("DROP TABLE IF EXISTS sales")
        return python(LOAD_POSTGRES, records, machine.url, interpreter=PSYCOPG)

    title = "file → SQLite : hand-written loop" if not machine else "file → PostgreSQL : psycopg's executemany"
    try:
        compare(title, runs, lambda: bench.in_new_folder(peer), lambda: bench.in_new_folder(own),
                "0.5" if machine else "0.35", f"   (put {statistics.median(puts):.2f} s)" if puts else "")
    finally:
        if machine:
            machine.remove()


def replay(records, runs):
    """Raw copies in segments are read as `archive verify` does, beside `zstd -dc` of the same files."""

    def work(folder):
        made = Pipeline(folder, "sqlite:sink.db", source="queue: sales-in")
        made.sluice("send", "sales-in", records)
        made.sluice("run", made.definition, "--until-idle")
        # An hour passes: the engine's time goes 120 times as fast, for the minute until raw copies move.
        process = subprocess.Popen([str(SLUICE), "run", str(made.definition), "-q", "--clock-rate", "120"], cwd=folder,
                                   env=made.environment, stdout=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 150
            while not glob.glob(f"{folder}/data/archive/*.seg"):
                if time.monotonic() > deadline:
                    sys.exit("no segment was made within 150 s")
                time.sleep(0.5)
            time.sleep(20)
        finally:
            process.terminate()
            process.wait(60)
        segments = glob.glob(f"{folder}/data/archive/*.seg")
        inner = [f"{folder}/{number}.zst" for number in range(len(segments))]
        for segment, target in zip(segments, inner):
            content = pathlib.Path(segment).read_bytes()
            index = int.from_bytes(content[-32:-24], "little")
            pathlib.Path(target).write_bytes(content[8:index])
        compare("raw copies read : zstd -dc", runs, lambda: seconds(["zstd", "-dcq", *inner]),
                lambda: made.sluice("archive", "verify"), "0.5")

    bench.in_new_folder(work)


if __name__ == "__main__":
    main()
