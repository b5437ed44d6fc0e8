//! Digests of many files at once.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use slipway_proto::v1::FailureCode;

use super::collect::Candidate;
use super::known::KnownDigests;
use crate::beneath::Tree;
use crate::job::{Failure, Halt, Interrupt};

/// More would compete with the upload and the user's own programs.
const MOST_THREADS: usize = 4;
/// Large enough for BLAKE3 to use its widest instructions.
const BUFFER_BYTES: usize = 128 * 1024;
/// Fewer files are not worth a thread each.
const FILES_PER_THREAD: usize = 32;

/// The digest of each candidate, in order. All of them are in `tree`.
pub(super) fn digests(
    tree: &Tree,
    candidates: &[Candidate],
    known: Option<&KnownDigests>,
    interrupt: &Interrupt,
) -> Result<Vec<blake3::Hash>, Halt> {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let threads = processors.min(MOST_THREADS).min(candidates.len().div_ceil(FILES_PER_THREAD)).max(1);
    let next = AtomicUsize::new(0);
    let work = || -> Result<Vec<(usize, blake3::Hash)>, Halt> {
        let mut buffer = vec![0; BUFFER_BYTES];
        let mut found = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(candidate) = candidates.get(index) else { return Ok(found) };
            interrupt.check()?;
            let digest = match known.and_then(|known| known.find(&candidate.stamp)) {
                Some(digest) => digest,
                None => digest(tree, candidate, &mut buffer)?,
            };
            found.push((index, digest));
        }
    };
    let mut digests = vec![blake3::Hash::from_bytes([0; blake3::OUT_LEN]); candidates.len()];
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut results = vec![work()];
        for other in others {
            results.push(other.join().unwrap_or_else(|_| {
                Err(Failure::new(
                    FailureCode::Internal,
                    "packaging ended unexpectedly; this is a defect of slipway-agent",
                )
                .into())
            }));
        }
        for result in results {
            for (index, digest) in result? {
                digests[index] = digest;
            }
        }
        Ok(digests)
    })
}

/// A file that is being written meanwhile gets a second chance.
fn digest(tree: &Tree, candidate: &Candidate, buffer: &mut [u8]) -> Result<blake3::Hash, Halt> {
    for _ in 0..2 {
        let digest = digest_once(tree, candidate, buffer)
            .map_err(|error| Failure::io(FailureCode::OutputRefused, "packaging", &candidate.source, &error))?;
        if let Some(digest) = digest {
            return Ok(digest);
        }
    }
    Err(changed(&candidate.source).into())
}

/// What is said of a file that does not hold still.
pub(super) fn changed(path: &Path) -> Failure {
    let message = format!(
        "{} changed while it was being packaged; something still writes to the output. Make the build wait for it, and deploy again",
        path.display()
    );
    Failure::new(FailureCode::OutputRefused, message)
}

/// `None` when the file is not as long as it was when it was listed.
fn digest_once(tree: &Tree, candidate: &Candidate, buffer: &mut [u8]) -> io::Result<Option<blake3::Hash>> {
    let mut file = tree.open_file(&candidate.source)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.len() != candidate.size_bytes {
        return Ok(None);
    }
    let mut hasher = blake3::Hasher::new();
    let mut left = candidate.size_bytes;
    while left > 0 {
        match read_at_most(&mut file, left, buffer)? {
            0 => return Ok(None),
            length => {
                hasher.update(&buffer[..length]);
                left -= length as u64;
            }
        }
    }
    Ok(Some(hasher.finalize()))
}

/// Reads into `buffer`, and never more than `left`, which was announced: what grows while it is read is cut, and the
/// server compares. 0 at the end of the file.
pub(super) fn read_at_most(file: &mut File, left: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
    loop {
        match file.read(&mut buffer[..most]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}
