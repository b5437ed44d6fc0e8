//! What makes an agent's identity: enrolment tokens, certificates, and who must be cut off.

use sqlx::FromRow;

use super::{SandboxState, Store, Tx};
use crate::clock::Timestamp;
use crate::ids::SandboxId;

/// An issued certificate.
#[derive(Debug, Clone, FromRow)]
pub struct AgentCertificate {
    /// 16 random bytes.
    pub serial: Vec<u8>,
    /// Whom it names.
    pub sandbox_id: SandboxId,
    /// The serial that the enrolment gave from which this one comes by renewal.
    pub lineage: Vec<u8>,
    /// The certificate itself.
    pub leaf_der: Vec<u8>,
    /// When it ends.
    pub not_after: Timestamp,
    /// When a connection was first made with it; until then it is pending.
    pub first_used_at: Option<Timestamp>,
    /// When a later one was first used, or it was replaced while pending.
    pub superseded_at: Option<Timestamp>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

/// A certificate together with whether its sandbox may connect.
#[derive(Debug, Clone, FromRow)]
pub struct KnownCertificate {
    /// The certificate.
    #[sqlx(flatten)]
    pub certificate: AgentCertificate,
    /// Of its sandbox.
    pub state: SandboxState,
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

/// Connections that must end.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Revocation {
    /// Grows.
    pub seq: i64,
    /// Whose.
    pub sandbox_id: SandboxId,
    /// Those made with this certificate; all of the sandbox when there is none.
    pub serial: Option<Vec<u8>>,
}

macro_rules! certificate {
    () => {
        "c.serial, c.sandbox_id, c.lineage, c.leaf_der, c.not_after, c.first_used_at, c.superseded_at, c.revoked_at"
    };
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
    INSERT INTO agent_certificates (serial, sandbox_id, lineage, leaf_der, issued_at, not_after)
    VALUES ($1, $2, $3, $4, $5, $6)";
const KNOWN_CERTIFICATE: &str = concat!(
    "SELECT ",
    certificate!(),
    ", s.state FROM agent_certificates c JOIN sandboxes s ON s.id = c.sandbox_id WHERE c.serial = $1"
);
const FIRST_USE: &str = "UPDATE agent_certificates SET first_used_at = $2 WHERE serial = $1 AND first_used_at IS NULL";
const SUPERSEDE_OTHERS: &str = "
    UPDATE agent_certificates SET superseded_at = $3
    WHERE sandbox_id = $1 AND serial <> $2 AND superseded_at IS NULL";
const REPLACE_PENDING: &str = "
    UPDATE agent_certificates SET superseded_at = $3
    WHERE sandbox_id = $1 AND lineage = $2 AND first_used_at IS NULL AND superseded_at IS NULL";
const REVOKE_CERTIFICATE: &str =
    "UPDATE agent_certificates SET revoked_at = $2 WHERE serial = $1 AND revoked_at IS NULL";
const REVOKE_OF_SANDBOX: &str =
    "UPDATE agent_certificates SET revoked_at = $2 WHERE sandbox_id = $1 AND revoked_at IS NULL";
const REVOKE_OTHER_LINEAGES: &str = "
    UPDATE agent_certificates SET revoked_at = $3
    WHERE sandbox_id = $1 AND lineage <> $2 AND revoked_at IS NULL AND first_used_at IS NOT NULL AND not_after > $3";
const REVOKE_LINEAGE: &str = "
    UPDATE agent_certificates SET revoked_at = $3 WHERE sandbox_id = $1 AND lineage = $2 AND revoked_at IS NULL";
const FORGET_CERTIFICATES: &str = "
    DELETE FROM agent_certificates
    WHERE not_after < $1 OR (not_after < $2 AND (superseded_at IS NOT NULL OR revoked_at IS NOT NULL))";
const FORGET_REVOCATIONS: &str = "DELETE FROM agent_revocations WHERE at < $1";
const REVOCATIONS: &str = "
    SELECT seq, sandbox_id, serial FROM agent_revocations WHERE seq > $1 ORDER BY seq LIMIT $2";
const LAST_REVOCATION: &str = "SELECT COALESCE(MAX(seq), 0) FROM agent_revocations";

impl Store {
    /// The certificate with this serial, if we issued it, and how its sandbox stands.
    pub async fn known_certificate(&self, serial: &[u8]) -> Result<Option<KnownCertificate>, sqlx::Error> {
        sqlx::query_as(KNOWN_CERTIFICATE).bind(serial).fetch_optional(&self.pool).await
    }

    /// Some of the revocations after `seq`, in order.
    pub async fn revocations_after(&self, seq: i64, limit: i64) -> Result<Vec<Revocation>, sqlx::Error> {
        sqlx::query_as(REVOCATIONS).bind(seq).bind(limit).fetch_all(&self.pool).await
    }

    /// Number of the last revocation, 0 when there was none.
    pub async fn last_revocation(&self) -> Result<i64, sqlx::Error> {
        sqlx::query_scalar(LAST_REVOCATION).fetch_one(&self.pool).await
    }

    /// Deletes what ended before `before`: tokens, the news of revocations, and certificates that cannot be
    /// renewed any more. Of certificates that were superseded or revoked only those that ended before
    /// `of_no_use`: they are recognised when they come back, and there are many.
    pub async fn forget_expired_identities(&self, before: Timestamp, of_no_use: Timestamp) -> Result<(), sqlx::Error> {
        self.write(sqlx::query(FORGET_TOKENS).bind(before)).await?;
        self.write(sqlx::query(FORGET_REVOCATIONS).bind(before)).await?;
        self.write(sqlx::query(FORGET_CERTIFICATES).bind(before).bind(of_no_use)).await.map(drop)
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
            .bind(&certificate.lineage)
            .bind(&certificate.leaf_der)
            .bind(now)
            .bind(certificate.not_after)
            .execute(&mut *self.0)
            .await
            .map(drop)
    }

    /// The certificate with this serial, if we issued it, and how its sandbox stands.
    pub async fn known_certificate(&mut self, serial: &[u8]) -> Result<Option<KnownCertificate>, sqlx::Error> {
        sqlx::query_as(KNOWN_CERTIFICATE).bind(serial).fetch_optional(&mut *self.0).await
    }

    /// Marks the first use of a certificate: every other one of the sandbox is superseded.
    pub async fn begin_use(&mut self, certificate: &AgentCertificate, now: Timestamp) -> Result<(), sqlx::Error> {
        sqlx::query(FIRST_USE).bind(&certificate.serial).bind(now).execute(&mut *self.0).await?;
        sqlx::query(SUPERSEDE_OTHERS)
            .bind(certificate.sandbox_id)
            .bind(&certificate.serial)
            .bind(now)
            .execute(&mut *self.0)
            .await
            .map(drop)
    }

    /// Records the successor of a certificate: pending, in place of one that never was used.
    pub async fn insert_successor(&mut self, successor: &AgentCertificate, now: Timestamp) -> Result<(), sqlx::Error> {
        sqlx::query(REPLACE_PENDING)
            .bind(successor.sandbox_id)
            .bind(&successor.lineage)
            .bind(now)
            .execute(&mut *self.0)
            .await?;
        self.insert_certificate(successor, now).await
    }

    /// Revokes one certificate; `false` when it is revoked already.
    pub async fn revoke_certificate(&mut self, serial: &[u8], now: Timestamp) -> Result<bool, sqlx::Error> {
        let revoked = sqlx::query(REVOKE_CERTIFICATE).bind(serial).bind(now).execute(&mut *self.0).await?;
        Ok(revoked.rows_affected() > 0)
    }

    /// Revokes every certificate of a sandbox.
    pub async fn revoke_certificates_of(&mut self, sandbox: SandboxId, now: Timestamp) -> Result<(), sqlx::Error> {
        sqlx::query(REVOKE_OF_SANDBOX).bind(sandbox).bind(now).execute(&mut *self.0).await.map(drop)
    }

    /// Revokes what an enrolment gave, and what came of that by renewal; how many.
    pub async fn revoke_lineage(
        &mut self,
        sandbox: SandboxId,
        lineage: &[u8],
        now: Timestamp,
    ) -> Result<u64, sqlx::Error> {
        let revoked = sqlx::query(REVOKE_LINEAGE).bind(sandbox).bind(lineage).bind(now).execute(&mut *self.0).await?;
        Ok(revoked.rows_affected())
    }

    /// Revokes the certificates in use that came from other enrolments of the sandbox; how many.
    pub async fn revoke_other_lineages(
        &mut self,
        sandbox: SandboxId,
        lineage: &[u8],
        now: Timestamp,
    ) -> Result<u64, sqlx::Error> {
        let revoked =
            sqlx::query(REVOKE_OTHER_LINEAGES).bind(sandbox).bind(lineage).bind(now).execute(&mut *self.0).await?;
        Ok(revoked.rows_affected())
    }
}
