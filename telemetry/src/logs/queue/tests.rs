//! Tests of the log lines about dropped lines, with an output that fails temporarily.

use super::*;
use crate::captured_log::CapturedLog;

/// An output that stores the written text. While `is_full` is true, every write fails.
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
fn after_an_output_failure_one_warning_and_one_recovery_are_logged() {
    let (log, _guard) = CapturedLog::start();
    let counts = LineCounts::default();
    let mut output = LogOutput::new(FakeOutput::default(), counts.clone());
    for failure_count in 1..=2 {
        output.write_lines(b"a\n", 1);
        output.flush();
        assert_eq!(log.take(), "");
        output.writer.is_full = true;
        output.write_lines(b"b\n", 1);
        output.write_lines(b"b\nb\nb\nb\n", 4);
        assert_eq!(log.take(), "");
        output.writer.is_full = false;
        output.write_lines(b"c\n", 1);
        let logged = log.take();
        let has_warning = logged.contains("WARN") && logged.contains("dropped=5");
        assert!(has_warning, "{logged}");
        // The queue is flushed only when it is empty, so the recovery is not logged yet.
        output.write_lines(b"d\n", 1);
        assert_eq!(log.take(), "");
        output.flush();
        let logged = log.take();
        let has_recovery = logged.contains("INFO") && logged.contains("dropped=5");
        assert!(has_recovery, "{logged}");
        output.flush();
        assert_eq!(log.take(), "");
        assert_eq!(counts.dropped_count(), 5 * failure_count);
        assert_eq!(counts.written.load(Ordering::Relaxed), 3 * failure_count);
    }
    assert_eq!(output.writer.text, "a\nc\nd\n".repeat(2));
}
