import json
import signal
import sqlite3
import threading
import time

import harness
from harness import DEFINITION, DONE, STALLED

PIPELINE = """\
pipeline: %(name)s
source: {queue: %(name)s-in}
transform:
  runtime: python3
  handler: handler.handler
  code: ./%(name)s
  contract: json
  timeout: %(timeout)s
  batch: 10
  concurrency: 1
  backoff: {first: 0s, max: 0s}
queue: {max_receive_count: 2}
deliver: {to: "sqlite:rows.db", table: %(name)s}
"""

# Each row says which code made it, and in which process. A row without a key is one more row each time it comes.
HANDLER = """\
import os, time

def handler(event, context):
    records = []
    for record in event["records"]:
        row = record["record"]
        if row.get("sleep"):
            open(os.environ["LAMBDA_TASK_ROOT"] + "/../called", "w").close()
        time.sleep(row.get("sleep", 0))
        if row.get("fail"):
            raise ValueError("it says so")
        row = {"n": row["n"], "code": "%s", "pid": os.getpid()}
        records.append({"id": record["id"], "result": "Ok", "record": row})
    return {"records": records}
"""


class ReloadTest(harness.Case):
    def define(self, *names, timeout="30s", file="all.yaml"):
        return self.write(file, "---\n".join(PIPELINE % {"name": name, "timeout": timeout} for name in names))

    def code(self, name, stamp, text=HANDLER):
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        # As editors save: a new file, which then takes the name.
        new = folder / "handler.py~"
        new.write_text(text % stamp if "%s" in text else text)
        new.replace(folder / "handler.py")

    def start(self, *arguments):
        self.log = self.folder / "run.log"
        with open(self.log, "wb") as log:
            process = self.spawn("run", *arguments, stderr=log)
        self.eventually("it runs", lambda: "lines" in self.log.read_text())
        return process

    def send(self, name, *records):
        text = "".join(json.dumps(record) + "\n" for record in records)
        self.orders("send", f"{name}-in", input=text.encode(), expect=DONE)

    def idle(self, name):
        self.orders("wait", name, "--idle", "--timeout", "60s", expect=DONE)

    def rows_of(self, name):
        """The rows as they were written: number, code, process."""
        with sqlite3.connect(f"file:{self.folder / 'rows.db'}?mode=ro", uri=True) as database:
            return database.execute(f"SELECT n, code, pid FROM {name} ORDER BY rowid").fetchall()

    def eventually(self, what, condition, timeout=30):
        deadline = time.monotonic() + timeout
        while not condition():
            self.assertLess(time.monotonic(), deadline, f"it does not come to it: {what}\n{self.log.read_text()}")
            time.sleep(0.05)

    def called(self):
        """Returns when the function is at a record that sleeps: its process has read its code by then."""
        self.eventually("it is called", (self.folder / "called").exists)

    def letters(self):
        answer = self.orders("dlq", "show", "--all", "-n", "100", "--json", expect=DONE)
        return [json.loads(line) for line in answer.out.splitlines()]

    def running_code(self, name):
        return next(step["code"] for step in self.pipeline(name)["steps"] if step.get("code"))

    def test_while_records_flow(self):
        """reloads while records flow: none lost, none doubled, and the other pipeline does not notice"""
        for name in ("lines", "other", "third"):
            self.code(name, "0")
        self.define("lines", "other")
        self.start("all.yaml")
        feeds, done = {"lines": 0, "other": 0}, threading.Event()

        def feed(name):
            while not done.is_set():
                first = feeds[name]
                self.send(name, *({"n": n} for n in range(first, first + 40)))
                feeds[name] += 40

        threads = [threading.Thread(target=feed, args=(name,)) for name in feeds]
        for thread in threads:
            thread.start()
        try:
            for stamp in range(1, 9):
                self.code("lines", str(stamp))
                lines = (PIPELINE % {"name": "lines", "timeout": "30s"}).replace("batch: 10", f"batch: {10 + stamp}")
                self.write("all.yaml", lines + "---\n" + PIPELINE % {"name": "other", "timeout": "30s"})
                answer = self.orders("reload", expect=DONE)
                self.assertIn("1 changed, 1 unchanged", answer.err, answer)
                # Claiming what was sent before builds the store's memory anew, while others are in flight.
                self.send("third", *({"n": n} for n in range(stamp * 10, stamp * 10 + 10)))
                self.define("third", file="third.yaml")
                self.orders("reload", "all.yaml", "third.yaml", expect=DONE)
                self.idle("third")
                self.orders("reload", "all.yaml", expect=DONE)
        finally:
            done.set()
            for thread in threads:
                thread.join()
        self.assertEqual(sorted(n for n, _, _ in self.rows_of("third")), list(range(10, 90)))
        for name in feeds:
            self.idle(name)
            numbers = [n for n, _, _ in self.rows_of(name)]
            self.assertEqual(sorted(numbers), list(range(feeds[name])), f"rows of {name}")
            pipeline = self.pipeline(name)
            self.assertEqual(self.queue(pipeline, "intake")["sent"], feeds[name])
            self.assertEqual(self.queue(pipeline, "delivery")["done"], feeds[name])
        self.assertGreater(len({code for _, code, _ in self.rows_of("lines")}), 2, "codes that made rows")
        self.assertEqual(len({pid for _, _, pid in self.rows_of("other")}), 1, "the other one has kept its process")

    def test_long_invocation(self):
        """an invocation that is under way finishes under the old code, and what comes behind it has the new"""
        self.code("lines", "old")
        self.define("lines")
        self.start("all.yaml")
        self.send("lines", {"n": 1, "sleep": 3})
        self.called()
        self.send("lines", {"n": 2})
        self.code("lines", "new")
        self.orders("reload", expect=DONE)
        self.idle("lines")
        self.assertEqual([(n, code) for n, code, _ in self.rows_of("lines")], [(1, "old"), (2, "new")])

    def test_longer_than_the_deadline(self):
        """what does not finish in 20 s is cut short, and comes again under the new code, with no receive spent"""
        self.code("lines", "old")
        self.write("all.yaml", self.define("lines", timeout="5m").read_text().replace("receive_count: 2", "receive_count: 1"))
        self.start("all.yaml")
        self.send("lines", {"n": 1, "sleep": 200})
        self.called()
        self.code("lines", "new", HANDLER.replace('row.get("sleep", 0)', "0"))
        begin = time.monotonic()
        self.orders("reload", expect=DONE)
        self.assertTrue(19 < time.monotonic() - begin < 27, "it waits for the deadline")
        self.idle("lines")
        self.assertEqual([(n, code) for n, code, _ in self.rows_of("lines")], [(1, "new")])

    def test_plan(self):
        """what would change is shown first, key by key, with what waits; --dry-run changes nothing"""
        self.code("lines", "0")
        self.define("lines")
        self.start("all.yaml")
        self.orders("pause", "lines", expect=DONE)
        self.send("lines", {"n": 1})
        before = self.running_code("lines")
        self.define("lines", timeout="40s")
        self.code("lines", "1")
        answer = self.orders("reload", "--dry-run", expect=DONE)
        self.assertIn("lines  changed   (1 waiting)", answer.out, answer)
        self.assertIn("transform.timeout  30s → 40s", answer.out, answer)
        self.assertIn(f"code  {before} → ", answer.out, answer)
        self.assertEqual(self.running_code("lines"), before, "--dry-run")
        report = self.json("reload")
        self.assertTrue(report["reloaded"])
        change = report["pipelines"][0]
        self.assertEqual(change["settings"], [{"key": "transform.timeout", "old": "30s", "new": "40s"}])
        self.assertEqual((change["change"], change["waiting"]), ("changed", 1))
        self.assertEqual(self.running_code("lines"), change["new_code"])
        self.assertFalse(self.json("reload")["reloaded"], "nothing has changed by then")
        self.orders("resume", "lines", expect=DONE)
        self.idle("lines")

    def test_failures_name_their_code(self):
        """a dead letter of before a reload has the old hash, one of after it the new"""
        self.code("lines", "0")
        self.define("lines")
        self.start("all.yaml")
        versions = []
        for stamp in ("0", "1"):
            self.code("lines", stamp)
            self.orders("reload", expect=DONE)
            versions.append(self.running_code("lines"))
            self.send("lines", {"n": int(stamp), "fail": True})
            self.idle("lines")
        self.assertNotEqual(*versions)
        letters = self.letters()
        self.assertEqual([{f["code"] for f in letter["failures"]} for letter in letters], [{v} for v in versions])

    def test_hangup(self):
        """SIGHUP reads the same files again, wherever the process was started from, and the log says what it did"""
        self.code("lines", "0")
        self.define("lines")
        process = self.start("all.yaml")
        self.code("lines", "1")
        process.send_signal(signal.SIGHUP)
        self.eventually("it is reloaded", lambda: "Reloaded: 1 changed" in self.log.read_text())
        self.send("lines", {"n": 1})
        self.idle("lines")
        self.assertEqual([(n, code) for n, code, _ in self.rows_of("lines")], [(1, "1")])
        self.assertEqual(self.terminate(process), DONE)

    def test_mistakes(self):
        """a definition with mistakes changes nothing, and both the log and who asked have all of them"""
        self.code("lines", "0")
        text = self.define("lines").read_text()
        process = self.start("all.yaml")
        pid = None
        for round in (1, 2):
            self.send("lines", {"n": round})
            self.idle("lines")
            pids = {pid for _, _, pid in self.rows_of("lines")}
            self.assertEqual(len(pids), 1, "nothing was started anew")
            self.write("all.yaml", text.replace("30s", "30x").replace("table:", "tabel:"))
            answer = self.orders("reload", expect=DEFINITION)
            for words in ("all.yaml:8:12: transform.timeout: '30x'", "unknown key 'tabel'"):
                self.assertIn(words, answer.err)
                self.assertEqual(self.log.read_text().count(words), 1, "in the log, once")
            process.send_signal(signal.SIGHUP)
        mistakes = self.orders("reload", "--json", expect=DEFINITION).out.splitlines()
        self.assertEqual({json.loads(line)["line"] for line in mistakes}, {8, 13})

    def test_removal(self):
        """a pipeline that holds messages cannot be removed or renamed (78); an empty one can, and its figures stay"""
        self.code("lines", "0")
        self.code("other", "0")
        self.define("lines", "other")
        self.start("all.yaml")
        self.send("other", {"n": 1, "fail": True})
        self.idle("other")
        self.define("lines", file="one.yaml")
        answer = self.orders("reload", "one.yaml", expect=DEFINITION)
        self.assertIn("'other-in-dlq' 1", answer.out, answer)
        self.write("renamed.yaml", self.define("lines", "other", file="renamed.yaml").read_text()
                   .replace("pipeline: other", "pipeline: another"))
        self.assertIn("'other' cannot be removed", self.orders("reload", "renamed.yaml", expect=DEFINITION).out)
        self.assertTrue(self.pipeline("other")["running"])
        self.orders("dlq", "discard", "--all", "--yes", "--reason", "a test", expect=DONE)
        answer = self.orders("reload", "one.yaml", expect=DONE)
        self.assertIn("1 removed, 1 unchanged", answer.err, answer)
        self.assertFalse(self.pipeline("other")["running"])
        self.assertEqual(self.queue(self.pipeline("other"), "intake")["sent"], 1)
        self.send("lines", {"n": 1})
        self.idle("lines")
        self.assertIn("nothing has changed", self.orders("reload", expect=DONE).err, "from now on the new files count")

    def test_refused_late(self):
        """what comes to a pipeline while its removal waits for another one is not left behind: all goes on as before"""
        self.code("lines", "0")
        self.code("other", "0")
        self.define("lines", "other")
        self.start("all.yaml")
        self.send("lines", {"n": 1, "sleep": 3})
        self.called()
        self.define("lines", timeout="40s", file="one.yaml")
        reload = self.spawn("reload", "one.yaml")
        self.eventually("it is stopped", lambda: "Reloading" in self.log.read_text())
        time.sleep(0.5)
        self.send("other", {"n": 1})
        self.assertEqual(reload.wait(30), DEFINITION)
        self.idle("lines")
        self.idle("other")
        for name in ("lines", "other"):
            self.assertEqual([n for n, _, _ in self.rows_of(name)], [1])
            self.assertTrue(self.pipeline(name)["running"])
        self.assertIn("1 changed, 1 removed", self.orders("reload", "one.yaml", expect=DONE).err)

    def test_added(self):
        """an added pipeline takes what was sent before it was defined"""
        self.code("lines", "0")
        self.code("other", "0")
        self.define("lines")
        self.start("all.yaml")
        self.send("other", *({"n": n} for n in range(100)))
        self.define("lines", "other")
        self.assertIn("other  added   (100 waiting)", self.orders("reload", expect=DONE).out)
        self.idle("other")
        self.assertEqual(sorted(n for n, _, _ in self.rows_of("other")), list(range(100)))

    def test_missing_program(self):
        """what the machine does not have shows before anything is stopped"""
        self.code("lines", "0")
        text = self.define("lines").read_text()
        self.start("all.yaml")
        self.write("all.yaml", text.replace("runtime: python3", "runtime: python3.99"))
        self.assertIn("python3.99", self.orders("reload", expect=DEFINITION).text)
        self.send("lines", {"n": 1})
        self.idle("lines")
        self.assertEqual(len(self.rows_of("lines")), 1)

    def test_until_idle(self):
        """`run --until-idle` goes on across a reload, and ends when all that runs by then is idle"""
        self.code("lines", "0")
        self.code("other", "0")
        self.define("lines")
        self.send("lines", {"n": 0, "sleep": 4})
        self.send("other", *({"n": n} for n in range(20)))
        process = self.start("all.yaml", "--until-idle")
        self.called()
        self.define("lines", "other")
        self.code("lines", "1")
        self.orders("reload", expect=DONE)
        self.assertEqual(process.wait(60), DONE, self.log.read_text())
        self.assertEqual(len(self.rows_of("lines")), 1)
        self.assertEqual(len(self.rows_of("other")), 20)

    def test_stop_during_a_reload(self):
        """SIGTERM while a reload waits for an invocation: a clean stop, and the records come through at the next run"""
        self.code("lines", "0")
        self.define("lines")
        process = self.start("all.yaml")
        self.send("lines", {"n": 0, "sleep": 3})
        self.called()
        self.code("lines", "1")
        reload = self.spawn("reload")
        time.sleep(1)
        self.assertEqual(self.terminate(process), DONE, self.log.read_text())
        reload.wait(30)
        self.orders("run", "all.yaml", "--until-idle", expect=DONE)
        self.assertEqual(len(self.rows_of("lines")), 1)

    def test_watch(self):
        """--watch: a saved handler runs; a broken one pauses the step, said once; the next that works ends the pause"""
        self.code("lines", "0")
        self.define("lines")
        self.start("all.yaml", "--watch")
        for stamp in ("1", "2"):
            self.code("lines", stamp)
            self.eventually("it is reloaded", lambda: self.log.read_text().count("Reloaded") == int(stamp))
            self.send("lines", {"n": int(stamp)})
            self.idle("lines")
        self.code("lines", "3", "import nothing_there\n" + HANDLER)
        self.eventually("it is reloaded", lambda: self.log.read_text().count("Reloaded") == 3)
        self.send("lines", {"n": 3})
        self.eventually("it pauses", lambda: "PAUSED" in self.orders("status").out)
        self.assertEqual(self.log.read_text().count("A step paused itself"), 1)
        self.assertIn("nothing_there", self.orders("status").out)
        self.code("lines", "4")
        self.idle("lines")
        self.assertEqual([(n, code) for n, code, _ in self.rows_of("lines")], [(1, "1"), (2, "2"), (3, "4")])
        self.assertEqual(self.queue(self.pipeline("lines"), "dead_letters")["ready"], 0)

    def test_watch_folders(self):
        """--watch: modules in new folders, a code folder that is replaced as a whole, and the definition count too"""
        self.code("lines", "0")
        self.define("lines")
        self.start("all.yaml", "--watch")
        reloads = 0

        def reloaded():
            nonlocal reloads
            reloads += 1
            self.eventually(f"reload {reloads}", lambda: self.log.read_text().count("Reloaded") >= reloads)

        (self.folder / "lines" / "part").mkdir()
        time.sleep(0.5)
        (self.folder / "lines" / "part" / "one.py").write_text("x = 1\n")
        reloaded()
        (self.folder / "lines" / "part" / "one.py").write_text("x = 2\n")
        reloaded()
        (self.folder / "lines").rename(self.folder / "former")
        self.code("lines", "1")
        reloaded()
        self.code("lines", "2")
        reloaded()
        self.define("lines", timeout="40s")
        reloaded()
        self.send("lines", {"n": 1})
        self.idle("lines")
        self.assertEqual([(n, code) for n, code, _ in self.rows_of("lines")], [(1, "2")])
        time.sleep(1)
        text = self.log.read_text()
        (self.folder / "lines" / "notes.log").write_text("no code\n")
        (self.folder / "lines" / ".handler.py.swp").write_text("an editor's\n")
        time.sleep(1)
        self.assertEqual(self.log.read_text(), text, "what is no code changes nothing")

    def test_pause_survives(self):
        """a pause that a person has made survives a reload"""
        self.code("lines", "0")
        self.define("lines")
        self.start("all.yaml")
        self.orders("pause", "lines/transform", "--reason", "by hand", expect=DONE)
        self.code("lines", "1")
        self.orders("reload", expect=DONE)
        self.orders("status", "--check", expect=STALLED)
        self.assertIn("by hand", self.orders("status").out)

    def test_nothing_runs(self):
        """where nothing runs, `reload` says so"""
        self.code("lines", "0")
        self.define("lines")
        self.orders("run", "all.yaml", "--until-idle", expect=DONE)
        self.assertIn("nothing runs", self.orders("reload", expect=harness.FAILED).err)
