//! What makes an agent's identity: enrolment tokens, certificates and the authority that signs them.

use sqlx::FromRow;

use super::{Store, Tx};
use crate::clock::Timestamp;
use crate::ids::{AuthorityId, SandboxId};

/// An issued certificate.
#[derive(Debug, Clone, FromRow)]
pub struct AgentCertificate {
    /// 16 random bytes.
    pub serial: Vec<u8>,
    /// Whom it names.
    pub sandbox_id: SandboxId,
    /// The certificate itself.
    pub leaf_der: Vec<u8>,
    /// When it ends.
    pub not_after: Timestamp,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

/// An enrolment token and what became of it.
#[derive(Debug, Clone, FromRow)]
pub struct TokenUse {
    /// The sandbox it is for.
    pub sandbox_id: SandboxId,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was first used.
    pub used_at: Option<Timestamp>,
    /// With which public key.
    pub used_key_sha256: Option<Vec<u8>>,
    /// Which certificate it gave.
    pub used_serial: Option<Vec<u8>>,
}

#[derive(FromRow)]
struct AuthorityRow {
    id: AuthorityId,
    certificate_der: Vec<u8>,
    sealed_key: Vec<u8>,
}

const INSERT_TOKEN: &str = "
    INSERT INTO enrollment_tokens (secret_sha256, sandbox_id, created_at, expires_at) VALUES ($1, $2, $3, $4)";
const TOKEN: &str = "
    SELECT sandbox_id, expires_at, used_at, used_key_sha256, used_serial FROM enrollment_tokens
    WHERE secret_sha256 = $1";
const USE_TOKEN: &str = "
    UPDATE enrollment_tokens SET used_at = $2, used_key_sha256 = $3, used_serial = $4 WHERE secret_sha256 = $1";
const FORGET_TOKENS: &str = "DELETE FROM enrollment_tokens WHERE expires_at < $1";
const INSERT_CERTIFICATE: &str = "
    INSERT INTO agent_certificates (serial, sandbox_id, leaf_der, issued_at, not_after) VALUES ($1, $2, $3, $4, $5)";
const CERTIFICATE: &str = "
    SELECT serial, sandbox_id, leaf_der, not_after, revoked_at FROM agent_certificates WHERE serial = $1";
const REVOKE_CERTIFICATE: &str =
    "UPDATE agent_certificates SET revoked_at = $2 WHERE serial = $1 AND revoked_at IS NULL";
const FORGET_CERTIFICATES: &str = "DELETE FROM agent_certificates WHERE not_after < $1";
const AUTHORITY: &str =
    "SELECT id, certificate_der, sealed_key FROM certificate_authorities ORDER BY created_at DESC LIMIT 1";
const INSERT_AUTHORITY: &str = "
    INSERT INTO certificate_authorities (id, certificate_der, sealed_key, created_at, not_after)
    VALUES ($1, $2, $3, $4, $5)";

impl Store {
    /// The certificate with this serial, if we issued it.
    pub async fn certificate(&self, serial: &[u8]) -> Result<Option<AgentCertificate>, sqlx::Error> {
        sqlx::query_as(CERTIFICATE).bind(serial).fetch_optional(&self.pool).await
    }

    /// Id, certificate and sealed key of the newest authority.
    pub async fn authority(&self) -> Result<Option<(AuthorityId, Vec<u8>, Vec<u8>)>, sqlx::Error> {
        let row: Option<AuthorityRow> = sqlx::query_as(AUTHORITY).fetch_optional(&self.pool).await?;
        Ok(row.map(|row| (row.id, row.certificate_der, row.sealed_key)))
    }

    /// Stores a new authority.
    pub async fn insert_authority(
        &self,
        id: AuthorityId,
        certificate_der: &[u8],
        sealed_key: &[u8],
        now: Timestamp,
        not_after: Timestamp,
    ) -> Result<(), sqlx::Error> {
        sqlx::query(INSERT_AUTHORITY)
            .bind(id)
            .bind(certificate_der)
            .bind(sealed_key)
            .bind(now)
            .bind(not_after)
            .execute(&self.pool)
            .await
            .map(drop)
    }

    /// Deletes tokens and certificates that ended before `before`.
    pub async fn forget_expired_identities(&self, before: Timestamp) -> Result<(), sqlx::Error> {
        sqlx::query(FORGET_TOKENS).bind(before).execute(&self.pool).await?;
        sqlx::query(FORGET_CERTIFICATES).bind(before).execute(&self.pool).await.map(drop)
    }
}

impl Tx {
    /// Stores the digest of a new enrolment token.
    pub async fn insert_enrollment_token(
        &mut self,
        secret_sha256: &[u8],
        sandbox: SandboxId,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), sqlx::Error> {
        sqlx::query(INSERT_TOKEN)
            .bind(secret_sha256)
            .bind(sandbox)
            .bind(now)
            .bind(expires_at)
            .execute(&mut *self.0)
            .await
            .map(drop)
    }

    /// The token with this digest.
    pub async fn enrollment_token(&mut self, secret_sha256: &[u8]) -> Result<Option<TokenUse>, sqlx::Error> {
        sqlx::query_as(TOKEN).bind(secret_sha256).fetch_optional(&mut *self.0).await
    }

    /// Binds a token to the key and certificate it was used for.
    pub async fn use_enrollment_token(
        &mut self,
        secret_sha256: &[u8],
        now: Timestamp,
        key_sha256: &[u8],
        serial: &[u8],
    ) -> Result<(), sqlx::Error> {
        sqlx::query(USE_TOKEN)
            .bind(secret_sha256)
            .bind(now)
            .bind(key_sha256)
            .bind(serial)
            .execute(&mut *self.0)
            .await
            .map(drop)
    }

    /// Records an issued certificate.
    pub async fn insert_certificate(
        &mut self,
        certificate: &AgentCertificate,
        now: Timestamp,
    ) -> Result<(), sqlx::Error> {
        sqlx::query(INSERT_CERTIFICATE)
            .bind(&certificate.serial)
            .bind(certificate.sandbox_id)
            .bind(&certificate.leaf_der)
            .bind(now)
            .bind(certificate.not_after)
            .execute(&mut *self.0)
            .await
            .map(drop)
    }

    /// The certificate with this serial, if we issued it.
    pub async fn certificate(&mut self, serial: &[u8]) -> Result<Option<AgentCertificate>, sqlx::Error> {
        sqlx::query_as(CERTIFICATE).bind(serial).fetch_optional(&mut *self.0).await
    }

    /// Revokes one certificate.
    pub async fn revoke_certificate(&mut self, serial: &[u8], now: Timestamp) -> Result<(), sqlx::Error> {
        sqlx::query(REVOKE_CERTIFICATE).bind(serial).bind(now).execute(&mut *self.0).await.map(drop)
    }
}
