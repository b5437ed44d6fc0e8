//! The audit log. Rows are added, their outcome is set once, and what is too old is deleted; the
//! database refuses everything else.

use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::types::Json;
use sqlx::{FromRow, QueryBuilder, Sqlite};
use uuid::Uuid;

use super::{Store, Tx};
use crate::audit::{Ended, Entry, Facts, Outcome};
use crate::clock::Timestamp;
use crate::ids::{ApiTokenId, AuditId, UserId};

/// A row as it is read.
#[derive(Debug, Clone, FromRow)]
#[allow(missing_docs, reason = "as in `audit::Entry`")]
pub struct AuditRow {
    pub id: AuditId,
    pub at: Timestamp,
    pub action: String,
    pub actor_kind: String,
    pub actor_id: Option<Uuid>,
    pub actor_name: Option<String>,
    pub signed_in_with: Option<String>,
    pub token_id: Option<ApiTokenId>,
    pub address: Option<String>,
    pub request_id: Option<Uuid>,
    pub account_id: Option<UserId>,
    pub subject_kind: Option<String>,
    pub subject_id: Option<Uuid>,
    pub details: Json<serde_json::Value>,
    pub outcome: Option<String>,
    pub error_code: Option<String>,
    pub completed_at: Option<Timestamp>,
}

/// Whose rows.
#[derive(Debug, Clone)]
pub enum AuditScope {
    /// Everybody's, and nobody's.
    All,
    /// Those of these accounts, and what the actor did, wherever.
    Of {
        /// People and teams.
        accounts: Vec<UserId>,
        /// The reader.
        actor: Option<UserId>,
    },
}

/// An outcome to look for.
#[derive(Debug, Clone, Copy)]
pub enum WantedOutcome {
    /// This one.
    Known(Outcome),
    /// None yet, or none ever.
    Unknown,
}

/// Which rows; newest first.
#[derive(Debug, Clone)]
pub struct AuditFilter {
    /// Whose.
    pub scope: AuditScope,
    /// Of this account only.
    pub account: Option<UserId>,
    /// An action, or the beginning of some, ending in a dot.
    pub action: Option<String>,
    /// By this user or agent.
    pub actor: Option<Uuid>,
    /// About this record.
    pub subject: Option<Uuid>,
    /// Of this request.
    pub request: Option<Uuid>,
    /// That ended so.
    pub outcome: Option<WantedOutcome>,
    /// Begun then, or later.
    pub since: Option<Timestamp>,
    /// Begun before.
    pub until: Option<Timestamp>,
    /// Older than this row.
    pub before: Option<AuditId>,
    /// At most so many.
    pub limit: i64,
}

impl AuditFilter {
    /// Every row that may be seen.
    pub fn of(scope: AuditScope) -> Self {
        Self {
            scope,
            account: None,
            action: None,
            actor: None,
            subject: None,
            request: None,
            outcome: None,
            since: None,
            until: None,
            before: None,
            limit: 0,
        }
    }
}

const INSERT: &str = "
    INSERT INTO audit_log (id, at, action, actor_kind, actor_id, actor_name, signed_in_with, token_id, address,
        request_id, account_id, subject_kind, subject_id, details, outcome, error_code, completed_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
const END: &str = "
    UPDATE audit_log SET account_id = $2, subject_kind = $3, subject_id = $4, details = $5, outcome = $6,
        error_code = $7, completed_at = $8
    WHERE id = $1";
const COLUMNS: &str = "
    SELECT id, at, action, actor_kind, actor_id, actor_name, signed_in_with, token_id, address, request_id,
        account_id, subject_kind, subject_id, details, outcome, error_code, completed_at
    FROM audit_log ";
const HAS_OLD: &str = "SELECT EXISTS (SELECT 1 FROM audit_log WHERE id < $1)";
const MOVE_END: &str = "UPDATE audit_retention SET kept_since = $1 WHERE kept_since < $1";
const FORGET: &str = "
    DELETE FROM audit_log WHERE id IN (SELECT id FROM audit_log WHERE id < $1 AND at < $2 ORDER BY id LIMIT $3)";

fn insert(entry: &Entry) -> Query<'static, Sqlite, SqliteArguments> {
    let (actor, facts) = (&entry.actor, &entry.facts);
    sqlx::query(INSERT)
        .bind(entry.id)
        .bind(entry.at)
        .bind(entry.action.as_str())
        .bind(actor.kind.as_str())
        .bind(actor.id)
        .bind(actor.name.clone())
        .bind(actor.signed_in_with)
        .bind(actor.token)
        .bind(actor.address.map(|address| address.to_string()))
        .bind(actor.request)
        .bind(facts.account())
        .bind(facts.subject().map(|subject| subject.kind))
        .bind(facts.subject().map(|subject| subject.id))
        .bind(facts.details())
        .bind(entry.ended.map(|ended| ended.outcome.as_str()))
        .bind(entry.ended.and_then(|ended| ended.error).map(crate::error::ErrorCode::as_str))
        .bind(entry.ended.map(|ended| ended.at))
}

impl Store {
    /// Adds a row, in a commit of its own.
    pub async fn record(&self, entry: &Entry) -> Result<(), sqlx::Error> {
        self.write(insert(entry)).await.map(drop)
    }

    /// Sets how a change ended, and what became known about it.
    pub async fn end_audit(&self, id: AuditId, facts: &Facts, ended: Ended) -> Result<(), sqlx::Error> {
        let end = sqlx::query(END)
            .bind(id)
            .bind(facts.account())
            .bind(facts.subject().map(|subject| subject.kind))
            .bind(facts.subject().map(|subject| subject.id))
            .bind(facts.details())
            .bind(ended.outcome.as_str())
            .bind(ended.error.map(crate::error::ErrorCode::as_str))
            .bind(ended.at);
        self.write(end).await.map(drop)
    }

    /// Rows, newest first.
    pub async fn audit(&self, filter: &AuditFilter) -> Result<Vec<AuditRow>, sqlx::Error> {
        let mut query = QueryBuilder::new("");
        push_query(&mut query, filter);
        query.build_query_as().fetch_all(&self.pool).await
    }

    /// Deletes rows from before `before`, oldest first, and not more than `limit`.
    pub async fn forget_audit(&self, before: Timestamp, limit: i64) -> Result<(), sqlx::Error> {
        let first_kept = AuditId::first_at(before);
        let has_old: bool = sqlx::query_scalar(HAS_OLD).bind(first_kept).fetch_one(&self.pool).await?;
        if !has_old {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        sqlx::query(MOVE_END).bind(before).execute(&mut *tx.0).await?;
        sqlx::query(FORGET).bind(first_kept).bind(before).bind(limit).execute(&mut *tx.0).await?;
        tx.commit().await
    }
}

fn push_query(query: &mut QueryBuilder<Sqlite>, filter: &AuditFilter) {
    query.push(COLUMNS);
    match &filter.scope {
        AuditScope::All => {
            query.push("WHERE TRUE");
            push_conditions(query, filter);
            query.push(" ORDER BY id DESC LIMIT ").push_bind(filter.limit);
        }
        AuditScope::Of { accounts, actor } => {
            // Each part runs along its own index and they are merged, so that a page costs a page
            // however long the log is. With `OR` all that matches would be read and sorted first.
            query.push("WHERE id IN (");
            let readers = accounts.iter().map(|account| (" account_id = ", account));
            for (number, (column, id)) in readers.chain(actor.iter().map(|id| (" actor_id = ", id))).enumerate() {
                query.push(if number == 0 { "" } else { " UNION " });
                query.push("SELECT id FROM audit_log WHERE").push(column).push_bind(*id);
                push_conditions(query, filter);
            }
            query.push(" ORDER BY id DESC LIMIT ").push_bind(filter.limit);
            query.push(") ORDER BY id DESC");
        }
    }
}

fn push_conditions(query: &mut QueryBuilder<Sqlite>, filter: &AuditFilter) {
    if let Some(before) = filter.before {
        query.push(" AND id < ").push_bind(before);
    }
    if let Some(account) = filter.account {
        query.push(" AND account_id = ").push_bind(account);
    }
    if let Some(action) = &filter.action {
        match action.strip_suffix('.') {
            // `/` follows `.` in ASCII.
            Some(area) => query
                .push(" AND action >= ")
                .push_bind(action.clone())
                .push(" AND action < ")
                .push_bind(format!("{area}/")),
            None => query.push(" AND action = ").push_bind(action.clone()),
        };
    }
    if let Some(actor) = filter.actor {
        query.push(" AND actor_id = ").push_bind(actor);
    }
    if let Some(subject) = filter.subject {
        query.push(" AND subject_id = ").push_bind(subject);
    }
    if let Some(request) = filter.request {
        query.push(" AND request_id = ").push_bind(request);
    }
    match filter.outcome {
        Some(WantedOutcome::Known(outcome)) => {
            query.push(" AND outcome = ").push_bind(outcome.as_str());
        }
        Some(WantedOutcome::Unknown) => {
            query.push(" AND outcome IS NULL");
        }
        None => {}
    }
    // Ids go with time, so that a time long ago is found without reading what came since.
    if let Some(since) = filter.since {
        query.push(" AND at >= ").push_bind(since).push(" AND id >= ").push_bind(AuditId::first_at(since));
    }
    if let Some(until) = filter.until {
        query.push(" AND at < ").push_bind(until).push(" AND id < ").push_bind(AuditId::first_after(until));
    }
}

impl Tx {
    /// Adds a row as part of the change it is about.
    pub async fn record(&mut self, entry: &Entry) -> Result<(), sqlx::Error> {
        insert(entry).execute(&mut *self.0).await.map(drop)
    }
}

#[cfg(test)]
impl Store {
    /// The words of all actions, oldest first.
    pub(crate) async fn audit_words(&self) -> Vec<String> {
        sqlx::query_scalar("SELECT action FROM audit_log ORDER BY id").fetch_all(&self.pool).await.expect("reads")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::audit::{Action, Actor};
    use crate::error::ErrorCode;
    use crate::store::in_memory;

    const NOW: Timestamp = Timestamp::from_micros(1_000_000_000_000);
    const HOUR: Duration = Duration::from_secs(60 * 60);

    fn by(user: UserId) -> Actor {
        Actor { id: Some(*user.as_uuid()), ..Actor::anonymous() }
    }

    async fn add(store: &Store, action: Action, actor: Actor, account: Option<UserId>, at: Timestamp) -> AuditId {
        let mut facts = Facts::default();
        if let Some(account) = account {
            facts.concerns(account);
        }
        let entry = Entry::intent(action, actor, facts, at);
        store.record(&entry).await.expect("is written");
        entry.id
    }

    async fn ids(store: &Store, filter: AuditFilter) -> Vec<AuditId> {
        let filter = AuditFilter { limit: if filter.limit == 0 { 100 } else { filter.limit }, ..filter };
        store.audit(&filter).await.expect("reads").into_iter().map(|row| row.id).collect()
    }

    fn all() -> AuditFilter {
        AuditFilter::of(AuditScope::All)
    }

    #[tokio::test]
    async fn what_is_written_stays_as_it_is() {
        let store = in_memory().await;
        let id = add(&store, Action::TargetCreate, Actor::system(), None, NOW).await;
        for statement in [
            "UPDATE audit_log SET action = 'target.delete'",
            "UPDATE audit_log SET actor_kind = 'user'",
            "UPDATE audit_log SET actor_id = x'00'",
            "UPDATE audit_log SET actor_name = 'somebody else'",
            "UPDATE audit_log SET signed_in_with = 'token'",
            "UPDATE audit_log SET token_id = x'00'",
            "UPDATE audit_log SET address = '192.0.2.1'",
            "UPDATE audit_log SET request_id = x'00'",
            "UPDATE audit_log SET at = 1",
            "UPDATE audit_log SET id = x'00'",
            "UPDATE audit_log SET outcome = 'fine', completed_at = 1",
            "UPDATE audit_log SET outcome = 'done'",
            "DELETE FROM audit_log",
            "DELETE FROM audit_retention",
        ] {
            store.execute(statement).await.expect_err(statement);
        }
        let ended = |outcome| Ended { outcome, error: None, at: NOW };
        store.end_audit(id, &Facts::default(), ended(Outcome::Denied)).await.expect("ends");
        store.end_audit(id, &Facts::default(), ended(Outcome::Done)).await.expect_err("it has ended");
        store.execute("UPDATE audit_log SET details = '{}'").await.expect_err("it has ended");
        let row = store.audit(&AuditFilter { limit: 1, ..all() }).await.expect("reads").remove(0);
        assert_eq!((row.action.as_str(), row.outcome.as_deref()), ("target.create", Some("denied")));
    }

    #[tokio::test]
    async fn readers_see_their_accounts_and_themselves_newest_first() {
        let store = in_memory().await;
        let (ada, grace, team) = (UserId::new(), UserId::new(), UserId::new());
        let later = |hours: u32| NOW.plus(HOUR * hours);
        let own = add(&store, Action::TargetCreate, by(ada), Some(ada), later(0)).await;
        let of_team = add(&store, Action::SandboxCreate, by(grace), Some(team), later(1)).await;
        let of_grace = add(&store, Action::SandboxUpdate, by(grace), Some(grace), later(2)).await;
        let refused = add(&store, Action::TargetDelete, by(ada), None, later(3)).await;
        let foreign = add(&store, Action::SandboxDelete, by(ada), Some(grace), later(4)).await;
        let nobodys = add(&store, Action::KeysRotate, Actor::command_line(), None, later(5)).await;

        let of = |accounts: &[UserId], actor| AuditFilter::of(AuditScope::Of { accounts: accounts.to_vec(), actor });
        assert_eq!(ids(&store, all()).await, [nobodys, foreign, refused, of_grace, of_team, own]);
        assert_eq!(ids(&store, of(&[ada, team], Some(ada))).await, [foreign, refused, of_team, own]);
        assert_eq!(ids(&store, of(&[team], None)).await, [of_team]);
        assert_eq!(ids(&store, of(&[UserId::new()], Some(UserId::new()))).await, []);

        // Pages.
        let page = |before, limit| AuditFilter { before, limit, ..of(&[ada, team], Some(ada)) };
        assert_eq!(ids(&store, page(None, 2)).await, [foreign, refused]);
        assert_eq!(ids(&store, page(Some(refused), 2)).await, [of_team, own]);
        assert_eq!(ids(&store, page(Some(own), 2)).await, []);

        // Every filter narrows, in every scope.
        let mine = || of(&[ada, team], Some(ada));
        let action = |text: &str| AuditFilter { action: Some(text.to_owned()), ..mine() };
        assert_eq!(ids(&store, action("target.")).await, [refused, own]);
        assert_eq!(ids(&store, action("target")).await, []);
        assert_eq!(ids(&store, action("sandbox.create")).await, [of_team]);
        let by_grace = AuditFilter { actor: Some(*grace.as_uuid()), ..mine() };
        assert_eq!(ids(&store, by_grace).await, [of_team], "not what she did to her own");
        assert_eq!(ids(&store, AuditFilter { account: Some(grace), ..mine() }).await, [foreign]);
        let since = AuditFilter { since: Some(later(3)), ..mine() };
        assert_eq!(ids(&store, since).await, [foreign, refused]);
        let until = AuditFilter { until: Some(later(3)), ..mine() };
        assert_eq!(ids(&store, until).await, [of_team, own]);

        let ended = Ended { outcome: Outcome::Failed, error: Some(ErrorCode::Conflict), at: NOW };
        let facts = Facts::about("target", own.as_uuid());
        store.end_audit(own, &facts, ended).await.expect("ends");
        let outcome = |wanted| AuditFilter { outcome: Some(wanted), ..all() };
        assert_eq!(ids(&store, outcome(WantedOutcome::Known(Outcome::Failed))).await, [own]);
        assert_eq!(ids(&store, outcome(WantedOutcome::Known(Outcome::Done))).await, []);
        assert_eq!(ids(&store, outcome(WantedOutcome::Unknown)).await.len(), 5);
        assert_eq!(ids(&store, AuditFilter { subject: Some(*own.as_uuid()), ..all() }).await, [own]);
    }

    #[tokio::test]
    async fn what_is_too_old_goes_some_at_a_time_and_nothing_else() {
        let store = in_memory().await;
        for hour in 0..5 {
            add(&store, Action::SignOut, Actor::system(), None, NOW.plus(HOUR * hour)).await;
        }
        let left = || async { ids(&store, all()).await.len() };
        store.forget_audit(NOW, 10).await.expect("forgets");
        assert_eq!(left().await, 5);
        store.forget_audit(NOW.plus(3 * HOUR), 2).await.expect("forgets");
        assert_eq!(left().await, 3);
        store.execute("DELETE FROM audit_log").await.expect_err("two of them are kept");
        store.forget_audit(NOW.plus(3 * HOUR), 2).await.expect("forgets");
        assert_eq!(left().await, 2);
        store.execute("UPDATE audit_retention SET kept_since = 0").await.expect_err("it moves on only");
    }

    /// The answer to "newest first" must not cost reading what is older.
    #[tokio::test]
    async fn a_page_runs_along_the_indexes() {
        let store = in_memory().await;
        let mut query = QueryBuilder::<Sqlite>::new("EXPLAIN QUERY PLAN ");
        let accounts = vec![UserId::new(), UserId::new()];
        let filter =
            AuditFilter { limit: 20, ..AuditFilter::of(AuditScope::Of { accounts, actor: Some(UserId::new()) }) };
        push_query(&mut query, &filter);
        let plan: Vec<(i64, i64, i64, String)> = query.build_query_as().fetch_all(&store.pool).await.expect("plans");
        let plan: Vec<_> = plan.into_iter().map(|(_, _, _, text)| text).collect();
        assert!(plan.iter().any(|step| step.contains("audit_log_by_account")), "{plan:#?}");
        assert!(plan.iter().any(|step| step.contains("audit_log_by_actor")), "{plan:#?}");
        assert!(plan.iter().any(|step| step.contains("MERGE")), "{plan:#?}");
        assert!(!plan.iter().any(|step| step.contains("SCAN audit_log")), "{plan:#?}");
    }
}
