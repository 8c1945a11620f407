//! Standard output that stalls or fails, as the thread sees it that writes there.

use super::*;
use crate::captured::Log;

/// Keeps what is written, or fails.
#[derive(Default)]
struct Out {
    text: String,
    full: bool,
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.full {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.text.push_str(str::from_utf8(bytes).unwrap());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn an_output_that_failed_for_a_while_says_so_once_when_it_takes_lines_again() {
    let (log, _guard) = Log::start();
    let counts = Counts::default();
    let mut output = Output::new(Out::default(), counts.clone());
    for episode in 1..=2 {
        output.write_all(b"a\n").unwrap();
        output.flush().unwrap();
        assert_eq!(log.take(), "");
        output.out.full = true;
        for _ in 0..5 {
            assert!(output.write_all(b"b\n").is_err());
        }
        assert_eq!(log.take(), "");
        output.out.full = false;
        output.write_all(b"c\n").unwrap();
        let said = log.take();
        assert!(
            said.contains("WARN") && said.contains("dropped=5"),
            "{said}"
        );
        // The queue is not empty so far.
        output.write_all(b"d\n").unwrap();
        assert_eq!(log.take(), "");
        output.flush().unwrap();
        let said = log.take();
        assert!(
            said.contains("INFO") && said.contains("dropped=5"),
            "{said}"
        );
        output.flush().unwrap();
        assert_eq!(log.take(), "");
        assert_eq!(counts.dropped(), 5 * episode);
        assert_eq!(counts.written.load(Ordering::Relaxed), 3 * episode);
    }
    assert_eq!(output.out.text, "a\nc\nd\n".repeat(2));
}
