//! How many connections a service may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Most connections at once; the next one waits in the kernel's queue.
const MOST: u64 = 10_000;

/// Files that the process needs besides, and connections that it makes itself.
const OTHERS: u64 = 512;

/// Raises the limit of open files as far as needed and permitted, and returns how many connections
/// fit below it.
pub fn connections() -> usize {
    let wanted = MOST + OTHERS;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let mut files = current.unwrap_or(wanted);
    if files < wanted {
        let raised = wanted.min(maximum.unwrap_or(wanted));
        let limit = Rlimit {
            current: Some(raised),
            maximum,
        };
        if setrlimit(Resource::Nofile, limit).is_ok() {
            files = raised;
        }
    }
    let places = files.saturating_sub(OTHERS).clamp(files / 2, MOST);
    usize::try_from(places.max(1)).unwrap_or(usize::MAX)
}
