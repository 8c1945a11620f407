//! What an error of the SDK says about the write behind it.

use std::error::Error as StdError;
use std::io;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::error::Error;

/// Codes by which DynamoDB says that it had no capacity and did nothing.
pub const THROTTLED: [&str; 3] = [
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
];

/// Any failure that is not about the item: the client sees a 503, the log the cause.
pub fn database(error: impl StdError + Send + Sync + 'static) -> Error {
    Error::Database(Box::new(error))
}

/// True only if DynamoDB cannot have written anything: it said so, or nobody was there to hear.
///
/// A connection that broke later proves nothing: the write may have been under way.
pub fn surely_not_written<E>(error: &SdkError<E>) -> bool
where
    E: StdError + ProvideErrorMetadata + 'static,
{
    match error {
        SdkError::ServiceError(_) => error.code().is_some_and(|code| THROTTLED.contains(&code)),
        SdkError::DispatchFailure(_) => connection_refused(error),
        _ => false,
    }
}

fn connection_refused(error: &(dyn StdError + 'static)) -> bool {
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return error.kind() == io::ErrorKind::ConnectionRefused;
    }
    error.source().is_some_and(connection_refused)
}
