//! The error of the parser.

/// Why a text is no filter expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Invalid filter expression: {message} at position {position}")]
pub struct ParseError {
    /// Position of the error in characters. The first character has position 1.
    pub position: usize,
    /// The reason.
    pub message: String,
}
