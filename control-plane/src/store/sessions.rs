//! Being signed in, and being on the way there: sessions, one-time links, sign-ins at an issuer. Of
//! every secret only the digest is here.

use sqlx::FromRow;

use super::{Store, Tx, User};
use crate::clock::Timestamp;
use crate::ids::UserId;

/// Sessions that one person can have.
const MOST_SESSIONS: i64 = 50;
/// Sign-ins at the issuer that can be under way.
const MOST_OIDC_ATTEMPTS: i64 = 10_000;

#[derive(FromRow)]
struct SessionRow {
    #[sqlx(flatten)]
    user: User,
    last_seen_at: Timestamp,
}

const USER_OF_SESSION: &str = "
    SELECT users.id, users.name, users.is_admin, sessions.last_seen_at
    FROM sessions JOIN users ON users.id = sessions.user_id
    WHERE sessions.secret_sha256 = $1 AND sessions.expires_at > $2 AND sessions.last_seen_at > $3
      AND users.disabled_at IS NULL";
const BEGIN: &str = "
    INSERT INTO sessions (secret_sha256, user_id, created_at, last_seen_at, expires_at) VALUES ($1, $2, $3, $3, $4)";
const END_OLDEST: &str = "
    DELETE FROM sessions WHERE secret_sha256 IN (
        SELECT secret_sha256 FROM sessions WHERE user_id = $1 ORDER BY last_seen_at DESC LIMIT -1 OFFSET $2)";
const TOUCH: &str = "UPDATE sessions SET last_seen_at = $2 WHERE secret_sha256 = $1";
const END: &str = "DELETE FROM sessions WHERE secret_sha256 = $1";
const END_OF_USER: &str = "DELETE FROM sessions WHERE user_id = $1";
const INSERT_LINK: &str =
    "INSERT INTO one_time_links (secret_sha256, purpose, user_id, expires_at) VALUES ($1, $2, $3, $4)";
const END_SETUP_LINKS: &str = "DELETE FROM one_time_links WHERE purpose = 'setup'";
const HAS_SETUP_LINK: &str = "
    SELECT EXISTS (SELECT 1 FROM one_time_links WHERE secret_sha256 = $1 AND purpose = 'setup' AND expires_at > $2)";
const USE_SETUP_LINK: &str =
    "DELETE FROM one_time_links WHERE secret_sha256 = $1 AND purpose = 'setup' AND expires_at > $2";
const HAS_SIGN_IN_LINK: &str = "
    SELECT EXISTS (SELECT 1 FROM one_time_links WHERE secret_sha256 = $1 AND purpose = 'sign-in' AND expires_at > $2)";
const USE_SIGN_IN_LINK: &str = "
    DELETE FROM one_time_links WHERE secret_sha256 = $1 AND purpose = 'sign-in' AND expires_at > $2
    RETURNING user_id";
const ENABLED_USER: &str = "SELECT id, name, is_admin FROM users WHERE id = $1 AND disabled_at IS NULL";
const INSERT_ATTEMPT: &str = "
    INSERT INTO oidc_attempts (state_sha256, browser_sha256, return_to, expires_at) VALUES ($1, $2, $3, $4)";
const USE_ATTEMPT: &str = "
    DELETE FROM oidc_attempts WHERE state_sha256 = $1 AND browser_sha256 = $2 AND expires_at > $3
    RETURNING return_to";
const FORGET_OLDEST_ATTEMPTS: &str = "
    DELETE FROM oidc_attempts WHERE state_sha256 IN (
        SELECT state_sha256 FROM oidc_attempts ORDER BY expires_at DESC LIMIT -1 OFFSET $1)";
const FORGET: [&str; 3] = [
    "DELETE FROM sessions WHERE expires_at < $1",
    "DELETE FROM one_time_links WHERE expires_at < $1",
    "DELETE FROM oidc_attempts WHERE expires_at < $1",
];

impl Store {
    /// Whose session this is and when it was last seen. `None` when it has ended, was not used since
    /// `idle_since`, or its owner is disabled.
    pub async fn user_of_session(
        &self,
        sha256: &[u8],
        now: Timestamp,
        idle_since: Timestamp,
    ) -> Result<Option<(User, Timestamp)>, sqlx::Error> {
        let row: Option<SessionRow> =
            sqlx::query_as(USER_OF_SESSION).bind(sha256).bind(now).bind(idle_since).fetch_optional(&self.pool).await?;
        Ok(row.map(|row| (row.user, row.last_seen_at)))
    }

    /// Begins a session. Those that were not seen for the longest time end when there are many.
    pub async fn begin_session_of_user(
        &self,
        sha256: &[u8],
        user: UserId,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), sqlx::Error> {
        let mut tx = self.begin().await?;
        sqlx::query(END_OLDEST).bind(user).bind(MOST_SESSIONS - 1).execute(&mut *tx.0).await?;
        sqlx::query(BEGIN).bind(sha256).bind(user).bind(now).bind(expires_at).execute(&mut *tx.0).await?;
        tx.commit().await
    }

    /// Remembers when a session was last seen.
    pub async fn touch_session(&self, sha256: &[u8], now: Timestamp) -> Result<(), sqlx::Error> {
        self.write(sqlx::query(TOUCH).bind(sha256).bind(now)).await.map(drop)
    }

    /// Ends a session of a person.
    pub async fn end_session_of_user(&self, sha256: &[u8]) -> Result<(), sqlx::Error> {
        self.write(sqlx::query(END).bind(sha256)).await.map(drop)
    }

    /// Whether a link for the first setup counts.
    pub async fn has_setup_link(&self, sha256: &[u8], now: Timestamp) -> Result<bool, sqlx::Error> {
        sqlx::query_scalar(HAS_SETUP_LINK).bind(sha256).bind(now).fetch_one(&self.pool).await
    }

    /// Whether a link that signs somebody in counts.
    pub async fn has_sign_in_link(&self, sha256: &[u8], now: Timestamp) -> Result<bool, sqlx::Error> {
        sqlx::query_scalar(HAS_SIGN_IN_LINK).bind(sha256).bind(now).fetch_one(&self.pool).await
    }

    /// Uses a sign-in link up; answers whom it signs in.
    pub async fn use_sign_in_link(&self, sha256: &[u8], now: Timestamp) -> Result<Option<User>, sqlx::Error> {
        let user: Option<UserId> =
            sqlx::query_scalar(USE_SIGN_IN_LINK).bind(sha256).bind(now).fetch_optional(&self.pool).await?;
        match user {
            Some(user) => sqlx::query_as(ENABLED_USER).bind(user).fetch_optional(&self.pool).await,
            None => Ok(None),
        }
    }

    /// Remembers a sign-in at the issuer. Anybody may begin one, so the oldest are forgotten when there
    /// are many.
    pub async fn insert_oidc_attempt(
        &self,
        state_sha256: &[u8],
        browser_sha256: &[u8],
        return_to: &str,
        expires_at: Timestamp,
    ) -> Result<(), sqlx::Error> {
        let mut tx = self.begin().await?;
        sqlx::query(FORGET_OLDEST_ATTEMPTS).bind(MOST_OIDC_ATTEMPTS - 1).execute(&mut *tx.0).await?;
        sqlx::query(INSERT_ATTEMPT)
            .bind(state_sha256)
            .bind(browser_sha256)
            .bind(return_to)
            .bind(expires_at)
            .execute(&mut *tx.0)
            .await?;
        tx.commit().await
    }

    /// Uses up the sign-in that this browser began; answers where it wanted to go.
    pub async fn use_oidc_attempt(
        &self,
        state_sha256: &[u8],
        browser_sha256: &[u8],
        now: Timestamp,
    ) -> Result<Option<String>, sqlx::Error> {
        sqlx::query_scalar(USE_ATTEMPT)
            .bind(state_sha256)
            .bind(browser_sha256)
            .bind(now)
            .fetch_optional(&self.pool)
            .await
    }

    /// Deletes what ended before `before`.
    pub async fn forget_ended_sign_ins(&self, before: Timestamp) -> Result<(), sqlx::Error> {
        for statement in FORGET {
            self.write(sqlx::query(statement).bind(before)).await?;
        }
        Ok(())
    }
}

impl Tx {
    /// Stores a one-time link: for the first setup, or to sign in the user it names.
    pub async fn insert_link(
        &mut self,
        sha256: &[u8],
        user: Option<UserId>,
        expires_at: Timestamp,
    ) -> Result<(), sqlx::Error> {
        let purpose = if user.is_some() { "sign-in" } else { "setup" };
        sqlx::query(INSERT_LINK)
            .bind(sha256)
            .bind(purpose)
            .bind(user)
            .bind(expires_at)
            .execute(&mut *self.0)
            .await
            .map(drop)
    }

    /// Ends all links for the first setup.
    pub async fn end_setup_links(&mut self) -> Result<(), sqlx::Error> {
        sqlx::query(END_SETUP_LINKS).execute(&mut *self.0).await.map(drop)
    }

    /// Uses a setup link up; tells whether it counted.
    pub async fn use_setup_link(&mut self, sha256: &[u8], now: Timestamp) -> Result<bool, sqlx::Error> {
        let used = sqlx::query(USE_SETUP_LINK).bind(sha256).bind(now).execute(&mut *self.0).await?;
        Ok(used.rows_affected() == 1)
    }

    /// Ends all sessions of a person.
    pub async fn end_sessions_of(&mut self, user: UserId) -> Result<(), sqlx::Error> {
        sqlx::query(END_OF_USER).bind(user).execute(&mut *self.0).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::store::in_memory;

    const NOW: Timestamp = Timestamp::from_micros(1_000_000_000);
    const HOUR: Duration = Duration::from_secs(3600);
    const LATER: Timestamp = Timestamp::from_micros(90_000_000_000);

    #[tokio::test]
    async fn a_session_ends_by_disuse_and_by_age() {
        let store = in_memory().await;
        let mut tx = store.begin().await.expect("begins");
        let user = tx.user_named("ada", NOW).await.expect("is made").id;
        tx.commit().await.expect("commits");
        store.begin_session_of_user(&[1; 32], user, NOW, NOW.plus(10 * HOUR)).await.expect("begins");
        let is_valid = |now: Timestamp| {
            let store = store.clone();
            async move { store.user_of_session(&[1; 32], now, now.minus(2 * HOUR)).await.expect("reads").is_some() }
        };
        assert!(is_valid(NOW.plus(HOUR)).await);
        assert!(!is_valid(NOW.plus(2 * HOUR)).await, "nobody came for two hours");
        for hour in 1..10 {
            store.touch_session(&[1; 32], NOW.plus(hour * HOUR)).await.expect("touches");
            assert!(is_valid(NOW.plus(hour * HOUR)).await, "{hour}");
        }
        assert!(!is_valid(NOW.plus(10 * HOUR)).await, "it is too old, however busy");
        store.forget_ended_sign_ins(NOW.plus(11 * HOUR)).await.expect("forgets");
        let left: i64 =
            sqlx::query_scalar("SELECT count(*) FROM sessions").fetch_one(&store.pool).await.expect("counts");
        assert_eq!(left, 0);
    }

    #[tokio::test]
    async fn an_attempt_belongs_to_its_browser_and_counts_once() {
        let store = in_memory().await;
        store.insert_oidc_attempt(&[1; 32], &[2; 32], "/x", NOW.plus(HOUR)).await.expect("inserts");
        assert_eq!(store.use_oidc_attempt(&[1; 32], &[3; 32], NOW).await.expect("reads"), None, "another browser");
        assert_eq!(store.use_oidc_attempt(&[1; 32], &[2; 32], NOW.plus(HOUR)).await.expect("reads"), None, "too late");
        assert_eq!(store.use_oidc_attempt(&[1; 32], &[2; 32], NOW).await.expect("reads").as_deref(), Some("/x"));
        assert_eq!(store.use_oidc_attempt(&[1; 32], &[2; 32], NOW).await.expect("reads"), None, "it was used");
    }

    #[tokio::test]
    async fn a_person_has_so_many_sessions_and_the_one_longest_unseen_ends() {
        let store = in_memory().await;
        let mut tx = store.begin().await.expect("begins");
        let user = tx.user_named("ada", NOW).await.expect("is made").id;
        tx.commit().await.expect("commits");
        let begin = async |number: i64| {
            let at = NOW.plus(Duration::from_secs(u64::try_from(number).expect("is positive")));
            store.begin_session_of_user(&number.to_be_bytes(), user, at, LATER).await.expect("begins");
        };
        for number in 0..MOST_SESSIONS {
            begin(number).await;
        }
        store.touch_session(&0_i64.to_be_bytes(), LATER).await.expect("touches");
        begin(MOST_SESSIONS).await;
        let is_there = async |number: i64| {
            store
                .user_of_session(&number.to_be_bytes(), NOW, NOW.minus(Duration::from_secs(1)))
                .await
                .expect("reads")
                .is_some()
        };
        assert!(is_there(0).await, "was seen lately");
        assert!(!is_there(1).await, "was not");
        assert!(is_there(2).await && is_there(MOST_SESSIONS).await);
    }

    #[tokio::test]
    async fn strangers_cannot_fill_the_database_with_sign_ins() {
        let store = in_memory().await;
        let mut tx = store.begin().await.expect("begins");
        for number in 0..MOST_OIDC_ATTEMPTS + 5 {
            let expires_at = NOW.plus(Duration::from_secs(u64::try_from(number).expect("is positive")));
            sqlx::query(INSERT_ATTEMPT)
                .bind(&number.to_be_bytes()[..])
                .bind(&b"browser"[..])
                .bind("/")
                .bind(expires_at)
                .execute(&mut *tx.0)
                .await
                .expect("inserts");
        }
        tx.commit().await.expect("commits");
        store.insert_oidc_attempt(b"state", b"browser", "/", LATER).await.expect("inserts");
        let count: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM oidc_attempts").fetch_one(&store.pool).await.expect("counts");
        assert_eq!(count, MOST_OIDC_ATTEMPTS);
        assert!(store.use_oidc_attempt(b"state", b"browser", NOW).await.expect("reads").is_some());
    }
}
