import json
import os
import subprocess

import harness
from harness import DEAD, DONE

MEGABYTE = 2**20


class DiskTest(harness.Case):
    def setUp(self):
        super().setUp()
        self.disk = self.folder / "disk"
        self.disk.mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={256 * MEGABYTE}", "tmpfs", self.disk], capture_output=True, text=True
        )
        if mounted.returncode != 0:
            self.skipTest(f"cannot mount a small disk here (needs root): {mounted.stderr.strip()}")
        # Runs before the workspace is removed.
        self.addCleanup(subprocess.run, ["umount", "--lazy", self.disk], check=True)
        self.data = self.disk / "data"

    def test_full_disk(self):
        """a full disk refuses the sender, loses nothing that was stored, still delivers, and goes on with room"""
        filler = self.disk / "filler"
        filler.write_bytes(bytes(190 * MEGABYTE))
        lines = []
        for line in self.purchases():
            lines.append(json.dumps(json.loads(line) | {"note": "x" * 900}).encode() + b"\n")
        path = self.write("large.jsonl", b"".join(lines))

        refused = self.orders("send", "orders-in", path)
        self.assertNotIn(refused.code, (DONE, DEAD), refused)
        self.assertIn("full", refused.text)
        stored = self.queue_depth()
        self.assertTrue(0 < stored < len(lines), f"{stored} of {len(lines)} stored\n{refused}")

        with self.subTest("what was stored is delivered although the disk is full"):
            self.orders("run", "--until-idle", expect=DONE)
            self.assertEqual(self.rows(), stored)

        with self.subTest("work goes on when there is room"):
            filler.unlink()
            self.orders("send", "orders-in", path, "--skip", stored, expect=DONE)
            self.orders("run", "--until-idle", expect=DONE)
            self.assertEqual(self.table(), harness.verify.in_original())
            self.orders("data", "check", expect=DONE)

    def queue_depth(self):
        report = self.json("status")
        queues = report["other_queues"] + [q for p in report["pipelines"] for q in p["queues"]]
        return sum(q["ready"] for q in queues)

    def test_room_is_checked(self):
        """without room at the start, send and run say so and make nothing half"""
        free = os.statvfs(self.disk)
        (self.disk / "filler").write_bytes(bytes(free.f_bavail * free.f_frsize - MEGABYTE))
        answer = self.orders("send", "orders-in", self.write("one.jsonl", b'{"customer_id":"1"}\n'))
        self.assertNotIn(answer.code, (DONE, DEAD), answer)
        self.assertIn("full", answer.text)
