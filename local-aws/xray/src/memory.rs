//! Estimates of heap memory.

/// Bytes of heap memory that an allocation of `bytes` bytes takes with glibc. glibc adds a header of 8 bytes,
/// rounds up to a multiple of 16, and allocates at least 32 bytes. Rust does not allocate for 0 bytes.
pub const fn allocation_bytes(bytes: usize) -> usize {
    match bytes {
        0 => 0,
        1..=24 => 32,
        _ => (bytes + 8).next_multiple_of(16),
    }
}
