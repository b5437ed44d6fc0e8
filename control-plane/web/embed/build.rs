//! Puts `../dist`, which `npm run build` makes, into the program: each file as it is, and compressed when that is
//! shorter. Starts no process. Without a `dist` there are no files, and the program serves a page that says so;
//! `SLIPWAY_REQUIRE_UI=1` makes that an error, so that no release lacks its UI.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use flate2::Compression;
use flate2::write::GzEncoder;

const DIST: &str = "../dist";
const REQUIRED: &str = "SLIPWAY_REQUIRE_UI";
const INDEX: &str = "index.html";
/// A file is sent compressed when that spares a tenth of it.
const SPARES: usize = 10;

fn main() -> ExitCode {
    // Cargo looks at every file in it. Without this line a UI that is built later would not be taken.
    println!("cargo:rerun-if-changed={DIST}");
    println!("cargo:rerun-if-env-changed={REQUIRED}");
    match embed() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("cargo:error=the web UI in control-plane/web/dist cannot be put into the program: {error}");
            ExitCode::FAILURE
        }
    }
}

fn embed() -> io::Result<()> {
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo runs this"))?);
    let mut files = Vec::new();
    if Path::new(DIST).join(INDEX).is_file() {
        collect(Path::new(DIST), "", &mut files)?;
    } else if std::env::var_os(REQUIRED).is_some_and(|value| !value.is_empty() && value != "0") {
        return Err(io::Error::other(format!("it is not built, and {REQUIRED} is set; `make ui` builds it")));
    }
    files.sort();
    let mut table = String::from("&[\n");
    for (number, path) in files.iter().enumerate() {
        let content = fs::read(Path::new(DIST).join(path))?;
        let (plain, gzip) = (format!("{number}.file"), format!("{number}.gz"));
        fs::write(out.join(&plain), &content)?;
        let compressed = compress(&content)?;
        let include = |name: &str| format!("include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}\"))");
        let gzip_field = if compressed.len() + content.len() / SPARES < content.len() {
            fs::write(out.join(&gzip), &compressed)?;
            format!("Some({})", include(&gzip))
        } else {
            "None".to_owned()
        };
        writeln!(table, "    File {{ path: {path:?}, content: {}, gzip: {gzip_field} }},", include(&plain))
            .map_err(io::Error::other)?;
    }
    table.push(']');
    fs::write(out.join("files.rs"), table)
}

/// Paths of all files below, with `/` between their parts. Names that begin with a dot are nobody's business.
fn collect(directory: &Path, below: &str, files: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry
            .file_name()
            .into_string()
            .map_err(|name| io::Error::other(format!("{} is not UTF-8", name.display())))?;
        if name.starts_with('.') {
            continue;
        }
        let kind = entry.file_type()?;
        if kind.is_dir() {
            collect(&entry.path(), &format!("{below}{name}/"), files)?;
        } else if kind.is_file() {
            files.push(format!("{below}{name}"));
        }
    }
    Ok(())
}

/// Without a time or a name, so that the same files make the same program.
fn compress(content: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    encoder.finish()
}
