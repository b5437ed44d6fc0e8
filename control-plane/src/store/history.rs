//! The history of deployments: newest first, as many as a page shows, only those that are wanted. Each condition is
//! written only when it is asked for, so that the database can choose the index that fits.

use sqlx::{QueryBuilder, Sqlite};

use super::Store;
use super::deployments::{Deployment, SELECT};
use crate::clock::Timestamp;
use crate::deployments::status::Status;
use crate::ids::{DeploymentId, SandboxId, TargetId, UserId};

/// Digits of an id that are enough to look for one.
const ID_DIGITS: usize = 8;

/// Which deployments to list.
#[derive(Debug, Clone, Copy)]
pub struct Filter<'a> {
    /// Whose.
    pub owners: &'a [UserId],
    /// Only of this sandbox.
    pub sandbox: Option<SandboxId>,
    /// Only to this target.
    pub target: Option<TargetId>,
    /// Only in these statuses.
    pub statuses: Option<&'a [Status]>,
    /// Only to this environment.
    pub environment: Option<&'a str>,
    /// Only to these providers.
    pub providers: Option<&'a [&'a str]>,
    /// Only with this text in what people see of it: addresses, error, branch, commit, names, id.
    pub text: Option<&'a str>,
    /// Only those asked for from here on,
    pub since: Option<Timestamp>,
    /// and before.
    pub until: Option<Timestamp>,
    /// Only older than this one.
    pub before: Option<DeploymentId>,
    /// At most so many.
    pub limit: i64,
}

impl<'a> Filter<'a> {
    /// All of these owners.
    pub fn of(owners: &'a [UserId], limit: i64) -> Self {
        Self {
            owners,
            sandbox: None,
            target: None,
            statuses: None,
            environment: None,
            providers: None,
            text: None,
            since: None,
            until: None,
            before: None,
            limit,
        }
    }

    /// The conditions for one owner; the newest first.
    fn query(&self, owner: UserId) -> QueryBuilder<Sqlite> {
        let mut query = QueryBuilder::new(SELECT);
        match self.sandbox {
            // The `+` keeps SQLite from searching all of the owner's, which looks as cheap to it.
            Some(sandbox) => {
                query.push("WHERE sandbox_id = ").push_bind(sandbox).push(" AND +user_id = ").push_bind(owner);
            }
            None => {
                query.push("WHERE user_id = ").push_bind(owner);
            }
        }
        if let Some(target) = self.target {
            query.push(" AND target_id = ").push_bind(target);
        }
        match self.statuses {
            // By itself it is found in the order of the ids.
            Some([status]) => {
                query.push(" AND status = ").push_bind(*status);
            }
            Some(statuses) => {
                query.push(" AND status IN (");
                let mut words = query.separated(", ");
                for status in statuses {
                    words.push_bind(*status);
                }
                query.push(")");
            }
            None => {}
        }
        if let Some(environment) = self.environment {
            query.push(" AND environment = ").push_bind(environment.to_owned());
        }
        if let Some(providers) = self.providers {
            query.push(" AND provider IN (");
            let mut words = query.separated(", ");
            for provider in providers {
                words.push_bind((*provider).to_owned());
            }
            query.push(")");
        }
        if let Some(since) = self.since {
            query.push(" AND created_at >= ").push_bind(since);
        }
        if let Some(until) = self.until {
            query.push(" AND created_at < ").push_bind(until);
        }
        if let Some(before) = self.before {
            query.push(" AND id < ").push_bind(before);
        }
        if let Some(text) = self.text {
            push_text(&mut query, text);
        }
        query.push(" ORDER BY id DESC LIMIT ").push_bind(self.limit);
        query
    }
}

/// Where a text is looked for. Case does not matter, as far as it is ASCII.
fn push_text(query: &mut QueryBuilder<Sqlite>, text: &str) {
    const COLUMNS: [&str; 8] = [
        "deployment_url",
        "preview_url",
        "error_message",
        "status_message",
        "json_extract(request, '$.branch')",
        "json_extract(request, '$.commit_message')",
        "json_extract(metadata, '$.source.commit')",
        "json_extract(metadata, '$.commit')",
    ];
    const NAMES: [&str; 2] = [
        "sandbox_id IN (SELECT id FROM sandboxes WHERE name LIKE ",
        "target_id IN (SELECT id FROM deployment_targets WHERE name LIKE ",
    ];
    let pattern = format!("%{}%", escape_like(text));
    query.push(" AND (");
    for column in COLUMNS {
        query.push(column).push(" LIKE ").push_bind(pattern.clone()).push(r" ESCAPE '\' OR ");
    }
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    if digits.len() >= ID_DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        query.push("hex(id) LIKE ").push_bind(format!("%{digits}%")).push(" OR ");
    }
    for (number, name) in NAMES.into_iter().enumerate() {
        let or = if number > 0 { " OR " } else { "" };
        query.push(or).push(name).push_bind(pattern.clone()).push(r" ESCAPE '\')");
    }
    query.push(")");
}

fn escape_like(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

impl Store {
    /// Newest first.
    pub async fn deployments(&self, filter: Filter<'_>) -> Result<Vec<Deployment>, sqlx::Error> {
        let mut rows: Vec<Deployment> = Vec::new();
        for owner in filter.owners {
            rows.extend(filter.query(*owner).build_query_as().fetch_all(&self.pool).await?);
        }
        rows.sort_by_key(|row| std::cmp::Reverse(row.id));
        rows.truncate(usize::try_from(filter.limit).unwrap_or(0));
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{in_memory, stored_deployment};

    #[tokio::test]
    async fn a_history_holds_what_is_wanted() {
        let store = in_memory().await;
        let id = stored_deployment(&store).await;
        let change = "UPDATE deployments SET error_message = 'Module not found: 100%_sure', \
                      request = '{\"branch\":\"Feature/cart\"}'";
        sqlx::query(change).execute(&store.pool).await.expect("sets");
        let deployment = store.deployment(id).await.expect("reads").expect("exists");
        let owners = [deployment.user_id];
        let all = Filter::of(&owners, 10);
        let unfinished = [Status::Pending, Status::Building];
        let hexadecimal = id.to_string();
        let (sandbox, target) = (Some(deployment.sandbox_id), Some(deployment.target_id));
        let later = deployment.created_at.plus(std::time::Duration::from_secs(1));
        let found = [
            all,
            Filter { sandbox, target, statuses: Some(&[Status::Pending]), ..all },
            Filter { statuses: Some(&unfinished), environment: Some(&deployment.environment), ..all },
            Filter { providers: Some(&["vercel", &deployment.provider]), ..all },
            Filter { text: Some("module NOT found"), ..all },
            Filter { text: Some("100%_sure"), ..all },
            Filter { text: Some("feature/cart"), ..all },
            Filter { text: Some(&hexadecimal), ..all },
            Filter { text: Some(&hexadecimal[24..]), ..all },
            Filter { since: Some(deployment.created_at), until: Some(later), ..all },
        ];
        for filter in found {
            let ids: Vec<_> = store.deployments(filter).await.expect("reads").iter().map(|row| row.id).collect();
            assert_eq!(ids, [id], "{filter:?}");
        }
        let nothing = [
            Filter { sandbox: Some(SandboxId::new()), ..all },
            Filter { target: Some(TargetId::new()), ..all },
            Filter { statuses: Some(&[Status::Failed]), ..all },
            Filter { statuses: Some(&[Status::Failed, Status::Success]), ..all },
            Filter { statuses: Some(&[]), ..all },
            Filter { environment: Some("staging"), ..all },
            Filter { providers: Some(&[]), ..all },
            Filter { text: Some("10_%"), ..all },
            Filter { text: Some("' OR 1 --"), ..all },
            Filter { since: Some(later), ..all },
            Filter { until: Some(deployment.created_at), ..all },
            Filter { before: Some(id), ..all },
        ];
        for filter in nothing {
            assert!(store.deployments(filter).await.expect("reads").is_empty(), "{filter:?}");
        }
    }

    #[tokio::test]
    async fn what_is_filtered_comes_by_an_index() {
        let store = in_memory().await;
        let owner = UserId::new();
        let owners = [owner];
        let all = Filter::of(&owners, 10);
        for (filter, index) in [
            (all, "deployments_by_user"),
            (Filter { statuses: Some(&[Status::Failed]), ..all }, "deployments_by_user_status"),
            (Filter { target: Some(TargetId::new()), ..all }, "deployments_by_user_target"),
            (Filter { sandbox: Some(SandboxId::new()), ..all }, "deployments_by_sandbox"),
        ] {
            let query = filter.query(owner);
            let explain = format!("EXPLAIN QUERY PLAN {}", query.sql().as_str());
            let plan = sqlx::query_as(sqlx::AssertSqlSafe(explain)).fetch_all(&store.pool).await.expect("explains");
            let plan: Vec<(i64, i64, i64, String)> = plan;
            let plan: Vec<_> = plan.into_iter().map(|(.., what)| what).collect();
            assert!(plan[0].contains(&format!("USING INDEX {index} ")), "{index}: {plan:?}");
            assert!(!plan.iter().any(|what| what.contains("TEMP B-TREE")), "{plan:?}");
        }
    }
}
