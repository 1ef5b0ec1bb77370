import os
import shutil
import sqlite3

import harness
from harness import DAMAGED, DEFINITION, DONE, RIGHTS

NOBODY = 65534


class FolderTest(harness.Case):
    def fill(self):
        lines = self.purchases()[:5_000]
        self.orders("send", "orders-in", self.write("some.jsonl", b"".join(lines)), expect=DONE)

    def database(self):
        """The store's file: the largest SQLite database of the data folder."""
        files = [p for p in self.data.rglob("*") if p.is_file() and p.read_bytes()[:15] == b"SQLite format 3"]
        self.assertTrue(files, f"there is no database in {self.data}")
        return max(files, key=lambda path: path.stat().st_size)

    def test_damage(self):
        """a damaged database is exit 4 and names `data check`; it is never an empty start"""
        self.fill()
        with sqlite3.connect(self.database()) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        whole = self.database().read_bytes()
        damages = {
            "garbage in all pages": whole[:4096] + os.urandom(len(whole) - 4096),
            "not a database": b"this is not a database\n" * 1000,
            "cut in half": whole[: len(whole) // 8192 * 4096],
            "empty": b"",
        }
        path = self.database()
        for name, content in damages.items():
            path.write_bytes(content)
            for command in (["status"], ["run", "--until-idle"], ["send", "orders-in", self.folder / "some.jsonl"]):
                with self.subTest(name, command=command[0]):
                    answer = self.orders(*command, expect=DAMAGED)
                    self.assertIn("restore" if name == "empty" else "data check", answer.err)
            with self.subTest(name, command="data check"):
                self.orders("data", "check", expect=DAMAGED)

    def test_newer(self):
        """a folder of a newer version is exit 78, says which version it needs, and is left as it is"""
        self.fill()
        database = sqlite3.connect(self.database(), isolation_level=None)
        make_newer(database)
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()
        before = self.database().read_bytes()
        for command in (["status"], ["run", "--until-idle"]):
            with self.subTest(command[0]):
                answer = self.orders(*command, expect=DEFINITION)
                self.assertIn("newer", answer.err)
        self.assertEqual(self.database().read_bytes(), before)

    def test_development(self):
        """a folder of a version before the first release is exit 78, and says so, which tables, and what to do"""
        self.orders("send", "some-in", input=b'{"n": 1}\n', expect=DONE)
        with sqlite3.connect(self.database()) as database:
            database.execute("DROP TABLE send_session")
        for command in (["status"], ["send", "some-in", "-"], ["data", "upgrade"]):
            with self.subTest(command[0]):
                answer = self.orders(*command, expect=DEFINITION)
                self.assertIn("was written by a development version of Sluice, before 0.1.0", answer.err)
                self.assertIn("(send_session, send_session_used)", answer.err)
                self.assertIn("or use another folder", answer.err)

    def test_rights(self):
        """a folder without permission is exit 77 and is named"""
        self.fill()
        os.chmod(self.folder, 0o755)
        options = {}
        if os.getuid() == 0:
            if not os.access(harness.ORDERS, os.X_OK) or not executable_by_others(harness.ORDERS):
                self.skipTest(f"runs as root, and nobody else may execute {harness.ORDERS}")
            options = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        else:
            os.chmod(self.data, 0)
            self.addCleanup(os.chmod, self.data, 0o700)
        for command in (["status"], ["run", "--until-idle"]):
            with self.subTest(command[0]):
                answer = self.orders(*command, expect=RIGHTS, **options)
                self.assertIn(str(self.data), answer.err)

    def test_info(self):
        """data info tells what takes the space of the folder, and what of it is the reserve"""
        self.orders("send", "some-in", input=b'{"n": 1}\n', expect=DONE)
        text = self.orders("data", "info", expect=DONE).out
        self.assertIn("MB are the reserve for a full disk\n", text)
        self.assertIn("1 with 1 message\n", text)
        info = self.json("data", "info")
        parts = {part["name"]: part for part in info["parts"]}
        self.assertEqual(info["reserve_bytes"], (self.data / "reserve").stat().st_size)
        self.assertEqual(parts["reserve"]["bytes"], info["reserve_bytes"])
        self.assertEqual(sum(part["bytes"] for part in parts.values()), info["bytes"])
        self.assertGreater(parts["store"]["bytes"], info["message_bytes"])
        self.assertEqual(info["message_bytes"], 8)
        self.assertTrue(all(part["bound"] for part in parts.values()))
        self.assertIn("8 bytes of messages", text)

    def test_private(self):
        """the folder is for its owner alone: 0700, files 0600"""
        self.fill()
        for path in [self.data, *self.data.rglob("*")]:
            expected = 0o700 if path.is_dir() else 0o600
            self.assertEqual(path.stat().st_mode & 0o777, expected, path)

    def test_copy(self):
        """a copy of a stopped folder works as the folder did"""
        self.fill()
        copy = self.folder / ("a long name " * 12).strip()
        shutil.copytree(self.data, copy)
        self.data = copy
        self.orders("run", "--until-idle", expect=DONE)
        self.assertEqual(self.rows(), 5_000)


def make_newer(database):
    """Marks the schema as one of a later version, as a later version would."""
    database.execute("INSERT INTO grdb_migrations (identifier) VALUES ('a migration of the future')")


def executable_by_others(path):
    return all(folder.stat().st_mode & 0o001 for folder in [path, *path.parents])
