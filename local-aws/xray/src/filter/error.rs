//! The error that the parser of filter expressions returns.

/// The reason why a text cannot be parsed as a filter expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Invalid filter expression: {message} at position {position}")]
pub struct ParseError {
    /// Position of the error in characters. The first character of the expression has position 1.
    pub position: usize,
    /// Reason of the error, without the position.
    pub message: String,
}
