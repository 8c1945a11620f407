//! Log lines in one buffer.

/// Maximum size of a chunk with more than one line. On Linux, a pipe accepts a write of at most this size (`PIPE_BUF`)
/// completely, or not at all. Other systems can write a part of a chunk.
const MAX_CHUNK_BYTES: usize = 4096;

/// The buffers of an empty queue keep at most this capacity, so that memory is released after a burst of lines.
const MAX_KEPT_BYTES: usize = 64 * 1024;

/// Log lines, one after the other.
#[derive(Debug, Default)]
pub(super) struct Lines {
    text: Vec<u8>,
    /// The end of each line in `text`.
    ends: Vec<usize>,
}

impl Lines {
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub fn push(&mut self, line: &[u8]) {
        self.text.extend_from_slice(line);
        self.ends.push(self.text.len());
    }

    /// Removes all lines.
    pub fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.text.shrink_to(MAX_KEPT_BYTES);
        self.ends.shrink_to(MAX_KEPT_BYTES / size_of::<usize>());
    }

    /// Splits the lines into chunks for one system call each. Returns the text and the number of lines of each
    /// chunk.
    pub fn chunks(&self) -> impl Iterator<Item = (&[u8], u64)> {
        let (mut start, mut ends) = (0, &self.ends[..]);
        std::iter::from_fn(move || {
            let fitting = ends.partition_point(|end| end - start <= MAX_CHUNK_BYTES);
            let count = fitting.max(1).min(ends.len());
            let (chunk, rest) = ends.split_at(count);
            let end = *chunk.last()?;
            let text = &self.text[start..end];
            (start, ends) = (end, rest);
            Some((text, count as u64))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk_sizes(line_sizes: &[usize]) -> Vec<(usize, u64)> {
        let mut lines = Lines::default();
        for size in line_sizes {
            lines.push(&vec![b'x'; *size]);
        }
        let chunks = lines.chunks().map(|(text, count)| (text.len(), count));
        chunks.collect()
    }

    #[test]
    fn a_chunk_contains_as_many_whole_lines_as_fit_into_4096_bytes() {
        assert_eq!(chunk_sizes(&[]), []);
        assert_eq!(chunk_sizes(&[100, 200]), [(300, 2)]);
        assert_eq!(chunk_sizes(&[4000, 96, 1]), [(4096, 2), (1, 1)]);
        assert_eq!(chunk_sizes(&[1, 5000, 1]), [(1, 1), (5000, 1), (1, 1)]);
    }

    #[test]
    fn cleared_lines_are_empty_and_keep_little_memory() {
        let mut lines = Lines::default();
        lines.push(&vec![b'x'; 2 * MAX_KEPT_BYTES]);
        lines.clear();
        assert!(lines.is_empty() && lines.chunks().next().is_none());
        assert!(lines.text.capacity() <= MAX_KEPT_BYTES);
        lines.push(b"a\n");
        assert_eq!(lines.chunks().next(), Some((&b"a\n"[..], 1)));
    }
}
