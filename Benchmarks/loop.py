"""What people write by hand: loop.py FILE DATABASE. Prints the seconds from the first read to the last commit.

Reads JSON lines, changes two fields, inserts 500 rows per transaction (WAL, synchronous=FULL) and keeps the offset in
the same transaction, so that a restart goes on where it stopped. It keeps no copy, no order between workers, no dead
letters: a bad line ends it.
"""
import json
import sqlite3
import sys
import time

BATCH = 500


def main():
    path, database_path = sys.argv[1:]
    database = sqlite3.connect(database_path, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE sales (id INTEGER, customer TEXT, placed TEXT, amount REAL, note TEXT)")
    database.execute("CREATE TABLE position (offset INTEGER)")
    database.execute("INSERT INTO position VALUES (0)")
    started = time.perf_counter()
    with open(path, "rb") as file:
        offset = 0
        while lines := [line for _, line in zip(range(BATCH), file)]:
            rows = []
            for line in lines:
                record = json.loads(line)
                rows.append((record["id"], record["customer"].upper(), record["placed"], record["amount"] * 2,
                             record["note"]))
            offset += sum(map(len, lines))
            database.execute("BEGIN")
            database.executemany("INSERT INTO sales VALUES (?, ?, ?, ?, ?)", rows)
            database.execute("UPDATE position SET offset = ?", (offset,))
            database.execute("COMMIT")
    print(time.perf_counter() - started)


main()
