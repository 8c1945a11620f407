//! The memory of tasks: which container exceeds its limit.

/// The memory of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    pub bytes: u64,
    /// The container's own limit in MiB.
    pub limit: Option<u32>,
}

/// Chooses the container to kill: one that exceeds its own limit, or the largest one if all together exceed the limit of the
/// task. Pure.
pub fn choose_victim(usages: &[Usage], task_limit: u32) -> Option<usize> {
    let exceeds = |bytes: u64, limit: u32| bytes > u64::from(limit) * 1024 * 1024;
    let is_too_large = |usage: &Usage| usage.limit.is_some_and(|limit| exceeds(usage.bytes, limit));
    let of_container = usages.iter().position(is_too_large);
    of_container.or_else(|| {
        let total = usages.iter().map(|usage| usage.bytes).sum();
        let largest = || (0..usages.len()).max_by_key(|index| usages[*index].bytes);
        exceeds(total, task_limit).then(largest).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;

    fn usage(mib: u64, limit: Option<u32>) -> Usage {
        Usage {
            bytes: mib * MIB,
            limit,
        }
    }

    #[test]
    fn a_container_above_its_own_limit_is_chosen_and_one_at_the_limit_is_not() {
        let usages = [usage(100, None), usage(128, Some(128))];
        assert_eq!(choose_victim(&usages, 512), None);
        let above = Usage {
            bytes: 128 * MIB + 1,
            limit: Some(128),
        };
        assert_eq!(choose_victim(&[usage(100, None), above], 512), Some(1));
    }

    #[test]
    fn above_the_limit_of_the_task_the_largest_container_is_chosen() {
        let usages = [usage(200, None), usage(300, Some(400)), usage(20, None)];
        assert_eq!(choose_victim(&usages, 512), Some(1));
        assert_eq!(choose_victim(&usages, 520), None);
        assert_eq!(choose_victim(&[], 512), None);
    }
}
