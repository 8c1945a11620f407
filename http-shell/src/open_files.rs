//! The process' limit of open files, and the number of connections that fit below it.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Maximum number of open connections of one service. Further connections wait in the listener's backlog.
const MAX_CONNECTIONS: u64 = 10_000;

/// File descriptors that are not available for clients' connections: standard streams, the listener, the
/// runtimes, connections to other services.
const RESERVED_FILES: u64 = 512;

/// Raises this process' limit of open files to `wanted_files`, or to the hard limit if that is lower. A
/// higher limit is not changed.
///
/// Returns the resulting limit; `None` means no limit.
pub fn raise_open_file_limit(wanted_files: u64) -> Option<u64> {
    if let Some(raised) = raised_limit(getrlimit(Resource::Nofile), wanted_files) {
        // If the system refuses, the lower limit still applies, and is returned below.
        let _ = setrlimit(Resource::Nofile, raised);
    }
    // The limit is read again, because macOS may set a lower limit than requested without an error.
    getrlimit(Resource::Nofile).current
}

/// Raises the limit of open files for [`MAX_CONNECTIONS`], and returns how many connections fit.
pub(crate) fn raise_connection_limit() -> usize {
    connection_limit(raise_open_file_limit(MAX_CONNECTIONS + RESERVED_FILES))
}

/// The limit to set in place of `limit`, if that is too low and may be raised.
fn raised_limit(limit: Rlimit, wanted_files: u64) -> Option<Rlimit> {
    let soft = limit.current?;
    let hard = limit.maximum.unwrap_or(u64::MAX);
    let raised = wanted_files.min(hard);
    (raised > soft).then_some(Rlimit {
        current: Some(raised),
        maximum: limit.maximum,
    })
}

/// How many connections may be open below `open_file_limit`; `None` means no limit.
///
/// At least one connection is permitted, and at most half of a low limit is reserved for other files.
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
    fn the_connection_limit_leaves_512_files_or_half_of_a_low_limit_up_to_10000_connections() {
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
    fn a_soft_limit_is_raised_up_to_the_wanted_files_and_the_hard_limit_and_never_lowered() {
        for (soft, hard, raised) in [
            (Some(1_024), Some(4_096), Some(4_096)),
            (Some(1_024), Some(524_288), Some(10_512)),
            (Some(256), None, Some(10_512)),
            (Some(0), Some(1), Some(1)),
            (Some(0), Some(0), None),
            (Some(4_096), Some(4_096), None),
            // A soft limit above the hard one: some sandboxes report this.
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
        fn at_least_one_file_is_left_for_other_uses_below_any_open_file_limit(files: u64) {
            let connections = connection_limit(Some(files));
            prop_assert!((1..=MAX_CONNECTION_COUNT).contains(&connections));
            prop_assert!(files < 2 || (connections as u64) < files);
        }
    }
}
