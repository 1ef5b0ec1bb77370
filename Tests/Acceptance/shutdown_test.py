import time

import harness
from harness import DEAD, DONE


class ShutdownTest(harness.Case):
    def test_sigterm(self):
        """SIGTERM at random moments is a clean stop: exit 0, no receive spent, nothing lost"""
        lines = self.purchases() + self.broken()
        self.orders("send", "orders-in", self.write("all.jsonl", b"".join(lines)), expect=DONE)
        for _ in range(8):
            process = self.spawn("run")
            time.sleep(self.random.uniform(0.2, 0.8))
            self.assertIsNone(process.poll(), "`run` ended by itself")
            started = time.monotonic()
            self.assertEqual(self.terminate(process), DONE, "exit code after SIGTERM")
            self.assertLess(time.monotonic() - started, 20, "seconds to stop")
        self.orders("run", "--until-idle", expect=DEAD)
        self.assert_all_purchases(sent=len(lines))
        for step in self.pipeline()["steps"]:
            self.assertEqual(step["ledger"].get("retried", 0), 0, "receives that the shutdown spent")
