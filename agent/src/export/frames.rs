//! Entries and data, packed into frames on their way to the control plane.

use bytes::Bytes;
use slipway_proto::limits;
use slipway_proto::v1::export_piece::Piece;
use slipway_proto::v1::{ExportEnd, ExportEntry, ExportFailed, ExportFrame, ExportPiece};
use tokio::sync::mpsc;

use crate::job::shorten;

/// What a piece takes in a frame beside its path or data, at most.
const PIECE_BYTES: usize = 64;

/// Why an export ends before its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// Nobody wants it any more.
    Gone,
    /// One sentence: the cause and the way out.
    Failed(String),
}

/// The frame that is being filled, and where full ones go.
pub(super) struct Frames {
    frame: ExportFrame,
    bytes: usize,
    sender: mpsc::Sender<ExportFrame>,
}

impl Frames {
    pub(super) fn new(export_id: Vec<u8>, sender: mpsc::Sender<ExportFrame>) -> Self {
        Self { frame: ExportFrame { export_id, pieces: Vec::new() }, bytes: 0, sender }
    }

    /// Whether nobody takes frames any more, which who reads for long without a result should know.
    pub(super) fn are_unwanted(&self) -> bool {
        self.sender.is_closed()
    }

    /// Bytes of data that fit into this frame; never 0.
    pub(super) fn room(&self) -> usize {
        limits::EXPORT_FRAME_BYTES - self.bytes
    }

    pub(super) fn entry(&mut self, entry: ExportEntry) -> Result<(), Stop> {
        let bytes = entry.path.len() + entry.link_target.len();
        self.push(Piece::Entry(entry), bytes)
    }

    pub(super) fn data(&mut self, data: Vec<u8>) -> Result<(), Stop> {
        let bytes = data.len();
        self.push(Piece::Data(Bytes::from(data)), bytes)
    }

    /// The last word: this was all.
    pub(super) fn end(&mut self) {
        self.finish(Piece::End(ExportEnd {}));
    }

    /// The last word: why it is not all.
    pub(super) fn fail(&mut self, message: String) {
        self.finish(Piece::Failed(ExportFailed { message: shorten(message, limits::EVENT_TEXT_BYTES) }));
    }

    fn finish(&mut self, last: Piece) {
        // Whoever has gone does not want to know.
        let _ = self.push(last, 0).and_then(|()| self.send());
    }

    fn push(&mut self, piece: Piece, bytes: usize) -> Result<(), Stop> {
        self.frame.pieces.push(ExportPiece { piece: Some(piece) });
        self.bytes += bytes + PIECE_BYTES;
        if self.bytes >= limits::EXPORT_FRAME_BYTES { self.send() } else { Ok(()) }
    }

    fn send(&mut self) -> Result<(), Stop> {
        self.bytes = 0;
        self.sender.blocking_send(std::mem::take(&mut self.frame)).map_err(|_| Stop::Gone)
    }
}
