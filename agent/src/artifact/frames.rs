//! Turns files into frames: one thread reads, one compresses, and the upload sends. Frames are cut
//! from the concatenation of all blobs, regardless of where files begin, so that ten thousand small
//! files cost no more than a large one.

use std::path::{Path, PathBuf};
use std::sync::mpsc as channel;
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use slipway_proto::limits;
use slipway_proto::v1::{FailureCode, PackFrame};
use tokio::sync::mpsc;

use super::hash::{changed, read_at_most};
use crate::beneath::Tree;
use crate::job::Failure;

/// Of zstd, for a link that is waited for.
const LEVEL: i32 = 1;
/// Of zstd, for a link that takes what comes: its lowest, which copies all but what repeats itself over and over. With a
/// control plane nearby, to compress would take longer than to send.
const HURRIED_LEVEL: i32 = -131_072;
/// Frames that a link takes so long for each are sent sooner when they are compressed well: that takes a third of the
/// time, and saves a third of the bytes and more.
const SLOW: Duration = Duration::from_millis(10);
/// Frames that buffers on the way take before a slow link is noticed; and what is small is compressed in no time.
const BUFFERED_FRAMES: u32 = 8;
/// Raw frames between reader and compressor. When they are all full, reading waits.
const RAW_FRAMES: usize = 2;
/// Compressed frames waiting to be sent. When it is full, compressing waits.
pub(super) const FRAMES_IN_FLIGHT: usize = 2;

/// A file to send and how long it was when it was digested.
pub(super) struct Blob {
    pub(super) source: PathBuf,
    pub(super) size_bytes: u64,
}

/// Reads and compresses all blobs, which are in `root`, in order. Ends early without an error when nobody takes frames any more.
pub(super) fn produce(
    artifact_id: &str,
    root: &Path,
    blobs: &[Blob],
    frames: &mpsc::Sender<PackFrame>,
) -> Result<(), Failure> {
    let tree =
        Tree::open(root).map_err(|error| Failure::io(FailureCode::UploadFailed, "reading the output", root, &error))?;
    let tree = &tree;
    thread::scope(|scope| {
        let (filled, full) = channel::sync_channel::<Vec<u8>>(RAW_FRAMES);
        let (emptied, empty) = channel::channel::<Vec<u8>>();
        let reader = scope.spawn(move || read(tree, blobs, &filled, &empty));
        let compressed = compress(artifact_id, full, &emptied, frames);
        let read = reader.join().unwrap_or_else(|_| Err(internal("reading the output")));
        read.and(compressed)
    })
}

fn read(
    tree: &Tree,
    blobs: &[Blob],
    filled: &channel::SyncSender<Vec<u8>>,
    empty: &channel::Receiver<Vec<u8>>,
) -> Result<(), Failure> {
    let fresh = || empty.try_recv().unwrap_or_else(|_| vec![0; limits::FRAME_RAW_BYTES]);
    let (mut frame, mut filled_bytes) = (fresh(), 0);
    let mut is_first = true;
    for blob in blobs {
        let failed = |error| Failure::io(FailureCode::UploadFailed, "reading the output", &blob.source, &error);
        let mut file = tree.open_file(&blob.source).map_err(failed)?;
        let mut left = blob.size_bytes;
        while left > 0 {
            let length = read_at_most(&mut file, left, &mut frame[filled_bytes..]).map_err(failed)?;
            if length == 0 {
                return Err(changed(&blob.source));
            }
            left -= length as u64;
            filled_bytes += length;
            if filled_bytes == frame.len() {
                if filled.send(frame).is_err() {
                    return Ok(()); // the compressor has ended, and says why
                }
                (frame, filled_bytes) = (fresh(), 0);
                is_first = false;
            }
        }
    }
    // An upload of nothing but empty files still has to say which one it is.
    if is_first || filled_bytes > 0 {
        frame.truncate(filled_bytes);
        let _ = filled.send(frame);
    }
    Ok(())
}

fn compress(
    artifact_id: &str,
    full: channel::Receiver<Vec<u8>>,
    emptied: &channel::Sender<Vec<u8>>,
    frames: &mpsc::Sender<PackFrame>,
) -> Result<(), Failure> {
    let mut compressor = zstd::bulk::Compressor::new(LEVEL).map_err(|_| internal("compressing"))?;
    let mut artifact_id = artifact_id.to_owned();
    let mut waited = Duration::ZERO;
    for (sent, raw) in (0..).zip(full) {
        compressor.set_compression_level(level(sent, waited)).map_err(|_| internal("compressing"))?;
        let data = compressor.compress(&raw).map_err(|_| internal("compressing"))?;
        let frame = PackFrame { artifact_id: std::mem::take(&mut artifact_id), data: Bytes::from(data) };
        let before = Instant::now();
        if frames.blocking_send(frame).is_err() {
            return Ok(()); // the call has ended, and says why
        }
        waited = (waited * (BUFFERED_FRAMES - 1) + before.elapsed()) / BUFFERED_FRAMES;
        let _ = emptied.send(raw); // the reader may have finished
    }
    Ok(())
}

/// How well the next frame is compressed, after so many frames, of which the latest had to wait so long for the link: on
/// average, for most find room in the buffers, and one waits for all of them.
fn level(sent: u32, waited: Duration) -> i32 {
    if sent >= BUFFERED_FRAMES && waited < SLOW { HURRIED_LEVEL } else { LEVEL }
}

fn internal(doing: &str) -> Failure {
    Failure::new(FailureCode::Internal, format!("{doing} ended unexpectedly; this is a defect of slipway-agent"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn only_a_fast_link_gets_frames_that_are_hardly_compressed() {
        assert_eq!([level(0, Duration::ZERO), level(BUFFERED_FRAMES - 1, Duration::ZERO)], [LEVEL, LEVEL]);
        assert_eq!(level(BUFFERED_FRAMES, Duration::ZERO), HURRIED_LEVEL);
        assert_eq!(level(BUFFERED_FRAMES, SLOW), LEVEL);
    }

    #[test]
    fn frames_hold_all_blobs_in_order() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        let mut expected = Vec::new();
        let blobs: Vec<_> = [3, 1_500_000, 700_000, 0, 12_000_000]
            .into_iter()
            .enumerate()
            .map(|(index, size)| {
                let bytes: Vec<u8> = (0..size).map(|byte| u8::try_from(byte * (index + 3) % 251).unwrap()).collect();
                let source = root.join(index.to_string());
                fs::write(&source, &bytes).unwrap();
                expected.extend(bytes);
                Blob { source, size_bytes: size as u64 }
            })
            .collect();
        let (sender, mut receiver) = mpsc::channel(100);
        produce("artifact", &root, &blobs, &sender).unwrap();
        drop(sender);
        let (mut raw, mut ids) = (Vec::new(), Vec::new());
        while let Some(frame) = receiver.blocking_recv() {
            ids.push(frame.artifact_id);
            let bytes = zstd::bulk::decompress(&frame.data, limits::FRAME_RAW_BYTES).unwrap();
            raw.extend(bytes);
        }
        assert!(raw == expected, "all bytes are there, and nobody wants to read them");
        assert_eq!(ids.len(), expected.len().div_ceil(limits::FRAME_RAW_BYTES));
        assert_eq!(ids.concat(), "artifact", "the first says whose they are");

        fs::write(&blobs[1].source, "shorter").unwrap();
        let (sender, _receiver) = mpsc::channel(100);
        let failure = produce("artifact", &root, &blobs, &sender).unwrap_err();
        assert!(failure.message.contains("changed while"), "{}", failure.message);
    }
}
