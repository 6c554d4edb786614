//! What a column holds, and what is to be known of it.

/// What kind of values a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ValueKind {
    /// Whole numbers.
    Integer,
    /// Numbers with a fraction.
    Float,
    /// Decimal numbers of fixed scale.
    Decimal,
    /// True or false.
    Boolean,
    /// Days.
    Date,
    /// Moments in time.
    Timestamp,
    /// Times of day, spans and intervals.
    Time,
    /// Text.
    Text,
    /// Bytes.
    Binary,
    /// Lists, whose lengths are measured.
    List,
    /// Anything else: only counted.
    Other,
}

impl ValueKind {
    /// All kinds; the place is the byte in a written state.
    pub const ALL: [Self; 11] = [
        Self::Integer,
        Self::Float,
        Self::Decimal,
        Self::Boolean,
        Self::Date,
        Self::Timestamp,
        Self::Time,
        Self::Text,
        Self::Binary,
        Self::List,
        Self::Other,
    ];

    /// The word used in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Float => "float",
            Self::Decimal => "decimal",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::Time => "time",
            Self::Text => "text",
            Self::Binary => "binary",
            Self::List => "list",
            Self::Other => "other",
        }
    }

    /// Whether values are numbers that may be averaged.
    pub fn is_number(self) -> bool {
        matches!(self, Self::Integer | Self::Float | Self::Decimal)
    }

    /// Whether values have an order that quantiles describe: numbers, and times as seconds since 1970.
    pub fn is_ordered(self) -> bool {
        self.is_number() || matches!(self, Self::Date | Self::Timestamp)
    }
}

/// Which parts of a state are filled; what is left out costs nothing.
#[expect(clippy::struct_excessive_bools, reason = "four parts, each there or not")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Parts {
    /// Distinct count.
    pub distinct: bool,
    /// Quantiles.
    pub ranks: bool,
    /// Frequent values.
    pub frequent: bool,
    /// Shapes of texts.
    pub shapes: bool,
}

impl Parts {
    /// Everything.
    pub const ALL: Self = Self { distinct: true, ranks: true, frequent: true, shapes: true };
    /// Counts, range and moments only.
    pub const LEAST: Self = Self { distinct: false, ranks: false, frequent: false, shapes: false };

    /// What either asks for.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            distinct: self.distinct || other.distinct,
            ranks: self.ranks || other.ranks,
            frequent: self.frequent || other.frequent,
            shapes: self.shapes || other.shapes,
        }
    }
}
