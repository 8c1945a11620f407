//! The reports of [`LogOutput`] about an output that fails for some time.

use super::*;
use crate::captured_log::CapturedLog;

/// An output that stores the written text, or fails while `is_full` is true.
#[derive(Default)]
struct FakeOutput {
    text: String,
    is_full: bool,
}

impl Write for FakeOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_full {
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
fn each_failure_of_the_output_is_logged_once_at_its_end_and_once_when_the_queue_is_empty() {
    let (log, _guard) = CapturedLog::start();
    let counts = LineCounts::default();
    let mut output = LogOutput::new(FakeOutput::default(), counts.clone());
    for failures in 1..=2 {
        output.write_all(b"a\n").unwrap();
        output.flush().unwrap();
        assert_eq!(log.take(), "");
        output.writer.is_full = true;
        for _ in 0..5 {
            assert!(output.write_all(b"b\n").is_err());
        }
        assert_eq!(log.take(), "");
        output.writer.is_full = false;
        output.write_all(b"c\n").unwrap();
        let logged = log.take();
        let has_warning = logged.contains("WARN") && logged.contains("dropped=5");
        assert!(has_warning, "{logged}");
        // Until the flush, the queue is not empty.
        output.write_all(b"d\n").unwrap();
        assert_eq!(log.take(), "");
        output.flush().unwrap();
        let logged = log.take();
        let has_recovery = logged.contains("INFO") && logged.contains("dropped=5");
        assert!(has_recovery, "{logged}");
        output.flush().unwrap();
        assert_eq!(log.take(), "");
        assert_eq!(counts.dropped(), 5 * failures);
        assert_eq!(counts.written.load(Ordering::Relaxed), 3 * failures);
    }
    assert_eq!(output.writer.text, "a\nc\nd\n".repeat(2));
}
