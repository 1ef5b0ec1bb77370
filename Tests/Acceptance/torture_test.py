import subprocess
import sys

import harness

TORTURE = harness.ROOT / "Tests" / "Torture" / "torture.py"


class TortureTest(harness.Case):
    def torture(self, *options):
        done = subprocess.run(
            [sys.executable, TORTURE, "--server", harness.ORDERS, "--seed", str(self.random.randrange(2**31)), *options],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=400)
        return done.returncode, done.stdout.decode()

    def test_short(self):
        """killed, on a disk that fails, and without power: nothing that was answered is lost, doubled or overtaken"""
        code, text = self.torture("--seconds", "60")
        self.assertEqual(code, 0, text)
        print(f"      {text.strip()}")

    def test_disk_that_lies(self):
        """the torture finds out a disk that says it has synced and has not"""
        code, text = self.torture("--seconds", "20", "--lie", "--patience", "5")
        self.assertEqual(code, 1, text)
        self.assertIn("VIOLATION", text)
