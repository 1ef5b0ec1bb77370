import random
import sqlite3
import subprocess
import threading
import time

import harness
from harness import BUSY, DEAD, DONE, EXAMPLE, STALLED

KILLS = 20

LINES = """\
pipeline: lines
source: {queue: lines-in}
deliver: {to: "sqlite:lines.db", table: lines}
"""


class KillTest(harness.Case):
    def test_backlog(self):
        """run is killed 20 times over a backlog, inserting without a key: nothing lost, doubled or overtaken"""
        definition = (EXAMPLE / "orders.yaml").read_text().replace("  key: [order_id]\n", "")
        self.assertNotIn("key:", definition)
        definition = self.write("insert.yaml", definition)
        lines = self.purchases() + self.broken()
        self.orders("send", "orders-in", self.write("all.jsonl", b"".join(lines)), expect=DONE)
        self.kill_repeatedly([definition], longest=1.0)
        self.orders("run", definition, "--until-idle", expect=DEAD)
        self.assert_all_purchases(sent=len(lines))

    def test_while_sending(self):
        """run is killed 20 times while send after send feeds it: every line arrives exactly once, in order"""
        lines = self.purchases() + self.broken()
        feeder = threading.Thread(target=self.feed, args=(lines,))
        feeder.start()
        self.kill_repeatedly([], longest=1.0)
        feeder.join()
        self.assertIsNone(self.feeding_failed, "the sender gave up")
        self.orders("run", "--until-idle", expect=DEAD)
        self.assert_all_purchases(sent=len(lines))

    def test_one_send(self):
        """run is killed 20 times while one send of 50,000 lines goes on: a row for each line, and no other"""
        count, last = 50_000, 1_000
        definition = self.write("lines.yaml", LINES)
        process = self.start_run(definition)
        sender = self.spawn("send", "lines-in", stdin=subprocess.PIPE)
        all_killed = threading.Event()

        def trickle():
            for start in range(0, count - last, 50):
                self.put_lines(sender, start, start + 50)
                time.sleep(0.005)
            all_killed.wait()
            self.put_lines(sender, count - last, count)
            sender.stdin.close()

        feeder = threading.Thread(target=trickle, daemon=True)
        feeder.start()
        # From here on it is connected; before, it would open the folder itself.
        self.wait_for_file(self.folder / "lines.db")
        for _ in range(KILLS):
            time.sleep(self.random.uniform(0, 0.4))
            process.kill()
            process.wait()
            process = self.start_run(definition)
        all_killed.set()
        feeder.join(60)
        self.assertEqual(sender.wait(60), DONE, "the sender gave up")
        self.assertEqual(self.terminate(process), DONE, "run after SIGTERM")
        self.orders("run", definition, "--until-idle", expect=DONE)
        with sqlite3.connect(f"file:{self.folder / 'lines.db'}?mode=ro", uri=True) as database:
            rows = database.execute("SELECT count(*), count(DISTINCT n), min(n), max(n) FROM lines").fetchone()
        self.assertEqual(rows, (count, count, 0, count - 1), "rows, different rows, first, last")
        self.assertEqual(self.queue(self.pipeline("lines"), "intake")["sent"], count, "messages that were sent")

    def test_full_queue(self):
        """run is killed while a send waits at a full queue: the send lets the folder go to the next run"""
        definition = self.write("lines.yaml", LINES + "queue: {capacity: 100}\n")
        slow = definition.read_text().replace("table: lines}", "table: lines, rate: 20/s}")
        limited = self.write("limited.yaml", slow)
        process = self.start_run(limited)
        lines = self.write("lines.jsonl", "".join('{"n": %d}\n' % n for n in range(1_000)))
        sender = self.spawn("send", "lines-in", lines, stderr=subprocess.PIPE)
        self.wait_for_file(self.folder / "lines.db")
        process.kill()
        process.wait()
        for line in sender.stderr:
            if b"nobody runs a pipeline" in line:
                break
        self.orders("status", "--check", expect=STALLED)
        process = self.start_run(definition)
        said = sender.stderr.read()
        self.assertEqual(sender.wait(60), DONE, said)
        self.orders("wait", "lines", "--idle", "--timeout", "60s", expect=DONE)
        self.assertEqual(self.terminate(process), DONE)
        with sqlite3.connect(f"file:{self.folder / 'lines.db'}?mode=ro", uri=True) as database:
            [(rows, different)] = database.execute("SELECT count(*), count(DISTINCT n) FROM lines")
        self.assertEqual((rows, different), (1_000, 1_000), "rows, different rows")

    def test_send_alone(self):
        """run is killed and not started again: send goes on by itself in the folder, and stores each line once"""
        definition = self.write("lines.yaml", LINES)
        process = self.start_run(definition)
        sender = self.spawn("send", "lines-in", stdin=subprocess.PIPE)
        line = self.put_lines(sender, 0, 10_000)
        self.wait_for_file(self.folder / "lines.db")
        process.kill()
        process.wait()
        self.put_lines(sender, line, 20_000)
        sender.stdin.close()
        self.assertEqual(sender.wait(60), DONE)
        self.orders("run", definition, "--until-idle", expect=DONE)
        self.assertEqual(self.queue(self.pipeline("lines"), "intake")["sent"], 20_000, "messages that were sent")

    def put_lines(self, sender, start, end):
        sender.stdin.write(b"".join(b'{"n": %d}\n' % n for n in range(start, end)))
        sender.stdin.flush()
        return end

    def start_run(self, definition):
        """Starts `run` and returns when it listens."""
        process = self.spawn("run", definition, stderr=subprocess.PIPE)
        first = process.stderr.readline()
        self.assertIn(b"lines", first, "run does not start")
        # Nobody reads on: what it logs must not fill the pipe.
        threading.Thread(target=process.stderr.read, daemon=True).start()
        return process

    def wait_for_file(self, path):
        deadline = time.monotonic() + 30
        while not path.exists():
            self.assertLess(time.monotonic(), deadline, f"{path} does not appear")
            time.sleep(0.01)

    feeding_failed = None

    def feed(self, lines):
        """Sends slice after slice; each `send` goes on by itself when a kill cuts its connection."""
        pauses = random.Random(f"{harness.SEED} pauses")
        slice_size = len(lines) // (2 * KILLS) + 1
        try:
            for start in range(0, len(lines), slice_size):
                path = self.write(f"slice-{start:06}.jsonl", b"".join(lines[start : start + slice_size]))
                self.orders("send", "orders-in", path, "--timeout", "60s", expect=DONE)
                time.sleep(pauses.uniform(0, 0.3))
        except BaseException as error:  # a thread's failure is the test's failure, reported there
            self.feeding_failed = error

    def kill_repeatedly(self, definition, longest):
        """Starts `run` and kills it at a random moment, from before it has opened the folder on."""
        while_working = 0
        for _ in range(KILLS):
            before = self.rows()
            with open(self.folder / "run.log", "wb") as log:
                process = self.spawn("run", *definition, stderr=log)
            time.sleep(self.random.uniform(0.01, longest))
            if process.poll() is not None:
                # A sender that has the folder to itself for a while is the one good reason not to run.
                self.assertEqual(process.returncode, BUSY, (self.folder / "run.log").read_text()[-3000:])
            process.kill()
            process.wait()
            while_working += self.rows() > before
        print(f"      rows had been written in {while_working} of {KILLS} killed runs")
