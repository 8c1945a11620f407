//! Decides which errors of the AWS SDK allow a retry of a like.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::error::Error;

/// The error codes of DynamoDB for throttled requests.
pub const THROTTLE_CODES: [&str; 3] = [
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
];

/// Wraps a failure of DynamoDB. The monolith answers 503 without the cause of the failure, and logs the
/// cause.
pub fn database_error(error: impl StdError + Send + Sync + 'static) -> Error {
    Error::Database(Arc::new(error))
}

/// Whether DynamoDB certainly wrote nothing, because DynamoDB throttled the request or refused the
/// connection.
///
/// If an established connection breaks, DynamoDB may have written the item.
pub fn is_certainly_not_written<E>(error: &SdkError<E>) -> bool
where
    E: StdError + ProvideErrorMetadata + 'static,
{
    match error {
        SdkError::ServiceError(_) => error
            .code()
            .is_some_and(|code| THROTTLE_CODES.contains(&code)),
        SdkError::DispatchFailure(_) => is_connection_refused(error),
        _ => false,
    }
}

fn is_connection_refused(error: &(dyn StdError + 'static)) -> bool {
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return error.kind() == io::ErrorKind::ConnectionRefused;
    }
    error.source().is_some_and(is_connection_refused)
}
