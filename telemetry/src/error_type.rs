//! Values of the attribute `error.type`, as OpenTelemetry's semantic conventions define it.

use std::io;

/// The error has no more specific type.
pub(crate) const OTHER_ERROR_TYPE: &str = "_OTHER";

/// The backend rejected an item and accepted other items of the same request.
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
