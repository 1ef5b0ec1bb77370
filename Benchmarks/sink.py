"""The sink's own share: sink.py FILE DATABASE inserts the finished rows and does nothing else. Prints CPU seconds."""
import json
import resource
import sqlite3
import sys

BATCH = 500


def main():
    path, database_path = sys.argv[1:]
    with open(path, "rb") as file:
        rows = [tuple(json.loads(line).values()) for line in file]
    database = sqlite3.connect(database_path, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE sales (id INTEGER, customer TEXT, placed TEXT, amount REAL, note TEXT)")
    before = resource.getrusage(resource.RUSAGE_SELF)
    for start in range(0, len(rows), BATCH):
        database.execute("BEGIN")
        database.executemany("INSERT INTO sales VALUES (?, ?, ?, ?, ?)", rows[start : start + BATCH])
        database.execute("COMMIT")
    after = resource.getrusage(resource.RUSAGE_SELF)
    print(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


main()
