//! The certificate authorities: the root and its intermediates, with their sealed keys.

use sqlx::FromRow;

use super::{Store, Tx};
use crate::clock::Timestamp;
use crate::ids::AuthorityId;

/// What an authority is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum AuthorityKind {
    /// What agents trust. Certifies intermediates.
    Root,
    /// Signs certificates of agents and of the gateway.
    Intermediate,
}

/// A certificate that certifies others.
#[derive(Debug, Clone, FromRow)]
pub struct AuthorityRow {
    /// Identifies it; the place its key is sealed for.
    pub id: AuthorityId,
    /// What it is for.
    pub kind: AuthorityKind,
    /// The certificate.
    pub certificate_der: Vec<u8>,
    /// Its private key, sealed.
    pub sealed_key: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it signs.
    pub active_from: Timestamp,
    /// When it ends.
    pub not_after: Timestamp,
}

const AUTHORITIES: &str = "
    SELECT id, kind, certificate_der, sealed_key, created_at, active_from, not_after FROM certificate_authorities
    ORDER BY created_at DESC, id DESC";
const INSERT: &str = "
    INSERT INTO certificate_authorities (id, kind, certificate_der, sealed_key, created_at, active_from, not_after)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";
const FORGET: &str = "DELETE FROM certificate_authorities WHERE not_after < $1";

impl Store {
    /// All authorities, newest first.
    pub async fn authorities(&self) -> Result<Vec<AuthorityRow>, sqlx::Error> {
        sqlx::query_as(AUTHORITIES).fetch_all(&self.pool).await
    }
}

impl Tx {
    /// All authorities as this transaction sees them, newest first.
    pub async fn authorities(&mut self) -> Result<Vec<AuthorityRow>, sqlx::Error> {
        sqlx::query_as(AUTHORITIES).fetch_all(&mut *self.0).await
    }

    /// Stores a new authority.
    pub async fn insert_authority(&mut self, row: &AuthorityRow) -> Result<(), sqlx::Error> {
        sqlx::query(INSERT)
            .bind(row.id)
            .bind(row.kind)
            .bind(&row.certificate_der)
            .bind(&row.sealed_key)
            .bind(row.created_at)
            .bind(row.active_from)
            .bind(row.not_after)
            .execute(&mut *self.0)
            .await
            .map(drop)
    }

    /// Deletes authorities that ended before `before`, with their keys.
    pub async fn forget_authorities(&mut self, before: Timestamp) -> Result<(), sqlx::Error> {
        sqlx::query(FORGET).bind(before).execute(&mut *self.0).await.map(drop)
    }
}
