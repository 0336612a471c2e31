"""Measures another engine on the plan that bench/src/engine-plan.ts wrote, and prints one line of JSON.

    measure.py edge|edge-int8|hnswlib PLAN.json

The fields printed are those of EngineMeasurement in bench/src/engine-measurement.ts.
"""

import json
import os
import statistics
import sys
import tempfile
import time

import numpy


class Plan:
    """The data set, the graph's parameters and the filtered cases, as written by the benchmark."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            fields = json.load(file)
        folder = os.path.dirname(path)
        self.rows = fields["rows"]
        self.dimension = fields["dimension"]
        self.limit = fields["limit"]
        self.m = fields["m"]
        self.ef_construct = fields["efConstruct"]
        self.efforts = fields["efforts"]
        self.filtered_efforts = fields["filteredEfforts"]
        self.rounds = fields["rounds"]
        self.cases = fields["cases"]
        self.vectors = self._matrix(fields["vectorsFile"])[: self.rows]
        self.queries = self._matrix(fields["queriesFile"])[: fields["queries"]]
        truth = numpy.fromfile(os.path.join(folder, "truth.i32"), "<i4")
        self.truth = truth.reshape(-1, fields["truthWidth"])[:, : self.limit]
        self.buckets = numpy.fromfile(os.path.join(folder, "buckets.u8"), numpy.uint8)
        with open(os.path.join(folder, "categories.json"), encoding="utf-8") as file:
            self.categories = json.load(file)

    def _matrix(self, path):
        return numpy.fromfile(path, "<f2").reshape(-1, self.dimension).astype(numpy.float32)


def resident_bytes():
    with open("/proc/self/status", encoding="ascii") as file:
        for line in file:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    raise RuntimeError("/proc/self/status has no VmRSS")


def curve(plan, efforts, queries, search):
    """One point for each effort: recall, and the median rate of the rounds. `search(query, ef)` gives rows."""
    points = []
    for ef in efforts:
        recalls = [hits(search(query, ef), nearest) for query, nearest in queries]
        rates = []
        for _ in range(plan.rounds):
            start = time.perf_counter()
            for query, _ in queries:
                search(query, ef)
            rates.append(len(queries) / (time.perf_counter() - start))
        points.append(
            {"ef": ef, "recall": statistics.fmean(recalls), "searchesPerSecond": statistics.median(rates)}
        )
    return points


def hits(found, nearest):
    wanted = set(nearest)
    return len(wanted.intersection(found)) / len(wanted)


def measure_edge(plan, int8):
    import qdrant_edge as edge

    config = edge.EdgeConfig(
        vectors={"": edge.EdgeVectorParams(plan.dimension, edge.Distance.Cosine)},
        hnsw_config=edge.HnswIndexConfig(plan.m, plan.ef_construct, 10_000, max_indexing_threads=2),
        quantization_config=edge.ScalarQuantizationConfig(edge.ScalarType.Int8, quantile=0.99, always_ram=True)
        if int8
        else None,
        optimizers=edge.EdgeOptimizersConfig(
            default_segment_number=1, indexing_threshold=1_000, max_segment_size=10_000_000
        ),
    )
    with tempfile.TemporaryDirectory() as folder:
        before = resident_bytes()
        shard = edge.EdgeShard.create(folder, config)
        keyword, integer = edge.PayloadSchemaType.Keyword, edge.PayloadSchemaType.Integer
        shard.update(edge.UpdateOperation.create_field_index("category", keyword))
        shard.update(edge.UpdateOperation.create_field_index("bucket", integer))
        start = time.perf_counter()
        for first in range(0, plan.rows, 500):
            points = [
                edge.Point(
                    row,
                    {"": plan.vectors[row].tolist()},
                    {"category": plan.categories[row], "bucket": int(plan.buckets[row])},
                )
                for row in range(first, min(plan.rows, first + 500))
            ]
            shard.update(edge.UpdateOperation.upsert_points(points))
        load_seconds = time.perf_counter() - start
        start = time.perf_counter()
        shard.optimize()
        build_seconds = time.perf_counter() - start

        def searcher(quantization):
            def search(query, ef):
                vector, condition = query
                request = edge.QueryRequest(
                    plan.limit,
                    query=edge.Query.Nearest(vector),
                    filter=condition,
                    params=edge.SearchParams(hnsw_ef=ef, quantization=quantization),
                )
                return [point.id for point in shard.query(request)]

            return search

        modes = {"float32": None}
        if int8:
            modes = {
                "int8": edge.QuantizationSearchParams(rescore=False),
                "int8, rescored": edge.QuantizationSearchParams(rescore=True),
                "int8, rescored, twice the hits": edge.QuantizationSearchParams(rescore=True, oversampling=2.0),
            }
        plain = [((query.tolist(), None), truth.tolist()) for query, truth in zip(plan.queries, plan.truth)]
        curves = [
            {"mode": name, "points": curve(plan, plan.efforts, plain, searcher(parameters))}
            for name, parameters in modes.items()
        ]
        memory = resident_bytes() - before
        filtered = [] if int8 else edge_filtered(edge, plan, searcher(None))
    return load_seconds, build_seconds, memory, curves, filtered


def edge_filtered(edge, plan, search):
    def condition(spec):
        if spec["kind"] == "bucket":
            field = edge.FieldCondition("bucket", range=edge.RangeFloat(lt=float(spec["below"])))
        else:
            field = edge.FieldCondition("category", match=edge.MatchAny(spec["any"]))
        return edge.Filter(must=[field])

    results = []
    for case in plan.cases:
        queries = [
            ((plan.queries[entry["query"]].tolist(), condition(entry["filter"])), entry["nearest"])
            for entry in case["queries"]
        ]
        if queries:
            results.append({"name": case["name"], "points": curve(plan, plan.filtered_efforts, queries, search)})
    return results


def measure_hnswlib(plan):
    import hnswlib

    before = resident_bytes()
    index = hnswlib.Index(space="cosine", dim=plan.dimension)
    index.init_index(max_elements=plan.rows, M=plan.m, ef_construction=plan.ef_construct, random_seed=1)
    start = time.perf_counter()
    index.add_items(plan.vectors, numpy.arange(plan.rows), num_threads=2)
    build_seconds = time.perf_counter() - start
    index.set_num_threads(1)

    def search(query, ef):
        index.set_ef(ef)
        return index.knn_query(query, k=plan.limit)[0][0].tolist()

    queries = [(query, truth.tolist()) for query, truth in zip(plan.queries, plan.truth)]
    curves = [{"mode": "float32", "points": curve(plan, plan.efforts, queries, search)}]
    return 0.0, build_seconds, resident_bytes() - before, curves, []


def main():
    engine, plan = sys.argv[1], Plan(sys.argv[2])
    if engine == "hnswlib":
        measured = measure_hnswlib(plan)
    else:
        measured = measure_edge(plan, engine == "edge-int8")
    load_seconds, build_seconds, memory, curves, filtered = measured
    print(
        json.dumps(
            {
                "engine": engine,
                "rows": plan.rows,
                "loadSeconds": load_seconds,
                "buildSeconds": build_seconds,
                "memoryBytes": memory,
                "curves": curves,
                "filtered": filtered,
            }
        )
    )


main()
