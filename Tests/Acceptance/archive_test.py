import json
import signal
import sqlite3
import time

import harness
import postgres_test
from harness import DAMAGED, DEAD, DONE, USAGE

KILLS = 20

HANDLER = """\
def handler(event, context):
    answers = []
    for one in event["records"]:
        record = one["record"]
        if record["n"] % 10 == 9:
            answers.append({"id": one["id"], "result": "Dropped"})
        elif record["n"] < 0:
            answers.append({"id": one["id"], "result": "ProcessingFailed", "retryable": False, "errorMessage": "it is below zero"})
        else:
            answers.append({"id": one["id"], "result": "Ok", "record": {"n": record["n"], "v": record["n"] * FACTOR}})
    return {"records": answers}
"""

PIPELINE = """\
pipeline: lines
source: {%s}
id: $.n
queue: {type: fifo, group: $.g}
transform: {runtime: python3, handler: handler.handler, code: fn, contract: json, batch: 500, concurrency: 2}
deliver: {to: "%s", table: lines, key: [n], create: true}
"""


class ArchiveTest(harness.Case):
    def define(self, source="queue: lines-in", sink="sqlite:lines.db", factor=2):
        (self.folder / "fn").mkdir(exist_ok=True)
        self.code(factor)
        return self.write("lines.yaml", PIPELINE % (source, sink))

    def code(self, factor, **changes):
        text = HANDLER.replace("FACTOR", str(factor))
        for old, new in changes.values():
            text = text.replace(old, new)
        self.write("fn/handler.py", text)

    def fill(self, count, start=0):
        lines = [json.dumps({"n": n, "g": n % 7}) for n in range(start, start + count)]
        return self.write("lines.jsonl", "\n".join(lines))

    def database(self, sql):
        with sqlite3.connect(self.folder / "lines.db") as database:
            return database.execute(sql).fetchall()

    def status(self):
        document = self.json("status")
        self.assertTrue(document["adds_up"], document)
        return document["pipelines"][0]

    def shadow(self, expect=DONE, **options):
        more = [word for name, value in options.items() for word in (f"--{name}", value)]
        return self.json("replay", "lines", "--from", "1h ago", "--shadow", *more, expect=expect)["findings"]

    def test_archive(self):
        """raw copies are listed, shown by identity and name, exported as they came, and verified"""
        file = self.fill(300)
        self.orders("send", "lines-in", file, expect=DONE)
        self.orders("run", self.define(), "--until-idle", expect=DONE)
        (hour,) = self.documents("archive", "ls")
        self.assertEqual((hour["pipeline"], hour["kind"], hour["count"]), ("lines", "messages", 300))
        (copy,) = self.documents("archive", "show", "lines", "17")
        self.assertEqual(json.loads(copy["body_text"]), {"n": 17, "g": 3})
        (same,) = self.documents("archive", "show", "lines", copy["record"])
        self.assertEqual(same, copy)
        self.orders("archive", "show", "lines", "nobody", expect=USAGE)
        self.orders("archive", "export", "lines", "-o", "raw.jsonl", "--raw", "--where", "$.g!=9", expect=DONE)
        self.assertEqual((self.folder / "raw.jsonl").read_text().splitlines(), file.read_text().splitlines())
        self.orders("archive", "export", "lines", "-o", "one.jsonl", "--where", "$.n=5", expect=DONE)
        self.assertEqual(json.loads(json.loads((self.folder / "one.jsonl").read_text())["body_text"])["n"], 5)
        self.assertIn("300 read", self.orders("archive", "verify", expect=DONE).out)

    def test_damage(self):
        """an object whose bytes have changed on the disk is found by archive verify"""
        self.orders("put", "drop", self.fill(50), expect=DONE)
        self.orders("run", self.define("bucket: drop"), "--until-idle", expect=DONE)
        self.orders("archive", "verify", "lines", expect=DONE)
        (blob,) = [path for path in (self.data / "objects").rglob("*") if len(path.name) == 64]
        blob.chmod(0o600)
        content = bytearray(blob.read_bytes())
        content[10] ^= 1
        blob.write_bytes(content)
        self.assertIn("lines.jsonl", self.orders("archive", "verify", expect=DAMAGED).out)

    def test_replay(self):
        """with better code everything is replayed: the rows are those of today's code, the ledger says replayed"""
        self.orders("send", "lines-in", self.fill(1_000), expect=DONE)
        definition = self.define(factor=2)
        self.orders("run", definition, "--until-idle", expect=DONE)
        self.assertEqual(self.shadow(), {"same": 1_000, "changed": 0, "new": 0, "gone": 0, "failed": 0})
        away = (self.folder / "lines.db").rename(self.folder / "away.db")
        self.assertEqual(self.shadow()["new"], 900)
        self.assertFalse((self.folder / "lines.db").exists(), "a shadow makes nothing")
        away.rename(self.folder / "lines.db")
        self.code(3)
        self.assertEqual(self.shadow()["changed"], 899, "but for 0, which is 0 whatever it is multiplied with")
        self.assertIn("would send 1,000", self.orders("replay", "lines", "--from", "today", "--dry-run", expect=DONE).out)
        answer = self.json("replay", "lines", "--from", "1h ago", "--where", "$.g=3")
        self.assertEqual((answer["sent"], answer["passed_over"], answer["finished"]), (143, 857, True))
        self.orders("run", definition, "--until-idle", expect=DONE)
        self.assertEqual(self.database("SELECT count(*), sum(v = 3 * n AND n > 0) FROM lines")[0],
                         (900, len([n for n in range(1, 1_000) if n % 7 == 3 and n % 10 != 9])))
        pipeline = self.status()
        self.assertEqual(pipeline["received"], 1_143)
        self.assertEqual(self.queue(pipeline, "intake")["replayed"], 143)
        self.assertIn("no problem", self.orders("data", "check", expect=DONE).text)
        self.orders("replay", "lines", "--from", "2h ago", "--to", "1h ago", expect=DONE)
        self.orders("replay", "nobody", "--from", "1h ago", expect=USAGE)
        self.orders("replay", "lines", "--resume", "99", expect=USAGE)

    def test_killed(self):
        """replays, and what processes them, are killed 20 times: each record is replayed once, and the totals are right"""
        count = 10_000
        self.orders("send", "lines-in", self.fill(count), expect=DONE)
        definition = self.define(factor=2)
        self.orders("run", definition, "--until-idle", expect=DONE)
        self.code(3)
        first = self.json("replay", "lines", "--from", "1h ago", "--where", "$.n=-1")["replay"]
        runner = self.spawn("run", definition)
        self.orders("wait", "lines", "--ready", "--timeout", "60s", expect=DONE)
        replay = self.spawn("replay", "lines", "--from", "1h ago", "--rate", "4000/s")
        number = first + 1
        for turn in range(KILLS):
            time.sleep(self.random.uniform(0.05, 0.4))
            if turn % 2:
                replay.send_signal(signal.SIGKILL)
                replay.wait()
                replay = self.spawn("replay", "lines", "--resume", str(number), "--rate", "4000/s")
            else:
                runner.kill()
                runner.wait()
                runner = self.spawn("run", definition)
        replay.kill()
        replay.wait()
        runner.kill()
        runner.wait()
        answer = self.json("replay", "lines", "--resume", str(number))
        self.assertEqual((answer["sent"], answer["finished"]), (count, True))
        self.orders("run", definition, "--until-idle", expect=DONE)
        self.assertEqual(self.database("SELECT count(*), sum(v <> 3 * n) FROM lines")[0], (count - count // 10, 0))
        pipeline = self.status()
        self.assertEqual(pipeline["received"], 2 * count)
        self.assertEqual(self.queue(pipeline, "intake")["replayed"], count)
        self.assertIn("no problem", self.orders("data", "check", expect=DONE).text)

    def test_objects(self):
        """objects are replayed, also one that was overwritten; with a condition only the records that fulfil it"""
        first = self.fill(100)
        self.orders("put", "drop", first, expect=DONE)
        definition = self.define("bucket: drop")
        self.orders("run", definition, "--until-idle", expect=DONE)
        self.orders("put", "drop", self.fill(100, start=1_000), expect=DONE)
        self.orders("run", definition, "--until-idle", expect=DONE)
        self.assertEqual(self.shadow()["same"], 200)
        self.database("DELETE FROM lines")
        self.assertEqual(self.shadow(), {"same": 20, "changed": 0, "new": 180, "gone": 0, "failed": 0})
        self.assertEqual(self.json("replay", "lines", "--from", "1h ago")["sent"], 2)
        self.orders("run", definition, "--until-idle", expect=DONE)
        self.assertEqual(self.database("SELECT count(*) FROM lines")[0], (180,))
        self.database("DELETE FROM lines")
        self.orders("replay", "lines", "--from", "1h ago", "--where", "$.g=3", expect=DONE)
        self.orders("run", definition, "--until-idle", expect=DONE)
        wanted = [n for n in [*range(100), *range(1_000, 1_100)] if n % 7 == 3 and n % 10 != 9]
        self.assertEqual([n for (n,) in self.database("SELECT n FROM lines ORDER BY n")], wanted)
        self.assertEqual(self.status()["received"], 400 + len([n for n in [*range(100), *range(1_000, 1_100)] if n % 7 == 3]))
        self.orders("put", "drop", self.write("broken.jsonl", "what?"), expect=DONE)
        self.orders("run", definition, "--until-idle", expect=DEAD)
        (letter,) = self.documents("dlq", "show", "--all")
        self.assertIn("upstream sent it so", self.orders("trace", "lines", "--record", letter["record"], expect=DONE).out)
        (trace,) = self.documents("trace", "lines", "--record", "45")
        self.assertEqual((trace["line"], json.loads(trace["body_text"])["n"]), (46, 45))
        self.orders("archive", "export", "lines", "-o", "out", expect=DONE)
        names = sorted(path.name.split("@")[0] for path in (self.folder / "out").iterdir())
        self.assertEqual(names, ["broken.jsonl", "lines.jsonl", "lines.jsonl"])
        self.assertEqual((self.folder / "out/lines.jsonl").read_bytes().splitlines()[5], b'{"n": 5, "g": 5}')

    def test_trace(self):
        """trace says whether upstream sent it so, our code made it, somebody changed it, or it is dead"""
        self.orders("send", "lines-in", self.fill(100), expect=DONE)
        self.orders("send", "lines-in", self.write("bad.jsonl", '{"n": -5, "g": 1}'), expect=DONE)
        definition = self.define()
        self.orders("run", definition, "--until-idle", expect=DEAD)

        def verdict(*arguments):
            (trace,) = self.documents("trace", "lines", *arguments)
            return trace["verdict"]

        self.assertIn("upstream sent it so", verdict("--key", "n=20"))
        self.assertIn("upstream sent it so", verdict("--key", "v=40"))
        self.assertIn("leaves it out", verdict("--record", "19"))
        self.assertIn("refuses what upstream sent: it is below zero", verdict("--record=-5"))
        self.database("UPDATE lines SET v = 7 WHERE n = 20")
        self.database("DELETE FROM lines WHERE n = 30")
        self.assertIn("changed since", verdict("--key", "n=20"))
        self.assertIn("not in the sink", verdict("--record", "30"))
        self.code(3, lower=('record["n"] < 0', 'record["n"] < -9'))
        self.assertIn("our step: code", verdict("--key", "n=21"))
        self.assertIn("redrive it", verdict("--record=-5"))
        text = self.orders("trace", "lines", "--key", "n=21", expect=DONE).out
        for words in ['{"n": 21, "g": 0}', '{"n":21,"v":63}', '{"n":21,"v":42}', "would write v: 42 → 63"]:
            self.assertIn(words, text)
        self.orders("trace", "lines", "--record", "nobody", expect=USAGE)
        identity = self.documents("archive", "show", "lines", "21")[0]["record"]
        self.code(3, lower=('record["n"] % 10', 'record["missing"] % 10'))
        self.orders("replay", "lines", "--from", "1h ago", "--where", "$.n=21", expect=DONE)
        self.orders("run", definition, "--until-idle", expect=DEAD)
        self.assertIn("dead at transform: KeyError", self.orders("trace", "lines", "--record", f"{identity}~1", expect=DONE).out)
        self.assertNotIn("dead at", self.orders("trace", "lines", "--record", identity, expect=DONE).out)

    def test_postgres(self):
        """shadow and trace compare with the columns of a PostgreSQL table by their own types, and change nothing"""
        server = postgres_test.Server()
        self.addCleanup(server.remove)
        server.sql("CREATE TABLE lines (n integer PRIMARY KEY, v numeric(12,2) CHECK (v < 250), note text DEFAULT 'x')")
        self.orders("send", "lines-in", self.fill(100), expect=DONE)
        definition = self.define(sink=server.url)
        self.orders("run", definition, "--until-idle", expect=DONE)
        self.assertEqual(self.shadow(), {"same": 100, "changed": 0, "new": 0, "gone": 0, "failed": 0})
        server.sql("UPDATE lines SET v = 1 WHERE n = 20")
        server.sql("DELETE FROM lines WHERE n = 30")
        self.assertEqual(self.shadow(), {"same": 98, "changed": 1, "new": 1, "gone": 0, "failed": 0})
        self.code(3)
        found = self.shadow(expect=DEAD, export="shadow.jsonl")
        self.assertEqual(found["failed"], 14, "more than the table takes: 84 and above, without those left out")
        lines = [json.loads(line) for line in (self.folder / "shadow.jsonl").read_text().splitlines()]
        (twenty,) = [line for line in lines if line["record"] == "20"]
        self.assertEqual(twenty["changes"], [{"column": "v", "before": "1.00", "after": "60.00"}])
        self.assertEqual(server.sql("SELECT count(*), sum(v) FROM lines"), ["89|8721.00"])
        self.code(2, more=('"v": record', '"other": 1, "v": record'))
        self.assertEqual(self.shadow(expect=DEAD)["failed"], 90, "the table has no column for it, and gets none")
        self.code(3)
        (trace,) = self.documents("trace", "lines", "--key", "n=21")
        self.assertEqual(trace["rows"][0]["row"], {"n": "21", "v": "42.00", "note": "x"})
        self.assertIn("our step", trace["verdict"])

    def documents(self, *arguments, expect=DONE):
        return [json.loads(line) for line in self.orders(*arguments, "--json", expect=expect).out.splitlines()]
