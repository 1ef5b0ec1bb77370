import json
import os
import shutil
import sqlite3
import subprocess
import time

import harness
from harness import DEAD, DONE, USAGE

DEFINITION = """\
pipeline: lines
source: {queue: lines-in}
transform:
  runtime: python3
  handler: handler.handler
  code: ./code
  batch: %(batch)s
  timeout: 20s
  backoff: {first: 0s, max: 0s}
  concurrency: 1
queue: {max_receive_count: 2}
logs: %(logs)s
deliver: {to: "sqlite:lines.db", table: lines, key: [n]}
"""

HANDLER = """\
import base64, json, os, sys, time

print("loading")

def handler(event, context):
    answers = []
    for record in event["records"]:
        value = json.loads(base64.b64decode(record["data"]))
        print("saw", value["n"])
        exec(value.get("do", ""))
        answers.append({"recordId": record["recordId"], "result": "Ok", "data": record["data"]})
    return {"records": answers}
"""


class LogsTest(harness.Case):
    def setUp(self):
        super().setUp()
        (self.folder / "code").mkdir()
        self.write("code/handler.py", HANDLER)

    def define(self, batch=10, logs="{}"):
        return self.write("lines.yaml", DEFINITION % {"batch": batch, "logs": logs})

    def send(self, *records):
        text = "".join(json.dumps(record) + "\n" for record in records)
        self.orders("send", "lines-in", self.write("lines.jsonl", text), expect=DONE)

    def entries(self, *arguments):
        answer = self.orders("logs", "lines", *arguments, "--json", expect=DONE)
        return [json.loads(line) for line in answer.out.splitlines()]

    def files(self):
        return sorted((self.data / "logs" / "lines").glob("*.jsonl"))

    def test_invocations(self):
        """each invocation has START, its lines, END and REPORT, with duration, memory and the time of the start"""
        self.send(*({"n": n} for n in range(30)))
        self.orders("run", self.define(), "--until-idle", expect=DONE)
        entries = self.entries()
        self.assertEqual([e["message"] for e in entries if "request_id" not in e], ["loading"])
        requests = list(dict.fromkeys(e["request_id"] for e in entries if "request_id" in e))
        self.assertEqual(len(requests), 3)
        for place, request in enumerate(requests):
            lines = [e for e in entries if e.get("request_id") == request]
            self.assertEqual([e["type"] for e in lines], ["START"] + ["OUTPUT"] * 10 + ["END", "REPORT"])
            self.assertEqual(
                [e["message"] for e in lines[1:-2]], [f"saw {n}" for n in range(10 * place, 10 * place + 10)])
            self.assertRegex(lines[0]["message"], f"^START RequestId: {request} Version: [0-9a-f]+$")
            self.assertEqual(lines[-2]["message"], f"END RequestId: {request}")
            report = (
                f"^REPORT RequestId: {request}\tDuration: \\d+\\.\\d\\d ms\tBilled Duration: \\d+ ms"
                "\tMemory Size: 256 MB\tMax Memory Used: \\d+ MB" + ("\tInit Duration: \\d+\\.\\d\\d ms" if place == 0 else ""))
            self.assertRegex(lines[-1]["message"], report + "$")
            self.assertEqual(lines[0]["fields"]["records"], 10)
            self.assertEqual(len({e["log_stream"] for e in lines}), 1)
        self.assertTrue(all(e["version"] == 1 and e["pipeline"] == "lines" for e in entries))

    def test_record(self):
        """--record shows the invocations of one record, what it failed with and what the step says; dlq show the last"""
        self.send(*({"n": n, "do": "1 / 0" if n == 7 else ""} for n in range(20)))
        self.orders("run", self.define(), "--until-idle", expect=DEAD)
        letter = json.loads(self.orders("dlq", "show", "--all", "--json", expect=DONE).out)
        entries = self.entries("--record", letter["record"])
        with_it = {e["request_id"] for e in entries if e["message"] == "saw 7"}
        self.assertEqual({e["request_id"] for e in entries if "request_id" in e}, with_it)
        # In the batch of ten, then in halves down to itself; then once more, with what came behind it.
        self.assertGreaterEqual(len(with_it), 5)
        said = [e for e in entries if e["type"] == "STEP"]
        self.assertEqual([e["level"] for e in said], ["warning", "error"])
        self.assertIn("division by zero", said[1]["message"])
        [failure] = [e for e in letter["log"] if e["type"] == "ERROR"]
        self.assertEqual(failure["fields"]["errorType"], "ZeroDivisionError")
        self.assertEqual(failure["fields"]["errorMessage"], "division by zero")
        self.assertIn("handler.py", failure["fields"]["stackTrace"])
        self.assertEqual([e["message"] for e in letter["log"] if e["type"] == "OUTPUT"], ["saw 7"])
        self.assertIn("saw 7", self.orders("dlq", "show", "--all", expect=DONE).out)

    def test_follow_from_nothing(self):
        """`logs -f` waits where there is no data folder yet, and goes on when there is"""
        self.data = self.folder / "not" / "there"
        with open(self.folder / "followed", "wb") as out:
            follow = self.spawn("logs", "lines", "-f", stdout=out)
        time.sleep(0.3)
        self.assertIsNone(follow.poll())
        self.send({"n": 1})
        self.orders("run", self.define(), "--until-idle", expect=DONE)
        self.wait_until(lambda: b"saw 1" in (self.folder / "followed").read_bytes(), ["saw 1"])
        follow.kill()

    def test_own_name(self):
        """--record knows a record by its own name, and says when there is none of it in what is kept"""
        definition = self.write(
            "lines.yaml", self.define(batch=1).read_text().replace("queue: {", "id: $.name\nqueue: {"))
        self.send({"n": 1, "name": "one"}, {"n": 2, "name": "two", "do": "1 / 0"}, {"n": 3})
        self.orders("run", definition, "--until-idle", expect=DEAD)
        entries = self.entries("--record", "two")
        self.assertEqual({e["message"] for e in entries if e["type"] == "OUTPUT"}, {"saw 2"})
        said = [e for e in entries if e["type"] == "STEP"]
        self.assertEqual([e["level"] for e in said], ["warning", "error"])
        [identity] = {e["fields"]["record"] for e in said}
        self.assertEqual(self.entries("--record", identity), entries)
        self.assertEqual({e["message"] for e in self.entries("--record", "one") if e["type"] == "OUTPUT"}, {"saw 1"})
        self.assertIn("about a record 'four'", self.orders("logs", "lines", "--record", "four", expect=USAGE).err)

    def test_follow(self):
        """-f shows lines as they come, from a process that starts later, and over its restart"""
        self.send({"n": 0})
        shown = self.folder / "shown"
        with open(shown, "wb") as stdout:
            reader = self.spawn("logs", "lines", "-f", stdout=stdout)
        time.sleep(0.5)  # it waits for a pipeline that has never run
        self.orders("run", self.define(), "--until-idle", expect=DONE)
        self.wait_until(lambda: "saw 0" in shown.read_text(), "it never showed the first record")
        self.wait_until(lambda: "REPORT" in shown.read_text(), "it never showed the end")
        process = self.spawn("run", self.define())
        self.orders("wait", "--ready", "--timeout", "30s", expect=DONE)
        self.send({"n": 1})
        self.wait_until(lambda: "saw 1" in shown.read_text(), "it never showed the second record")
        self.assertIsNone(reader.poll())
        self.assertIsNone(process.poll())

    def test_kill(self):
        """kill -9 leaves logs that can be read, and the next run goes on in them"""
        self.send(*({"n": n, "do": "time.sleep(0.001)"} for n in range(2000)))
        process = self.spawn("run", self.define(batch=5))
        self.wait_until(lambda: self.files() and self.files()[-1].stat().st_size > 20_000, "nothing is logged")
        process.kill()
        process.wait()
        path = self.files()[-1]
        # What a kill may leave, but seldom does: half a line.
        with open(path, "ab") as file:
            file.write(b'{"time":17326043')
        before = len(self.entries())
        self.assertGreater(before, 50)
        self.orders("run", self.define(batch=100), "--until-idle", expect=DONE)
        answer = self.orders("logs", "lines", "--json", expect=DONE)
        self.assertGreater(len(answer.out.splitlines()), before)
        self.assertIn("1 lines could not be read", answer.err)

    def test_flood(self):
        """a flood of lines is bounded and counted, and START and REPORT come through"""
        flood = "for i in range(300_000): os.write(1, b'x' * 99 + b'\\n')"
        self.send({"n": 0, "do": flood}, {"n": 1, "do": "os.write(2, b'y' * 3_000_000 + b'\\n')"}, {"n": 2})
        self.orders("run", self.define(batch=1), "--until-idle", expect=DONE, timeout=120)
        entries = self.entries()
        self.assertEqual([e["type"] for e in entries if e["type"] in ("START", "REPORT")], ["START", "REPORT"] * 3)
        self.assertEqual(sum(e["message"].startswith("xxx") for e in entries), 9_999)
        [cut] = [e for e in entries if "not kept" in e["message"]]
        self.assertEqual(cut["fields"], {"lines": 290_001, "bytes": 290_001 * 99})
        [long] = [e for e in entries if e["message"].startswith("yyy")]
        self.assertEqual(len(long["message"]) + long["fields"]["bytesCut"], 3_000_000)
        self.assertLess(sum(path.stat().st_size for path in self.files()), 10_000_000)

    def test_disk(self):
        """on a disk that is nearly full lines are dropped and counted, and records go on"""
        disk = self.folder / "disk"
        disk.mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=256m", "tmpfs", disk], capture_output=True, text=True)
        if mounted.returncode != 0:
            self.skipTest(f"cannot mount a small disk here (needs root): {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "--lazy", disk], check=True)
        self.data = disk / "data"
        self.send({"n": 0})
        said = self.folder / "stderr"
        with open(said, "wb") as stderr:
            self.spawn("run", self.define(), stderr=stderr)
        self.wait_until(lambda: self.rows_written() == 1, "the first record is not delivered")
        free = os.statvfs(disk)
        filler = disk / "filler"
        filler.write_bytes(bytes(free.f_bavail * free.f_frsize - (40 << 20)))
        self.send({"n": 1})
        self.wait_until(lambda: self.rows_written() == 2, "a record waits for its log")
        # The log is written in its own time.
        self.wait_until(lambda: "lines of logs are not kept" in said.read_text(), "it does not say so")
        self.assertNotIn("saw 1", [e["message"] for e in self.entries()])
        filler.unlink()
        self.send({"n": 2})
        self.wait_until(lambda: "saw 2" in [e["message"] for e in self.entries()], "the log does not go on")
        [lost] = [e for e in self.entries() if "not kept" in e["message"]]
        self.assertIn("the disk is nearly full", lost["message"])
        self.assertEqual(lost["fields"]["lines"], 4)

    def rows_written(self):
        path = self.folder / "lines.db"
        if not path.exists():
            return 0
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            if not database.execute("SELECT 1 FROM sqlite_schema WHERE name = 'lines'").fetchone():
                return 0
            return database.execute("SELECT count(*) FROM lines").fetchone()[0]

    def test_retention(self):
        """files that are older than `keep` are deleted, those of a pipeline that runs no more as well"""
        self.send({"n": 0})
        self.orders("run", self.define(logs="{keep: 1d}"), "--until-idle", expect=DONE)
        [path] = self.files()
        old = path.with_name(path.name.replace(path.name[9:22], "2020-01-01T00"))
        path.rename(old)
        other = self.data / "logs" / "former"
        shutil.copytree(old.parent, other)
        process = self.spawn("run", self.define(logs="{keep: 1d}"))
        self.wait_until(lambda: not old.exists() and not list(other.glob("*.jsonl")), "old logs are still there")
        self.terminate(process)

    def test_level(self):
        """`level: error` keeps what failed and nothing else"""
        self.send({"n": 0}, {"n": 1, "do": "raise ValueError('no')"})
        self.orders("run", self.define(logs="{level: error}"), "--until-idle", expect=DEAD)
        self.assertEqual({e["level"] for e in self.entries()}, {"error"})
        self.assertIn("[ERROR] ValueError: no", [e["message"] for e in self.entries()])

    def test_choice(self):
        """--since, --until, -n and the step choose lines; a name that is not there is told what is"""
        self.send(*({"n": n} for n in range(5)))
        self.orders("run", self.define(batch=1), "--until-idle", expect=DONE)
        self.assertEqual(len(self.entries("-n", "3")), 3)
        self.assertEqual(self.entries("-n", "3"), self.entries()[-3:])
        self.assertEqual(self.entries("--since", "1h"), self.entries())
        self.assertEqual(self.entries("--until", "2020-01-01T00:00:00Z"), [])
        middle = self.entries()[8]["time"]
        self.assertTrue(all(e["time"] >= middle for e in self.entries("--since", middle)))
        parted = self.entries("--until", middle) + [e for e in self.entries("--since", middle) if e["time"] > middle]
        self.assertEqual(parted, self.entries())
        self.assertEqual(self.orders("logs", "lines/sqlite", expect=DONE).out, "")
        self.assertIn("did you mean 'lines'", self.orders("logs", "line", expect=USAGE).err)
        self.assertIn("transform, sqlite", self.orders("logs", "lines/x", expect=USAGE).err)
        self.orders("logs", "lines", "--since", "whenever", expect=USAGE)

    def test_escapes(self):
        """what a function writes cannot move the cursor of who reads it"""
        self.send({"n": 0, "do": r"os.write(1, b'\x1b[2J\x1b[31mred\xff\n')"})
        self.orders("run", self.define(), "--until-idle", expect=DONE)
        self.assertIn(r"\x1b[2J\x1b[31mred", self.orders("logs", "lines", expect=DONE).out)

    def test_secrets(self):
        """a secret of the definition is masked in the log, also where the function writes it"""
        self.write("code/secret", "hunter2-hunter2")
        definition = self.define().read_text().replace(
            "  concurrency: 1\n", "  concurrency: 1\n  environment: {KEY: \"${file:./code/secret}\"}\n")
        self.send({"n": 0, "do": "print('the key is', os.environ['KEY'])"})
        self.orders("run", self.write("lines.yaml", definition), "--until-idle", expect=DONE)
        self.assertIn("the key is ***", [e["message"] for e in self.entries()])
        self.assertFalse(any(b"hunter2" in path.read_bytes() for path in self.files()))

    def test_secret_reason(self):
        """a secret that a function repeats in a reason is masked where the reason is kept, and where it is tried"""
        self.write("code/secret", "hunter2-hunter2")
        definition = self.write("lines.yaml", self.define().read_text().replace(
            "  concurrency: 1\n", "  concurrency: 1\n  environment: {KEY: \"${file:./code/secret}\"}\n"))
        self.send({"n": 0, "do": "raise ValueError('refused: ' + os.environ['KEY'])"})
        self.orders("run", definition, "--until-idle", expect=DEAD)
        shown = [self.orders(*words).text for words in (
            ["status"], ["dlq"], ["dlq", "show", "--group", "1"], ["dlq", "export", "--all", "-o", "-"],
            ["dlq", "try", "--all", "-f", definition])]
        for text in shown:
            self.assertIn("refused: ***", text)
            self.assertNotIn("hunter2", text)

    def wait_until(self, condition, words):
        deadline = time.monotonic() + 30
        while not condition():
            self.assertLess(time.monotonic(), deadline, words)
            time.sleep(0.02)
