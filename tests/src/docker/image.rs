//! Root file systems made on this machine: no registry is asked for anything.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::{Engine, missing};

/// Made by `.ci/setup`.
const DEBIAN: &str = "../target/rootfs/debian-12.tar";

/// An image in an engine.
pub struct Image(&'static str);

impl Image {
    /// What debootstrap makes. `None`, loudly, when it is not there.
    pub fn debian(engine: &Engine) -> Option<Self> {
        let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join(DEBIAN);
        if !archive.is_file() {
            return missing("there is no Debian root file system; run .ci/setup as root");
        }
        engine.run(|docker| docker.arg("import").arg(archive).arg("debian"));
        Some(Self("debian"))
    }

    /// A shell and tools that are not GNU's, one static program under many names, as in Alpine.
    /// `None`, loudly, when this machine has no static busybox.
    pub fn busybox(engine: &Engine) -> Option<Self> {
        let Some(busybox) = static_busybox() else {
            return missing("there is no static busybox; install the package busybox-static");
        };
        let root = TempDir::with_prefix("slipway-image-").expect("a temporary directory");
        let bin = root.path().join("bin");
        directory(&bin, 0o755);
        directory(&root.path().join("etc"), 0o755);
        directory(&root.path().join("tmp"), 0o1777);
        fs::write(root.path().join("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n").expect("writes");
        fs::write(root.path().join("etc/group"), "root:x:0:\n").expect("writes");
        fs::copy(&busybox, bin.join("busybox")).expect("copies");
        let applets = Command::new(&busybox).arg("--list").output().expect("busybox starts").stdout;
        let applets = String::from_utf8(applets).expect("names are ASCII");
        for applet in applets.lines().filter(|applet| *applet != "busybox") {
            symlink("busybox", bin.join(applet)).expect("links");
        }
        import(engine, root.path(), "busybox");
        Some(Self("busybox"))
    }

    /// Nothing but a directory for temporary files: no shell, no libraries, no users.
    pub fn scratch(engine: &Engine) -> Self {
        let root = TempDir::with_prefix("slipway-image-").expect("a temporary directory");
        directory(&root.path().join("tmp"), 0o1777);
        import(engine, root.path(), "empty"); // `scratch` is a reserved name
        Self("empty")
    }

    pub(super) fn name(&self) -> &str {
        self.0
    }
}

/// Whatever the umask is.
fn directory(path: &Path, mode: u32) {
    fs::create_dir(path).expect("makes the directory");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("is ours");
}

fn import(engine: &Engine, root: &Path, name: &str) {
    fs::set_permissions(root, fs::Permissions::from_mode(0o755)).expect("is ours");
    let mut tar = Command::new("tar")
        .args(["--create", "--numeric-owner", "--owner=0", "--group=0", "--file=-", "--directory"])
        .arg(root)
        .arg(".")
        .stdout(Stdio::piped())
        .spawn()
        .expect("tar starts");
    let archive = tar.stdout.take().expect("is piped");
    engine.run(|docker| docker.args(["import", "-", name]).stdin(archive));
    assert!(tar.wait().expect("is ours").success(), "tar failed");
}

/// One that needs no dynamic linker, which the image does not have: Debian's package `busybox` has
/// the same path as `busybox-static`, and needs one.
fn static_busybox() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path).map(|directory| directory.join("busybox")).find(|path| path.is_file())?;
    let program = fs::read(&found).ok()?;
    let has_interpreter = program.windows(b"/ld-linux".len()).any(|bytes| bytes == b"/ld-linux");
    (!has_interpreter).then_some(found)
}
