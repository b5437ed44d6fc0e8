//! Generated trees: the same bytes in every run, as compressible as a built site.

use std::fs;
use std::path::Path;

/// A small generator of numbers (xorshift64*), so that trees need no dependency and no seed file.
pub(super) struct Numbers(u64);

impl Numbers {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}

/// Writes `files` files of together about `total_bytes`: two thirds read like text, one third like images.
pub(super) fn generate(dir: &Path, files: u64, total_bytes: u64) -> anyhow::Result<()> {
    let mut numbers = Numbers::new(7);
    let words: Vec<String> = (0..2_000).map(|_| format!("{:x} ", numbers.next() >> 40)).collect();
    fs::write(dir.join("index.html"), "<!doctype html><title>Generated</title>")?;
    let average = total_bytes / files;
    for number in 0..files {
        let folder = dir.join(format!("d{}", number % 100));
        fs::create_dir_all(&folder)?;
        let size = usize::try_from(average / 2 + numbers.next() % average)?;
        fs::write(folder.join(format!("file-{number}.txt")), content(&mut numbers, &words, size, number % 3 == 0))?;
    }
    Ok(())
}

fn content(numbers: &mut Numbers, words: &[String], size: usize, is_image: bool) -> Vec<u8> {
    let mut content = Vec::with_capacity(size + 16);
    while content.len() < size {
        let number = numbers.next();
        if is_image {
            content.extend(number.to_le_bytes());
        } else {
            let index = usize::try_from(number % words.len() as u64).unwrap_or(0);
            content.extend(words[index].as_bytes());
        }
    }
    content.truncate(size);
    content
}

/// Changes every hundredth file.
pub(super) fn change_one_percent(dir: &Path, files: u64) -> anyhow::Result<()> {
    for number in (0..files).step_by(100) {
        let path = dir.join(format!("d{}", number % 100)).join(format!("file-{number}.txt"));
        let mut content = fs::read(&path)?;
        content[0] = content[0].wrapping_add(1);
        fs::write(path, content)?;
    }
    Ok(())
}
