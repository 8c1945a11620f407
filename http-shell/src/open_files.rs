//! The process's limit of open files, and the limit of connections that is derived from the limit of files.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Maximum number of open connections of one service. [`OpenConnections`](crate::open_connections::OpenConnections) closes idle connections
/// beyond this number.
const MAX_CONNECTIONS: u64 = 10_000;

/// Number of file descriptors that are reserved for standard streams, the listener, the runtimes, and
/// connections to other services.
const RESERVED_FILES: u64 = 512;

/// Number of open files that [`MAX_CONNECTIONS`] require.
const WANTED_FILES: u64 = MAX_CONNECTIONS + RESERVED_FILES;

/// Raises this process's limit of open files to `wanted_files` or to the hard limit, whichever is lower.
/// This function never lowers the limit of open files.
///
/// Returns the resulting limit of open files; `None` means that the number of open files is unlimited.
pub fn raise_open_file_limit(wanted_files: u64) -> Option<u64> {
    if let Some(raised) = raised_limit(getrlimit(Resource::Nofile), wanted_files) {
        // If `setrlimit` fails, the previous limit remains valid and this function returns the previous
        // limit.
        let _ = setrlimit(Resource::Nofile, raised);
    }
    // The limit of open files is read again, because macOS may set a lower limit than requested without an
    // error.
    getrlimit(Resource::Nofile).current
}

/// Raises the limit of open files for [`MAX_CONNECTIONS`], and returns the limit of open connections.
pub(crate) fn raise_connection_limit() -> usize {
    connection_limit(raise_open_file_limit(WANTED_FILES))
}

/// The new limit of open files instead of `limit`; `None` if `limit` is high enough or cannot be raised.
fn raised_limit(limit: Rlimit, wanted_files: u64) -> Option<Rlimit> {
    let soft_limit = limit.current?;
    let hard_limit = limit.maximum.unwrap_or(u64::MAX);
    let raised_soft_limit = wanted_files.min(hard_limit);
    (raised_soft_limit > soft_limit).then_some(Rlimit {
        current: Some(raised_soft_limit),
        maximum: limit.maximum,
    })
}

/// The limit of open connections for a limit of open files; `None` means no limit of open files.
///
/// The returned limit is at least one connection. At most half of the open files are reserved for other
/// purposes.
fn connection_limit(open_file_limit: Option<u64>) -> usize {
    let files = open_file_limit.unwrap_or(u64::MAX);
    let connections = files - RESERVED_FILES.min(files / 2);
    usize::try_from(connections.clamp(1, MAX_CONNECTIONS)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MAX_CONNECTION_COUNT: usize = MAX_CONNECTIONS as usize;

    #[test]
    fn the_connection_limit_reserves_512_files_or_half_of_a_low_open_file_limit() {
        for (files, connections) in [
            (0, 1),
            (1, 1),
            (2, 1),
            (3, 2),
            (256, 128),
            (1_023, 512),
            (1_024, 512),
            (1_025, 513),
            (4_096, 3_584),
            (10_511, 9_999),
            (10_512, MAX_CONNECTION_COUNT),
            (10_513, MAX_CONNECTION_COUNT),
            (19_999, MAX_CONNECTION_COUNT),
            (20_000, MAX_CONNECTION_COUNT),
            (20_001, MAX_CONNECTION_COUNT),
            (20_002, MAX_CONNECTION_COUNT),
            (65_535, MAX_CONNECTION_COUNT),
            (1_048_576, MAX_CONNECTION_COUNT),
            (1_073_741_816, MAX_CONNECTION_COUNT),
            (u64::MAX - 1, MAX_CONNECTION_COUNT),
            (u64::MAX, MAX_CONNECTION_COUNT),
        ] {
            assert_eq!(connection_limit(Some(files)), connections, "{files} files");
        }
        assert_eq!(connection_limit(None), MAX_CONNECTION_COUNT, "no limit");
    }

    #[test]
    fn the_wanted_files_are_the_lowest_limit_that_permits_all_connections() {
        assert_eq!(connection_limit(Some(WANTED_FILES)), MAX_CONNECTION_COUNT);
        assert!(connection_limit(Some(WANTED_FILES - 1)) < MAX_CONNECTION_COUNT);
    }

    #[test]
    fn raising_the_limit_returns_the_limit_of_this_process() {
        let limit = raise_open_file_limit(1);
        assert_eq!(limit, getrlimit(Resource::Nofile).current);
        assert!(limit.is_none_or(|files| files > 1));
    }

    #[test]
    fn the_soft_limit_is_raised_to_the_wanted_files_or_the_hard_limit_and_never_lowered() {
        for (soft, hard, raised) in [
            (Some(1_024), Some(4_096), Some(4_096)),
            (Some(1_024), Some(524_288), Some(10_512)),
            (Some(256), None, Some(10_512)),
            (Some(0), Some(1), Some(1)),
            (Some(0), Some(0), None),
            (Some(4_096), Some(4_096), None),
            // Some sandboxes report a soft limit above the hard limit.
            (Some(4_096), Some(1_024), None),
            (Some(10_512), None, None),
            (Some(65_535), Some(65_535), None),
            (None, None, None),
        ] {
            let limit = Rlimit {
                current: soft,
                maximum: hard,
            };
            let expected = raised.map(|soft| Rlimit {
                current: Some(soft),
                maximum: hard,
            });
            assert_eq!(raised_limit(limit, 10_512), expected, "{limit:?}");
        }
    }

    proptest! {
        #[test]
        fn the_connection_limit_is_positive_and_below_any_open_file_limit_above_one(files: u64) {
            let connections = connection_limit(Some(files));
            prop_assert!((1..=MAX_CONNECTION_COUNT).contains(&connections));
            prop_assert!(files < 2 || (connections as u64) < files);
        }
    }
}
