"""The ten checks of suite.toml with other tools: `peers.py TOOL FILE` prints how many hold."""
import sys

tool, file = sys.argv[1], sys.argv[2]
STATUS = ["new", "paid", "packed", "shipped", "returned"]
EMAIL = r"^[a-z0-9]+@example\.org$"

if tool == "pandera-polars":
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
else:
    sys.exit(f"no tool is called {tool}")
