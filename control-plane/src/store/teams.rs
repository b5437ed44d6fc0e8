//! Teams and their members. A team's row in `users` is the account that owns its records.

use std::collections::BTreeMap;

use sqlx::FromRow;

use super::{Store, Tx};
use crate::access::{Membership, Role};
use crate::audit::{Action, Actor, Entry, Facts};
use crate::clock::Timestamp;
use crate::ids::{TeamId, UserId};

/// A team.
#[derive(Debug, Clone, FromRow)]
pub struct Team {
    /// Identifies it, and the account that owns its records.
    pub id: TeamId,
    /// Shown; need not be unique.
    pub name: String,
    /// Whose word its members are, when they come with trusted JWTs.
    pub issuer: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Somebody in a team.
#[derive(Debug, Clone, FromRow)]
pub struct Member {
    /// The person.
    pub user_id: UserId,
    /// Their name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Since when.
    pub created_at: Timestamp,
}

const ROLES_OF: &str = "SELECT team_id, role FROM team_members WHERE user_id = $1 ORDER BY team_id";
const TEAM: &str = "SELECT id, name, issuer, created_at FROM teams WHERE id = $1";
const TEAMS_OF: &str = "
    SELECT teams.id, teams.name, teams.issuer, teams.created_at
    FROM team_members JOIN teams ON teams.id = team_members.team_id
    WHERE team_members.user_id = $1 AND ($2 IS NULL OR teams.id > $2) ORDER BY teams.id LIMIT $3";
const MEMBERS: &str = "
    SELECT team_members.user_id, users.name, team_members.role, team_members.created_at
    FROM team_members JOIN users ON users.id = team_members.user_id
    WHERE team_members.team_id = $1 AND ($2 IS NULL OR team_members.user_id > $2)
    ORDER BY team_members.user_id LIMIT $3";
const MEMBER: &str = "
    SELECT team_members.user_id, users.name, team_members.role, team_members.created_at
    FROM team_members JOIN users ON users.id = team_members.user_id
    WHERE team_members.team_id = $1 AND team_members.user_id = $2";
const INSERT_ACCOUNT: &str = "INSERT INTO users (id, name, kind, created_at) VALUES ($1, $2, 'team', $3)";
const INSERT_TEAM: &str = "INSERT INTO teams (id, name, issuer, external_name, created_at) VALUES ($1, $2, $3, $4, $5)";
const RENAME: &str = "UPDATE teams SET name = $2 WHERE id = $1";
// Everything else goes with the account.
const DELETE: &str = "DELETE FROM users WHERE id = $1 AND kind = 'team'";
const OWNS_RECORDS: &str = "
    SELECT EXISTS (SELECT 1 FROM sandboxes WHERE user_id = $1)
        OR EXISTS (SELECT 1 FROM deployment_targets WHERE user_id = $1)";
const SET_MEMBER: &str = "
    INSERT INTO team_members (team_id, user_id, role, created_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (team_id, user_id) DO UPDATE SET role = excluded.role";
const REMOVE_MEMBER: &str = "DELETE FROM team_members WHERE team_id = $1 AND user_id = $2";
const HAS_OTHER_ADMIN: &str = "
    SELECT EXISTS (SELECT 1 FROM team_members JOIN users ON users.id = team_members.user_id
        WHERE team_members.team_id = $1 AND team_members.user_id <> $2 AND team_members.role = 'admin'
          AND users.disabled_at IS NULL)";
const COUNT_OF_USER: &str = "SELECT count(*) FROM team_members WHERE user_id = $1";
const MEMBERSHIPS_BY_ISSUER: &str = "
    SELECT teams.external_name, team_members.team_id, team_members.role
    FROM team_members JOIN teams ON teams.id = team_members.team_id
    WHERE team_members.user_id = $1 AND teams.issuer = $2";
const TEAM_OF_ISSUER: &str = "SELECT id FROM teams WHERE issuer = $1 AND external_name = $2";

impl Store {
    /// The roles of a person, by team.
    pub async fn roles_of(&self, user: UserId) -> Result<Vec<(TeamId, Role)>, sqlx::Error> {
        sqlx::query_as(ROLES_OF).bind(user).fetch_all(&self.pool).await
    }

    /// The team, whoever is in it.
    pub async fn team(&self, id: TeamId) -> Result<Option<Team>, sqlx::Error> {
        sqlx::query_as(TEAM).bind(id).fetch_optional(&self.pool).await
    }

    /// The teams of a person after `cursor`, oldest first.
    pub async fn teams_of(&self, user: UserId, cursor: Option<TeamId>, limit: i64) -> Result<Vec<Team>, sqlx::Error> {
        sqlx::query_as(TEAMS_OF).bind(user).bind(cursor).bind(limit).fetch_all(&self.pool).await
    }

    /// The members of a team after `cursor`.
    pub async fn members(&self, team: TeamId, cursor: Option<UserId>, limit: i64) -> Result<Vec<Member>, sqlx::Error> {
        sqlx::query_as(MEMBERS).bind(team).bind(cursor).bind(limit).fetch_all(&self.pool).await
    }

    /// Makes the person a member of exactly those of the issuer's teams that `wanted` lists; teams are
    /// made on first sight. Teams that were made here are not the issuer's business.
    pub async fn follow_issuer_teams(
        &self,
        user: UserId,
        issuer: &str,
        wanted: &[Membership],
        now: Timestamp,
    ) -> Result<(), sqlx::Error> {
        let find = || sqlx::query_as(MEMBERSHIPS_BY_ISSUER).bind(user).bind(issuer);
        let wanted: BTreeMap<&str, Role> = wanted.iter().map(|member| (member.team.as_str(), member.role)).collect();
        let is_same = |current: &[(String, TeamId, Role)]| {
            current.len() == wanted.len()
                && current.iter().all(|(name, _, role)| wanted.get(name.as_str()) == Some(role))
        };
        let current: Vec<(String, TeamId, Role)> = find().fetch_all(&self.pool).await?;
        if is_same(&current) {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        let current: Vec<(String, TeamId, Role)> = find().fetch_all(&mut *tx.0).await?;
        for (name, team, _) in &current {
            if !wanted.contains_key(name.as_str()) {
                tx.remove_member(*team, user).await?;
                tx.record(&by_issuer(Action::TeamMemberRemove, *team, issuer, user, None, now)).await?;
            }
        }
        for (name, role) in wanted {
            let team: Option<TeamId> =
                sqlx::query_scalar(TEAM_OF_ISSUER).bind(issuer).bind(name).fetch_optional(&mut *tx.0).await?;
            let team = if let Some(team) = team {
                team
            } else {
                let team = tx.insert_team(name, Some(issuer), now).await?.id;
                let facts = Facts::of(team.into(), "team", team.as_uuid()).with("name", name).with("issuer", issuer);
                tx.record(&Entry::done(Action::TeamCreate, Actor::system(), facts, now)).await?;
                team
            };
            if !current.iter().any(|(_, known, before)| *known == team && *before == role) {
                tx.set_member(team, user, role, now).await?;
                tx.record(&by_issuer(Action::TeamMemberSet, team, issuer, user, Some(role), now)).await?;
            }
        }
        tx.commit().await
    }
}

/// An issuer's word about who is in its team.
fn by_issuer(action: Action, team: TeamId, issuer: &str, user: UserId, role: Option<Role>, now: Timestamp) -> Entry {
    let mut facts = Facts::of(team.into(), "team", team.as_uuid()).with("issuer", issuer);
    facts.add("user_id", user.to_string());
    if let Some(role) = role {
        facts.add("role", role.as_str());
    }
    Entry::done(action, Actor::system(), facts, now)
}

impl Tx {
    /// The team as this transaction sees it.
    pub async fn team(&mut self, id: TeamId) -> Result<Option<Team>, sqlx::Error> {
        sqlx::query_as(TEAM).bind(id).fetch_optional(&mut *self.0).await
    }

    /// Makes a team; one of an issuer is known there by `name`.
    pub async fn insert_team(&mut self, name: &str, issuer: Option<&str>, now: Timestamp) -> Result<Team, sqlx::Error> {
        let team =
            Team { id: TeamId::new(), name: name.to_owned(), issuer: issuer.map(str::to_owned), created_at: now };
        let account = format!("team:{}", team.id);
        sqlx::query(INSERT_ACCOUNT).bind(team.id).bind(account).bind(now).execute(&mut *self.0).await?;
        sqlx::query(INSERT_TEAM)
            .bind(team.id)
            .bind(name)
            .bind(issuer)
            .bind(issuer.map(|_| name))
            .bind(now)
            .execute(&mut *self.0)
            .await?;
        Ok(team)
    }

    /// Renames a team.
    pub async fn rename_team(&mut self, id: TeamId, name: &str) -> Result<(), sqlx::Error> {
        sqlx::query(RENAME).bind(id).bind(name).execute(&mut *self.0).await.map(drop)
    }

    /// Whether a team still owns something.
    pub async fn owns_records(&mut self, id: TeamId) -> Result<bool, sqlx::Error> {
        sqlx::query_scalar(OWNS_RECORDS).bind(id).fetch_one(&mut *self.0).await
    }

    /// Removes a team.
    pub async fn delete_team(&mut self, id: TeamId) -> Result<(), sqlx::Error> {
        sqlx::query(DELETE).bind(id).execute(&mut *self.0).await.map(drop)
    }

    /// A member of a team.
    pub async fn member(&mut self, team: TeamId, user: UserId) -> Result<Option<Member>, sqlx::Error> {
        sqlx::query_as(MEMBER).bind(team).bind(user).fetch_optional(&mut *self.0).await
    }

    /// In how many teams somebody is.
    pub async fn count_teams_of(&mut self, user: UserId) -> Result<i64, sqlx::Error> {
        sqlx::query_scalar(COUNT_OF_USER).bind(user).fetch_one(&mut *self.0).await
    }

    /// Makes somebody a member, or changes their role.
    pub async fn set_member(
        &mut self,
        team: TeamId,
        user: UserId,
        role: Role,
        now: Timestamp,
    ) -> Result<(), sqlx::Error> {
        sqlx::query(SET_MEMBER).bind(team).bind(user).bind(role).bind(now).execute(&mut *self.0).await.map(drop)
    }

    /// Takes somebody out of a team; tells whether they were in it.
    pub async fn remove_member(&mut self, team: TeamId, user: UserId) -> Result<bool, sqlx::Error> {
        let removed = sqlx::query(REMOVE_MEMBER).bind(team).bind(user).execute(&mut *self.0).await?;
        Ok(removed.rows_affected() == 1)
    }

    /// Whether a team has an admin who can sign in besides `user`.
    pub async fn has_other_admin(&mut self, team: TeamId, user: UserId) -> Result<bool, sqlx::Error> {
        sqlx::query_scalar(HAS_OTHER_ADMIN).bind(team).bind(user).fetch_one(&mut *self.0).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{AuditFilter, AuditScope, in_memory};

    const NOW: Timestamp = Timestamp::from_micros(1_000_000);

    #[tokio::test]
    async fn an_issuer_says_who_is_in_its_teams_and_in_no_other() {
        let store = in_memory().await;
        let ada = store.user_of_identity("https://id", "1", "ada", NOW).await.expect("works").expect("is made").id;
        let mut tx = store.begin().await.expect("begins");
        let ours = tx.insert_team("shop", None, NOW).await.expect("is made").id;
        tx.set_member(ours, ada, Role::Viewer, NOW).await.expect("sets");
        tx.commit().await.expect("commits");

        let follow = |wanted: Vec<(&str, Role)>| {
            let wanted: Vec<_> =
                wanted.into_iter().map(|(team, role)| Membership { team: team.to_owned(), role }).collect();
            let store = store.clone();
            async move {
                store.follow_issuer_teams(ada, "https://id", &wanted, NOW).await.expect("follows");
                store.roles_of(ada).await.expect("reads")
            }
        };
        let roles = follow(vec![("shop", Role::Admin), ("blog", Role::Deployer)]).await;
        assert_eq!(roles.len(), 3);
        assert!(roles.contains(&(ours, Role::Viewer)), "a team of the same name is another team");
        let again = follow(vec![("shop", Role::Deployer)]).await;
        let theirs = again.iter().find(|(team, _)| *team != ours).expect("is one");
        assert!(roles.iter().any(|(team, _)| *team == theirs.0), "it is the same team as before");
        assert_eq!((again.len(), theirs.1), (2, Role::Deployer));
        assert_eq!(follow(vec![]).await, [(ours, Role::Viewer)]);

        let filter = AuditFilter { account: Some(theirs.0.into()), limit: 10, ..AuditFilter::of(AuditScope::All) };
        let rows = store.audit(&filter).await.expect("reads");
        let rows: Vec<_> = rows.iter().rev().map(|row| (row.action.as_str(), row.details["role"].as_str())).collect();
        assert_eq!(
            rows,
            [
                ("team.create", None),
                ("team.member_set", Some("admin")),
                ("team.member_set", Some("deployer")),
                ("team.member_remove", None)
            ]
        );
    }

    #[tokio::test]
    async fn a_teams_account_is_nobody_who_can_sign_in() {
        let store = in_memory().await;
        let mut tx = store.begin().await.expect("begins");
        let team = tx.insert_team("shop", None, NOW).await.expect("is made").id;
        let name = format!("team:{team}");
        assert!(tx.find_user(&name).await.expect("reads").is_none());
        tx.commit().await.expect("commits");
        assert!(store.user(team.into()).await.expect("reads").is_none());
        assert!(store.users(None, 10).await.expect("reads").is_empty());
    }
}
