#!/usr/bin/env python3
"""Several clients and pipelines on one server that is killed, whose disk fails, and which loses power; then the books.

What holds, whatever happens: every answered send is received, or stands in the table once; what was deleted stays
deleted; FIFO groups are in order and nothing is there twice; receive counts rise; receipts of before a kill are good
after it; a message that kills ends among the dead letters; the ledger adds up at every start, and `data check` finds
nothing. The seed makes the same choices again; threads and kills are never quite where they were.
"""
import argparse
import contextlib
import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import threading
import time
import traceback

import power
from clients import (FIFOQueue, FIFOReceiver, FIFOSender, Poisoned, RecordSender, StandardQueue, StandardReceiver,
                     StandardSender, Violations, rows_of)
from server import SQS, Refused, Server, Unknown

LINES = """\
pipeline: lines
source: {queue: lines-in}
archive: {keep: 7d}
deliver: {to: "sqlite:lines.db", table: lines, columns: {n: integer, g: text}}
"""

EVENTS = """\
pipeline: events
source: {queue: events-in}
archive: {keep: 7d}
queue: {type: fifo, group: $.g}
transform:
  command: ["python3", "function.py"]
  contract: json
  # Without further tries: its group does not wait for it.
  errors: [{match: "*", then: reject}]
deliver: {to: "sqlite:events.db", table: events, columns: {n: integer, g: text}}
"""

# A client of the Runtime API: every 97th record is rejected.
FUNCTION = """\
import json, os, urllib.request
base = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
while True:
    with urllib.request.urlopen(f"{base}/next") as request:
        event, number = json.load(request), request.headers["Lambda-Runtime-Aws-Request-Id"]
    answer = {"records": [
        {"id": r["id"], "result": "ProcessingFailed" if r["record"]["n"] % 97 == 0 else "Ok", "record": r["record"]}
        for r in event["records"]]}
    urllib.request.urlopen(f"{base}/{number}/response", json.dumps(answer).encode()).read()
"""


class Torture:
    def __init__(self, options):
        self.options = options
        self.random = random.Random(options.seed)
        self.violations = Violations()
        self.workspace = pathlib.Path(tempfile.mkdtemp(prefix="sluice-torture-"))
        # The data folder and the tables of the sinks are on the same disk.
        self.place = self.workspace / "disk"
        self.place.mkdir()
        notes = pathlib.Path(tempfile.mkdtemp(prefix="sluice-torture-", dir=memory_folder()))
        self.notes = notes
        self.disk = power.Disk(power.build(notes), self.place, notes)
        self.server = Server(
            options.server, self.place, self.place / "data", self.write_definitions(), self.disk.variables())
        # Starts of the server: what a client has from before is from before a kill.
        self.starts = 0
        self.kill_now = threading.Event()
        # Nothing is sent any more, and nothing held back.
        self.draining = False
        self.counts = {"kills": 0, "losses of power": 0, **{text: 0 for text in power.FAULTS.values()}}
        self.slowest_start = 0
        self.clients = []

    def random_for(self, name):
        return random.Random(f"{self.options.seed} {name}")

    def write_definitions(self):
        for name, text in [("lines.yaml", LINES), ("events.yaml", EVENTS), ("function.py", FUNCTION)]:
            (self.place / name).write_text(text)
        # Somebody's own database, with a rollback journal as it is by default; the other one Sluice makes.
        with contextlib.closing(sqlite3.connect(self.place / "lines.db")) as database:
            database.execute("CREATE TABLE theirs (n INTEGER)")
        return ["lines.yaml", "events.yaml"]

    # The course of it

    def go(self):
        try:
            self.course()
        except Exception as error:
            traceback.print_exc()
            self.violations.add(f"{type(error).__name__}: {error}")

    def course(self):
        self.start()
        if self.disk.syncs == 0:
            return self.violations.add("the disk was not between the server and its folder")
        self.make_clients()
        for client in self.clients:
            client.start()
        end = time.monotonic() + self.options.seconds
        if self.options.lie:
            self.disk.lie()
        while time.monotonic() < end and not self.violations.found:
            self.round()
        self.disk.disarm()
        if self.options.contradictions or self.violations.found:
            return
        # Nothing comes in any more; what is there is taken out.
        for client in self.senders:
            client.finish()
        for client in self.senders:
            client.join()
        self.drain()
        for client in self.clients:
            client.finish()
        for client in self.clients:
            client.join()
        # What did not come out says nothing of what is there.
        if not self.violations.found:
            self.check_books()

    def make_clients(self):
        sqs = SQS(self.server)
        sqs("CreateQueue", QueueName="standard")
        sqs("CreateQueue", QueueName="ordered.fifo", Attributes={"FifoQueue": "true"})
        sqs("CreateQueue", QueueName="poison-dlq")
        policy = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:poison-dlq", "maxReceiveCount": "3"}
        sqs("CreateQueue", QueueName="poison", Attributes={"RedrivePolicy": json.dumps(policy)})
        self.standard = StandardQueue(self, "standard")
        self.ordered = FIFOQueue(self, "ordered.fifo", groups=12)
        self.lines = RecordSender(self, "lines", "lines-in")
        self.events = RecordSender(self, "events", "events-in.fifo", fifo=True)
        self.poisoned = Poisoned(self, "poisoned", "poison")
        self.senders = [StandardSender(self, f"sender-{n}", self.standard) for n in range(2)]
        self.senders += [FIFOSender(self, "fifo-sender", self.ordered), self.lines, self.events]
        receivers = [StandardReceiver(self, f"receiver-{n}", self.standard) for n in range(2)]
        self.clients = self.senders + receivers + [FIFOReceiver(self, "fifo-receiver", self.ordered), self.poisoned]

    def round(self):
        """Lets them work, hurts the server, and starts it again."""
        what = self.random.choices(["kill", "power", "fault"], self.options.weights)[0]
        if self.options.lie:
            what = "power"
        if what == "fault":
            self.break_disk()
        self.kill_now.wait(self.random.uniform(0.1, 1.5) + (0.5 if what == "fault" else 0))
        self.kill_now.clear()
        if self.server.has_ended() and what != "fault":
            return self.violations.add(f"the server has ended by itself, with {self.server.process.returncode}")
        self.hurt(what)
        # As often a start finds what the kill has left as what a look has made of it.
        if self.random.random() < 0.5:
            self.check_folder()
        if not self.options.lie and self.random.random() < 0.2:
            # A kill in the middle of a start.
            self.server.spawn()
            time.sleep(self.random.uniform(0, 0.3))
            self.hurt(self.random.choice(["kill", "power"]))
        self.start()

    def hurt(self, what):
        """The server is gone; after a loss of power, and half of the faults, so is what was not synced."""
        self.server.kill()
        self.disk.disarm()
        if what == "power" or (what == "fault" and self.random.random() < 0.5):
            self.counts["losses of power"] += 1
            self.say(f"the power goes: {self.disk.lose_power(self.random)}")
        else:
            self.counts["kills"] += 1
            self.disk.reset()

    def break_disk(self):
        fault = self.random.choice(list(power.FAULTS))
        before = self.disk.happened
        self.disk.arm(fault, self.random.choice([0, 3, 30, 300]))
        for _ in range(20):
            if self.disk.happened > before:
                break
            time.sleep(0.05)
        if self.disk.happened > before:
            self.counts[power.FAULTS[fault]] += 1
            self.say(power.FAULTS[fault])

    def start(self):
        self.starts += 1
        self.slowest_start = max(self.slowest_start, self.server.start())
        code, text = self.server.run("status", "--json")
        try:
            report = json.loads(text)
        except ValueError:
            return self.violations.add(f"`status` after start {self.starts}: {code} {text[-2000:]}")
        if not report["adds_up"]:
            self.violations.add(f"the ledger after start {self.starts}: {report['discrepancies']}")

    def check_folder(self):
        """While nobody has it. A folder that a kill has left needs no repair."""
        code, text = self.server.run("data", "check")
        if code != 0:
            self.violations.add(f"`data check` before start {self.starts + 1}: {code} {text[-2000:]}")

    # The end

    def drain(self):
        """Until the receivers have had everything, and the pipelines are idle."""
        self.draining = True
        began = time.monotonic()
        deadline = began + self.options.patience
        while time.monotonic() < deadline and not self.violations.found:
            if self.server.has_ended():
                return self.violations.add("the server has ended by itself while nothing was wrong with its disk")
            if self.depth("standard") == 0 and self.depth("ordered.fifo") == 0 and self.depth("poison") == 0:
                code, _ = self.server.run("wait", "--idle", "--timeout", "60s")
                if code in (0, 3):
                    return self.say(f"everything came out in {time.monotonic() - began:.0f} s")
            time.sleep(0.2)
        self.violations.add("not everything came out in time")

    def depth(self, queue):
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible",
                 "ApproximateNumberOfMessagesDelayed"]
        try:
            answer = SQS(self.server)("GetQueueAttributes", QueueUrl=queue, AttributeNames=names)
        except (Unknown, Refused) as error:
            self.say(f"{error}")
            return None
        return sum(int(value) for value in answer["Attributes"].values())

    def check_books(self):
        missing = self.standard.missing()
        if missing:
            self.violations.add(f"{len(missing)} answered messages were never received: {sorted(missing)[:5]}")
        for group, number in self.ordered.sent.items():
            if self.ordered.seen[group] < number:
                self.violations.add(f"{group}: {number} were answered, {self.ordered.seen[group]} came")
            left = [n for n in range(1, number + 1) if (group, n) not in self.ordered.asked]
            if left:
                self.violations.add(f"{group}: {left[:5]} were given out, not deleted, and are not there")
        dead = self.depth("poison-dlq")
        if dead is None or dead < len(self.poisoned.sent):
            self.violations.add(f"{len(self.poisoned.sent)} messages that kill were sent, and {dead} are dead letters")
        self.check_table("lines", self.lines, dead=lambda n: False)
        self.check_table("events", self.events, dead=lambda n: n % 97 == 0)
        code = self.server.stop()
        if code not in (0, 3):
            self.violations.add(f"the server ended with {code}")
        self.check_folder()

    def check_table(self, name, sender, dead):
        rows = rows_of(self.place / f"{name}.db", name)
        numbers = [n for n, _ in rows]
        rejected = {n for n in sender.answered if dead(n)}
        letters = self.dead_letters(name)
        if letters < len(rejected) or set(numbers) & {n for n in sender.tried if dead(n)}:
            self.violations.add(f"{name}: {len(rejected)} records were rejected, and {letters} are dead letters")
        wanted = sender.answered - rejected
        lost = wanted - set(numbers)
        if lost:
            self.violations.add(f"{name}: {len(lost)} answered records have no row: {sorted(lost)[:5]}")
        twice = len(numbers) - len(set(numbers))
        if twice:
            self.violations.add(f"{name}: {twice} rows too many")
        strange = set(numbers) - sender.tried
        if strange:
            self.violations.add(f"{name}: rows that nobody sent: {sorted(strange)[:5]}")
        if sender.fifo:
            for group in {g for _, g in rows}:
                line = [n for n, g in rows if g == group]
                if line != sorted(line):
                    self.violations.add(f"{name}: group {group} is not in order")

    def dead_letters(self, pipeline):
        _, text = self.server.run("status", "--json")
        return next(p["dead"] for p in json.loads(text)["pipelines"] if p["pipeline"] == pipeline)

    # What is said

    def say(self, text):
        if self.options.verbose:
            print(f"      {text}", flush=True)

    def summary(self):
        if not self.clients:
            return "it did not begin"
        queue = self.standard
        hurts = ", ".join(f"{count} × {what}" for what, count in self.counts.items() if count)
        return (f"{hurts}; {self.starts} starts (the slowest {self.slowest_start:.1f} s); standard: "
                f"{len(queue.answered)} sends answered, {queue.receives} receives, {len(queue.deleted)} deletions, "
                f"{queue.receipts_after_kill} of them with a receipt of before a kill; FIFO: "
                f"{sum(self.ordered.sent.values())} sends, {self.ordered.retried} of them again; pipelines: "
                f"{len(self.lines.answered)} and {len(self.events.answered)} records; {len(self.poisoned.sent)} messages "
                f"that kill did so {sum(self.poisoned.counts.values())} times; {self.disk.syncs} syncs")

    def clean(self):
        if self.server.process and not self.server.has_ended():
            self.server.kill()
        shutil.rmtree(self.notes, ignore_errors=True)
        if not self.options.keep:
            shutil.rmtree(self.workspace, ignore_errors=True)


def memory_folder():
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--server", required=True, type=os.path.abspath, help="the command line that is tortured")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--patience", type=float, default=180, help="seconds for what is there at the end to come out")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**31))
    parser.add_argument("--weights", type=float, nargs=3, default=[4, 3, 3], metavar=("KILL", "POWER", "FAULT"))
    parser.add_argument("--lie", action="store_true", help="syncs do nothing, and the power goes: this has to be found out")
    parser.add_argument(
        "--contradictions", action="store_true", help="end without the books: only what answers, starts and checks say")
    parser.add_argument("--keep", action="store_true", help="leave the folder behind")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    torture = Torture(options)
    try:
        torture.go()
        print(f"seed {options.seed}: {torture.summary()}", flush=True)
    finally:
        torture.clean()
    found = torture.violations.found
    for violation in found[:20]:
        print(f"VIOLATION {violation}")
    if options.keep:
        print(f"kept: {torture.workspace}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
