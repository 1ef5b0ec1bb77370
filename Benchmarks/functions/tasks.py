"""The same transformation as a Celery task, as a Python user would write it: one task a record, its row inserted,
idempotent, acknowledged when it is done."""
import os
import sqlite3
import time

from celery import Celery

from handler import transformed

RECORDS = int(os.environ.get("RECORDS", 0))
app = Celery("tasks", broker=os.environ.get("BROKER"))
app.conf.update(
    task_acks_late=True, worker_prefetch_multiplier=16, task_ignore_result=True, task_serializer="json",
    broker_connection_retry_on_startup=True, worker_hijack_root_logger=False)
database = None
started = None
done = 0


def cpu_seconds():
    """Of the worker's two processes, and of Redis."""
    total = 0
    for process in (os.getpid(), os.getppid(), int(os.environ["REDIS"])):
        with open(f"/proc/{process}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


@app.task
def sale(record):
    global database, started, done
    if database is None:
        database = sqlite3.connect(os.environ["DATABASE"], isolation_level=None)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=NORMAL")
        database.execute(
            "CREATE TABLE IF NOT EXISTS sales (id INTEGER PRIMARY KEY, customer, placed, amount, note)")
        started = (time.monotonic(), cpu_seconds())
    row = transformed(record)
    database.execute(
        "INSERT INTO sales VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (row["id"], row["customer"], row["placed"], row["amount"], row["note"]))
    done += 1
    if done == RECORDS:
        with open(os.environ["FIGURES"], "w") as file:
            file.write(f"{time.monotonic() - started[0]} {cpu_seconds() - started[1]}")
