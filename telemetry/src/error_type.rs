//! Values of the attribute `error.type` of OpenTelemetry's semantic conventions.

use std::io;

/// The `error.type` of an error that has no more specific type.
pub(crate) const OTHER_ERROR_TYPE: &str = "_OTHER";

/// The `error.type` of spans and data points that the backend rejected in a partial success response.
pub(crate) const REJECTED_ERROR_TYPE: &str = "rejected";

/// The `error.type` of an I/O error: the name of its [`io::ErrorKind`], or [`OTHER_ERROR_TYPE`].
pub(crate) fn io_error_type(error: &io::Error) -> String {
    let kind = format!("{:?}", error.kind());
    if ["Other", "Uncategorized"].contains(&&*kind) {
        OTHER_ERROR_TYPE.to_owned()
    } else {
        kind
    }
}
