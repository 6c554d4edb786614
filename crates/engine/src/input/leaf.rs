//! The columns of a table, nested ones down to their leaves.

use bartizan_data::profile::ValueKind;
use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::functions::core::expr_ext::FieldAccessor as _;
use datafusion::prelude::{DataFrame, Expr, ident};

/// How deep structs are followed.
const DEEPEST: usize = 16;

/// One column.
#[derive(Debug, Clone)]
pub struct Leaf {
    /// Its name; of nested columns, the names down to it, parted by dots.
    pub name: String,
    /// How a plan reads it.
    pub expression: Expr,
    /// Its type.
    pub data_type: DataType,
    /// What its values are.
    pub kind: ValueKind,
}

/// The columns of `frame`, structs replaced by their fields.
pub fn leaves(frame: &DataFrame) -> Vec<Leaf> {
    let mut found = Vec::new();
    let mut open: Vec<(String, Expr, Field, usize)> = frame
        .schema()
        .fields()
        .iter()
        .rev()
        .map(|field| (field.name().clone(), ident(field.name()), field.as_ref().clone(), 0))
        .collect();
    while let Some((name, expression, field, depth)) = open.pop() {
        match field.data_type() {
            DataType::Struct(fields) if depth < DEEPEST => {
                for inner in fields.iter().rev() {
                    let path = format!("{name}.{}", inner.name());
                    let access = expression.clone().field(inner.name().as_str());
                    open.push((path, access, inner.as_ref().clone(), depth.saturating_add(1)));
                }
            }
            data_type => {
                let data_type = data_type.clone();
                found.push(Leaf { name, expression, kind: kind(&data_type), data_type });
            }
        }
    }
    found
}

/// What the values of a type are.
pub(crate) fn kind(data_type: &DataType) -> ValueKind {
    match data_type {
        DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32
        | DataType::UInt64 => ValueKind::Integer,
        DataType::Float16 | DataType::Float32 | DataType::Float64 => ValueKind::Float,
        DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::Decimal128(..)
        | DataType::Decimal256(..) => ValueKind::Decimal,
        DataType::Boolean => ValueKind::Boolean,
        DataType::Date32 | DataType::Date64 => ValueKind::Date,
        DataType::Timestamp(..) => ValueKind::Timestamp,
        DataType::Time32(_) | DataType::Time64(_) | DataType::Duration(_) | DataType::Interval(_) => {
            ValueKind::Time
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => ValueKind::Text,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            ValueKind::Binary
        }
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => ValueKind::List,
        DataType::Dictionary(_, value) => kind(value),
        _ => ValueKind::Other,
    }
}
