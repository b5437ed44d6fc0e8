//! People: names, passwords, who they are at an issuer.

use secrecy::{ExposeSecret, SecretString};
use sqlx::FromRow;

use super::{Store, Tx};
use crate::audit::{Action, Actor, Entry, Facts};
use crate::clock::Timestamp;
use crate::ids::UserId;

/// A person.
#[derive(Debug, Clone, FromRow)]
pub struct User {
    /// Identifies them.
    pub id: UserId,
    /// Unique.
    pub name: String,
    /// Whether they administer the installation.
    pub is_admin: bool,
}

/// A person as an administrator sees them.
#[derive(Debug, Clone, FromRow)]
pub struct UserRow {
    /// Identifies them.
    pub id: UserId,
    /// Unique.
    pub name: String,
    /// Whether they administer the installation.
    pub is_admin: bool,
    /// Whether they can sign in with a password.
    pub has_password: bool,
    /// When they were shut out.
    pub disabled_at: Option<Timestamp>,
    /// When they came.
    pub created_at: Timestamp,
}

#[derive(FromRow)]
struct PasswordRow {
    #[sqlx(flatten)]
    user: User,
    password_hash: String,
}

#[derive(FromRow)]
struct IdentityRow {
    #[sqlx(flatten)]
    user: User,
    is_disabled: bool,
}

/// Names the command line acts for when it is told none; whoever an issuer calls so is somebody else.
const RESERVED: [&str; 2] = ["admin", "local"];
const LONGEST_NAME_CHARS: usize = 100;
/// People of one name; beyond that the issuer's subject must tell them apart.
const MOST_NAMESAKES: u32 = 100;

const BY_NAME: &str = "SELECT id, name, is_admin FROM users WHERE name = $1 AND kind = 'person'";
const BY_ID: &str = "SELECT id, name, is_admin FROM users WHERE id = $1 AND kind = 'person'";
const WITH_PASSWORD: &str = "
    SELECT id, name, is_admin, password_hash FROM users
    WHERE name = $1 AND kind = 'person' AND password_hash IS NOT NULL AND disabled_at IS NULL";
const PAGE: &str = "
    SELECT id, name, is_admin, password_hash IS NOT NULL AS has_password, disabled_at, created_at FROM users
    WHERE kind = 'person' AND ($1 IS NULL OR id > $1) ORDER BY id LIMIT $2";
// The first person administers the installation.
const INSERT: &str = "
    INSERT INTO users (id, name, created_at, is_admin)
    VALUES ($1, $2, $3, NOT EXISTS (SELECT 1 FROM users WHERE is_admin)) RETURNING id, name, is_admin";
const INSERT_NAMED_BY_ISSUER: &str = "
    INSERT INTO users (id, name, created_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING";
const HAS_PASSWORD_USER: &str = "SELECT EXISTS (SELECT 1 FROM users WHERE password_hash IS NOT NULL)";
const SET_PASSWORD: &str = "UPDATE users SET password_hash = $2 WHERE id = $1";
const SET_ADMIN: &str = "UPDATE users SET is_admin = TRUE WHERE id = $1";
const SET_DISABLED: &str = "UPDATE users SET disabled_at = $2 WHERE id = $1";
const IS_LAST_ADMIN: &str = "
    SELECT NOT EXISTS (SELECT 1 FROM users WHERE is_admin AND disabled_at IS NULL AND id <> $1)
       AND EXISTS (SELECT 1 FROM users WHERE is_admin AND disabled_at IS NULL AND id = $1)";
const BY_IDENTITY: &str = "
    SELECT users.id, users.name, users.is_admin, users.disabled_at IS NOT NULL AS is_disabled
    FROM user_identities JOIN users ON users.id = user_identities.user_id
    WHERE user_identities.issuer = $1 AND user_identities.subject = $2";
const HAS_IDENTITY: &str = "SELECT EXISTS (SELECT 1 FROM user_identities WHERE user_id = $1)";
const INSERT_IDENTITY: &str =
    "INSERT INTO user_identities (issuer, subject, user_id, created_at) VALUES ($1, $2, $3, $4)";

impl Store {
    /// Whether anybody has a password.
    pub async fn has_password_user(&self) -> Result<bool, sqlx::Error> {
        sqlx::query_scalar(HAS_PASSWORD_USER).fetch_one(&self.pool).await
    }

    /// The person of this name and their password's hash; `None` when they have none or are disabled.
    pub async fn user_with_password(&self, name: &str) -> Result<Option<(User, SecretString)>, sqlx::Error> {
        let row: Option<PasswordRow> = sqlx::query_as(WITH_PASSWORD).bind(name).fetch_optional(&self.pool).await?;
        Ok(row.map(|row| (row.user, row.password_hash.into())))
    }

    /// The person with this id.
    pub async fn user(&self, id: UserId) -> Result<Option<User>, sqlx::Error> {
        sqlx::query_as(BY_ID).bind(id).fetch_optional(&self.pool).await
    }

    /// The person of this name.
    pub async fn find_user(&self, name: &str) -> Result<Option<User>, sqlx::Error> {
        sqlx::query_as(BY_NAME).bind(name).fetch_optional(&self.pool).await
    }

    /// People after `cursor`, oldest first.
    pub async fn users(&self, cursor: Option<UserId>, limit: i64) -> Result<Vec<UserRow>, sqlx::Error> {
        sqlx::query_as(PAGE).bind(cursor).bind(limit).fetch_all(&self.pool).await
    }

    /// The person whom an issuer calls `subject`, made on first sight under a name like `name`. `None`
    /// when they are disabled. A name is no proof of anything: who has it already keeps it.
    pub async fn user_of_identity(
        &self,
        issuer: &str,
        subject: &str,
        name: &str,
        now: Timestamp,
    ) -> Result<Option<User>, sqlx::Error> {
        let find = || sqlx::query_as(BY_IDENTITY).bind(issuer).bind(subject);
        let enabled = |row: IdentityRow| (!row.is_disabled).then_some(row.user);
        let known: Option<IdentityRow> = find().fetch_optional(&self.pool).await?;
        if let Some(row) = known {
            return Ok(enabled(row));
        }
        let mut tx = self.begin().await?;
        let known: Option<IdentityRow> = find().fetch_optional(&mut *tx.0).await?;
        if let Some(row) = known {
            return Ok(enabled(row));
        }
        let user = tx.insert_user_named_by_issuer(name, subject, now).await?;
        sqlx::query(INSERT_IDENTITY).bind(issuer).bind(subject).bind(user.id).bind(now).execute(&mut *tx.0).await?;
        let facts =
            Facts::of(user.id, "user", user.id.as_uuid()).with("name", user.name.as_str()).with("issuer", issuer);
        tx.record(&Entry::done(Action::UserCreate, Actor::system(), facts, now)).await?;
        tx.commit().await?;
        Ok(Some(user))
    }
}

impl Tx {
    /// The person of this name, made when there is none.
    pub async fn user_named(&mut self, name: &str, now: Timestamp) -> Result<User, sqlx::Error> {
        match sqlx::query_as(BY_NAME).bind(name).fetch_optional(&mut *self.0).await? {
            Some(user) => Ok(user),
            None => self.insert_user(name, now).await,
        }
    }

    /// The person of this name.
    pub async fn find_user(&mut self, name: &str) -> Result<Option<User>, sqlx::Error> {
        sqlx::query_as(BY_NAME).bind(name).fetch_optional(&mut *self.0).await
    }

    /// Makes a person.
    pub async fn insert_user(&mut self, name: &str, now: Timestamp) -> Result<User, sqlx::Error> {
        sqlx::query_as(INSERT).bind(UserId::new()).bind(name).bind(now).fetch_one(&mut *self.0).await
    }

    async fn insert_user_named_by_issuer(
        &mut self,
        name: &str,
        subject: &str,
        now: Timestamp,
    ) -> Result<User, sqlx::Error> {
        let wanted = shown_name(name).or_else(|| shown_name(subject)).unwrap_or_else(|| "somebody".to_owned());
        let id = UserId::new();
        let numbered = (2..=MOST_NAMESAKES).map(|number| format!("{wanted} ({number})"));
        let plain = (!RESERVED.contains(&wanted.as_str())).then(|| wanted.clone());
        for name in plain.into_iter().chain(numbered).chain([format!("{wanted} {id}")]) {
            let inserted =
                sqlx::query(INSERT_NAMED_BY_ISSUER).bind(id).bind(&name).bind(now).execute(&mut *self.0).await?;
            if inserted.rows_affected() == 1 {
                return Ok(User { id, name, is_admin: false });
            }
        }
        Err(sqlx::Error::RowNotFound)
    }

    /// Whether an issuer can say that somebody is this person.
    pub async fn has_identity(&mut self, id: UserId) -> Result<bool, sqlx::Error> {
        sqlx::query_scalar(HAS_IDENTITY).bind(id).fetch_one(&mut *self.0).await
    }

    /// Whether anybody has a password, as this transaction sees it.
    pub async fn has_password_user(&mut self) -> Result<bool, sqlx::Error> {
        sqlx::query_scalar(HAS_PASSWORD_USER).fetch_one(&mut *self.0).await
    }

    /// Sets the hash of a person's password; whoever is signed in as them no longer is.
    pub async fn set_password(&mut self, id: UserId, hash: &SecretString) -> Result<(), sqlx::Error> {
        sqlx::query(SET_PASSWORD).bind(id).bind(hash.expose_secret()).execute(&mut *self.0).await?;
        self.end_sessions_of(id).await
    }

    /// Makes a person an administrator of the installation.
    pub async fn set_admin(&mut self, id: UserId) -> Result<(), sqlx::Error> {
        sqlx::query(SET_ADMIN).bind(id).execute(&mut *self.0).await.map(drop)
    }

    /// Whether nobody else administers the installation.
    pub async fn is_last_admin(&mut self, id: UserId) -> Result<bool, sqlx::Error> {
        sqlx::query_scalar(IS_LAST_ADMIN).bind(id).fetch_one(&mut *self.0).await
    }

    /// Shuts a person out, or lets them in again. Their sessions end; their tokens do not count
    /// meanwhile.
    pub async fn set_disabled(&mut self, id: UserId, at: Option<Timestamp>) -> Result<(), sqlx::Error> {
        sqlx::query(SET_DISABLED).bind(id).bind(at).execute(&mut *self.0).await?;
        self.end_sessions_of(id).await
    }
}

/// A name as it may be shown: no control characters, no end to it, not the one of a team's account.
fn shown_name(name: &str) -> Option<String> {
    let name: String = name.chars().filter(|c| !c.is_control()).take(LONGEST_NAME_CHARS - 10).collect();
    let name = name.trim().trim_start_matches("team:").trim().to_owned();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::in_memory;

    const NOW: Timestamp = Timestamp::from_micros(1_000_000);

    #[tokio::test]
    async fn an_issuers_name_never_makes_somebody_else() {
        let store = in_memory().await;
        let mut tx = store.begin().await.expect("begins");
        let admin = tx.user_named("admin", NOW).await.expect("is made");
        tx.commit().await.expect("commits");
        assert!(admin.is_admin, "the first one is");

        let identity = |subject: &'static str, name: &'static str| {
            let store = store.clone();
            async move { store.user_of_identity("https://id", subject, name, NOW).await.expect("works").expect("enabled") }
        };
        let imposter = identity("1", "admin").await;
        assert_ne!(imposter.id, admin.id);
        assert_eq!((imposter.name.as_str(), imposter.is_admin), ("admin (2)", false));
        assert_eq!(identity("3", "local").await.name, "local (2)", "the command line acts for `local`");
        assert_eq!(identity("1", "renamed").await.id, imposter.id, "the subject says who it is");
        assert_eq!(identity("2", "team:\u{7}x").await.name, "x");
        assert_eq!(identity("subject-4", " \n").await.name, "subject-4");
        let elsewhere = store.user_of_identity("https://other", "1", "admin", NOW).await.expect("works");
        assert_ne!(elsewhere.expect("enabled").id, imposter.id, "a subject is its issuer's");
    }

    #[tokio::test]
    async fn a_disabled_person_is_nobody() {
        let store = in_memory().await;
        let user = store.user_of_identity("https://id", "1", "ada", NOW).await.expect("works").expect("is made");
        let mut tx = store.begin().await.expect("begins");
        tx.set_password(user.id, &"hash".to_owned().into()).await.expect("sets");
        tx.commit().await.expect("commits");
        store
            .begin_session_of_user(&[1; 32], user.id, NOW, NOW.plus(std::time::Duration::from_secs(9)))
            .await
            .expect("begins");
        assert!(
            store
                .user_of_session(&[1; 32], NOW, NOW.minus(std::time::Duration::from_secs(1)))
                .await
                .expect("reads")
                .is_some()
        );

        let mut tx = store.begin().await.expect("begins");
        tx.set_disabled(user.id, Some(NOW)).await.expect("sets");
        tx.commit().await.expect("commits");
        assert!(store.user_of_identity("https://id", "1", "ada", NOW).await.expect("works").is_none());
        assert!(store.user_with_password("ada").await.expect("reads").is_none());
        assert!(
            store
                .user_of_session(&[1; 32], NOW, NOW.minus(std::time::Duration::from_secs(1)))
                .await
                .expect("reads")
                .is_none()
        );
    }
}
