import random
import re
import threading
import time

import harness
from harness import BUSY, DEAD, DONE, EXAMPLE

KILLS = 20


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
        """run is killed 20 times while send feeds it: what send said is stored is stored, all arrives, in order"""
        lines = self.purchases() + self.broken()
        feeder = threading.Thread(target=self.feed, args=(lines,))
        feeder.start()
        self.kill_repeatedly([], longest=1.0)
        feeder.join()
        self.assertIsNone(self.feeding_failed, "the sender gave up")
        self.orders("run", "--until-idle", expect=DEAD)
        self.assert_all_purchases()

    feeding_failed = None

    def feed(self, lines):
        """Sends slice after slice; when a kill cuts the connection, goes on as `send` says."""
        pauses = random.Random(f"{harness.SEED} pauses")
        slice_size = len(lines) // (2 * KILLS) + 1
        interruptions = 0
        try:
            for start in range(0, len(lines), slice_size):
                path = self.write(f"slice-{start:06}.jsonl", b"".join(lines[start : start + slice_size]))
                skip = 0
                while (answer := self.send(path, skip)).code != DONE:
                    interruptions += 1
                    go_on = re.search(r"--skip (\d+)", answer.text)
                    self.assertTrue(go_on, f"send does not say how to go on\n{answer}")
                    skip = int(go_on[1])
                time.sleep(pauses.uniform(0, 0.3))
        except BaseException as error:  # a thread's failure is the test's failure, reported there
            self.feeding_failed = error
        print(f"      send was interrupted {interruptions} times, and went on")

    def send(self, path, skip):
        return self.orders("send", "orders-in", path, "--skip", skip, "--timeout", "60s")

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
