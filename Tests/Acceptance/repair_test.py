import contextlib
import json
import pathlib
import shutil
import sqlite3
import time

from damage_test import FLIPS, DamageCase, content
from harness import DAMAGED, DEAD, DONE


class RepairTest(DamageCase):
    """What `data check --repair` makes of a damaged folder: all that is as it was written, and nothing else."""

    def queues(self):
        return [json.loads(line) for line in self.orders("queue", "ls", "--json", expect=DONE).out.splitlines()]

    def damage(self, text, offset=7):
        """The last place where the store has this text."""
        store = self.data / "store.db"
        bytes_ = bytearray(store.read_bytes())
        bytes_[bytes_.rindex(text) + offset] ^= 1
        store.write_bytes(bytes_)

    def test_repair_of_a_bit(self):
        """what a repair makes of a store with one changed bit is whole, has all that was not damaged, and nothing else"""
        self.orders("send", "lines-in", "a.jsonl", expect=DONE)
        self.orders("send", "other", "a.jsonl", expect=DONE)
        self.whole = self.data
        before = content(self.whole / "store.db")
        sent = {queue["queue"]: queue["ready"] + queue["delayed"] + queue["in_flight"] for queue in self.queues()}
        repaired = 0
        for _ in range(FLIPS // 2):
            place = self.flip(self.whole / "store.db")
            if self.orders("data", "check", expect=None).code != DAMAGED:
                continue
            answer = self.orders("data", "check", "--repair", "--json", expect=None)
            if answer.code == DAMAGED:
                # What says which queues there are: nothing was changed.
                self.assertIn("backup", answer.text, f"a bit at {place}\n{answer}")
                self.assertFalse((self.data / "damaged").exists())
                continue
            self.assertEqual(answer.code, DONE, f"a bit at {place}\n{answer}")
            repaired += 1
            self.check_repaired(json.loads(answer.out), before, sent, place)
        self.data = self.whole
        self.assertGreater(repaired, FLIPS // 20, "hardly anything could be repaired")

    def check_repaired(self, report, before, sent, place):
        self.orders("data", "check", expect=DONE)
        after = content(self.data / "store.db")
        for table in (b"chunk", b"body", b"chunk_state", b"object", b"failure"):
            self.assertLessEqual(set(after[table]), set(before[table]), f"made up in {table}; a bit at {place}")
            # Of 4,096 messages at most, in pages of 4 KB: one bit takes one page, and with it what is in it.
            self.assertLessEqual(len(before[table]) - len(after[table]), 30, f"{table}; a bit at {place}")
        for queue in self.queues():
            there = queue["ready"] + queue["delayed"] + queue["in_flight"]
            self.assertEqual(there + report["lost"].get(queue["queue"], 0), sent[queue["queue"]], f"a bit at {place}")
        aside = pathlib.Path(report["aside"])
        self.assertTrue((aside / "store.db").exists())
        # What could not be kept is told, message by message, with what can be read of it.
        lines = [json.loads(line) for line in (aside / "lost.jsonl").read_text().splitlines()]
        self.assertEqual(bool(report["left_out"]), bool(lines))
        self.orders("run", self.lines, self.drop, "--until-idle", expect=DEAD)
        self.assertEqual(self.orders("data", "check", "--repair", expect=DONE).out.count("nothing to repair"), 1)

    def test_repair_of_a_message(self):
        """a chunk whose bytes are damaged is put aside, the other messages are delivered, and the ledger adds up"""
        self.orders("send", "lines-in", self.write("b.jsonl", "".join(f'{{"n": {n}, "g": "b"}}\n' for n in range(1000, 1100))), expect=DONE)
        self.orders("send", "lines-in", self.write("c.jsonl", "".join(f'{{"n": {n}, "g": "b"}}\n' for n in range(2000, 2050))), expect=DONE)
        self.damage(b'{"n": 1050')
        answer = self.orders("data", "check", expect=DAMAGED)
        self.assertIn("--repair", answer.err)
        answer = self.orders("data", "check", "--repair", expect=DONE)
        self.assertIn("lost from 'lines-in.fifo': 100 messages", answer.out)
        status = self.json("status")
        (lines,) = [pipeline for pipeline in status["pipelines"] if pipeline["pipeline"] == "lines"]
        self.assertEqual((lines["lost"], lines["waiting"], lines["adds_up"]), (100, 50, True))
        self.orders("run", self.lines, "--until-idle", expect=DEAD)
        with contextlib.closing(sqlite3.connect(self.folder / "lines.db")) as database:
            ((count,),) = database.execute("SELECT count(*) FROM lines WHERE n >= 1000")
        self.assertEqual(count, 50)
        (lost,) = (self.data / "damaged").glob("*/lost.jsonl")
        lines = [json.loads(line) for line in lost.read_text().splitlines()]
        self.assertEqual([line["message"] for line in lines if "id" in line], list(range(100)))
        self.assertEqual({line["group"] for line in lines if "id" in line}, {"b"})

    def test_repair_of_the_states(self):
        """messages of which it is not known whether they were deleted are put aside with their bodies, to be sent again"""
        self.orders("send", "other", self.write("b.jsonl", '{"n": 1}\n{"n": 2}\n'), expect=DONE)
        with contextlib.closing(sqlite3.connect(self.data / "store.db")) as database:
            # A row that is not as it was written: the connection does not know the checksum.
            ((chunk,),) = database.execute("SELECT max(chunk) FROM chunk_state")
            pages = {row[0]: row[1] for row in database.execute("SELECT name, rootpage FROM sqlite_schema WHERE type = 'table'")}
        store = self.data / "store.db"
        bytes_ = bytearray(store.read_bytes())
        page = (pages["chunk_state"] - 1) * 4096
        # The newest row of the table's only page is written in front of the others.
        start = page + int.from_bytes(bytes_[page + 5:page + 7], "big")
        bytes_[start + 4] ^= 1
        store.write_bytes(bytes_)
        self.orders("data", "check", expect=DAMAGED)
        self.assertIn("lost from", self.orders("data", "check", "--repair", expect=DONE).out)
        (lost,) = (self.data / "damaged").glob("*/lost.jsonl")
        lines = [json.loads(line) for line in lost.read_text().splitlines()]
        bodies = {line["body"] for line in lines if "id" in line}
        self.assertTrue(bodies and bodies <= {'{"n": 1}', '{"n": 2}', '{"n": "x", "g": "a"}'}, lines[:9])

    def test_repair_of_files(self):
        """a damaged object and a damaged segment are put aside; what is whole in the segment is still there"""
        segment = self.make_segment()
        (blob,) = [path for path in (self.data / "objects").rglob("*") if len(path.name) == 64]
        for path in (segment, blob):
            path.chmod(0o600)
            bytes_ = bytearray(path.read_bytes())
            bytes_[20] ^= 1
            path.write_bytes(bytes_)
        before = self.queues()
        answer = self.orders("data", "check", "--repair", expect=DONE)
        self.assertIn(segment.name, answer.out)
        self.assertIn("'drop/", answer.out)
        self.assertFalse(blob.exists())
        (aside,) = (self.data / "damaged").iterdir()
        self.assertEqual({path.name for path in aside.rglob("*") if path.is_file()}, {"store.db", "store.db-wal", "lost.jsonl", segment.name, blob.name})
        self.assertEqual(self.queues(), before)
        self.orders("data", "check", expect=DONE)

    def test_repair_of_the_log(self):
        """of a damaged log all that stands in front of the damage is there"""
        log = self.leave_log()
        bytes_ = bytearray(log.read_bytes())
        bytes_[len(bytes_) - 31 * 4_120] ^= 1
        log.write_bytes(bytes_)
        answer = self.orders("data", "check", "--repair", expect=DONE)
        self.assertIn("store.db-wal", answer.out)
        there = self.json("queue", "show", "other")["ready"]
        self.assertTrue(5 < there < 20, there)
        (aside,) = (self.data / "damaged").iterdir()
        self.assertEqual((aside / "store.db-wal").read_bytes(), bytes(bytes_))
        self.orders("data", "check", expect=DONE)

    def test_repair_that_is_killed(self):
        """a repair that is killed at any moment has done nothing, or is ended by the next"""
        self.orders("send", "other", self.write("b.jsonl", '{"n": 77777}\n'), expect=DONE)
        self.damage(b'{"n": 77777')
        self.whole = self.data
        for part in range(12):
            self.data = self.folder / "copy"
            shutil.rmtree(self.data, ignore_errors=True)
            shutil.copytree(self.whole, self.data, ignore=shutil.ignore_patterns("*.sock", "reserve"))
            process = self.spawn("data", "check", "--repair")
            time.sleep(0.02 + self.random.random() * 0.25)
            process.kill()
            process.wait()
            self.orders("data", "check", "--repair", expect=DONE)
            self.orders("data", "check", expect=DONE)
            self.assertEqual(len(list(self.data.glob("damaged/*/store.db"))), 1)
        self.data = self.whole
