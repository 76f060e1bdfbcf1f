#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Vivace beside DuckDB over the same spans: bytes on disk, and the time of some searches.

Fills a store with made-up traffic, compacts it, exports it, writes the spans into one zstd Parquet file, and asks both
the same questions in turn: DuckDB in this process for trace IDs alone, Vivace over HTTP for its whole answers (three spans
of each trace, root, duration, spans and errors by service). Counts must be equal, or it ends with status 1.

    pip install duckdb && Benchmarks/duckdb/compare.py --spans 300000
"""
import argparse, json, os, pathlib, subprocess, sys, tempfile, time, urllib.parse, urllib.request

import duckdb

TICKS = os.sysconf("SC_CLK_TCK")

#: Name, TraceQL, SQL over `spans` that gives the IDs of the same traces.
QUESTIONS = [
    ("service", '{ resource.service.name = "payment" }', "service = 'payment'"),
    ("duration", "{ duration > 400ms }", "duration > 400000000"),
    ("status", "{ status = error }", "status = 2"),
    ("integer", "{ span.http.response.status_code = 201 }", "attributes['http.response.status_code'] = '201'"),
    ("service, duration", '{ resource.service.name = "checkout" && duration > 100ms }',
     "service = 'checkout' and duration > 100000000"),
    ("pattern", '{ name =~ ".*cart.*" }', "regexp_full_match(name, '.*cart.*')"),
]


def spans(export):
    """The spans of OTLP JSON lines, as rows of the table."""
    for line in export:
        for resource_spans in json.loads(line)["resourceSpans"]:
            resource = texts(resource_spans.get("resource", {}).get("attributes", []))
            for scope_spans in resource_spans.get("scopeSpans", []):
                for span in scope_spans.get("spans", []):
                    start, end = int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"])
                    yield {
                        "trace": span["traceId"], "span": span["spanId"], "parent": span.get("parentSpanId", ""),
                        "name": span.get("name", ""), "service": resource.get("service.name", ""),
                        "kind": kind(span.get("kind", 0)), "start": start, "duration": max(0, end - start),
                        "status": status(span.get("status", {}).get("code", 0)),
                        "attributes": texts(span.get("attributes", [])), "resource": resource,
                        "events": json.dumps(span.get("events", [])), "links": json.dumps(span.get("links", [])),
                    }


def texts(attributes):
    return {a["key"]: str(next(iter(a.get("value", {}).values()), "")) for a in attributes}


def status(code):
    return {"STATUS_CODE_OK": 1, "STATUS_CODE_ERROR": 2}.get(code, code if isinstance(code, int) else 0)


def kind(code):
    names = ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"]
    return code if isinstance(code, int) else names.index(code.removeprefix("SPAN_KIND_"))


class Server:
    def __init__(self, vivace, directory, ports):
        self.base = f"http://127.0.0.1:{ports}"
        addresses = [f"127.0.0.1:{ports + offset}" for offset in range(3)]
        self.otlp = "http://" + addresses[1]
        self.process = subprocess.Popen(
            [vivace, "serve", "--data-dir", directory, "--http", addresses[0], "--otlp-http", addresses[1],
             "--otlp-grpc", addresses[2]], stderr=subprocess.DEVNULL)
        for _ in range(200):
            try:
                urllib.request.urlopen(self.base + "/ready").read()
                return
            except OSError:
                time.sleep(0.05)
        sys.exit("the server does not start")

    def cpu(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def stop(self):
        self.process.terminate()
        self.process.wait()


def median(measure, runs):
    """Of the wall and CPU time that `measure` gives, the medians, in milliseconds."""
    pairs = [measure() for _ in range(runs)]
    return [sorted(pair[i] for pair in pairs)[runs // 2] * 1000 for i in (0, 1)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vivace", default=".build/release/vivace")
    parser.add_argument("--spans", type=int, default=300_000)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--port", type=int, default=23_200, help="this one and the next two are used")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        store, export, parquet = (os.path.join(scratch, name) for name in ("store", "spans.jsonl", "spans.parquet"))
        server = Server(options.vivace, store, options.port)
        subprocess.run([options.vivace, "load", "--otlp", server.otlp, "--spans", str(options.spans), "--seed", "1"],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        server.stop()
        subprocess.run([options.vivace, "blocks", "compact", "--data-dir", store], check=True, stdout=subprocess.DEVNULL)
        server = Server(options.vivace, store, options.port)
        try:
            subprocess.run([options.vivace, "export", "--all", "--server", server.base, "-o", export], check=True,
                           stderr=subprocess.DEVNULL)
            compare(options, server, store, export, parquet)
        finally:
            server.stop()


def compare(options, server, store, export, parquet):
    rows = os.path.join(os.path.dirname(export), "rows.jsonl")
    count = 0
    with open(export) as lines, open(rows, "w") as out:
        for span in spans(lines):
            out.write(json.dumps(span) + "\n")
            count += 1
    database = duckdb.connect()
    strings = "MAP(VARCHAR, VARCHAR)"
    database.execute(f"""
        COPY (SELECT * FROM read_json('{rows}', format = 'newline_delimited', columns = {{
            trace: 'VARCHAR', span: 'VARCHAR', parent: 'VARCHAR', name: 'VARCHAR', service: 'VARCHAR', kind: 'INTEGER',
            start: 'UBIGINT', duration: 'UBIGINT', status: 'INTEGER', attributes: '{strings}', resource: '{strings}',
            events: 'VARCHAR', links: 'VARCHAR' }}) ORDER BY trace, start)
        TO '{parquet}' (FORMAT parquet, COMPRESSION zstd)""")
    blocks = sum(path.stat().st_size for path in pathlib.Path(store).rglob("*") if "journal" not in path.parts
                 and path.is_file())
    print(f"{count} spans; bytes a span: Vivace {blocks / count:.1f} (trace index, bloom filters and all), "
          f"Parquet {os.path.getsize(parquet) / count:.1f}")
    print(f"{'question':20} {'traces':>8} {'Vivace ms':>10} {'CPU':>7} {'DuckDB ms':>10} {'CPU':>7} {'CPU ratio':>10}")
    differs = False
    for name, traceql, condition in QUESTIONS:
        url = server.base + "/api/search?" + urllib.parse.urlencode({"q": traceql, "limit": 262_144})
        sql = f"SELECT DISTINCT trace FROM '{parquet}' WHERE {condition}"

        def ask_vivace():
            began, cpu = time.monotonic(), server.cpu()
            urllib.request.urlopen(url).read()
            return time.monotonic() - began, server.cpu() - cpu

        def ask_duckdb():
            began, cpu = time.monotonic(), time.process_time()
            database.execute(sql).fetchall()
            return time.monotonic() - began, time.process_time() - cpu

        found = len(json.load(urllib.request.urlopen(url)).get("traces", []))
        expected = len(database.execute(sql).fetchall())
        ours, theirs = median(ask_vivace, options.runs), median(ask_duckdb, options.runs)
        ratio = f"{ours[1] / theirs[1]:.2f}" if theirs[1] > 0 else "-"
        print(f"{name:20} {found:8} {ours[0]:10.1f} {ours[1]:7.0f} {theirs[0]:10.1f} {theirs[1]:7.0f} {ratio:>10}"
              + ("" if found == expected else f"  DuckDB finds {expected}"))
        differs = differs or found != expected
    sys.exit(1 if differs else 0)


if __name__ == "__main__":
    main()
