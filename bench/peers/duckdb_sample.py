"""What DuckDB takes to count or to sample records of log files.

    python duckdb_sample.py HOW FORMAT EACH FILE...

HOW: `count` (record starts in template logs), `sample` (USING SAMPLE, once for each model version) or `rank` (the first
EACH of each model version by hash, in one pass).
"""

import json
import sys
import time

import duckdb

LINES = """read_csv($files, columns = {'line': 'varchar'}, delim = chr(1), quote = '', escape = '', header = false,
    auto_detect = false, strict_mode = false)"""
RECORDS = {
    "jsonl": "read_json($files, format = 'newline_delimited')",
    "csv": "read_csv($files)",
}


def count(db, files):
    query = f"select count(*) from {LINES} where starts_with(line, 'Timestamp:')"
    return db.execute(query, {"files": files}).fetchone()[0]


def sample(db, files, records, each):
    query = f"select distinct model_version from {records}"
    rows = []
    for (version,) in db.execute(query, {"files": files}).fetchall():
        query = f"select * from (select * from {records} where model_version = $version) using sample reservoir({each} rows)"
        rows += db.execute(query, {"files": files, "version": version}).fetchall()
    return len(rows)


def rank(db, files, records, each):
    query = f"""select * from {records}
        qualify row_number() over (partition by model_version order by hash(request_id)) <= {each}"""
    return len(db.execute(query, {"files": files}).fetchall())


def main(how, format, each, *files):
    db = duckdb.connect()
    began = time.perf_counter()
    if how == "count":
        found = count(db, list(files))
    else:
        found = {"sample": sample, "rank": rank}[how](db, list(files), RECORDS[format], int(each))
    print(json.dumps({"seconds": time.perf_counter() - began, "found": found}))


main(*sys.argv[1:])
