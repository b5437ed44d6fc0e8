//! The files of the web UI. A crate of its own, so that a UI that was built anew makes only this one, and what links
//! it, be built anew.

/// One file.
#[derive(Debug)]
pub struct File {
    /// From the root of the UI, with `/` between its parts.
    pub path: &'static str,
    /// As `npm run build` left it.
    pub content: &'static [u8],
    /// The same compressed, when that is shorter.
    pub gzip: Option<&'static [u8]>,
}

/// All of them, sorted by path; none when the UI was not built before this program.
pub static FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/files.rs"));

#[cfg(test)]
mod tests {
    use super::FILES;

    #[test]
    fn files_are_sorted_and_have_an_index_or_are_not_there() {
        assert!(FILES.is_sorted_by(|one, next| one.path < next.path));
        assert_eq!(FILES.is_empty(), !FILES.iter().any(|file| file.path == "index.html"));
        for file in FILES {
            assert!(file.gzip.is_none_or(|gzip| gzip.len() < file.content.len()), "{}", file.path);
        }
    }
}
