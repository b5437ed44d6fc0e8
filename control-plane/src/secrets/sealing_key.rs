//! One key that seals records: ChaCha20-Poly1305, a random nonce per record, the record's place as
//! associated data. A sealed value moved to another row, owner or provider does not open.

use std::fmt;

use data_encoding::HEXLOWER;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use secrecy::zeroize::Zeroizing;

use super::random_bytes;

pub(super) const KEY_BYTES: usize = 32;
const FORMAT: u8 = 1;
const KEY_ID_BYTES: usize = 4;
const HEADER_BYTES: usize = 1 + KEY_ID_BYTES + NONCE_LEN;
/// The owner of what belongs to nobody in particular.
const INSTALLATION: [u8; 16] = [0; 16];

/// Where a sealed value belongs. Opening it anywhere else fails.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// The table.
    pub table: &'static str,
    /// The row's id.
    pub row: &'a [u8; 16],
    /// The owner's id, all zeros for the installation itself.
    pub owner: &'a [u8; 16],
    /// The provider whose credential it is; empty for everything else.
    pub provider: &'a str,
}

impl<'a> Record<'a> {
    /// A record of a user.
    pub fn of(table: &'static str, row: &'a [u8; 16], owner: &'a [u8; 16]) -> Self {
        Self { table, row, owner, provider: "" }
    }

    /// A record of the installation itself.
    pub fn of_installation(table: &'static str, row: &'a [u8; 16]) -> Self {
        Self::of(table, row, &INSTALLATION)
    }

    fn associated_data(&self) -> Vec<u8> {
        [self.table.as_bytes(), &[0], self.row, self.owner, self.provider.as_bytes()].concat()
    }
}

/// Names a key in the header of what it sealed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(pub(super) [u8; KEY_ID_BYTES]);

impl KeyId {
    /// As stored.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The key that sealed a record, if this is a sealed record at all.
    pub fn of_sealed(sealed: &[u8]) -> Option<Self> {
        let (format, rest) = sealed.split_first()?;
        (*format == FORMAT && sealed.len() >= HEADER_BYTES).then_some(())?;
        rest.first_chunk().copied().map(Self)
    }

    /// From its stored bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// It does not open: another key, another place, or changed bytes. Which of them cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it was sealed with another key, for another place, or was changed")]
pub struct DoesNotOpen;

/// Seals and opens. Has no `Debug`, no `Clone`, no way to read the key back.
pub(super) struct SealingKey {
    key: LessSafeKey,
    pub(super) id: KeyId,
}

impl SealingKey {
    pub(super) fn new(id: KeyId, bytes: &[u8; KEY_BYTES]) -> Self {
        let key = UnboundKey::new(&CHACHA20_POLY1305, bytes).expect("the key has the length of the algorithm");
        Self { key: LessSafeKey::new(key), id }
    }

    /// Encrypts `plain` for its place. One key seals fewer than 2^32 records, for which a random nonce
    /// of 96 bits is safe (NIST SP 800-38D, 8.3); rotation replaces it long before.
    ///
    /// # Panics
    /// When `plain` is larger than the algorithm takes (256 GiB).
    pub(super) fn seal(&self, record: Record<'_>, plain: &[u8]) -> Vec<u8> {
        let nonce = random_bytes::<NONCE_LEN>();
        let mut sealed = Vec::with_capacity(HEADER_BYTES + plain.len() + CHACHA20_POLY1305.tag_len());
        sealed.push(FORMAT);
        sealed.extend(self.id.0);
        sealed.extend(nonce);
        sealed.extend(plain);
        let (nonce, place) = (Nonce::assume_unique_for_key(nonce), Aad::from(record.associated_data()));
        // In place: no copy of the plain text is left behind.
        let tag = self.key.seal_in_place_separate_tag(nonce, place, &mut sealed[HEADER_BYTES..]);
        sealed.extend(tag.expect("records are far smaller than the algorithm's limit").as_ref());
        sealed
    }

    /// Decrypts what [`seal`](Self::seal) made for the same place with the same key.
    pub(super) fn open(&self, record: Record<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, DoesNotOpen> {
        if KeyId::of_sealed(sealed) != Some(self.id) {
            return Err(DoesNotOpen);
        }
        let (header, body) = sealed.split_at_checked(HEADER_BYTES).ok_or(DoesNotOpen)?;
        let nonce = Nonce::try_assume_unique_for_key(&header[1 + KEY_ID_BYTES..]).map_err(|_| DoesNotOpen)?;
        let mut plain = Zeroizing::new(body.to_vec());
        let place = Aad::from(record.associated_data());
        let length = self.key.open_in_place(nonce, place, plain.as_mut_slice()).map_err(|_| DoesNotOpen)?.len();
        plain.truncate(length);
        Ok(plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: Record<'static> = Record { table: "deployments", row: &[1; 16], owner: &[2; 16], provider: "npm" };

    fn key(byte: u8) -> SealingKey {
        SealingKey::new(KeyId([byte; 4]), &[byte; KEY_BYTES])
    }

    #[test]
    fn a_sealed_value_opens_only_in_its_place_and_with_its_key() {
        let sealed = key(3).seal(RECORD, b"hunter2");
        assert_eq!(key(3).open(RECORD, &sealed).expect("opens").as_slice(), b"hunter2");
        assert_ne!(sealed, key(3).seal(RECORD, b"hunter2"), "every record has its own nonce");
        assert!(!sealed.windows(7).any(|window| window == b"hunter2"));

        for place in [
            Record { row: &[9; 16], ..RECORD },
            Record { owner: &[9; 16], ..RECORD },
            Record { table: "other", ..RECORD },
            Record { provider: "pypi", ..RECORD },
        ] {
            assert!(key(3).open(place, &sealed).is_err(), "{place:?}");
        }
        assert!(key(4).open(RECORD, &sealed).is_err());
        let same_id = SealingKey::new(KeyId([3; 4]), &[4; KEY_BYTES]);
        assert!(same_id.open(RECORD, &sealed).is_err());
        for position in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[position] ^= 1;
            assert!(key(3).open(RECORD, &damaged).is_err(), "{position}");
            assert!(key(3).open(RECORD, &sealed[..position]).is_err(), "{position}");
        }
    }
}
