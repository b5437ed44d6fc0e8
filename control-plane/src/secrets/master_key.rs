//! The master key: 32 bytes in a file only its owner reads. It seals what the database holds
//! (ChaCha20-Poly1305, a random nonce per record, the record's place as associated data), so that a
//! copy of the database alone is worth nothing and a sealed value moved to another row does not open.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use secrecy::zeroize::Zeroizing;

use super::random_bytes;

const KEY_BYTES: usize = 32;
const FORMAT: u8 = 1;
const KEY_ID_BYTES: usize = 4;
const HEADER_BYTES: usize = 1 + KEY_ID_BYTES + NONCE_LEN;

/// Where a sealed value belongs. Opening it anywhere else fails.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// The table.
    pub table: &'static str,
    /// The row's id.
    pub row: &'a [u8; 16],
    /// The owner's id, all zeros for the installation itself.
    pub owner: &'a [u8; 16],
}

impl Record<'_> {
    fn associated_data(&self) -> Vec<u8> {
        [self.table.as_bytes(), &[0], self.row, self.owner].concat()
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
    #[error("the master key file {} does not hold 64 hexadecimal digits", path.display())]
    Malformed { path: PathBuf },
    #[error("the master key file {} is missing, but {} holds data sealed with it; restore the key file (nothing was changed)", path.display(), data.display())]
    Missing { path: PathBuf, data: PathBuf },
    #[error(
        "a sealed {table} record does not open with this master key; restore the key file that belongs to this data directory (nothing was changed)"
    )]
    WrongKey { table: &'static str },
}

/// Seals and opens records. Has no `Debug`, no `Clone`, no way to read the key back.
pub struct MasterKey {
    key: LessSafeKey,
    id: [u8; KEY_ID_BYTES],
}

impl MasterKey {
    /// Reads the key from `path`, or creates it there (mode 0600) when this installation is new.
    /// `existing_data` is the database file: when that exists without a key, the key was lost.
    pub fn load_or_create(path: &Path, existing_data: &Path) -> Result<Self, MasterKeyError> {
        let io = |source| MasterKeyError::Io { path: path.to_owned(), source };
        match File::open(path) {
            Ok(file) => Self::read(file, path),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && existing_data.exists() => {
                Err(MasterKeyError::Missing { path: path.to_owned(), data: existing_data.to_owned() })
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let bytes = Zeroizing::new(random_bytes::<KEY_BYTES>());
                let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(io)?;
                let text = Zeroizing::new(HEXLOWER.encode(&*bytes) + "\n");
                file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(io)?;
                Ok(Self::from_bytes(&bytes))
            }
            Err(source) => Err(io(source)),
        }
    }

    fn read(mut file: File, path: &Path) -> Result<Self, MasterKeyError> {
        let io = |source| MasterKeyError::Io { path: path.to_owned(), source };
        if file.metadata().map_err(io)?.mode() & 0o077 != 0 {
            return Err(MasterKeyError::Exposed { path: path.to_owned() });
        }
        let mut text = Zeroizing::new(String::with_capacity(2 * KEY_BYTES + 2));
        Read::by_ref(&mut file).take(1024).read_to_string(&mut text).map_err(io)?;
        let malformed = || MasterKeyError::Malformed { path: path.to_owned() };
        let bytes = Zeroizing::new(HEXLOWER.decode(text.trim().as_bytes()).map_err(|_| malformed())?);
        let bytes: &[u8; KEY_BYTES] = bytes.as_slice().try_into().map_err(|_| malformed())?;
        Ok(Self::from_bytes(bytes))
    }

    fn from_bytes(bytes: &[u8; KEY_BYTES]) -> Self {
        let key = UnboundKey::new(&CHACHA20_POLY1305, bytes).expect("the key has the length of the algorithm");
        let digest = blake3::derive_key("slipway master key id v1", bytes);
        let mut id = [0; KEY_ID_BYTES];
        id.copy_from_slice(&digest[..KEY_ID_BYTES]);
        Self { key: LessSafeKey::new(key), id }
    }

    /// Encrypts `plain` for its place.
    ///
    /// # Panics
    /// When `plain` is larger than the algorithm takes (256 GiB).
    pub fn seal(&self, record: Record<'_>, plain: &[u8]) -> Vec<u8> {
        let nonce = random_bytes::<NONCE_LEN>();
        let mut sealed = Vec::with_capacity(HEADER_BYTES + plain.len() + CHACHA20_POLY1305.tag_len());
        sealed.push(FORMAT);
        sealed.extend(self.id);
        sealed.extend(nonce);
        let mut body = plain.to_vec();
        self.key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(record.associated_data()),
                &mut body,
            )
            .expect("records are far smaller than the algorithm's limit");
        sealed.append(&mut body);
        sealed
    }

    /// Decrypts what [`seal`](Self::seal) made for the same place with the same key.
    pub fn open(&self, record: Record<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, MasterKeyError> {
        let wrong = || MasterKeyError::WrongKey { table: record.table };
        let (header, body) = sealed.split_at_checked(HEADER_BYTES).ok_or_else(wrong)?;
        if header[0] != FORMAT || header[1..=KEY_ID_BYTES] != self.id {
            return Err(wrong());
        }
        let nonce = Nonce::try_assume_unique_for_key(&header[1 + KEY_ID_BYTES..]).map_err(|_| wrong())?;
        let mut plain = Zeroizing::new(body.to_vec());
        let length = self
            .key
            .open_in_place(nonce, Aad::from(record.associated_data()), plain.as_mut_slice())
            .map_err(|_| wrong())?
            .len();
        plain.truncate(length);
        Ok(plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: Record<'static> = Record { table: "deployments", row: &[1; 16], owner: &[2; 16] };

    #[test]
    fn a_sealed_value_opens_only_in_its_place_and_with_its_key() {
        let key = MasterKey::from_bytes(&[3; 32]);
        let sealed = key.seal(RECORD, b"hunter2");
        assert_eq!(key.open(RECORD, &sealed).expect("opens").as_slice(), b"hunter2");
        assert_ne!(sealed, key.seal(RECORD, b"hunter2"), "every record has its own nonce");

        assert!(key.open(Record { row: &[9; 16], ..RECORD }, &sealed).is_err());
        assert!(key.open(Record { owner: &[9; 16], ..RECORD }, &sealed).is_err());
        assert!(key.open(Record { table: "other", ..RECORD }, &sealed).is_err());
        assert!(MasterKey::from_bytes(&[4; 32]).open(RECORD, &sealed).is_err());
        for position in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[position] ^= 1;
            assert!(key.open(RECORD, &damaged).is_err(), "{position}");
        }
        assert!(key.open(RECORD, &[]).is_err());
    }

    #[test]
    fn the_key_file_is_private_and_its_loss_is_noticed() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let (path, data) = (dir.path().join("master.key"), dir.path().join("slipway.db"));
        let sealed = MasterKey::load_or_create(&path, &data).expect("created").seal(RECORD, b"x");
        let mode = std::fs::metadata(&path).expect("exists").mode() & 0o777;
        assert_eq!(mode, 0o600);
        MasterKey::load_or_create(&path, &data).expect("read").open(RECORD, &sealed).expect("same key");

        std::fs::write(&data, "").expect("write");
        std::fs::rename(&path, dir.path().join("elsewhere")).expect("rename");
        assert!(matches!(MasterKey::load_or_create(&path, &data), Err(MasterKeyError::Missing { .. })));
        assert!(!path.exists(), "a lost key is never replaced by a new one");

        std::fs::write(&path, "short").expect("write");
        assert!(matches!(MasterKey::load_or_create(&path, &data), Err(MasterKeyError::Exposed { .. })));
    }
}
