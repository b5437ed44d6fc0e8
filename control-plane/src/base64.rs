//! Base64 (standard alphabet, padded) of bytes that come in pieces.

use base64_simd::STANDARD;

/// Bytes that become four characters together.
const GROUP: usize = 3;

/// Encodes pieces as if they were one.
#[derive(Debug, Default)]
pub(crate) struct Base64Encoder {
    /// What is left of the pieces before: less than a group.
    rest: Vec<u8>,
}

impl Base64Encoder {
    /// The text of the next bytes, as far as it is certain.
    pub(crate) fn encode(&mut self, mut bytes: &[u8]) -> String {
        let mut text = String::with_capacity(encoded_len(bytes.len() as u64).try_into().unwrap_or(0));
        if !self.rest.is_empty() {
            let (head, tail) = bytes.split_at(bytes.len().min(GROUP - self.rest.len()));
            self.rest.extend_from_slice(head);
            bytes = tail;
            if self.rest.len() < GROUP {
                return text;
            }
            STANDARD.encode_append(&self.rest, &mut text);
            self.rest.clear();
        }
        let (whole, rest) = bytes.split_at(bytes.len() - bytes.len() % GROUP);
        STANDARD.encode_append(whole, &mut text);
        self.rest.extend_from_slice(rest);
        text
    }

    /// The end of the text.
    pub(crate) fn finish(self) -> String {
        STANDARD.encode_to_string(&self.rest)
    }
}

/// The characters of so many bytes.
pub(crate) const fn encoded_len(bytes: u64) -> u64 {
    bytes.div_ceil(GROUP as u64) * 4
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;

    use super::*;

    #[test]
    fn pieces_are_as_good_as_one() {
        let bytes: Vec<u8> = (0..=255).collect();
        for length in [0, 1, 2, 3, 4, 255, 256] {
            for piece in [1, 2, 3, 4, 7, 256] {
                let mut encoder = Base64Encoder::default();
                let text: String = bytes[..length].chunks(piece).map(|piece| encoder.encode(piece)).collect();
                let text = text + &encoder.finish();
                assert_eq!(text, BASE64.encode(&bytes[..length]), "{length} bytes in pieces of {piece}");
                assert_eq!(text.len() as u64, encoded_len(length as u64));
            }
        }
    }
}
