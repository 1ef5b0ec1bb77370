"""The functions that scripts/bench measures. They say when they were first called and what it came to after so many
records: FIGURES is the file for that, RECORDS how many."""
import os
import time

RECORDS = int(os.environ.get("RECORDS", 0))
FIGURES = os.environ.get("FIGURES")
started = None
done = 0


def count(records):
    """Seconds from the first call on; written when the last record has come."""
    global started, done
    if started is None:
        started = time.monotonic()
    done += records
    if done == RECORDS:
        with open(FIGURES, "w") as file:
            file.write(f"{started} {time.monotonic() - started}")


def transformed(sale):
    sale["customer"] = sale["customer"].upper()
    sale["amount"] *= 2
    return sale


def unchanged(event, context):
    """What a client itself costs: records go back as they came."""
    count(len(event["records"]))
    return {"records": [{"recordId": r["recordId"], "result": "Ok", "data": r["data"]} for r in event["records"]]}


def sales(event, context):
    """A transformation, with `contract: json`."""
    count(len(event["records"]))
    return {"records": [{"id": r["id"], "result": "Ok", "record": transformed(r["record"])} for r in event["records"]]}
