//! How much memory values take on the heap.

/// A heap allocation of so many bytes, with what the allocator adds to it: glibc's has a header of 8 bytes and
/// rounds up to a multiple of 16. Of nothing, there is no allocation.
pub const fn allocation(bytes: usize) -> usize {
    match bytes {
        0 => 0,
        1..=24 => 32,
        _ => (bytes + 8).next_multiple_of(16),
    }
}
