//! The protocol of the X-Ray daemon: a datagram consists of a header line and one document.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Deserialize;

/// Number of datagrams that were dropped.
#[derive(Debug, Default)]
pub struct DroppedDatagrams(AtomicU64);

impl DroppedDatagrams {
    /// Returns the number of dropped datagrams. A datagram is dropped if its header is invalid, or if the
    /// datagram contains no valid document.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Counts a dropped datagram.
    pub fn increment(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Begins again at 0.
    pub fn clear(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

#[derive(Deserialize)]
struct Header<'a> {
    format: &'a str,
    version: f64,
}

/// Returns the document of a datagram, or `None` if the header is not `{"format": "json", "version": 1}` or
/// no document follows the header. The first line break in the datagram ends the header.
pub fn parse_datagram(datagram: &[u8]) -> Option<&str> {
    let (header, document) = std::str::from_utf8(datagram).ok()?.split_once('\n')?;
    let header: Header<'_> = serde_json::from_str(header).ok()?;
    let is_json = header.format.eq_ignore_ascii_case("json") && header.version == 1.0;
    let document = document.trim();
    (is_json && !document.is_empty()).then_some(document)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEADER: &str = "{\"format\": \"json\", \"version\": 1}\n";

    proptest! {
        #[test]
        fn parsing_a_datagram_of_any_bytes_does_not_panic(datagram in any::<Vec<u8>>()) {
            parse_datagram(&datagram);
        }

        #[test]
        fn any_nonblank_utf8_text_after_a_valid_header_is_a_document(body in any::<Vec<u8>>()) {
            let mut datagram = HEADER.as_bytes().to_vec();
            datagram.extend(&body);
            let is_nonblank_text = std::str::from_utf8(&body).is_ok_and(|body| !body.trim().is_empty());
            prop_assert_eq!(parse_datagram(&datagram).is_some(), is_nonblank_text);
        }
    }

    #[test]
    fn the_document_is_the_text_after_the_header_line() {
        for header in [
            "{\"format\": \"json\", \"version\": 1}",
            "{\"format\":\"json\",\"version\":1}",
            "{ \"version\": 1.0, \"format\": \"JSON\" }\r",
        ] {
            let datagram = format!("{header}\n{{\n  \"id\": 1\n}}\n");
            let document = parse_datagram(datagram.as_bytes());
            assert_eq!(document, Some("{\n  \"id\": 1\n}"));
        }
    }

    #[test]
    fn a_datagram_without_a_valid_header_and_a_document_is_dropped() {
        for datagram in [
            "",
            "\n",
            "{}",
            "{\"id\": 1}",
            "{}\n{}",
            "{\"format\": \"json\", \"version\": 1}",
            "{\"format\": \"json\", \"version\": 1}\n",
            "{\"format\": \"json\", \"version\": 1}\n \n",
            "{\"format\": \"json\", \"version\": 2}\n{}",
            "{\"format\": \"yaml\", \"version\": 1}\n{}",
            "{\"format\": \"json\", \"version\": 1}{}",
        ] {
            assert_eq!(parse_datagram(datagram.as_bytes()), None, "{datagram}");
        }
        let not_utf8 = [HEADER.as_bytes(), b"\xff"].concat();
        assert_eq!(parse_datagram(&not_utf8), None);
    }
}
