import os
import signal
import subprocess
import sys

import harness

TORTURE = harness.ROOT / "Tests" / "Torture" / "torture.py"


class TortureTest(harness.Case):
    def torture(self, *options):
        process = subprocess.Popen(
            [sys.executable, TORTURE, "--server", harness.ORDERS, "--seed", str(self.random.randrange(2**31)), *options],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            text, _ = process.communicate(timeout=900)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            text, _ = process.communicate()
            self.fail(f"the torture does not end\n{text.decode()}")
        return process.returncode, text.decode()

    def test_short(self):
        """killed, on a disk that fails, and without power: nothing that was answered is lost, doubled or overtaken"""
        code, text = self.torture("--seconds", "60")
        self.assertEqual(code, 0, text)
        print(f"      {text.strip()}")

    def test_hours(self):
        """the same while hours pass: raw copies move into files and expire"""
        code, text = self.torture("--seconds", "15", "--hours", "--weights", "1", "4", "1")
        self.assertEqual(code, 0, text)
        print(f"      {text.strip()}")

    def test_disk_that_lies(self):
        """the torture finds out a disk that says it has synced and has not, and accuses no honest one"""
        code, text = self.torture("--seconds", "60", "--lie", "--contradictions")
        self.assertEqual(code, 1, text)
        self.assertIn("VIOLATION", text)
        code, text = self.torture("--seconds", "8", "--contradictions", "--weights", "0", "1", "0")
        self.assertEqual(code, 0, text)
