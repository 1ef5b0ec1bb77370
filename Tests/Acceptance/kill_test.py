import random
import threading
import time

import harness
from harness import BUSY, DEAD, DONE, EXAMPLE

KILLS = 20


class KillTest(harness.Case):
    def test_backlog(self):
        """run is killed 20 times over a backlog: all purchases once in the table, the broken ones dead"""
        lines = self.purchases() + self.broken()
        self.orders("send", "orders-in", self.write("all.jsonl", b"".join(lines)), expect=DONE)
        self.kill_repeatedly([], longest=0.5)
        self.orders("run", "--until-idle", expect=DEAD)
        self.assert_all_purchases(sent=len(lines))

    def test_insert_while_sending(self):
        """run is killed 20 times while send feeds it, inserting without a key: nothing lost, nothing doubled"""
        definition = (EXAMPLE / "orders.yaml").read_text().replace("  key: [order_id]\n", "")
        self.assertNotIn("key:", definition)
        definition = [self.write("insert.yaml", definition)]
        lines = self.purchases() + self.broken()
        feeder = threading.Thread(target=self.feed, args=(lines,))
        feeder.start()
        self.kill_repeatedly(definition, longest=1.0)
        feeder.join()
        self.assertIsNone(self.feeding_failed, "the sender gave up")
        self.orders("run", *definition, "--until-idle", expect=DEAD)
        self.assert_all_purchases(sent=len(lines))

    feeding_failed = None

    def feed(self, lines):
        """Sends slice after slice, each with a process of its own, as long as the kills take."""
        pauses = random.Random(f"{harness.SEED} pauses")
        slice_size = len(lines) // (2 * KILLS) + 1
        try:
            for start in range(0, len(lines), slice_size):
                path = self.write(f"slice-{start:06}.jsonl", b"".join(lines[start : start + slice_size]))
                self.orders("send", "orders-in", path, "--timeout", "60s", expect=DONE)
                time.sleep(pauses.uniform(0, 0.3))
        except BaseException as error:  # noqa: B902 - a thread's failure is the test's failure, reported there
            self.feeding_failed = error

    def kill_repeatedly(self, definition, longest):
        """Starts `run` and kills it at a random moment, from before it has opened the folder on."""
        while_working = 0
        for _ in range(KILLS):
            before = self.rows()
            process = self.spawn("run", *definition)
            time.sleep(self.random.uniform(0.01, longest))
            if process.poll() is not None:
                # A sender that has the folder to itself for a while is the one good reason not to run.
                self.assertEqual(process.returncode, BUSY, "`run` ended by itself")
            process.kill()
            process.wait()
            while_working += self.rows() > before
        print(f"      rows had been written in {while_working} of {KILLS} killed runs")
