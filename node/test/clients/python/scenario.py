"""Drives a node with the official Python client, unchanged: scenario.py REST_PORT GRPC_PORT rest|grpc."""

import sys

import grpc
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

BIG = 2**53 + 1
BIGGEST = 2**64 - 1
LEAST = -(2**63)
UUID = "936da01f-9abd-4d9d-80c7-02af85c822a8"

PAYLOADS = {
    1: {"colour": "red", "size": 1, "price": 1.0, "tags": ["a", "b"], "sold": True},
    2: {"colour": "green", "size": 2, "price": 2.5, "tags": ["b"], "sold": False},
    3: {"colour": "blue", "size": 3, "nested": [{"x": 1, "y": 2}, {"x": 3, "y": 4}]},
    BIG: {"size": LEAST, "note": None, "text": "naïve ☕"},
    BIGGEST: {"size": 2**63 - 1, "empty": []},
    UUID: {"colour": "red", "size": 6},
}
VECTORS = {
    1: [1.0, 0.0, 0.0, 0.0],
    2: [0.0, 1.0, 0.0, 0.0],
    3: [0.0, 0.0, 1.0, 0.0],
    BIG: [0.0, 0.0, 0.0, 1.0],
    BIGGEST: [0.5, 0.5, 0.0, 0.0],
    UUID: [0.75, 0.25, 0.0, 0.0],
}


def equal(found, wanted, what):
    assert found == wanted, f"{what}: {found!r} is not {wanted!r}"


def field(key, **test):
    return models.FieldCondition(key=key, **test)


def create(client):
    equal(client.collection_exists("items"), False, "exists before")
    created = client.create_collection(
        "items",
        vectors_config=models.VectorParams(size=4, distance=models.Distance.DOT),
        hnsw_config=models.HnswConfigDiff(m=8, ef_construct=64),
        optimizers_config=models.OptimizersConfigDiff(indexing_threshold=1000),
    )
    equal(created, True, "created")
    equal(client.collection_exists("items"), True, "exists after")
    equal([c.name for c in client.get_collections().collections], ["items"], "collections")
    info = client.get_collection("items")
    equal(info.config.params.vectors.size, 4, "size")
    equal(info.config.params.vectors.distance, models.Distance.DOT, "distance")
    equal(info.config.hnsw_config.m, 8, "m")
    equal(info.config.optimizer_config.indexing_threshold, 1000, "indexing_threshold")
    equal(info.status, models.CollectionStatus.GREEN, "status")
    client.update_collection("items", optimizers_config=models.OptimizersConfigDiff(indexing_threshold=2000))
    equal(client.get_collection("items").config.optimizer_config.indexing_threshold, 2000, "changed threshold")


def write(client):
    points = [models.PointStruct(id=i, vector=VECTORS[i], payload=PAYLOADS[i]) for i in VECTORS]
    result = client.upsert("items", points[:3], wait=True)
    equal(result.status, models.UpdateStatus.COMPLETED, "upsert")
    client.upload_points("items", points[3:], wait=True, batch_size=2)
    equal(client.count("items", exact=True).count, 6, "count")
    for name, schema in (("colour", "keyword"), ("size", "integer"), ("price", "float"), ("sold", "bool")):
        client.create_payload_index("items", name, field_schema=schema, wait=True)
    schema = client.get_collection("items").payload_schema
    equal(schema["colour"].data_type, models.PayloadSchemaType.KEYWORD, "schema")


def read(client):
    records = client.retrieve("items", list(VECTORS), with_payload=True, with_vectors=True)
    equal({r.id: r.payload for r in records}, PAYLOADS, "payloads")
    equal({r.id: r.vector for r in records}, VECTORS, "vectors")
    price = next(r for r in records if r.id == 1).payload["price"]
    size = next(r for r in records if r.id == 1).payload["size"]
    equal((type(price), type(size)), (float, int), "1.0 and 1")
    first, offset = client.scroll("items", limit=4)
    rest, end = client.scroll("items", limit=4, offset=offset)
    equal([r.id for r in first + rest], [1, 2, 3, BIG, BIGGEST, UUID], "scrolled")
    equal(end, None, "end of the scroll")
    equal(client.retrieve("items", [99]), [], "a point that is not there")


def ids(client, query_filter, **more):
    found = client.query_points("items", query=[1.0, 0.5, 0.25, 0.125], query_filter=query_filter, **more)
    return [p.id for p in found.points]


def search(client):
    equal(ids(client, None, limit=3), [1, UUID, BIGGEST], "nearest")
    equal(ids(client, None, limit=2, offset=1), [UUID, BIGGEST], "offset")
    equal(ids(client, None, score_threshold=0.76), [1, UUID], "threshold")
    exact = models.SearchParams(exact=True, hnsw_ef=32)
    scored = client.query_points(
        "items", query=[1.0, 0.0, 0.0, 0.0], limit=1, search_params=exact, with_vectors=True, with_payload=["size"]
    ).points[0]
    equal((scored.id, scored.score, scored.payload, scored.vector), (1, 1.0, {"size": 1}, VECTORS[1]), "scored")
    equal([p.id for p in client.query_points("items", query=1, limit=1).points], [UUID], "nearest to a point")
    equal([p.id for p in client.query_points("items", query=UUID, limit=1).points], [1], "nearest to a UUID")
    batch = client.query_batch_points(
        "items",
        [models.QueryRequest(query=VECTORS[i], limit=1, with_payload=False) for i in (2, 3)],
    )
    equal([[p.id for p in answer.points] for answer in batch], [[2], [3]], "batch")


def filters(client):
    red = field("colour", match=models.MatchValue(value="red"))
    equal(ids(client, models.Filter(must=[red])), [1, UUID], "keyword")
    equal(ids(client, models.Filter(must_not=[red])), [BIGGEST, 2, 3, BIG], "must_not")
    either = field("colour", match=models.MatchAny(any=["green", "blue"]))
    equal(ids(client, models.Filter(should=[either])), [2, 3], "any")
    other = field("colour", match=models.MatchExcept(**{"except": ["red"]}))
    equal(ids(client, models.Filter(must=[other])), [2, 3], "except")
    equal(ids(client, models.Filter(must=[field("size", match=models.MatchValue(value=LEAST))])), [BIG], "least")
    equal(ids(client, models.Filter(must=[field("size", range=models.Range(gte=2, lt=6))])), [2, 3], "range")
    equal(ids(client, models.Filter(must=[field("price", range=models.Range(gt=1.0))])), [2], "float range")
    equal(ids(client, models.Filter(must=[field("sold", match=models.MatchValue(value=False))])), [2], "bool")
    equal(ids(client, models.Filter(must=[field("tags", match=models.MatchValue(value="b"))])), [1, 2], "array")
    equal(ids(client, models.Filter(must=[field("tags", values_count=models.ValuesCount(gt=1))])), [1], "count")
    equal(ids(client, models.Filter(must=[models.HasIdCondition(has_id=[BIGGEST, UUID, 99])])), [UUID, BIGGEST], "ids")
    note = models.PayloadField(key="note")
    equal(ids(client, models.Filter(must=[models.IsNullCondition(is_null=note)])), [BIG], "null")
    colour = models.PayloadField(key="colour")
    equal(ids(client, models.Filter(must=[models.IsEmptyCondition(is_empty=colour)])), [BIGGEST, BIG], "empty")
    pair = models.Filter(
        must=[field("x", match=models.MatchValue(value=1)), field("y", match=models.MatchValue(value=4))]
    )
    apart = models.NestedCondition(nested=models.Nested(key="nested", filter=pair))
    equal(ids(client, models.Filter(must=[apart])), [], "nested apart")
    joined = [field(f"nested[].{k}", match=models.MatchValue(value=v)) for k, v in (("x", 1), ("y", 4))]
    equal(ids(client, models.Filter(must=joined)), [3], "keys apart")
    some = models.MinShould(conditions=[red, field("size", range=models.Range(lt=2)), either], min_count=2)
    equal(ids(client, models.Filter(min_should=some)), [1], "min_should")
    equal(client.count("items", count_filter=models.Filter(must=[red])).count, 2, "filtered count")
    page, _ = client.scroll("items", scroll_filter=models.Filter(must=[red]))
    equal([r.id for r in page], [1, UUID], "filtered scroll")


def payload_of(client, point):
    return client.retrieve("items", [point])[0].payload


def payloads(client):
    client.set_payload("items", {"colour": "black", "deep": {"a": 1}}, points=[3], wait=True)
    equal(payload_of(client, 3)["colour"], "black", "set")
    client.set_payload("items", {"b": 2.0}, points=[3], key="deep", wait=True)
    equal(payload_of(client, 3)["deep"], {"a": 1, "b": 2.0}, "set at a key")
    client.delete_payload("items", ["deep.a", "nested"], points=[3], wait=True)
    equal(payload_of(client, 3), {"colour": "black", "size": 3, "deep": {"b": 2.0}}, "delete keys")
    client.overwrite_payload("items", {"size": BIG}, points=[3], wait=True)
    equal(payload_of(client, 3), {"size": BIG}, "overwrite")
    green = models.Filter(must=[field("colour", match=models.MatchValue(value="green"))])
    client.clear_payload("items", models.FilterSelector(filter=green), wait=True)
    equal(payload_of(client, 2), {}, "clear by filter")


def batches_and_deletes(client):
    results = client.batch_update_points(
        "items",
        [
            models.UpsertOperation(upsert=models.PointsList(points=[models.PointStruct(id=7, vector=VECTORS[1])])),
            models.SetPayloadOperation(set_payload=models.SetPayload(payload={"n": 1}, points=[7])),
            models.OverwritePayloadOperation(overwrite_payload=models.SetPayload(payload={"n": 2}, points=[7])),
            models.UpdateVectorsOperation(
                update_vectors=models.UpdateVectors(points=[models.PointVectors(id=7, vector=VECTORS[2])])
            ),
            models.DeleteOperation(delete=models.PointIdsList(points=[1])),
        ],
        wait=True,
    )
    equal(len(results), 5, "batch")
    seven = client.retrieve("items", [7], with_vectors=True)[0]
    equal((seven.payload, seven.vector), ({"n": 2}, VECTORS[2]), "after the batch")
    client.delete("items", models.PointIdsList(points=[7, BIG]), wait=True)
    red = models.Filter(must=[field("colour", match=models.MatchValue(value="red"))])
    client.delete("items", models.FilterSelector(filter=red), wait=True)
    equal([r.id for r in client.scroll("items")[0]], [2, 3, BIGGEST], "what is left")
    client.delete_payload_index("items", "colour", wait=True)
    equal("colour" in client.get_collection("items").payload_schema, False, "index dropped")


def named_vectors(client):
    client.create_collection(
        "named",
        vectors_config={
            "a": models.VectorParams(size=2, distance=models.Distance.COSINE),
            "b": models.VectorParams(size=3, distance=models.Distance.EUCLID, datatype=models.Datatype.FLOAT16),
        },
    )
    client.upsert(
        "named",
        [
            models.PointStruct(id=1, vector={"a": [3.0, 4.0], "b": [1.0, 2.0, 3.0]}),
            models.PointStruct(id=2, vector={"a": [1.0, 0.0]}),
        ],
        wait=True,
    )
    nearest = client.query_points("named", query=[1.0, 2.0, 2.0], using="b", with_vectors=["b"]).points
    equal([(p.id, p.score, p.vector) for p in nearest], [(1, 1.0, {"b": [1.0, 2.0, 3.0]})], "named")
    both = client.query_points("named", query=[1.0, 0.0], using="a").points
    equal([p.id for p in both], [2, 1], "the other name")
    client.update_vectors("named", [models.PointVectors(id=2, vector={"b": [0.0, 0.0, 1.0]})], wait=True)
    client.delete_vectors("named", ["a"], points=[1], wait=True)
    records = {r.id: r.vector for r in client.retrieve("named", [1, 2], with_vectors=True)}
    equal(sorted(records[1]), ["b"], "vector deleted")
    equal(records[2], {"a": [1.0, 0.0], "b": [0.0, 0.0, 1.0]}, "vector added")
    equal(client.delete_collection("named"), True, "deleted")


def refused(call, http_status, grpc_code):
    try:
        call()
    except UnexpectedResponse as error:
        equal(error.status_code, http_status, "HTTP status")
    except grpc.RpcError as error:
        equal(error.code(), grpc_code, "gRPC code")
    else:
        raise AssertionError("it was accepted")


def errors(client):
    refused(lambda: client.query_points("nothing", query=[1.0]), 404, grpc.StatusCode.NOT_FOUND)
    refused(lambda: client.query_points("items", query=[1.0]), 400, grpc.StatusCode.INVALID_ARGUMENT)
    refused(
        lambda: client.create_collection(
            "items", vectors_config=models.VectorParams(size=4, distance=models.Distance.DOT)
        ),
        409,
        grpc.StatusCode.ALREADY_EXISTS,
    )
    refused(
        lambda: client.query_points("items", query=models.OrderByQuery(order_by="size")),
        400,
        grpc.StatusCode.INVALID_ARGUMENT,
    )


def main():
    rest_port, grpc_port, mode = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    client = QdrantClient(
        host="127.0.0.1", port=rest_port, grpc_port=grpc_port, prefer_grpc=mode == "grpc", https=False, timeout=30
    )
    for step in (
        create,
        write,
        read,
        search,
        filters,
        payloads,
        batches_and_deletes,
        named_vectors,
        errors,
    ):
        step(client)
        print(step.__name__, flush=True)
    client.delete_collection("items")
    client.close()


main()
