//! The daemon's protocol: a datagram is a line that says what follows, and one document.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Deserialize;

/// Counts of what came by UDP.
#[derive(Debug, Default)]
pub struct Datagrams {
    dropped: AtomicU64,
}

impl Datagrams {
    /// Those that had no right header, no document, or no right one.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Counts one more.
    pub fn drop_one(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

#[derive(Deserialize)]
struct Header<'a> {
    format: &'a str,
    version: f64,
}

/// The document of a datagram; none where the header is not `{"format": "json", "version": 1}`, or nothing
/// follows it. Only the first line break ends the header.
pub fn document(datagram: &[u8]) -> Option<&str> {
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

    proptest! {
        #[test]
        fn any_datagram_is_read_or_dropped(header in any::<Vec<u8>>(), rest in any::<Vec<u8>>(), is_right in any::<bool>()) {
            let mut datagram = match is_right {
                true => b"{\"format\": \"json\", \"version\": 1}\n".to_vec(),
                false => header,
            };
            datagram.extend(&rest);
            let is_text = std::str::from_utf8(&rest).is_ok_and(|rest| !rest.trim().is_empty());
            prop_assert!(!is_right || document(&datagram).is_some() == is_text);
        }
    }

    #[test]
    fn a_document_follows_its_header() {
        for header in [
            "{\"format\": \"json\", \"version\": 1}",
            "{\"format\":\"json\",\"version\":1}",
            "{ \"version\": 1.0, \"format\": \"JSON\" }\r",
        ] {
            let datagram = format!("{header}\n{{\n  \"id\": 1\n}}\n");
            assert_eq!(document(datagram.as_bytes()), Some("{\n  \"id\": 1\n}"));
        }
    }

    #[test]
    fn what_is_no_datagram_of_ours_is_dropped() {
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
            assert_eq!(document(datagram.as_bytes()), None, "{datagram}");
        }
        assert_eq!(
            document(b"{\"format\": \"json\", \"version\": 1}\n\xff"),
            None
        );
    }
}
