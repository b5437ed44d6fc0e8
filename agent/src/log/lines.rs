//! Cuts a stream of bytes into lines. How the stream was cut into reads makes no difference.

use slipway_proto::limits::LOG_LINE_BYTES;

/// A line, or a piece of one, without its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    pub(crate) text: &'a [u8],
    /// The rest of the line follows.
    pub(crate) continued: bool,
}

/// Holds at most one unfinished piece.
#[derive(Default)]
pub(crate) struct LineSplitter {
    partial: Vec<u8>,
}

impl LineSplitter {
    /// Takes bytes, and gives every line that ended in them.
    pub(crate) fn split(&mut self, mut bytes: &[u8], mut emit: impl FnMut(Line<'_>)) {
        while let Some(end) = bytes.iter().position(|&byte| byte == b'\n') {
            let (line, rest) = bytes.split_at(end);
            bytes = &rest[1..];
            if self.partial.is_empty() && line.len() <= LOG_LINE_BYTES {
                emit(finished(line));
            } else {
                self.extend(line, &mut emit);
                emit(finished(&self.partial));
                self.partial.clear();
            }
        }
        self.extend(bytes, &mut emit);
    }

    /// The stream has ended: what is left is a line, although nothing ended it.
    pub(crate) fn finish(&mut self, mut emit: impl FnMut(Line<'_>)) {
        if !self.partial.is_empty() {
            emit(finished(&self.partial));
            self.partial = Vec::new();
        }
    }

    fn extend(&mut self, mut bytes: &[u8], emit: &mut impl FnMut(Line<'_>)) {
        while self.partial.len() + bytes.len() > LOG_LINE_BYTES {
            let (piece, rest) = bytes.split_at(LOG_LINE_BYTES - self.partial.len());
            self.partial.extend_from_slice(piece);
            emit(Line { text: &self.partial, continued: true });
            self.partial.clear();
            bytes = rest;
        }
        self.partial.extend_from_slice(bytes);
    }
}

fn finished(text: &[u8]) -> Line<'_> {
    Line { text: text.strip_suffix(b"\r").unwrap_or(text), continued: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(reads: &[&[u8]]) -> Vec<(Vec<u8>, bool)> {
        let (mut splitter, mut lines) = (LineSplitter::default(), Vec::new());
        for read in reads {
            splitter.split(read, |line| lines.push((line.text.to_vec(), line.continued)));
        }
        splitter.finish(|line| lines.push((line.text.to_vec(), line.continued)));
        lines
    }

    #[test]
    fn reads_make_no_difference() {
        let text = b"one\r\ntwo\n\n\xff\0three\rx\nfour";
        let whole = lines(&[text]);
        let expected: [&[u8]; 5] = [b"one", b"two", b"", b"\xff\0three\rx", b"four"];
        assert_eq!(whole.iter().map(|(text, _)| text.as_slice()).collect::<Vec<_>>(), expected);
        for cut in 0..text.len() {
            assert_eq!(lines(&[&text[..cut], &text[cut..]]), whole, "cut at {cut}");
        }
    }

    #[test]
    fn long_lines_come_in_pieces() {
        for length in [LOG_LINE_BYTES, LOG_LINE_BYTES + 1, 3 * LOG_LINE_BYTES + 7] {
            let mut text = vec![b'x'; length];
            text.extend(b"\r\nend\n");
            for step in [text.len(), 1000, LOG_LINE_BYTES] {
                let pieces = lines(&text.chunks(step).collect::<Vec<_>>());
                assert!(pieces.iter().all(|(piece, _)| piece.len() <= LOG_LINE_BYTES));
                let end = pieces.iter().position(|(_, continued)| !continued).unwrap();
                let line: Vec<u8> = pieces[..=end].iter().flat_map(|(piece, _)| piece.clone()).collect();
                assert_eq!(line.len(), length, "{length} by {step}");
                assert_eq!(pieces[end + 1..], [(b"end".to_vec(), false)]);
            }
        }
    }
}
