import gzip
import json
import signal
import sqlite3
import time

import harness
from harness import DEAD, DONE, FAILED, USAGE

KILLS = 15

PIPELINE = """\
pipeline: lines
source: {bucket: drop%s}
%sdeliver: {to: "sqlite:lines.db", table: lines}
"""
FIFO = "queue: {type: fifo, group: $.g}\n"


class BucketsTest(harness.Case):
    def define(self, source="", more=""):
        return self.write("lines.yaml", PIPELINE % (source, more))

    def rows(self, columns="n"):
        with sqlite3.connect(f"file:{self.folder / 'lines.db'}?mode=ro", uri=True) as database:
            return database.execute(f"SELECT {columns} FROM lines ORDER BY rowid").fetchall()

    def status(self):
        document = self.json("status")
        self.assertTrue(document["adds_up"], document)
        return document["pipelines"][0]

    def test_formats(self):
        """files of every format land in a bucket: a row for each record, and each broken one is dead alone"""
        files = [
            self.write("a.jsonl", b'{"n": 1}\n{"n": \n{"n": 2}\n'), self.write("b.csv", "n,x\n3,\"a\nb\"\n4\n5,y\n"),
            self.write("c.json", '[{"n": 6}, {"n": 7}]'), self.write("d.jsonl.gz", gzip.compress(b'{"n": 8}\n') * 2),
            self.write("e.jsonl.gz", gzip.compress(b"".join(b'{"n": %d}\n' % n for n in range(1000, 9000)))[:-4000]),
            self.write("empty.csv", ""),
        ]
        self.assertIn("6 objects put", self.orders("put", "drop", *files, "--prefix", "in/", expect=DONE).out)
        self.orders("run", self.define(", prefix: in/"), "--until-idle", expect=DEAD)
        rows = [n for (n,) in self.rows("CAST(n AS INTEGER)")]
        self.assertEqual(sorted(n for n in rows if n < 1000), [1, 2, 3, 5, 6, 7, 8, 8])
        cut = [n for n in rows if n >= 1000]
        self.assertEqual(sorted(cut), list(range(1000, 1000 + len(cut))), "what came before the cut, each once")
        self.assertGreater(len(cut), 1000)
        letters = [json.loads(line) for line in self.orders("dlq", "show", "--all", "--json", expect=DONE).out.splitlines()]
        reasons = sorted(letter["failures"][-1]["reason"] for letter in letters)
        self.assertEqual(len(letters), 3, reasons)
        for text, reason in zip(['"drop/in/a.jsonl", line 2, byte 9', '"drop/in/b.csv", line 4, byte 12', '"drop/in/e.jsonl.gz"'], reasons):
            self.assertIn(text, reason)
        pipeline = self.status()
        self.assertEqual((pipeline["received"], pipeline["delivered"], pipeline["dead"]), (len(rows) + 3, len(rows), 3))

    def test_kill(self):
        """run is killed 15 times while it splits: every record of every object arrives once, in order in its group"""
        count, objects = 20_000, 3
        for index in range(objects):
            lines = [json.dumps({"g": n % 7, "n": index * count + n}) for n in range(count)]
            text = "\n".join(lines).encode()
            self.write(f"{index}.jsonl", text if index else gzip.compress(text))
        self.orders("put", "drop", *(self.folder / f"{index}.jsonl" for index in range(objects)), expect=DONE)
        definition = self.define(more=FIFO)
        for _ in range(KILLS):
            process = self.spawn("run", definition)
            time.sleep(self.random.uniform(0.05, 0.9))
            process.kill()
            process.wait()
        self.orders("run", definition, "--until-idle", expect=DONE)
        rows = self.rows("n, g")
        self.assertEqual(len(rows), objects * count)
        for group in range(7):
            numbers = [n for n, g in rows if g == group]
            self.assertEqual(numbers, sorted(set(numbers)), f"group {group}: nothing doubled, nothing overtaken")
        self.assertEqual(self.status()["received"], objects * count)
        self.assertIn("no problem", self.orders("data", "check", expect=DONE).text)

    def test_put_while_it_runs(self):
        """what is put while a pipeline runs is read at once; an overwritten object counts as often as it was put"""
        process = self.spawn("run", self.define())
        self.orders("wait", "lines", "--ready", "--timeout", "60s", expect=DONE)
        for n in range(3):
            self.orders("put", "drop", self.write("a.jsonl", '{"n": %d}\n' % n), expect=DONE)
        self.orders("wait", "lines", "--idle", "--timeout", "60s", expect=DONE)
        self.assertEqual(self.rows(), [(0,), (1,), (2,)])
        self.assertEqual(self.json("bucket", "ls")["objects"], 1)
        self.assertEqual(self.terminate(process), DONE)

    def test_many(self):
        """two thousand small objects, whatever their names have in them: each is there under its name, and read once"""
        names = ["a b+c%20&<>\".jsonl", "日本語 ü.jsonl", "-n.jsonl", "x'y;$(z).jsonl", "tab\tand\nline.jsonl"]
        names += [f"{n:05}.jsonl" for n in range(2_000)]
        for n, name in enumerate(names):
            (self.folder / name).write_text('{"n": %d}' % n)
        definition = self.define(", prefix: in/", "")
        for start in range(0, len(names), 500):
            paths = [self.folder / name for name in names[start:start + 500]]
            self.orders("put", "drop", "--prefix", "in/", *paths, expect=DONE)
        listed = [json.loads(line) for line in self.orders("bucket", "ls", "drop", "--json", expect=DONE).out.splitlines()]
        self.assertEqual([o["key"] for o in listed], sorted((f"in/{name}" for name in names), key=str.encode))
        self.orders("run", definition, "--until-idle", expect=DONE)
        self.assertEqual(sorted(self.rows()), [(n,) for n in range(len(names))])

    def test_long_line(self):
        """an object of one line of 300 MB costs one dead letter and no memory; what is around it comes through"""
        with open(self.folder / "a.txt", "wb") as file:
            file.write(b"first\n")
            file.seek(300 << 20, 1)
            file.write(b"\nlast\n")
        self.orders("put", "drop", self.folder / "a.txt", expect=DONE)
        definition = self.write("lines.yaml", PIPELINE % ("", "transform: {jq: '{n: .}'}\n"))
        answer = self.orders("run", definition, "--until-idle", expect=DEAD)
        self.assertLess(answer.peak_memory, 250 << 20)
        letters = [json.loads(line) for line in self.orders("dlq", "show", "--all", "--json", expect=DONE).out.splitlines()]
        self.assertIn(f"it has {300 << 20} bytes", str([letter["failures"] for letter in letters]))

    def test_bomb(self):
        """two gigabytes of one line in a gzip of two megabytes cost one dead letter and no memory"""
        with gzip.open(self.folder / "a.jsonl.gz", "wb", compresslevel=1) as file:
            file.write(b'{"n": 1}\n')
            for _ in range(128):
                file.write(b" " * (16 << 20))
            file.write(b'\n{"n": 2}\n')
        self.orders("put", "drop", self.folder / "a.jsonl.gz", expect=DONE)
        answer = self.orders("run", self.define(), "--until-idle", expect=DEAD)
        self.assertLess(answer.peak_memory, 250 << 20)
        self.assertEqual(self.rows("CAST(n AS INTEGER)"), [(1,), (2,)])

    def test_gone(self):
        """an object whose bytes were taken away is a dead letter that says so; the others are read"""
        self.orders("put", "drop", self.write("a.jsonl", '{"n": 1}'), self.write("b.jsonl", '{"n": 2}'), expect=DONE)
        (first,) = [path for path in (self.data / "objects").rglob("*") if len(path.name) == 64 and b"1" in path.read_bytes()]
        first.unlink()
        self.orders("run", self.define(), "--until-idle", expect=DEAD)
        self.assertEqual(self.rows("CAST(n AS INTEGER)"), [(2,)])
        self.assertIn("drop/a.jsonl", self.orders("dlq", "show", "--all", expect=DONE).out)

    def test_refused(self):
        """a file that is not there, a folder, a name that cannot be: nothing is put, and why is said"""
        self.assertIn("cannot be read", self.orders("put", "drop", "nothing.jsonl", expect=FAILED).err)
        self.assertIn("is a folder", self.orders("put", "drop", self.folder, expect=FAILED).err)
        self.assertIn("character 'D'", self.orders("put", "Drop", "a", expect=USAGE).err)
        self.orders("put", "drop", self.write("a.txt", "x"), "--key", "k" * 1025, expect=USAGE)
        self.assertIn("there is no bucket 'drop'", self.orders("bucket", "show", "drop", expect=USAGE).err)

    def test_interrupted(self):
        """a put that is interrupted has put whole objects only, and leaves no half of one behind"""
        put = self.spawn("put", "drop", "-", "--key", "a.txt", stdin=harness.subprocess.PIPE)
        put.stdin.write(b"half of it")
        put.stdin.flush()
        deadline = time.monotonic() + 30
        while not list(self.data.glob("objects/incoming/*")):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        put.send_signal(signal.SIGINT)
        self.assertEqual(put.wait(30), 130)
        self.assertEqual(list(self.data.glob("objects/incoming/*")), [])
        self.orders("bucket", "show", "drop", expect=USAGE)
