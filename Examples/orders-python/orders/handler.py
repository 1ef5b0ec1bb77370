"""Turns purchases, all of them text, into rows. What is not a plausible purchase is refused with the reason."""
import datetime
import re
from decimal import ROUND_HALF_UP, Decimal

# More than this in one purchase is a slip of the keyboard.
MOST_CDS = 10_000
CENT = Decimal("0.01")


class Implausible(Exception):
    """Why a purchase is refused, for the person who looks at the dead letters."""


def cds(text):
    if not re.fullmatch(r"[+-]?\d+", text, re.ASCII):
        raise Implausible(f"'{text}' is not a number of CDs")
    count = int(text)
    if not 1 <= count <= MOST_CDS:
        raise Implausible(f"the quantity is {count}")
    return count


def dollars(text):
    if not re.fullmatch(r"\d{1,10}\.\d\d", text, re.ASCII):
        raise Implausible(f"'{text}' is not an amount in dollars and cents")
    return Decimal(text)


def day(text):
    if not re.fullmatch(r"\d{8}", text, re.ASCII):
        raise Implausible(f"'{text}' is not a date like 19970131")
    try:
        return datetime.date(int(text[:4]), int(text[4:6]), int(text[6:])).isoformat()
    except ValueError:
        raise Implausible(f"there is no day '{text}'") from None


def row(order):
    count, ordered_on, amount = cds(order["cds"]), day(order["date"]), dollars(order["dollars"])
    return {
        "order_id": order["order_id"],
        "customer_id": order["customer_id"],
        "ordered_on": ordered_on,
        "month": ordered_on[:7],
        "cds": count,
        # Text, so that no float comes between: the columns are numeric(12,2).
        "dollars": str(amount),
        "dollars_per_cd": str((amount / count).quantize(CENT, ROUND_HALF_UP)),
    }


def outcome(record):
    """One record's answer. What is raised here concerns this record alone."""
    try:
        return {"id": record["id"], "result": "Ok", "record": row(record["record"])}
    except Implausible as error:
        return {"id": record["id"], "result": "ProcessingFailed", "errorMessage": str(error), "retryable": False}
    except Exception as error:
        return {
            "id": record["id"], "result": "ProcessingFailed", "errorType": type(error).__name__,
            "errorMessage": str(error), "retryable": False,
        }


def handler(event, context):
    """Answers for every record it is given: one that is left out counts as failed."""
    return {"records": [outcome(record) for record in event["records"]]}
