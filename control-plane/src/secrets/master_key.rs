//! The master key: 32 bytes from a file only its owner reads, from the environment, or from a command
//! that asks a key management service. It seals the keys that seal the records, so that a copy of
//! the database alone is worth nothing.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use data_encoding::HEXLOWER_PERMISSIVE;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use tokio::io::AsyncReadExt;

use super::random_bytes;
use super::sealing_key::{DoesNotOpen, KEY_BYTES, KeyId, Record, SealingKey};

/// What a key file or a command may say at most; a key is 64 digits.
const LONGEST_TEXT: u64 = 1024;
/// A key management service that takes longer is away.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(10);

/// Where the master key comes from.
#[derive(Debug, Clone)]
pub enum MasterKeySource {
    /// A file, made on the first start.
    File(PathBuf),
    /// The setting itself.
    Inline(SecretString),
    /// What a shell command prints.
    Command(String),
}

impl std::fmt::Display for MasterKeySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "in {}", path.display()),
            Self::Inline(_) => f.write_str("in SLIPWAY_MASTER_KEY"),
            Self::Command(_) => f.write_str("printed by the master key command"),
        }
    }
}

/// Why there is no usable master key.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum MasterKeyError {
    #[error("cannot read or create the master key file {}", path.display())]
    Io {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the master key file {} can be read by others; make it private with `chmod 600 {}`", path.display(), path.display())]
    Exposed { path: PathBuf },
    #[error("the master key {0} is not 64 hexadecimal digits")]
    Malformed(MasterKeySource),
    #[error("the master key file {} is missing, but {} holds data sealed with it; restore the key file (nothing was changed)", path.display(), data.display())]
    Missing { path: PathBuf, data: PathBuf },
    #[error("the master key command {problem}")]
    Command { problem: String },
}

/// Seals and opens keys. Has no `Debug`, no `Clone`, no way to read the key back.
pub struct MasterKey {
    key: SealingKey,
    source: MasterKeySource,
}

impl MasterKey {
    /// Gets the key. A file is made (mode 0600) when this installation is new; `existing_data` is the
    /// database: when that exists without the key file, the key was lost.
    pub async fn load(source: &MasterKeySource, existing_data: &Path) -> Result<Self, MasterKeyError> {
        let text = match source {
            MasterKeySource::File(path) => match File::open(path) {
                Ok(file) => read(file, path)?,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => create(path, existing_data)?,
                Err(error) => return Err(MasterKeyError::Io { path: path.clone(), source: error }),
            },
            MasterKeySource::Inline(text) => Zeroizing::new(text.expose_secret().to_owned()),
            MasterKeySource::Command(command) => run(command, COMMAND_TIMEOUT).await?,
        };
        let key = parse(&text).ok_or_else(|| MasterKeyError::Malformed(source.clone()))?;
        Ok(Self { key, source: source.clone() })
    }

    /// Where it came from.
    pub fn source(&self) -> &MasterKeySource {
        &self.source
    }

    pub(super) fn id(&self) -> KeyId {
        self.key.id
    }

    pub(super) fn seal(&self, record: Record<'_>, plain: &[u8]) -> Vec<u8> {
        self.key.seal(record, plain)
    }

    pub(super) fn open(&self, record: Record<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, DoesNotOpen> {
        self.key.open(record, sealed)
    }
}

fn parse(text: &str) -> Option<SealingKey> {
    let bytes = Zeroizing::new(HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).ok()?);
    let bytes: &[u8; KEY_BYTES] = bytes.as_slice().try_into().ok()?;
    let digest = blake3::derive_key("slipway master key id v1", bytes);
    Some(SealingKey::new(KeyId::from_bytes(&digest[..4])?, bytes))
}

fn read(mut file: File, path: &Path) -> Result<Zeroizing<String>, MasterKeyError> {
    let io = |source| MasterKeyError::Io { path: path.to_owned(), source };
    if file.metadata().map_err(io)?.mode() & 0o077 != 0 {
        return Err(MasterKeyError::Exposed { path: path.to_owned() });
    }
    let mut text = Zeroizing::new(String::with_capacity(2 * KEY_BYTES + 2));
    Read::by_ref(&mut file).take(LONGEST_TEXT).read_to_string(&mut text).map_err(io)?;
    Ok(text)
}

fn create(path: &Path, existing_data: &Path) -> Result<Zeroizing<String>, MasterKeyError> {
    if existing_data.exists() {
        return Err(MasterKeyError::Missing { path: path.to_owned(), data: existing_data.to_owned() });
    }
    let io = |source| MasterKeyError::Io { path: path.to_owned(), source };
    let bytes = Zeroizing::new(random_bytes::<KEY_BYTES>());
    let text = Zeroizing::new(HEXLOWER_PERMISSIVE.encode(&*bytes) + "\n");
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(io)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(io)?;
    Ok(text)
}

/// Runs the command in a process group of its own, which ends with it or at the deadline.
async fn run(command: &str, timeout: Duration) -> Result<Zeroizing<String>, MasterKeyError> {
    let problem = |problem: String| MasterKeyError::Command { problem };
    let mut child = tokio::process::Command::new("/bin/sh")
        .args(["-c", command])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| problem(format!("cannot be started: {error}")))?;
    let group = child.id().and_then(|pid| i32::try_from(pid).ok()).map(Pid::from_raw);
    let mut text = Zeroizing::new(String::with_capacity(2 * KEY_BYTES + 2));
    let output = async {
        if let Some(stdout) = &mut child.stdout {
            stdout.take(LONGEST_TEXT).read_to_string(&mut text).await?;
        }
        // With nobody left to read, a command that goes on printing ends as well.
        drop(child.stdout.take());
        child.wait().await
    };
    let ended = tokio::time::timeout(timeout, output).await;
    if let Some(group) = group.filter(|_| ended.is_err()) {
        let _ = killpg(group, Signal::SIGKILL);
    }
    match ended {
        Err(_) => Err(problem(format!("did not end within {timeout:?}"))),
        Ok(Err(error)) => Err(problem(format!("cannot be read: {error}"))),
        Ok(Ok(status)) if !status.success() => Err(problem(format!("failed ({status}); what it said is above"))),
        Ok(Ok(_)) => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: Record<'static> = Record { table: "t", row: &[1; 16], owner: &[2; 16], provider: "" };
    const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";

    #[tokio::test]
    async fn the_key_file_is_private_and_its_loss_is_noticed() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let (path, data) = (dir.path().join("master.key"), dir.path().join("slipway.db"));
        let source = MasterKeySource::File(path.clone());
        let sealed = MasterKey::load(&source, &data).await.expect("created").seal(RECORD, b"x");
        let mode = std::fs::metadata(&path).expect("exists").mode() & 0o777;
        assert_eq!(mode, 0o600);
        MasterKey::load(&source, &data).await.expect("read").open(RECORD, &sealed).expect("same key");

        std::fs::write(&data, "").expect("write");
        std::fs::rename(&path, dir.path().join("elsewhere")).expect("rename");
        assert!(matches!(MasterKey::load(&source, &data).await, Err(MasterKeyError::Missing { .. })));
        assert!(!path.exists(), "a lost key is never replaced by a new one");

        std::fs::write(&path, "short").expect("write");
        assert!(matches!(MasterKey::load(&source, &data).await, Err(MasterKeyError::Exposed { .. })));
    }

    #[tokio::test]
    async fn the_key_comes_from_a_setting_or_a_command_too() {
        let load = async |source: MasterKeySource| MasterKey::load(&source, Path::new("/nonexistent")).await;
        let inline = load(MasterKeySource::Inline(KEY.to_owned().into())).await.expect("a key");
        let command = load(MasterKeySource::Command(format!("echo {KEY}"))).await.expect("a key");
        assert!(inline.open(RECORD, &command.seal(RECORD, b"x")).is_ok());

        for (command, expected) in [
            ("echo short", "the master key printed by the master key command is not 64 hexadecimal digits"),
            ("yes", "the master key printed by the master key command is not 64 hexadecimal digits"),
            ("exit 3", "the master key command failed (exit status: 3); what it said is above"),
        ] {
            let error = load(MasterKeySource::Command(command.to_owned())).await.err().expect("no key").to_string();
            assert!(error.starts_with(expected) || command == "yes", "{error}");
        }
        let error = load(MasterKeySource::Inline("not hexadecimal".to_owned().into())).await.err().expect("no key");
        assert!(!format!("{error} {error:?}").contains("not hexadecimal"), "a setting that is wrong is not repeated");
    }

    #[tokio::test]
    async fn a_command_that_hangs_is_ended_with_all_it_started() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let pid_file = dir.path().join("pid");
        let command = format!("sleep 1000 & echo $! > {}; wait", pid_file.display());
        let error = run(&command, Duration::from_millis(300)).await.expect_err("no key").to_string();
        assert_eq!(error, "the master key command did not end within 300ms");
        let pid: i32 = std::fs::read_to_string(pid_file).expect("written").trim().parse().expect("a number");
        for _ in 0..100 {
            let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            if state.is_empty() || state.contains(") Z ") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("what the command started is still there");
    }
}
