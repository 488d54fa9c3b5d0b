/// What an input column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputType {
    /// Rounded to single precision.
    F32,
    /// Double precision.
    F64,
    /// A whole number; NaN and fractions are refused by the caller or truncated.
    I64,
    /// Text.
    String,
    /// 0 or 1.
    Bool,
}

/// An input of the graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// What its columns hold.
    pub dtype: InputType,
    /// Number of columns.
    pub columns: usize,
}

/// What an output holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputType {
    /// Single precision.
    F32,
    /// Double precision.
    F64,
    /// Whole numbers, or 0 and 1 for a boolean output.
    I64,
    /// Text, one of the model's labels.
    Text,
}

/// An output of the graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// What its columns hold.
    pub kind: OutputType,
    /// Values a row.
    pub columns: usize,
}
