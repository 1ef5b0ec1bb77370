import shutil
import sqlite3
from decimal import Decimal

import harness
from harness import DEAD, DONE, EXAMPLE, ROOT


class ExamplesTest(harness.Case):
    def test_languages(self):
        """the purchases come to the same rows through the handler in Python and the jq program as through the function in Swift"""
        lines = self.purchases() + self.broken()
        path = self.write("all.jsonl", b"".join(lines))
        self.orders("send", "orders-in", path, expect=DONE)
        self.orders("run", "--until-idle", expect=DEAD)
        swift = self.all_rows("out/shop.db")
        self.assertEqual(len(swift), len(lines) - len(self.broken()), "rows")

        for language in ("python", "jq"):
            with self.subTest(language):
                shutil.rmtree(self.data)
                example = self.folder / language
                left = shutil.ignore_patterns("data", "out", ".sluice", "__pycache__")
                shutil.copytree(ROOT / "Examples" / f"orders-{language}", example, ignore=left)
                self.orders("send", "orders-in", path, expect=DONE)
                self.orders("run", example / "orders.yaml", "--until-idle", expect=DEAD)
                self.assertEqual(self.all_rows(f"{language}/out/shop.db"), swift, "rows of the two")
                self.assert_only_broken_are_dead()

    def test_files(self):
        """the purchases as monthly files of CSV in a bucket come to the rows of the original, in order in each customer"""
        months = self.folder / "csv"
        harness.subprocess.run(
            [EXAMPLE / "data" / "make", "--csv", months], check=True, stdout=harness.subprocess.DEVNULL)
        files = sorted(months.glob("*.csv"))
        self.assertEqual(len(files), 18)
        files.insert(9, EXAMPLE / "data" / "broken.jsonl")
        example = self.folder / "python"
        shutil.copytree(
            ROOT / "Examples" / "orders-python", example,
            ignore=shutil.ignore_patterns("data", "out", ".sluice", ".files", "__pycache__"))
        self.orders("put", "orders-drop", *files, expect=DONE)
        self.orders("run", example / "files.yaml", "--until-idle", expect=DEAD)
        harness.subprocess.run(
            [EXAMPLE / "data" / "verify", example / "out" / "shop.db"], check=True, stdout=harness.subprocess.DEVNULL)
        self.assert_only_broken_are_dead()
        pipeline = self.json("status")["pipelines"][0]
        self.assertEqual((pipeline["received"], pipeline["delivered"]), (69_659 + 7, 69_659))

    def all_rows(self, path):
        """The rows by order; amounts as amounts, for Swift writes 12 where Python writes 12.00."""
        with sqlite3.connect(f"file:{self.folder / path}?mode=ro", uri=True) as database:
            rows = database.execute("SELECT * FROM orders ORDER BY order_id").fetchall()
        return [(*row[:-2], *map(Decimal, row[-2:])) for row in rows]
