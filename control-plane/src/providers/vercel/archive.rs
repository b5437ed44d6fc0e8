//! All files in one: what Vercel takes as `.vercel/source.tgz.part1` and so on, and unpacks. It counts the files that
//! an account sends in a day, 5,000 on its free plan, so a large site could not be sent at all as single files. It is
//! written to a file first, because its digest comes before it; nothing of it is in memory. The same tree gives the
//! same bytes, so that what has been sent need not be sent again.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use tempfile::TempDir;
use tokio::runtime::Handle;
use tokio_util::io::ReaderStream;

use super::output::{Blob, Entry, hex};
use crate::providers::ProviderError;

/// As Vercel's own client cuts it.
const PART_BYTES: u64 = 100 * 1000 * 1000;
const BUFFER_BYTES: usize = 256 * 1024;
/// `st_mode` of a part, as Vercel's own client sends it.
const PART_MODE: u32 = 0o666;

/// An archive, until it is dropped.
pub(super) struct Archive {
    parts: Vec<Part>,
    directory: Arc<TempDir>,
}

struct Part {
    sha1: String,
    size_bytes: u64,
}

impl Archive {
    /// Packs files, in this order, below `work_dir`.
    ///
    /// # Errors
    /// `Failed` when they cannot be read, or there is no room for it.
    pub(super) async fn of(entries: Vec<Entry>, work_dir: PathBuf) -> Result<Self, ProviderError> {
        let runtime = Handle::current();
        let packing = tokio::task::spawn_blocking(move || -> anyhow::Result<Self> {
            let directory = Arc::new(TempDir::with_prefix_in("vercel-", work_dir)?);
            let mut parts = Parts::new(directory.path().to_owned())?;
            // Pages and scripts gain most of what they can at once.
            let mut tar = tar::Builder::new(GzEncoder::new(&mut parts, Compression::fast()));
            for entry in entries {
                let mut header = tar::Header::new_ustar();
                header.set_size(entry.size_bytes);
                header.set_mode(entry.mode);
                header.set_mtime(0);
                let body = Body { chunks: (entry.open)(), present: Bytes::new(), runtime: runtime.clone() };
                tar.append_data(&mut header, &entry.path, body).with_context(|| entry.path.clone())?;
            }
            tar.into_inner()?.finish()?;
            Ok(Self { parts: parts.finish()?, directory })
        });
        let packed = packing.await.map_err(anyhow::Error::from).and_then(|packed| packed);
        packed.map_err(|error| ProviderError::Failed(error.context("the files cannot be packed for Vercel")))
    }

    /// The list of files as Vercel wants it.
    pub(super) fn files(&self) -> Vec<Value> {
        let file = |(number, part): (usize, &Part)| {
            let name = format!(".vercel/source.tgz.part{}", number + 1);
            json!({ "file": name, "sha": part.sha1, "size": part.size_bytes, "mode": PART_MODE })
        };
        self.parts.iter().enumerate().map(file).collect()
    }

    /// The parts that Vercel says it lacks.
    pub(super) fn blobs(&self, missing: &[String]) -> Vec<Blob> {
        let parts = self.parts.iter().enumerate().filter(|(_, part)| missing.contains(&part.sha1));
        let blob = |(number, part): (usize, &Part)| {
            let directory = self.directory.clone();
            let open = Arc::new(move || {
                let directory = directory.clone();
                let open = async move {
                    let file = tokio::fs::File::open(part_path(directory.path(), number)).await?;
                    // The directory stays as long as somebody reads.
                    anyhow::Ok(ReaderStream::with_capacity(file, BUFFER_BYTES).map(move |chunk| {
                        let _ = &directory;
                        chunk.map_err(anyhow::Error::from)
                    }))
                };
                futures::stream::once(open).try_flatten().boxed()
            });
            Blob { sha1: part.sha1.clone(), size_bytes: part.size_bytes, open }
        };
        parts.map(blob).collect()
    }
}

fn part_path(directory: &std::path::Path, number: usize) -> PathBuf {
    directory.join(format!("part{number}"))
}

/// The bytes of a file, for a thread that may wait.
struct Body {
    chunks: BoxStream<'static, anyhow::Result<Bytes>>,
    present: Bytes,
    runtime: Handle,
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.present.is_empty() {
            match self.runtime.block_on(self.chunks.next()) {
                Some(chunk) => self.present = chunk.map_err(io::Error::other)?,
                None => return Ok(0),
            }
        }
        let count = self.present.len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.present.split_to(count));
        Ok(count)
    }
}

/// Takes bytes and cuts them into files.
struct Parts {
    directory: PathBuf,
    done: Vec<Part>,
    file: BufWriter<File>,
    sha1: Sha1,
    size_bytes: u64,
}

impl Parts {
    fn new(directory: PathBuf) -> io::Result<Self> {
        let file = Self::open(&directory, 0)?;
        Ok(Self { directory, done: Vec::new(), file, sha1: Sha1::new(), size_bytes: 0 })
    }

    fn open(directory: &std::path::Path, number: usize) -> io::Result<BufWriter<File>> {
        Ok(BufWriter::with_capacity(BUFFER_BYTES, File::create_new(part_path(directory, number))?))
    }

    fn end_part(&mut self) -> io::Result<()> {
        self.file.flush()?;
        let sha1 = hex(&self.sha1.finalize_reset());
        self.done.push(Part { sha1, size_bytes: std::mem::take(&mut self.size_bytes) });
        Ok(())
    }

    fn finish(mut self) -> io::Result<Vec<Part>> {
        if self.size_bytes > 0 || self.done.is_empty() {
            self.end_part()?;
        }
        Ok(self.done)
    }
}

impl Write for Parts {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.size_bytes == PART_BYTES {
            self.end_part()?;
            self.file = Self::open(&self.directory, self.done.len())?;
        }
        let room = usize::try_from(PART_BYTES - self.size_bytes).unwrap_or(usize::MAX);
        let bytes = &bytes[..bytes.len().min(room)];
        self.file.write_all(bytes)?;
        self.sha1.update(bytes);
        self.size_bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str, content: &'static [u8]) -> Entry {
        let open = Arc::new(move || futures::stream::once(async move { Ok(Bytes::from_static(content)) }).boxed());
        Entry { path: path.to_owned(), size_bytes: content.len() as u64, mode: 0o100_644, open }
    }

    async fn bytes(archive: &Archive) -> Vec<u8> {
        let all: Vec<_> = archive.parts.iter().map(|part| part.sha1.clone()).collect();
        let mut bytes = Vec::new();
        for blob in archive.blobs(&all) {
            let before = bytes.len();
            let mut chunks = (blob.open)();
            while let Some(chunk) = chunks.next().await {
                bytes.extend_from_slice(&chunk.expect("reads"));
            }
            let sha1 = hex(&Sha1::digest(&bytes[before..]));
            assert_eq!((blob.sha1, blob.size_bytes), (sha1, (bytes.len() - before) as u64));
        }
        bytes
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_packed_comes_out_again_and_is_the_same_each_time() {
        let directory = TempDir::with_prefix("slipway-archive-").expect("a directory");
        let long = format!("{}/ü.txt", ["deep"; 60].join("/"));
        let pack = async || {
            let entries = vec![entry("a.txt", b"first"), entry(&long, b"second"), entry("empty", b"")];
            Archive::of(entries, directory.path().to_owned()).await.expect("packs")
        };
        let (one, other) = (pack().await, pack().await);
        let packed = bytes(&one).await;
        assert_eq!(packed, bytes(&other).await);
        assert_eq!(one.files()[0]["file"], ".vercel/source.tgz.part1");
        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(&packed[..]));
        let read = |entry: io::Result<tar::Entry<'_, _>>| {
            let mut entry = entry.expect("an entry");
            let path = entry.path().expect("a path").to_str().expect("UTF-8").to_owned();
            let mut text = String::new();
            entry.read_to_string(&mut text).expect("reads");
            (path, text)
        };
        let found: Vec<_> = tar.entries().expect("a list").map(read).collect();
        let expected = [("a.txt", "first"), (long.as_str(), "second"), ("empty", "")];
        assert_eq!(found, expected.map(|(path, text)| (path.to_owned(), text.to_owned())));
        drop((one, other));
        assert_eq!(std::fs::read_dir(directory.path()).expect("is there").count(), 0, "nothing stays");
    }

    #[test]
    fn a_part_has_so_many_bytes() {
        let directory = TempDir::with_prefix("slipway-archive-").expect("a directory");
        let mut parts = Parts::new(directory.path().to_owned()).expect("opens");
        let chunk = vec![7; 30_000_000];
        for _ in 0..4 {
            parts.write_all(&chunk).expect("writes");
        }
        let sizes: Vec<_> = parts.finish().expect("ends").iter().map(|part| part.size_bytes).collect();
        assert_eq!(sizes, [PART_BYTES, 20_000_000]);
    }
}
