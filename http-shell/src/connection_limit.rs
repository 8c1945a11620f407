//! How many connections a service may have open at once.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Most connections at once; further ones wait in the listener's backlog.
const MAX_CONNECTIONS: u64 = 10_000;

/// File descriptors for everything but clients' connections: standard streams, the listener, the
/// runtimes, connections to other services.
const RESERVED_FILES: u64 = 512;

/// The open file limit at which [`MAX_CONNECTIONS`] fit.
const SUFFICIENT_FILES: u64 = MAX_CONNECTIONS + RESERVED_FILES;

/// Raises this process' limit of open files as far as it is useful and permitted, and returns how
/// many connections fit below the limit.
pub fn raise_open_file_limit() -> usize {
    if let Some(raised) = raised_limit(getrlimit(Resource::Nofile)) {
        // If it is refused, the process accepts fewer connections.
        let _ = setrlimit(Resource::Nofile, raised);
    }
    // Read again, because macOS grants less than it was asked for without an error.
    connection_limit(getrlimit(Resource::Nofile).current)
}

/// The limit to set in place of `limit`, if that is too low and may be raised.
fn raised_limit(limit: Rlimit) -> Option<Rlimit> {
    let soft = limit.current?;
    let hard = limit.maximum.unwrap_or(u64::MAX);
    let raised = SUFFICIENT_FILES.min(hard);
    (raised > soft).then_some(Rlimit {
        current: Some(raised),
        maximum: limit.maximum,
    })
}

/// How many connections may be open under `open_file_limit`; none stands for no limit.
///
/// What is reserved for other files is at most half of a low limit, and there is always one connection.
fn connection_limit(open_file_limit: Option<u64>) -> usize {
    let files = open_file_limit.unwrap_or(u64::MAX);
    let connections = files - RESERVED_FILES.min(files / 2);
    usize::try_from(connections.clamp(1, MAX_CONNECTIONS)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MAX: usize = MAX_CONNECTIONS as usize;

    #[test]
    fn the_connection_limit_follows_from_the_open_file_limit() {
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
            (10_512, MAX),
            (10_513, MAX),
            (19_999, MAX),
            (20_000, MAX),
            (20_001, MAX),
            (20_002, MAX),
            (65_535, MAX),
            (1_048_576, MAX),
            (1_073_741_816, MAX),
            (u64::MAX - 1, MAX),
            (u64::MAX, MAX),
        ] {
            assert_eq!(connection_limit(Some(files)), connections, "{files} files");
        }
        assert_eq!(connection_limit(None), MAX, "no limit");
    }

    #[test]
    fn a_soft_limit_is_raised_as_far_as_useful_and_permitted_and_never_lowered() {
        for (soft, hard, raised) in [
            (Some(1_024), Some(4_096), Some(4_096)),
            (Some(1_024), Some(524_288), Some(10_512)),
            (Some(256), None, Some(10_512)),
            (Some(0), Some(1), Some(1)),
            (Some(0), Some(0), None),
            (Some(4_096), Some(4_096), None),
            // No kernel answers this, but a sandbox between it and us may.
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
            assert_eq!(raised_limit(limit), expected, "{limit:?}");
        }
    }

    proptest! {
        #[test]
        fn any_open_file_limit_leaves_files_for_something_else(files: u64) {
            let connections = connection_limit(Some(files));
            prop_assert!((1..=MAX).contains(&connections));
            prop_assert!(files < 2 || (connections as u64) < files);
        }
    }
}
