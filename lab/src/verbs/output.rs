//! What verbs print.

use std::fmt::Display;
use std::io::{self, Write, stderr, stdout};

use crate::error::Error;

/// Prints a text on standard output.
///
/// # Errors
///
/// Fails if nobody reads standard output any more, for example because `head` has ended.
pub fn print(text: impl Display) -> Result<(), Error> {
    let printed = write!(stdout(), "{text}");
    printed.map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Error::OutputClosed,
        _ => Error::System(error),
    })
}

/// Prints a line on standard error. The verb goes on if nobody reads it.
pub fn note(line: impl Display) {
    let _ = writeln!(stderr(), "{line}");
}
