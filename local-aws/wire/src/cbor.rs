//! The few lines of CBOR (RFC 8949) that error responses need.

/// Encodes a map of texts.
pub fn text_map(pairs: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_head(&mut bytes, 5, pairs.len());
    for text in pairs.iter().flat_map(|(key, value)| [key, value]) {
        write_head(&mut bytes, 3, text.len());
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes
}

/// Writes a major type and a length of eight bytes. CBOR permits lengths in a longer form than necessary.
fn write_head(bytes: &mut Vec<u8>, major_type: u8, length: usize) {
    bytes.push(major_type << 5 | 27);
    bytes.extend_from_slice(&(length as u64).to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_has_its_number_of_pairs_and_each_text_its_number_of_bytes() {
        let mut expected = vec![0xbb, 0, 0, 0, 0, 0, 0, 0, 1];
        expected.extend(*b"\x7b\0\0\0\0\0\0\0\x01k");
        expected.extend(*b"\x7b\0\0\0\0\0\0\0\x02\xc3\xa9");
        assert_eq!(text_map(&[("k", "é")]), expected);
    }
}
