//! Bodies put together of pieces: some are here, some are read while they are sent. Nothing of them is copied.

use std::sync::Arc;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};

use super::OpenBody;
use crate::base64::{Base64Encoder, encoded_len};
use crate::secrets::random_bytes;

/// Random bytes of the line between parts: none of them has it by chance.
const BOUNDARY_BYTES: usize = 16;

/// A body, piece by piece.
#[derive(Clone, Default)]
pub(in crate::providers) struct Pieces {
    pieces: Vec<Piece>,
    size_bytes: u64,
}

#[derive(Clone)]
enum Piece {
    Here(Bytes),
    Read(OpenBody),
}

impl Pieces {
    /// Adds bytes.
    pub(in crate::providers) fn push(&mut self, bytes: impl Into<Bytes>) {
        let bytes = bytes.into();
        self.size_bytes += bytes.len() as u64;
        self.pieces.push(Piece::Here(bytes));
    }

    /// Adds so many bytes that are read when they are needed.
    pub(in crate::providers) fn push_read(&mut self, size_bytes: u64, open: OpenBody) {
        self.size_bytes += size_bytes;
        self.pieces.push(Piece::Read(open));
    }

    /// Adds so many bytes as Base64.
    pub(in crate::providers) fn push_base64(&mut self, size_bytes: u64, open: OpenBody) {
        self.push_read(encoded_len(size_bytes), Arc::new(move || base64(open())));
    }

    /// Adds another body.
    pub(in crate::providers) fn extend(&mut self, other: Self) {
        self.size_bytes += other.size_bytes;
        self.pieces.extend(other.pieces);
    }

    /// How long it is.
    pub(in crate::providers) fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// The whole, as a request takes it.
    pub(in crate::providers) fn open(self) -> OpenBody {
        let pieces: Arc<[Piece]> = self.pieces.into();
        Arc::new(move || {
            let (count, pieces) = (pieces.len(), pieces.clone());
            let open = move |index: usize| match &pieces[index] {
                Piece::Here(bytes) => futures::stream::iter([Ok(bytes.clone())]).boxed(),
                Piece::Read(open) => open(),
            };
            futures::stream::iter(0..count).flat_map(open).boxed()
        })
    }
}

/// The same bytes as text.
fn base64(bytes: BoxStream<'static, anyhow::Result<Bytes>>) -> BoxStream<'static, anyhow::Result<Bytes>> {
    let whole = futures::stream::try_unfold(Some((bytes, Base64Encoder::default())), async |state| {
        let Some((mut bytes, mut encoder)) = state else { return Ok(None) };
        Ok(Some(match bytes.try_next().await? {
            Some(chunk) => (Bytes::from(encoder.encode(&chunk)), Some((bytes, encoder))),
            None => (Bytes::from(encoder.finish()), None),
        }))
    });
    whole.boxed()
}

/// A form of several parts (RFC 7578).
pub(in crate::providers) struct Multipart {
    boundary: String,
    body: Pieces,
}

impl Multipart {
    /// One without parts.
    pub(in crate::providers) fn new() -> Self {
        let boundary = format!("----slipway-{}", HEXLOWER.encode(&random_bytes::<BOUNDARY_BYTES>()));
        Self { boundary, body: Pieces::default() }
    }

    /// Adds a field.
    pub(in crate::providers) fn text(&mut self, name: &str, value: impl Into<Bytes>) {
        self.body.push(format!(
            "--{}\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n",
            self.boundary,
            quoted(name)
        ));
        self.body.push(value);
        self.body.push("\r\n");
    }

    /// Adds a file, under its own name.
    pub(in crate::providers) fn file(&mut self, name: &str, kind: &str, content: Pieces) {
        let name = quoted(name);
        self.body.push(format!(
            "--{}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{name}\"\r\nContent-Type: {kind}\r\n\r\n",
            self.boundary
        ));
        self.body.extend(content);
        self.body.push("\r\n");
    }

    /// What kind of body it is, and the body.
    pub(in crate::providers) fn finish(mut self) -> (String, Pieces) {
        self.body.push(format!("--{}--\r\n", self.boundary));
        (format!("multipart/form-data; boundary={}", self.boundary), self.body)
    }
}

/// A name as HTML's forms write it.
fn quoted(name: &str) -> String {
    name.replace('\r', "%0D").replace('\n', "%0A").replace('"', "%22")
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(pieces: Pieces) -> String {
        let size = pieces.size_bytes();
        let chunks: Vec<Bytes> = pieces.open()().try_collect().await.expect("can be read");
        let text = String::from_utf8(chunks.concat()).expect("UTF-8");
        assert_eq!(text.len() as u64, size, "it is as long as it says");
        text
    }

    fn hello() -> OpenBody {
        Arc::new(|| futures::stream::iter(["he", "ll", "o"]).map(|part| Ok(Bytes::from(part))).boxed())
    }

    #[tokio::test]
    async fn pieces_follow_each_other() {
        let mut pieces = Pieces::default();
        pieces.push("[");
        pieces.push_base64(5, hello());
        pieces.push("|");
        pieces.push_read(5, hello());
        pieces.push("]");
        assert_eq!(read(pieces.clone()).await, "[aGVsbG8=|hello]");
        assert_eq!(read(pieces).await, "[aGVsbG8=|hello]", "and again");
    }

    #[tokio::test]
    async fn a_form_has_its_parts_between_boundaries() {
        let mut form = Multipart::new();
        form.text("branch", "main");
        let mut content = Pieces::default();
        content.push_read(5, hello());
        form.file("a\"b", "text/plain", content);
        let (kind, body) = form.finish();
        let boundary = kind.strip_prefix("multipart/form-data; boundary=").expect("says its boundary").to_owned();
        let expected = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"branch\"\r\n\r\nmain\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"a%22b\"; filename=\"a%22b\"\r\n\
             Content-Type: text/plain\r\n\r\nhello\r\n--{boundary}--\r\n"
        );
        assert_eq!(read(body).await, expected);
    }
}
