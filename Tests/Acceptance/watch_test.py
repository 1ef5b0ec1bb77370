import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time

import harness
from harness import DONE

INTERRUPTED = 130
PIPELINE = """\
pipeline: lines
source: {queue: lines-in}
queue: {max_receive_count: 1}
deliver: {to: "sqlite:lines.db", table: lines, key: [n]}
"""


class StatusWatchTest(harness.Case):
    def setUp(self):
        super().setUp()
        self.write("lines.yaml", PIPELINE)
        self.orders("send", "lines-in", input=b'{"n": 1}\n', expect=DONE)
        self.orders("run", "lines.yaml", "--until-idle", expect=DONE)

    def test_json(self):
        """`status --watch --json` prints one document a line, and goes on while processes come and go"""
        watch = self.spawn("status", "--watch", "--interval", "200ms", "--json", stdout=subprocess.PIPE)
        first = json.loads(watch.stdout.readline())
        self.assertEqual(first["version"], 1)
        run = self.spawn("run", "lines.yaml")
        self.eventually(lambda: self.is_running(json.loads(watch.stdout.readline())))
        self.assertEqual(self.terminate(run), DONE)
        self.eventually(lambda: not self.is_running(json.loads(watch.stdout.readline())))
        watch.send_signal(signal.SIGINT)
        self.assertEqual(watch.wait(10), INTERRUPTED)

    @staticmethod
    def is_running(report):
        return any(pipeline["running"] for pipeline in report.get("pipelines", []))

    def eventually(self, condition, timeout=20):
        deadline = time.monotonic() + timeout
        while not condition():
            self.assertLess(time.monotonic(), deadline)

    def test_blocks(self):
        """without a terminal there is one block for each change, and none while nothing changes"""
        watch = self.spawn("status", "--watch", "--interval", "100ms", stdout=subprocess.PIPE)
        time.sleep(2)
        self.orders("pause", "lines", expect=DONE)
        time.sleep(1)
        watch.send_signal(signal.SIGINT)
        out, _ = watch.communicate(timeout=10)
        blocks = out.decode().count("received 1 = ")
        self.assertTrue(2 <= blocks <= 3, f"{blocks} blocks:\n{out.decode()}")
        self.assertNotIn(b"\x1b", out)

    def test_beside(self):
        """commands get through beside a watch that has the folder again and again for a moment"""
        self.spawn("status", "--watch", "--interval", "100ms")
        for _ in range(20):
            self.orders("pause", "lines", expect=DONE)
            self.orders("resume", "lines", expect=DONE)

    def test_terminal(self):
        """on a terminal it draws in place, fits the size, also a new one, and leaves the screen as it was"""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 40, 0, 0))
        watch = self.spawn("status", "--watch", "--interval", "1m", stdout=slave)
        page = self.read(master, b"\x1b[J")
        self.assertTrue(page.startswith(b"\x1b[?1049h\x1b[?25l\x1b[H"), page)
        lines = page.split(b"\x1b[H")[-1].replace(b"\x1b[J", b"").replace(b"\x1b[K", b"").decode().split("\n")
        self.assertLessEqual(max(len(line.strip("\r")) for line in lines), 40)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 2, 40, 0, 0))
        watch.send_signal(signal.SIGWINCH)
        page = self.read(master, b"\x1b[J")
        self.assertIn("more lines", page.decode())
        watch.send_signal(signal.SIGINT)
        self.assertEqual(watch.wait(10), INTERRUPTED)
        self.assertIn(b"\x1b[?25h\x1b[?1049l", self.read(master, b"\x1b[?1049l"))

    def read(self, master, end, timeout=10):
        """What comes up to `end`."""
        text, deadline = b"", time.monotonic() + timeout
        while end not in text:
            ready, _, _ = select.select([master], [], [], max(0, deadline - time.monotonic()))
            self.assertTrue(ready, f"nothing more comes: {text}")
            text += os.read(master, 65536)
        return text
