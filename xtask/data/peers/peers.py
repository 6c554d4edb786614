"""The ten checks of suite.toml with other tools, or their profile: `peers.py TOOL FILE`; a tool that cannot do it ends with an error."""
import sys

tool, file = sys.argv[1], sys.argv[2]
STATUS = ["new", "paid", "packed", "shipped", "returned"]
EMAIL = r"^[a-z0-9]+@example\.org$"

if tool == "pandera":
    import pandera.polars as pa
    import polars as pl

    schema = pa.DataFrameSchema(
        {
            "id": pa.Column(pl.Int64, unique=True, nullable=False),
            "status": pa.Column(pl.String, pa.Check.isin(STATUS), nullable=True),
            "quantity": pa.Column(pl.Int32, pa.Check.in_range(1, 20), nullable=True),
            "amount": pa.Column(pl.Float64, pa.Check.in_range(0.0, 10000.0), nullable=True),
            "email": pa.Column(pl.String, pa.Check.str_matches(EMAIL), nullable=True),
            "country": pa.Column(pl.String, pa.Check.str_length(4, 4), nullable=True),
            "score": pa.Column(pl.Float64, nullable=True),
        },
        checks=[
            pa.Check(lambda data: data.lazyframe.select(pl.col("shipped").is_not_null().mean() >= 0.85)),
            pa.Check(lambda data: data.lazyframe.select((pl.col("shipped") >= pl.col("ordered")).fill_null(True))),
            pa.Check(lambda data: data.lazyframe.select(pl.col("score").mean().abs() <= 0.01)),
        ],
    )
    schema.validate(pl.read_parquet(file))
    print("10 hold")
elif tool == "great-expectations":
    import great_expectations as gx
    import pandas as pd

    e = gx.expectations
    context = gx.get_context(mode="ephemeral")
    asset = context.data_sources.add_pandas("orders").add_dataframe_asset("orders")
    batch = asset.add_batch_definition_whole_dataframe("whole")
    suite = gx.ExpectationSuite(
        name="orders",
        expectations=[
            e.ExpectColumnValuesToNotBeNull(column="id"),
            e.ExpectColumnValuesToBeUnique(column="id"),
            e.ExpectColumnValuesToBeInSet(column="status", value_set=STATUS),
            e.ExpectColumnValuesToBeBetween(column="quantity", min_value=1, max_value=20),
            e.ExpectColumnValuesToBeBetween(column="amount", min_value=0.0, max_value=10000.0),
            e.ExpectColumnValuesToMatchRegex(column="email", regex=EMAIL),
            e.ExpectColumnValueLengthsToEqual(column="country", value=4),
            e.ExpectColumnValuesToNotBeNull(column="shipped", mostly=0.85),
            e.ExpectColumnPairValuesAToBeGreaterThanB(column_A="shipped", column_B="ordered", or_equal=True),
            e.ExpectColumnMeanToBeBetween(column="score", min_value=-0.01, max_value=0.01),
        ],
    )
    result = batch.get_batch({"dataframe": pd.read_parquet(file)}).validate(suite)
    print(sum(r.success for r in result.results), "hold")
elif tool == "soda":
    import duckdb
    from soda.scan import Scan

    connection = duckdb.connect(":memory:")
    connection.execute(f"create view orders as select * from read_parquet('{file}')")
    scan = Scan()
    scan.add_duckdb_connection(connection)
    scan.set_data_source_name("duckdb")
    statuses = ", ".join(STATUS)
    scan.add_sodacl_yaml_str(
        f"""
checks for orders:
  - missing_count(id) = 0
  - duplicate_count(id) = 0
  - invalid_count(status) = 0:
      valid values: [{statuses}]
  - invalid_count(quantity) = 0:
      valid min: 1
      valid max: 20
  - invalid_count(amount) = 0:
      valid min: 0
      valid max: 10000
  - invalid_count(email) = 0:
      valid regex: '{EMAIL}'
  - invalid_count(country) = 0:
      valid length: 4
  - missing_percent(shipped) < 15
  - failed rows:
      name: shipped after ordered
      fail condition: shipped < ordered
  - avg(score) between -0.01 and 0.01
"""
    )
    scan.execute()
    if scan.has_error_logs():
        sys.exit(scan.get_error_logs_text())
    print(len([c for c in scan._checks if c.outcome and c.outcome.value == "pass"]), "hold")
elif tool == "whylogs":
    import pandas as pd
    import whylogs as why

    profile = why.log(pandas=pd.read_parquet(file)).profile()
    print(len(profile.view().get_columns()), "columns profiled")
elif tool == "evidently":
    import pandas as pd
    from evidently import Dataset, Report
    from evidently.presets import DataSummaryPreset

    report = Report([DataSummaryPreset()]).run(Dataset.from_pandas(pd.read_parquet(file)), None)
    print(len(report.dict()["metrics"]), "metrics")
elif tool == "tfdv":
    import pandas as pd
    import tensorflow_data_validation as tfdv

    statistics = tfdv.generate_statistics_from_dataframe(pd.read_parquet(file), n_jobs=2)
    schema = tfdv.infer_schema(statistics)
    tfdv.validate_statistics(statistics, schema)
    print(len(statistics.datasets[0].features), "columns profiled")
else:
    sys.exit(f"no tool is called {tool}")
