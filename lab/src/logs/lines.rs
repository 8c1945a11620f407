//! Bytes into lines, each of bounded length: what a task writes is partly what its clients sent.

/// The line that is not yet complete.
#[derive(Debug)]
pub struct Lines {
    rest: Vec<u8>,
    max_line: usize,
}

impl Lines {
    /// Keeps at most `max_line` bytes of a line; the rest of a longer one is dropped.
    pub fn new(max_line: usize) -> Self {
        Self {
            rest: Vec::new(),
            max_line,
        }
    }

    /// Takes more bytes and tells of each line that they complete.
    pub fn push(&mut self, bytes: &[u8], mut line: impl FnMut(&str)) {
        let mut pieces = bytes.split(|byte| *byte == b'\n');
        // What follows the last line feed is not complete; without one, nothing is.
        let open = pieces.next_back().unwrap_or_default();
        for piece in pieces {
            self.append(piece);
            self.finish(&mut line);
            self.rest.clear();
        }
        self.append(open);
    }

    /// Tells of the last line, if it has no line feed.
    pub fn finish(&self, mut line: impl FnMut(&str)) {
        if !self.rest.is_empty() {
            line(String::from_utf8_lossy(&self.rest).trim_end_matches('\r'));
        }
    }

    fn append(&mut self, bytes: &[u8]) {
        let room = self.max_line - self.rest.len();
        self.rest.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MAX_LINE: usize = 8 * 1024;

    fn lines<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
        let mut lines = Lines::new(MAX_LINE);
        let mut seen = Vec::new();
        for chunk in chunks {
            lines.push(chunk, |line| seen.push(line.to_owned()));
        }
        lines.finish(|line| seen.push(line.to_owned()));
        seen
    }

    #[test]
    fn a_line_is_cut_where_it_gets_too_long() {
        let long = [&vec![b'x'; 3 * MAX_LINE][..], b"\nnext"].concat();
        let seen = lines(long.chunks(1000));
        assert_eq!(seen, ["x".repeat(MAX_LINE), "next".to_owned()]);
    }

    #[test]
    fn what_is_not_utf_8_is_replaced() {
        assert_eq!(lines([&b"a\xffb\n"[..]]), ["a\u{fffd}b"]);
    }

    proptest! {
        #[test]
        fn lines_do_not_depend_on_how_the_bytes_arrive(
            text in "[a-c\n]{0,60}", size in 1usize..10
        ) {
            let wanted: Vec<_> = text.split('\n').filter(|line| !line.is_empty()).collect();
            prop_assert_eq!(lines(text.as_bytes().chunks(size)), wanted);
        }
    }
}
