//! Who asks, and what they may do. Everything that lets somebody in ends in a [`Principal`]; every
//! handler asks [`authorize`] before it touches a record, and nothing else decides.

mod authenticate;
mod oidc;
mod password;
mod session;
mod sign_in;
mod throttle;
mod trusted_jwt;

pub use authenticate::Access;
pub use oidc::{CallbackQuery, OidcStart};
pub use password::{PasswordError, Passwords, check_password};
pub use session::{CSRF_HEADER, Cookies, check_same_origin, local_path};
pub use sign_in::SignedIn;
pub(crate) use throttle::network_of;
pub use trusted_jwt::Membership;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::audit;
use crate::clock::Timestamp;
use crate::error::Error;
use crate::ids::{ApiTokenId, TeamId, UserId};
use crate::secrets::RandomSecret;

/// What a member may do in a team. Each role includes the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Role {
    /// Looks.
    Viewer,
    /// Deploys.
    Deployer,
    /// Makes and changes sandboxes, targets and accounts.
    Maintainer,
    /// Says who is in the team.
    Admin,
}

impl Role {
    /// As in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Deployer => "deployer",
            Self::Maintainer => "maintainer",
            Self::Admin => "admin",
        }
    }
}

impl FromStr for Role {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let all = [Self::Viewer, Self::Deployer, Self::Maintainer, Self::Admin];
        all.into_iter().find(|role| role.as_str() == text).ok_or(())
    }
}

/// What an API token is for. Each scope includes reading; `admin` includes all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Look at everything.
    Read,
    /// Deploy, cancel, redeploy; make sandboxes and enrol their agents.
    Deploy,
    /// Make and change targets and their variables.
    Targets,
    /// Connect and remove accounts at providers.
    Accounts,
    /// Everything its owner may do, including tokens, teams and users.
    Admin,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 5] = [Self::Read, Self::Deploy, Self::Targets, Self::Accounts, Self::Admin];

    /// As in JSON and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Deploy => "deploy",
            Self::Targets => "targets",
            Self::Accounts => "accounts",
            Self::Admin => "admin",
        }
    }
}

/// A set of scopes; stored as words in one column.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// What a person has who signed in.
    pub const ALL: Self = Self(0b1_1111);

    /// Whether `scope` is reached.
    pub fn allow(self, scope: Scope) -> bool {
        let admin = self.0 & (1 << Scope::Admin as u8) != 0;
        // Whoever may change something must be able to see it.
        admin || self.0 & (1 << scope as u8) != 0 || (scope == Scope::Read && self.0 != 0)
    }

    /// The scopes that were given.
    pub fn list(self) -> Vec<Scope> {
        Scope::ALL.into_iter().filter(|scope| self.0 & (1 << *scope as u8) != 0).collect()
    }

    /// Whether everything that `other` reaches is reached by `self`.
    pub fn include(self, other: Self) -> bool {
        other.list().into_iter().all(|scope| self.allow(scope))
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |set, scope| set | (1 << scope as u8)))
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.list().into_iter().map(Scope::as_str).collect();
        f.write_str(&words.join(" "))
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Words apart by spaces or commas.
impl FromStr for Scopes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words = text.split([' ', ',']).filter(|word| !word.is_empty());
        let scopes = words
            .map(|word| {
                Scope::ALL.into_iter().find(|scope| scope.as_str() == word).ok_or_else(|| {
                    format!("`{word}` is not a scope; scopes are {}", Scope::ALL.map(Scope::as_str).join(", "))
                })
            })
            .collect::<Result<Self, _>>()?;
        if scopes.0 == 0 { Err("at least one scope is needed".to_owned()) } else { Ok(scopes) }
    }
}

/// What somebody wants to do with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Look at it.
    Read,
    /// Deploy, cancel, redeploy.
    Deploy,
    /// Make, change, enrol, revoke or remove a sandbox; remove a deployment.
    ManageSandboxes,
    /// Make, change or remove a target or its variables.
    ManageTargets,
    /// Connect or remove an account at a provider.
    ManageAccounts,
    /// Change a team or its members; make or delete tokens; of the installation: its users.
    Administer,
}

impl Action {
    /// The least role that may do it.
    pub fn role(self) -> Role {
        match self {
            Self::Read => Role::Viewer,
            Self::Deploy => Role::Deployer,
            Self::ManageSandboxes | Self::ManageTargets | Self::ManageAccounts => Role::Maintainer,
            Self::Administer => Role::Admin,
        }
    }

    /// The scope that a token needs for it.
    pub fn scope(self) -> Scope {
        match self {
            Self::Read => Scope::Read,
            Self::Deploy | Self::ManageSandboxes => Scope::Deploy,
            Self::ManageTargets => Scope::Targets,
            Self::ManageAccounts => Scope::Accounts,
            Self::Administer => Scope::Admin,
        }
    }
}

/// Whose a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// A person's or a team's.
    Account(UserId),
    /// The installation's.
    Installation,
}

impl From<UserId> for Owner {
    fn from(id: UserId) -> Self {
        Self::Account(id)
    }
}

impl From<TeamId> for Owner {
    fn from(id: TeamId) -> Self {
        Self::Account(id.into())
    }
}

/// How a request proved who it is from.
#[derive(Clone)]
pub enum Credential {
    /// An API token, and when it ends.
    Token(ApiTokenId, Option<Timestamp>),
    /// A session cookie, with the token that proves that a page of ours sent the request.
    Session(std::sync::Arc<RandomSecret>),
    /// A JWT of the trusted issuer.
    TrustedJwt,
}

/// Whoever sent a request.
#[derive(Clone)]
pub struct Principal {
    /// The person.
    pub id: UserId,
    /// Their name.
    pub name: String,
    /// Whether they administer the installation.
    pub is_admin: bool,
    /// Their roles in teams.
    pub teams: Vec<(TeamId, Role)>,
    /// How far their credential reaches.
    pub scopes: Scopes,
    /// How they signed in.
    pub credential: Credential,
}

impl Principal {
    /// Everybody whose records they may see: themselves and their teams.
    pub fn owners(&self) -> Vec<UserId> {
        std::iter::once(self.id).chain(self.teams.iter().map(|(team, _)| (*team).into())).collect()
    }

    /// The team with this account, when they are a member.
    pub fn team_of(&self, owner: UserId) -> Option<TeamId> {
        self.teams.iter().map(|(team, _)| *team).find(|team| UserId::from(*team) == owner)
    }

    /// The account for a new record: the team's when one is named, else their own.
    pub fn owner_for(&self, team: Option<TeamId>) -> UserId {
        team.map_or(self.id, UserId::from)
    }

    /// The digest that tells the session, when they signed in with one.
    pub fn session_sha256(&self) -> Option<[u8; 32]> {
        match &self.credential {
            Credential::Session(csrf_token) => Some(csrf_token.sha256()),
            Credential::Token(..) | Credential::TrustedJwt => None,
        }
    }

    fn role(&self, owner: Owner) -> Option<Role> {
        match owner {
            Owner::Account(id) if id == self.id => Some(Role::Admin),
            Owner::Account(id) => self.teams.iter().find(|(team, _)| UserId::from(*team) == id).map(|(_, role)| *role),
            Owner::Installation => Some(if self.is_admin { Role::Admin } else { Role::Viewer }),
        }
    }
}

/// The one decision: may `principal` do `action` with a `thing` of `owner`?
///
/// # Errors
/// `NotFound` when they may not even know that it exists, `Forbidden` when they may see it but their
/// role or their token does not reach that far.
pub fn authorize(principal: &Principal, action: Action, owner: impl Into<Owner>, thing: &str) -> Result<(), Error> {
    let owner = owner.into();
    let role = principal.role(owner).ok_or_else(|| Error::not_found(thing))?;
    // What is somebody else's leaves no trace of whose it is: the caller may read the row.
    if let Owner::Account(account) = owner {
        audit::note(|facts| facts.concerns(account));
    }
    if role < action.role() {
        let needed = action.role().as_str();
        return Err(Error::forbidden(match owner {
            Owner::Account(_) => {
                format!("this needs the role `{needed}` in the team; an admin of the team can give it")
            }
            Owner::Installation => "this needs an administrator of the installation".to_owned(),
        }));
    }
    if !principal.scopes.allow(action.scope()) {
        let scope = action.scope().as_str();
        return Err(Error::forbidden(format!("this API token lacks the scope `{scope}`; make one that has it")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;

    const ACTIONS: [Action; 6] = [
        Action::Read,
        Action::Deploy,
        Action::ManageSandboxes,
        Action::ManageTargets,
        Action::ManageAccounts,
        Action::Administer,
    ];

    fn principal(teams: Vec<(TeamId, Role)>, scopes: &str) -> Principal {
        Principal {
            id: UserId::new(),
            name: "ada".to_owned(),
            is_admin: false,
            teams,
            scopes: scopes.parse().expect("scopes"),
            credential: Credential::TrustedJwt,
        }
    }

    /// `y` allowed, `n` forbidden, one letter per action in the order of `ACTIONS`.
    #[track_caller]
    fn check(principal: &Principal, owner: impl Into<Owner>, expected: &str) {
        let owner = owner.into();
        let found: String = ACTIONS
            .into_iter()
            .map(|action| match authorize(principal, action, owner, "thing") {
                Ok(()) => 'y',
                Err(error) if error.code() == ErrorCode::Forbidden => 'n',
                Err(error) if error.code() == ErrorCode::NotFound => '?',
                Err(error) => panic!("{error}"),
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn roles_and_scopes_decide() {
        let team = TeamId::new();
        for (role, expected) in [
            (Role::Viewer, "ynnnnn"),
            (Role::Deployer, "yynnnn"),
            (Role::Maintainer, "yyyyyn"),
            (Role::Admin, "yyyyyy"),
        ] {
            check(&principal(vec![(team, role)], "admin"), team, expected);
        }
        for (scopes, expected) in [
            ("read", "ynnnnn"),
            ("deploy", "yyynnn"),
            ("targets", "ynnynn"),
            ("accounts", "ynnnyn"),
            ("admin", "yyyyyy"),
            ("deploy,targets", "yyyynn"),
        ] {
            let ada = principal(vec![(team, Role::Admin)], scopes);
            check(&ada, ada.id, expected);
            check(&ada, team, expected);
        }
        // A role and a scope are both needed.
        check(&principal(vec![(team, Role::Deployer)], "targets"), team, "ynnnnn");
    }

    #[test]
    fn what_is_somebody_elses_is_not_there() {
        let ada = principal(vec![(TeamId::new(), Role::Admin)], "admin");
        check(&ada, UserId::new(), "??????");
        check(&ada, TeamId::new(), "??????");
        let root = Principal { is_admin: true, ..ada.clone() };
        check(&root, UserId::new(), "??????");
        check(&root, Owner::Installation, "yyyyyy");
        check(&ada, Owner::Installation, "ynnnnn");
    }

    #[test]
    fn scopes_include_only_what_they_reach() {
        let scopes = |text: &str| text.parse::<Scopes>().expect("scopes");
        assert!(scopes("admin").include(scopes("read deploy targets accounts admin")));
        assert!(scopes("deploy").include(scopes("read")));
        assert!(!scopes("deploy").include(scopes("deploy targets")));
        assert!(!scopes("read deploy targets accounts").include(scopes("admin")));
        assert_eq!(scopes("deploy,read").to_string(), "read deploy");
        assert!("".parse::<Scopes>().is_err());
        assert!("root".parse::<Scopes>().expect_err("unknown").contains("accounts"));
    }
}
