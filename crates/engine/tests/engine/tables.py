"""Writes tables of Delta Lake and Iceberg into the folder named, and what they hold as JSON."""
import json, os, sys, datetime as dt, decimal
import pyarrow as pa

def rows(start, count):
    ids = list(range(start, start + count))
    return pa.table({
        "id": pa.array(ids, pa.int64()),
        "amount": pa.array([i / 2 for i in ids], pa.float64()),
        "kind": pa.array([None if i % 10 == 9 else ["red", "green", "blue"][i % 3] for i in ids], pa.string()),
        "day": pa.array([dt.date(2024, 1, 1 + i % 3) for i in ids], pa.date32()),
        "when": pa.array([dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc) + dt.timedelta(hours=i) for i in ids], pa.timestamp("us", "UTC")),
        "tags": pa.array([["a", str(i)] for i in ids], pa.list_(pa.string())),
        "place": pa.array([{"city": "x", "zip": i} for i in ids], pa.struct([("city", pa.string()), ("zip", pa.int32())])),
        "price": pa.array([decimal.Decimal(i).scaleb(-2) for i in ids], pa.decimal128(10, 2)),
    })

def delta(root):
    from deltalake import DeltaTable, write_deltalake
    path = os.path.join(root, "delta")
    for step in range(5):
        write_deltalake(path, rows(step * 100, 100), mode="append", partition_by=["kind", "day"])
    t = DeltaTable(path)
    t.delete("id < 50")
    t.create_checkpoint()
    write_deltalake(path, rows(500, 100), mode="append")
    t = DeltaTable(path); t.delete("kind = 'red' and id > 550")
    t = DeltaTable(path); t.optimize.compact()
    wider = rows(600, 50).append_column("note", pa.array(["n é"] * 50))
    write_deltalake(path, wider, mode="append", schema_mode="merge")
    t = DeltaTable(path)
    t.create_checkpoint()
    write_deltalake(path, rows(650, 10), mode="append", schema_mode="merge")
    return path, DeltaTable(path).to_pyarrow_table().to_pylist(), str(DeltaTable(path).version())

def odd(root):
    from deltalake import DeltaTable, write_deltalake
    path = os.path.join(root, "delta-odd")
    t = pa.table({"a b": [1, 2, 3], "k": ["x/y", "ü %25", None]})
    write_deltalake(path, t, partition_by=["k"])
    return path, DeltaTable(path).to_pyarrow_table().to_pylist(), "0"

def iceberg(root):
    from pyiceberg.catalog.sql import SqlCatalog
    from pyiceberg.transforms import IdentityTransform, DayTransform
    from pyiceberg.partitioning import PartitionSpec, PartitionField
    wh = os.path.join(root, "warehouse"); os.makedirs(wh)
    cat = SqlCatalog("c", uri=f"sqlite:///{wh}/c.db", warehouse=f"file://{wh}")
    cat.create_namespace("db")
    t = cat.create_table("db.t", schema=rows(0, 1).schema)
    with t.update_spec() as u:
        u.add_identity("kind")
    for step in range(4):
        t.append(rows(step * 100, 100))
    t.delete("id < 50")
    with t.update_schema() as u:
        u.rename_column("amount", "sum")
        from pyiceberg.types import StringType
        u.add_column("note", StringType())
    t = cat.load_table("db.t")
    more = rows(400, 20).rename_columns(["id", "sum", "kind", "day", "when", "tags", "place", "price"]).append_column("note", pa.array(["n"] * 20))
    t.append(more)
    with t.update_schema() as u:
        u.delete_column("day")
        u.add_column("amount", StringType())
    t = cat.load_table("db.t")
    return t.metadata_location.removeprefix("file://"), t.scan().to_arrow().to_pylist(), str(t.current_snapshot().snapshot_id)

if __name__ == "__main__":
    root = sys.argv[1]
    out = {}
    for name, make in [("delta", delta), ("odd", odd), ("iceberg", iceberg)]:
        path, held, version = make(root)
        out[name] = {"path": path, "rows": held, "version": version}
    json.dump(out, open(os.path.join(root, "tables.json"), "w"), default=str)
