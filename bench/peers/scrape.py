"""The monitoring scripts that this service replaces, from a description of what they do: read each log whole, make a
dictionary of each block of lines, then take an even random sample by date.

    python scrape.py TOTAL PRINT FILE...

With PRINT 1 it tells every date and every record it finds, as those scripts do, to nowhere.
"""

import json
import os
import random
import resource
import sys
import time


def scrape(body, tell):
    records, record = [], {}
    for line in body.split("\n"):
        if "Timestamp" in line:
            if record:
                tell(record)
                records.append(record)
            date = line.split(" ")[1]
            tell(f"date {date}")
            record = {"date": date}
        if "User Input" in line:
            record["question"] = line.split("User Input: ")[1].strip('"')
        if "Model Response" in line:
            record["answer"] = line.split("Model Response: ")[1].strip('"')
        if "Version" in line:
            record["model_version"] = line.split("Version: ")[1]
    if record:
        records.append(record)
    return records


def subset(records, total):
    if len(records) <= total:
        return records
    dates = {}
    for record in records:
        dates.setdefault(record["date"], []).append(record)
    each = total // len(dates)
    return [record for day in dates.values() for record in random.sample(day, each)]


def main(total, loud, *paths):
    began = time.perf_counter()
    nowhere = open(os.devnull, "w")
    tell = (lambda what: print(what, file=nowhere)) if loud == "1" else (lambda what: None)
    records = []
    for path in paths:
        with open(path, "rb") as file:
            records.extend(scrape(file.read().decode("utf-8"), tell))
    sample = subset(records, int(total))
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    print(json.dumps({"seconds": seconds, "records": len(records), "sampled": len(sample), "peak_mb": peak}))


main(*sys.argv[1:])
