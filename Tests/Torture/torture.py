#!/usr/bin/env python3
"""Several clients and pipelines on one server that is killed, whose disk fails, and which loses power; then the books.

What holds, whatever happens: every answered send is received, or stands in the table once; an object that was put is
there with all of its records or with none; what was deleted stays deleted; FIFO groups are in order and nothing is
there twice; receive counts rise; receipts of before a kill are good after it; a message that kills its client, and a
record at which a function kills the server, end among the dead letters, and nothing beside them does; the raw copies
are what was sent; the ledger adds up at every start, and `data check` and `archive verify` find nothing.

With --hours the time of the server passes so fast that raw copies move into files and expire. What clients know of
visibility timeouts does not hold then: there are pipelines only.

The seed makes the same choices again; threads and kills are never quite where they were.
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

import pipelines
import power
from books import KillerBooks, MessageBooks, ObjectBooks
from clients import (FIFOQueue, FIFOReceiver, FIFOSender, Poisoned, StandardQueue, StandardReceiver, StandardSender,
                     Violations)
from objects import Bucket, Putter
from pipelines import KillerSender, RecordSender, RejectedSender
from server import SQS, Refused, Server, Unknown

# An hour in a second.
CLOCK_RATE = 3_600

# Hurts in a row before anything is done with what was received alone. It may have been alone at the one before them,
# too, and must not die of it.
MOST_FRUITLESS = pipelines.RECEIVES - 2


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
        self.server = Server(options.server, self.workspace, self.place, self.disk.variables())
        self.server.options = self.write_definitions()
        if options.hours:
            self.server.options += ["--clock-rate", f"{CLOCK_RATE}"]
        # Starts of the server: what a client has from before is from before a kill.
        self.starts = 0
        self.kill_now = threading.Event()
        # Nothing is sent any more, and nothing held back.
        self.draining = False
        self.counts = {"kills": 0, "kills by a function": 0, "losses of power": 0,
                       **{text: 0 for text in power.FAULTS.values()}}
        # Of the last hurts, how many came before anything was done with what was received alone.
        self.fruitless = 0
        self.slowest_start = 0
        # Files of raw copies that were seen; and losses of power right after one was made.
        self.segments, self.segments_without_power = set(), 0
        self.senders, self.clients, self.queues, self.books = [], [], [], []

    def random_for(self, name):
        return random.Random(f"{self.options.seed} {name}")

    def write_definitions(self):
        # Somebody's own database, with a rollback journal as it is by default; the other one Sluice makes.
        with contextlib.closing(sqlite3.connect(self.place / "lines.db")) as database:
            database.execute("CREATE TABLE theirs (n INTEGER)")
        # As few hours as may be: raw copies, and overwritten objects, are deleted meanwhile.
        keep = "1h" if self.options.hours else "10y"
        return pipelines.write(self.place, self.server, keep)

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
        """Who sends and puts, and what is to be read of it at the end."""
        kept = not self.options.hours
        self.bucket = Bucket("drop")
        lines = RecordSender(self, "lines", "lines-in")
        events = RejectedSender(self, "events", "events-in.fifo", fifo=True)
        killers = KillerSender(self, "killers", "killers-in")
        self.records = [lines, events, killers]
        self.senders = self.records + [Putter(self, f"putter-{n}", self.bucket) for n in range(2)]
        self.books = [MessageBooks(self, lines), MessageBooks(self, events, keeps_all=kept),
                      KillerBooks(self, killers), ObjectBooks(self, self.bucket, keeps_all=kept)]
        self.clients = list(self.senders)
        if not self.options.hours:
            self.make_clients_of_queues()

    def make_clients_of_queues(self):
        sqs = SQS(self.server)
        sqs("CreateQueue", QueueName="standard")
        sqs("CreateQueue", QueueName="ordered.fifo", Attributes={"FifoQueue": "true"})
        sqs("CreateQueue", QueueName="poison-dlq")
        policy = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:poison-dlq", "maxReceiveCount": "3"}
        sqs("CreateQueue", QueueName="poison", Attributes={"RedrivePolicy": json.dumps(policy)})
        self.queues = ["standard", "ordered.fifo", "poison"]
        self.standard = StandardQueue(self, "standard")
        self.ordered = FIFOQueue(self, "ordered.fifo", groups=12)
        self.poisoned = Poisoned(self, "poisoned", "poison")
        self.books += [self.standard, self.ordered, self.poisoned]
        senders = [StandardSender(self, f"sender-{n}", self.standard) for n in range(2)]
        senders.append(FIFOSender(self, "fifo-sender", self.ordered))
        receivers = [StandardReceiver(self, f"receiver-{n}", self.standard) for n in range(2)]
        receivers += [FIFOReceiver(self, "fifo-receiver", self.ordered), self.poisoned]
        self.senders += senders
        self.clients += senders + receivers

    def round(self):
        """Lets them work, hurts the server, and starts it again."""
        what = self.random.choices(["kill", "power", "fault"], self.options.weights)[0]
        if self.options.lie:
            what = "power"
        self.let_it_work()
        if what == "fault":
            self.break_disk()
        self.kill_now.wait(self.random.uniform(0.1, 1.5) + (0.5 if what == "fault" else 0))
        self.kill_now.clear()
        if self.server.has_ended() and what != "fault" and not self.server.was_killed_from_inside():
            return self.violations.add(f"the server has ended by itself, with {self.server.process.returncode}")
        self.hurt(what)
        # As often a start finds what the kill has left as what a look has made of it.
        if self.random.random() < 0.5:
            self.check_folder()
        if not self.options.lie and self.random.random() < 0.2 and self.fruitless < MOST_FRUITLESS:
            # A kill in the middle of a start.
            self.server.spawn()
            time.sleep(self.random.uniform(0, 0.3))
            self.hurt(self.random.choice(["kill", "power"]))
        self.start()

    def let_it_work(self):
        """So that kills from outside do not spend the receives of a record that does not kill."""
        deadline = time.monotonic() + 60
        while self.fruitless >= MOST_FRUITLESS and not self.server.has_worked() and not self.server.has_ended():
            if time.monotonic() > deadline:
                return self.violations.add(f"after start {self.starts} a function has nothing to do for a minute")
            time.sleep(0.02)

    def hurt(self, what):
        """The server is gone; after a loss of power, and half of the faults, so is what was not synced."""
        power_goes = what == "power" or (what == "fault" and self.random.random() < 0.5)
        from_inside = self.server.was_killed_from_inside()
        self.server.kill(all_of_it=power_goes)
        self.disk.disarm()
        self.counts["kills by a function"] += from_inside
        self.fruitless = 0 if self.server.has_worked() else self.fruitless + (not from_inside)
        self.look_at_segments(power_goes)
        if power_goes:
            self.counts["losses of power"] += 1
            self.say(f"the power goes: {self.disk.lose_power(self.random)}")
        else:
            self.counts["kills"] += not from_inside
            self.disk.reset()

    def look_at_segments(self, power_goes):
        new = {path.name for path in self.server.data.glob("archive/*.seg")} - self.segments
        self.segments |= new
        self.segments_without_power += bool(new) and power_goes

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
        text = self.check("status", "--json")
        if text and not json.loads(text)["adds_up"]:
            self.violations.add(f"the ledger after start {self.starts}: {json.loads(text)['discrepancies']}")
        if self.random.random() < 0.1:
            self.check("archive", "verify")

    def check_folder(self):
        """While nobody has it. A folder that a kill has left needs no repair."""
        self.check("data", "check")
        if self.random.random() < 0.3:
            self.check("archive", "verify")

    def check(self, *command):
        """What it says; `None` if it does not, for which a server that a function has killed meanwhile is a reason."""
        code, text = self.server.run(*command)
        if code == 0:
            return text
        if not (self.server.up.is_set() and self.server.was_killed_from_inside()):
            self.violations.add(f"`{' '.join(command)}` after start {self.starts}: {code} {text[-2000:]}")
        return None

    # The end

    def drain(self):
        """Until the receivers have had everything, and the pipelines are idle."""
        self.draining = True
        began = time.monotonic()
        deadline = began + self.options.patience
        while time.monotonic() < deadline and not self.violations.found:
            if self.server.has_ended():
                if not self.server.was_killed_from_inside():
                    return self.violations.add("the server has ended by itself while nothing was wrong with its disk")
                self.hurt("kill")
                self.start()
            if all(self.depth(queue) == 0 for queue in self.queues):
                # When a function has killed the server, it would wait alone.
                code, _ = self.server.run("wait", "--idle", "--timeout", "2s")
                if code in (0, 3) and not self.server.has_ended():
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
        code = self.server.stop()
        if code not in (0, 3):
            self.violations.add(f"the server ended with {code}")
        self.check_folder()
        for book in self.books:
            for problem in book.problems():
                self.violations.add(f"{book.name}: {problem}")
        if self.options.hours and not self.segments_without_power:
            self.violations.add(f"the power never went after a segment was made, of {len(self.segments)}")

    # What is said

    def say(self, text):
        if self.options.verbose:
            print(f"      {text}", flush=True)

    def summary(self):
        if not self.clients:
            return "it did not begin"
        hurts = ", ".join(f"{count} × {what}" for what, count in self.counts.items() if count)
        lines, events, killers = self.records
        text = (f"{hurts}; {self.starts} starts (the slowest {self.slowest_start:.1f} s); pipelines: "
                f"{len(lines.answered)}, {len(events.answered)} and {len(killers.answered)} records, "
                f"{len(killers.killers & killers.answered)} of them killed; {self.bucket.answered.total()} objects "
                f"put, {self.bucket.tried.total()} tried; {len(self.segments)} segments, "
                f"{self.segments_without_power} × no power after one; {self.disk.syncs} syncs")
        return text if self.options.hours else f"{text}; {self.summary_of_queues()}"

    def summary_of_queues(self):
        queue = self.standard
        return (f"standard: {len(queue.answered)} sends answered, {queue.receives} receives, {len(queue.deleted)} "
                f"deletions, {queue.receipts_after_kill} of them with a receipt of before a kill; FIFO: "
                f"{sum(self.ordered.sent.values())} sends, {self.ordered.retried} of them again; "
                f"{len(self.poisoned.sent)} messages that kill did so {sum(self.poisoned.counts.values())} times")

    def clean(self):
        if self.server.process:
            self.server.kill(all_of_it=True)
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
    parser.add_argument("--hours", action="store_true", help="pipelines only, and an hour passes in a second")
    parser.add_argument("--lie", action="store_true", help="syncs do nothing, and the power goes: to be found out")
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
