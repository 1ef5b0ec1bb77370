import json
import os
import signal

import harness
from harness import DEAD, DONE, USAGE

INTERRUPTED = 130

PIPELINE = """\
pipeline: lines
source: {queue: lines-in}
queue: {max_receive_count: 1}
deliver: {to: "sqlite:lines.db", table: lines, key: [n]}
"""


class ExportTest(harness.Case):
    def bury(self, *bodies):
        """The records die at the delivery: they are no JSON objects with an `n`."""
        self.write("lines.yaml", PIPELINE)
        for body in bodies:
            if b"\n" in body or body.endswith(b"\r"):
                self.orders("send", "lines-in", self.write("one", body), "--whole", expect=DONE)
            else:
                self.orders("send", "lines-in", input=body + b"\n", expect=DONE)
        self.orders("run", "lines.yaml", "--until-idle", expect=DEAD)

    def test_all(self):
        """`dlq export` has all that is known of each, text as text and bytes as bytes, and removes nothing"""
        bodies = [b'{"m": 1}', "gr\u00fcn".encode(), b"\xff\xfe", b"two\nlines"]
        self.bury(*bodies)
        answer = self.orders("dlq", "export", "--all", "-o", "dead.jsonl", expect=DONE)
        self.assertIn("4 dead letters", answer.err)
        letters = [json.loads(line) for line in (self.folder / "dead.jsonl").read_text().splitlines()]
        shown = [json.loads(line) for line in self.orders("dlq", "show", "--all", "--json", expect=DONE).out.splitlines()]
        self.assertEqual([letter["id"] for letter in letters], [letter["id"] for letter in shown])
        for letter, of_show in zip(letters, shown):
            self.assertEqual("body_text" in letter, "body" not in letter, "one of the two")
            for key in ("step", "reason", "record", "pipeline", "queue", "source", "received", "died", "receive_count"):
                self.assertIn(key, letter)
            self.assertEqual(letter["failures"], of_show["failures"])
            self.assertEqual(letter["reason"], letter["failures"][-1]["reason"])
        self.assertEqual({letter.get("body_text") for letter in letters}, {'{"m": 1}', "gr\u00fcn", "two\nlines", None})
        self.assertEqual((self.folder / "dead.jsonl").stat().st_mode & 0o777, 0o600)

    def test_many(self):
        """thousands come page by page, each once, from a process that runs as from the folder; Ctrl-C leaves no half"""
        self.write("lines.yaml", PIPELINE)
        text = b"".join(b'{"m": %d, "x": "%s"}\n' % (n, b"y" * 500) for n in range(6000))
        self.orders("send", "lines-in", input=text, expect=DONE)
        self.orders("run", "lines.yaml", "--until-idle", expect=DEAD)
        self.orders("dlq", "export", "--all", "--raw", "-o", "alone", expect=DONE)
        export = self.spawn("dlq", "export", "--all", "-o", "cut")
        while not list(self.folder.glob("cut*")):
            self.assertIsNone(export.poll())
        export.send_signal(signal.SIGINT)
        self.assertEqual(export.wait(30), INTERRUPTED)
        self.assertEqual(list(self.folder.glob("cut*")), [], "what was begun is put away")
        run = self.spawn("run", "lines.yaml")
        self.orders("wait", "--ready", "--timeout", "30s", expect=DONE)
        answer = self.orders("dlq", "export", "--all", "--raw", "-o", "-", expect=DONE)
        self.assertEqual(self.terminate(run), DONE)
        for out in ((self.folder / "alone").read_bytes(), answer.out.encode()):
            self.assertEqual(sorted(out.splitlines(keepends=True)), sorted(text.splitlines(keepends=True)))

    def test_raw(self):
        """--raw is what `send` reads again; a body that is no line is left out and counted (3)"""
        self.bury(b'{"m": 1}', b"two\nlines", b"return\r", b"\xff")
        answer = self.orders("dlq", "export", "--all", "--raw", "-o", "raw", expect=DEAD)
        self.assertIn("2 left out", answer.err)
        self.assertEqual((self.folder / "raw").read_bytes(), b'{"m": 1}\n\xff\n')
        self.orders("send", "again", "raw", expect=DONE)

    def test_what_is_there(self):
        """a link is followed; a pipe, a folder or a device is not replaced by a file"""
        self.bury(b'{"m": 1}')
        (self.folder / "link").symlink_to("target")
        self.orders("dlq", "export", "--all", "--raw", "-o", "link", expect=DONE)
        self.assertTrue((self.folder / "link").is_symlink())
        self.assertEqual((self.folder / "target").read_bytes(), b'{"m": 1}\n')
        os.mkfifo(self.folder / "pipe")
        (self.folder / "folder").mkdir()
        for name in ("pipe", "folder", "/dev/null"):
            answer = self.orders("dlq", "export", "--all", "-o", name, expect=harness.FAILED)
            self.assertIn("no regular file", answer.err)
        self.assertTrue((self.folder / "pipe").is_fifo())

    def test_not_written(self):
        """a file that cannot be written, and a choice that matches nothing, leave what is there as it was"""
        self.bury(b'{"m": 1}')
        (self.folder / "old").write_text("old")
        self.orders("dlq", "export", "--reason", "never seen", "-o", "old", expect=USAGE)
        self.orders("dlq", "export", "-o", "old", expect=USAGE)
        self.orders("dlq", "export", "--all", "-o", "no/such/folder", expect=harness.FAILED)
        self.assertEqual((self.folder / "old").read_text(), "old")
        self.assertEqual([path.name for path in self.folder.glob("*partial*")], [])
