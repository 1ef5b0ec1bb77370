"""What the acceptance tests share: a workspace of its own for each test, and the example's command line in it."""
import base64
import collections
import importlib.machinery
import importlib.util
import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
EXAMPLE = ROOT / "Examples" / "orders"
ORDERS = pathlib.Path(os.environ.get("ORDERS", EXAMPLE / ".build" / "release" / "orders"))
# The Python of the tests' own virtual environment, which `scripts/setup` makes: it has AWS's client.
PYTHON = ROOT / ".build" / "venv" / "bin" / "python3"
SEED = int(os.environ.get("SEED", random.SystemRandom().randrange(2**31)))

DONE, FAILED, DEAD, DAMAGED, STALLED = 0, 1, 3, 4, 5
USAGE, BUSY, RIGHTS, DEFINITION, TIMEOUT = 64, 75, 77, 78, 124


def load(path):
    """A script of the example as a module."""
    loader = importlib.machinery.SourceFileLoader(path.name, str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(path.name, loader))
    loader.exec_module(module)
    return module


verify = load(EXAMPLE / "data" / "verify")


def memory_high_water(pid):
    """The most memory the process has had, in bytes; 0 once it has ended. `ru_maxrss` would count ours, before exec."""
    with open(f"/proc/{pid}/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


class Answer:
    """What a command said and how it ended."""

    def __init__(self, command, code, out, err, peak_memory=0):
        self.command, self.code, self.out, self.err, self.peak_memory = command, code, out, err, peak_memory

    def __str__(self):
        command = " ".join(self.command)
        return f"`{command}` ended with {self.code}\nstdout: {self.out[-3000:]}\nstderr: {self.err[-3000:]}"

    @property
    def text(self):
        return self.out + self.err


class Case(unittest.TestCase):
    """A test with a workspace: a folder that holds the data folder, the definitions and the sink."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-acceptance-"))
        self.data = self.folder / "data"
        self.random = random.Random(f"{SEED} {self.id()}")
        self.running = []
        # Of the processes that the test starts, beside the usual ones.
        self.variables = {}
        self.addCleanup(self.tear_down, self.folder)

    def until(self, ask, wanted, timeout=20):
        """Asks until the answer is the wanted one."""
        deadline = time.monotonic() + timeout
        while True:
            answer = ask()
            if answer == wanted or time.monotonic() > deadline:
                self.assertEqual(answer, wanted)
                return answer
            time.sleep(0.05)

    def tear_down(self, folder):
        for process in self.running:
            if process.poll() is None:
                process.kill()
            process.communicate()
        if os.environ.get("KEEP"):
            print(f"      kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)

    # Processes

    def spawn(self, *arguments, **options):
        """Starts `orders` in the workspace; killed at the end of the test at the latest."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SLUICE_")}
        environment["NO_COLOR"] = "1"
        # Tests run beside each other, and beside whatever listens where clients look first.
        environment["SLUICE_LISTEN"] = "127.0.0.1:0"
        environment.update(self.variables)
        options.setdefault("stdout", subprocess.DEVNULL)
        options.setdefault("stderr", subprocess.DEVNULL)
        options.setdefault("stdin", subprocess.DEVNULL)
        command = [str(ORDERS), *map(str, arguments), "--data", str(self.data)]
        process = subprocess.Popen(command, cwd=self.folder, env=environment, **options)
        self.running.append(process)
        return process

    def orders(self, *arguments, input=None, expect=None, timeout=300, **options):
        """Runs `orders` to its end. `expect`: the exit code, or several, that are right."""
        out, err = tempfile.TemporaryFile(), tempfile.TemporaryFile()
        stdin = subprocess.DEVNULL
        if input is not None:
            stdin = tempfile.TemporaryFile()
            stdin.write(input)
            stdin.seek(0)
        process = self.spawn(*arguments, stdin=stdin, stdout=out, stderr=err, **options)
        deadline = time.monotonic() + timeout
        peak_memory = 0
        pid, status = os.waitpid(process.pid, os.WNOHANG)
        while pid == 0:
            peak_memory = max(peak_memory, memory_high_water(process.pid))
            if time.monotonic() > deadline:
                process.kill()
                self.fail(f"`orders {' '.join(map(str, arguments))}` hangs: not done after {timeout} s")
            time.sleep(0.005)
            pid, status = os.waitpid(process.pid, os.WNOHANG)
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
        answer = Answer(["orders", *map(str, arguments)], process.returncode, *texts, peak_memory)
        self.assertGreaterEqual(answer.code, 0, f"it crashed\n{answer}")
        if expect is not None:
            self.assertIn(answer.code, expect if isinstance(expect, tuple) else (expect,), answer)
        return answer

    def json(self, *arguments, expect=DONE):
        answer = self.orders(*arguments, "--json", expect=expect)
        try:
            return json.loads(answer.out)
        except ValueError as error:
            self.fail(f"not one JSON document ({error})\n{answer}")

    def terminate(self, process, timeout=60):
        process.send_signal(signal.SIGTERM)
        return process.wait(timeout)

    # Data

    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def purchases(self):
        """The purchases as lines of JSON, in the order of the months."""
        months = self.folder / "months"
        subprocess.run([EXAMPLE / "data" / "make", months], check=True, stdout=subprocess.DEVNULL)
        return [line for path in sorted(months.glob("*.jsonl")) for line in path.read_bytes().splitlines(keepends=True)]

    def broken(self):
        return (EXAMPLE / "data" / "broken.jsonl").read_bytes().splitlines(keepends=True)

    def table(self):
        """Totals of the table, as `data/verify` counts them."""
        return verify.in_table(verify.SQLite(self.folder / "out" / "shop.db"))

    def rows(self):
        """How many rows the table has; 0 while there is none."""
        path = self.folder / "out" / "shop.db"
        if not path.exists():
            return 0
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            if not database.execute("SELECT 1 FROM sqlite_schema WHERE name = 'orders'").fetchone():
                return 0
            return database.execute("SELECT count(*) FROM orders").fetchone()[0]

    # The ledger

    def pipeline(self, name="orders"):
        report = self.json("status")
        self.assertEqual(report["discrepancies"], [], "the ledger does not add up")
        self.assertTrue(report["adds_up"], "the ledger does not add up")
        found = [p for p in report["pipelines"] if p["pipeline"] == name]
        self.assertTrue(found, f"status knows no pipeline {name}: {report}")
        return found[0]

    def queue(self, pipeline, role):
        """The figures of the queues of a role, added: those of their ledgers, and what is there."""
        total = collections.Counter()
        for queue in pipeline["queues"]:
            if queue["role"] == role:
                total.update(queue["ledger"])
                total.update({key: queue[key] for key in ("ready", "delayed", "in_flight")})
        return total

    def assert_all_purchases(self, sent):
        """Everything is accounted for: the purchases in the table, the broken ones dead, the ledger as it must be.

        `sent`: how many lines were sent.
        """
        self.assertEqual(self.table(), verify.in_original())
        pipeline = self.pipeline()
        intake, delivery = self.queue(pipeline, "intake"), self.queue(pipeline, "delivery")
        dead = self.queue(pipeline, "dead_letters")["ready"]
        self.assertEqual(intake["sent"], sent, "messages that were sent")
        self.assertEqual(dead, len(self.broken()), "dead letters")
        self.assertEqual(intake["dead_lettered"], dead, "dead letters of the intake queue")
        self.assertEqual(intake["done"], intake["sent"] - dead, "messages that the transform is done with")
        self.assertEqual(delivery["done"], intake["done"], "messages that the delivery is done with")
        for queue in (intake, delivery):
            self.assertEqual((queue["ready"], queue["delayed"], queue["in_flight"]), (0, 0, 0), "nothing waits")
        self.assert_only_broken_are_dead()
        self.orders("data", "check", expect=DONE)

    def assert_only_broken_are_dead(self):
        broken = set(line.rstrip(b"\n") for line in self.broken())
        bodies = self.dead_letter_bodies()
        self.assertEqual(set(bodies), broken, "the dead letters are the broken records, and all of them")

    def dead_letter_bodies(self):
        answer = self.orders("dlq", "show", "--all", "-n", "1000", "--json", expect=DONE)
        return [base64.b64decode(json.loads(line)["body"]) for line in answer.out.splitlines()]
