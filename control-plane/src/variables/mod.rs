//! Variables of targets: which there are, which a build gets, which the provider gets.
//!
//! Values are sealed at rest. Those of scope `build` enter a sandbox by the one door `BuildEnv`;
//! those of scope `runtime` never do, and go from here to the provider.

pub mod dotenv;

use std::collections::BTreeMap;

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use slipway_proto::v1::BuildEnv;
use slipway_proto::variable::{is_name, is_refused};
use utoipa::ToSchema;

use crate::clock::Timestamp;
use crate::ids::{TargetId, UserId, VariableId};
use crate::secrets::{Record, Vault, VaultError};
use crate::store::{Target, VariableRow};

const TABLE: &str = "target_env_vars";
/// One name.
const LONGEST_NAME_BYTES: usize = 128;
/// One value: a certificate chain fits.
pub const LARGEST_VALUE_BYTES: usize = 32 * 1024;
/// Of one target.
const MOST_VARIABLES: usize = 500;
/// All values of one target.
const LARGEST_TARGET_BYTES: usize = 192 * 1024;
/// What one build gets travels in one message of at most 64 KiB.
pub const LARGEST_BUILD_BYTES: usize = 40 * 1024;

/// Who gets a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema, sqlx::Type)]
#[schema(as = VariableScope)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Scope {
    /// The build in the sandbox.
    Build,
    /// The running site, at the provider. Never enters a sandbox.
    Runtime,
}

/// For which deployments a variable is.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema, sqlx::Type,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum VariableEnvironment {
    /// For all that have no variable of their own of this name.
    #[default]
    All,
    /// Production.
    Production,
    /// Preview.
    Preview,
    /// Staging.
    Staging,
}

impl VariableEnvironment {
    const SPECIFIC: [&'static str; 3] = ["production", "preview", "staging"];

    fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Production => "production",
            Self::Preview => "preview",
            Self::Staging => "staging",
        }
    }
}

/// What tells two variables of a target apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The name.
    pub name: String,
    /// Who gets it.
    pub scope: Scope,
    /// For which deployments.
    pub environment: VariableEnvironment,
}

/// A variable of a target.
#[derive(Debug, Clone)]
pub struct Variable {
    /// Its record.
    pub id: VariableId,
    /// Whether its value is never shown again, and masked in logs.
    pub is_secret: bool,
    /// The value.
    pub value: SecretString,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A variable as somebody wants it to be.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Which.
    pub key: Key,
    /// Whether it is secret.
    pub is_secret: bool,
    /// Its value; `None` leaves the one it has.
    pub value: Option<SecretString>,
}

/// What a change of a target's variables does, by key.
#[derive(Debug, Default)]
pub struct Change {
    /// New ones.
    pub added: Vec<Key>,
    /// Those with another value, or with the same one that is a secret now, or none any more.
    pub changed: Vec<Key>,
    /// Those that go.
    pub removed: Vec<Key>,
    /// Those named that stay as they are.
    pub unchanged: Vec<Key>,
    /// All variables there will be.
    pub after: BTreeMap<Key, Variable>,
}

impl Change {
    /// Whether it does nothing.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }
}

/// All variables of a target, in one of its versions.
#[derive(Debug, Default)]
pub struct Variables {
    /// Grows with each change.
    pub version: i64,
    /// By key.
    pub variables: BTreeMap<Key, Variable>,
}

impl Variables {
    /// Reads and opens them.
    pub async fn of(vault: &Vault, target: TargetId) -> Result<Self, VaultError> {
        let (version, rows) = vault.store().variables(target).await?;
        let mut variables = BTreeMap::new();
        for row in rows {
            let record = Record::of(TABLE, row.id.as_bytes(), row.user_id.as_bytes());
            let plain = vault.open(record, &row.sealed_value).await?;
            let value = std::str::from_utf8(&plain).map_err(|_| VaultError::DoesNotOpen { table: TABLE })?;
            let key = Key { name: row.name, scope: row.scope, environment: row.environment };
            let value = SecretString::from(value.to_owned());
            variables.insert(key, Variable { id: row.id, is_secret: row.is_secret, value, updated_at: row.updated_at });
        }
        Ok(Self { version, variables })
    }

    /// What becomes of them when `wanted` are set, and those for which `goes` says so are removed
    /// unless they are wanted.
    ///
    /// # Errors
    /// A sentence that names the variable, never its value.
    pub fn change(&self, wanted: Vec<Wanted>, goes: impl Fn(&Key) -> bool, now: Timestamp) -> Result<Change, String> {
        let mut change = Change::default();
        for Wanted { key, is_secret, value } in wanted {
            check(&key, value.as_ref())?;
            if change.after.contains_key(&key) {
                return Err(format!(
                    "`{}` is there twice for the same scope ({:?}) and environment ({})",
                    key.name,
                    key.scope,
                    key.environment.as_str()
                ));
            }
            let known = self.variables.get(&key);
            let value = match (value, known) {
                (Some(value), _) => value,
                (None, Some(known)) if known.is_secret && !is_secret => {
                    return Err(format!("`{}` is a secret; to make it plain, give its value again", key.name));
                }
                (None, Some(known)) => known.value.clone(),
                (None, None) => return Err(format!("`{}` is new and needs a `value`", key.name)),
            };
            let (id, updated_at) = match known {
                None => {
                    change.added.push(key.clone());
                    (VariableId::new(), now)
                }
                Some(known) if known.value.expose_secret() == value.expose_secret() && known.is_secret == is_secret => {
                    change.unchanged.push(key.clone());
                    (known.id, known.updated_at)
                }
                Some(known) => {
                    change.changed.push(key.clone());
                    (known.id, now)
                }
            };
            change.after.insert(key, Variable { id, is_secret, value, updated_at });
        }
        for (key, known) in &self.variables {
            if change.after.contains_key(key) {
                continue;
            }
            if goes(key) {
                change.removed.push(key.clone());
            } else {
                change.after.insert(key.clone(), known.clone());
            }
        }
        check_sizes(&change.after)?;
        Ok(change)
    }

    /// Those a deployment to `environment` gets in this scope; its own go before those for all.
    pub fn for_deployment(&self, scope: Scope, environment: &str) -> BTreeMap<String, BuildValue> {
        select(&self.variables, scope, environment)
            .into_iter()
            .map(|(name, variable)| {
                (name.to_owned(), BuildValue { value: variable.value.clone(), is_secret: variable.is_secret })
            })
            .collect()
    }
}

/// Seals the rows of a change that must be written.
pub async fn sealed_rows(vault: &Vault, target: &Target, change: &Change) -> Result<Vec<VariableRow>, VaultError> {
    let mut rows = Vec::new();
    for key in change.added.iter().chain(&change.changed) {
        let Some(variable) = change.after.get(key) else { continue };
        rows.push(VariableRow {
            id: variable.id,
            target_id: target.id,
            user_id: target.user_id,
            name: key.name.clone(),
            environment: key.environment,
            scope: key.scope,
            is_secret: variable.is_secret,
            sealed_value: seal_value(vault, variable, target.user_id).await?,
            updated_at: variable.updated_at,
        });
    }
    Ok(rows)
}

async fn seal_value(vault: &Vault, variable: &Variable, owner: UserId) -> Result<Vec<u8>, VaultError> {
    let record = Record::of(TABLE, variable.id.as_bytes(), owner.as_bytes());
    vault.seal(record, variable.value.expose_secret().as_bytes()).await
}

fn select<'a>(
    variables: &'a BTreeMap<Key, Variable>,
    scope: Scope,
    environment: &str,
) -> BTreeMap<&'a str, &'a Variable> {
    let of = |wanted: &'a str| {
        variables
            .iter()
            .filter(move |(key, _)| key.scope == scope && key.environment.as_str() == wanted)
            .map(|(key, variable)| (key.name.as_str(), variable))
    };
    let specific = VariableEnvironment::SPECIFIC.into_iter().find(|known| *known == environment);
    of("all").chain(specific.into_iter().flat_map(of)).collect()
}

fn check(key: &Key, value: Option<&SecretString>) -> Result<(), String> {
    check_name(&key.name)?;
    if key.scope == Scope::Build && is_refused(&key.name) {
        return Err(format!("`{}` cannot be given to builds, because it would change how programs start", key.name));
    }
    let Some(value) = value.map(ExposeSecret::expose_secret) else { return Ok(()) };
    if value.len() > LARGEST_VALUE_BYTES {
        return Err(format!("the value of `{}` has more than {LARGEST_VALUE_BYTES} bytes", key.name));
    }
    if value.contains('\0') {
        return Err(format!("the value of `{}` has a NUL character, which no environment can hold", key.name));
    }
    Ok(())
}

/// Refuses what cannot be the name of a variable.
pub fn check_name(name: &str) -> Result<(), String> {
    if name.len() > LONGEST_NAME_BYTES {
        return Err(format!("a name may have {LONGEST_NAME_BYTES} bytes"));
    }
    if is_name(name) {
        Ok(())
    } else {
        Err(format!("`{name}` is no name for a variable; names are letters, digits and `_`, and begin with no digit"))
    }
}

fn check_sizes(variables: &BTreeMap<Key, Variable>) -> Result<(), String> {
    if variables.len() > MOST_VARIABLES {
        return Err(format!("a target may have {MOST_VARIABLES} variables"));
    }
    let bytes: usize = variables.values().map(|variable| variable.value.expose_secret().len()).sum();
    if bytes > LARGEST_TARGET_BYTES {
        return Err(format!("the variables of a target may have {LARGEST_TARGET_BYTES} bytes in all"));
    }
    for environment in VariableEnvironment::SPECIFIC {
        let chosen = select(variables, Scope::Build, environment);
        let bytes = chosen.iter().map(|(name, variable)| travelling_bytes(name, &variable.value)).sum::<usize>();
        if bytes > LARGEST_BUILD_BYTES {
            return Err(format!("the build variables for {environment} may have {LARGEST_BUILD_BYTES} bytes in all"));
        }
    }
    Ok(())
}

fn travelling_bytes(name: &str, value: &SecretString) -> usize {
    name.len() + value.expose_secret().len() + 8
}

/// A value on its way into a build.
#[derive(Debug, Clone)]
pub struct BuildValue {
    /// What the build reads.
    pub value: SecretString,
    /// Whether it is masked in what the build prints.
    pub is_secret: bool,
}

/// Everything a build is given, and nothing else: what goes through the one door into the sandbox.
#[derive(Debug, Clone, Default)]
pub struct BuildVariables(pub BTreeMap<String, BuildValue>);

/// As sealed.
#[derive(Serialize, Deserialize)]
struct Sealed<'a> {
    #[serde(borrow)]
    variables: BTreeMap<&'a str, std::borrow::Cow<'a, str>>,
    #[serde(borrow)]
    plain: Vec<&'a str>,
}

impl BuildVariables {
    /// Refuses more than can travel.
    pub fn check(&self) -> Result<(), String> {
        let bytes: usize = self.0.iter().map(|(name, value)| travelling_bytes(name, &value.value)).sum();
        if bytes > LARGEST_BUILD_BYTES {
            return Err(format!("`env` and the target's build variables may have {LARGEST_BUILD_BYTES} bytes in all"));
        }
        Ok(())
    }

    /// For the vault.
    pub fn to_json(&self) -> Result<Zeroizing<Vec<u8>>, serde_json::Error> {
        let variables = self.0.iter().map(|(name, value)| (name.as_str(), value.value.expose_secret().into()));
        let plain = self.0.iter().filter(|(_, value)| !value.is_secret).map(|(name, _)| name.as_str());
        let sealed = Sealed { variables: variables.collect(), plain: plain.collect() };
        serde_json::to_vec(&sealed).map(Zeroizing::new)
    }

    /// The message for the agent, from what [`to_json`](Self::to_json) made.
    pub fn message(json: &[u8]) -> Result<BuildEnv, serde_json::Error> {
        let sealed: Sealed<'_> = serde_json::from_slice(json)?;
        Ok(BuildEnv {
            variables: sealed
                .variables
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.into_owned()))
                .collect(),
            plain: sealed.plain.into_iter().map(str::to_owned).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(7);

    fn key(name: &str, scope: Scope, environment: VariableEnvironment) -> Key {
        Key { name: name.to_owned(), scope, environment }
    }

    fn wanted(name: &str, value: &str) -> Wanted {
        let key = key(name, Scope::Build, VariableEnvironment::All);
        Wanted { key, is_secret: true, value: Some(value.to_owned().into()) }
    }

    fn of(wanted: Vec<Wanted>) -> Variables {
        let after = Variables::default().change(wanted, |_| false, NOW).expect("is fine").after;
        Variables { version: 1, variables: after }
    }

    fn names(keys: &[Key]) -> Vec<&str> {
        keys.iter().map(|key| key.name.as_str()).collect()
    }

    #[test]
    fn a_change_says_what_it_does() {
        let before = of(vec![wanted("SAME", "1"), wanted("OTHER", "1"), wanted("GONE", "1")]);
        let change = before
            .change(vec![wanted("SAME", "1"), wanted("OTHER", "2"), wanted("NEW", "1")], |_| true, NOW)
            .expect("is fine");
        assert_eq!(names(&change.added), ["NEW"]);
        assert_eq!(names(&change.changed), ["OTHER"]);
        assert_eq!(names(&change.removed), ["GONE"]);
        assert_eq!(names(&change.unchanged), ["SAME"]);
        assert_eq!(change.after.len(), 3);
        let kept = before.change(vec![], |_| false, NOW).expect("is fine");
        assert!(kept.is_empty() && kept.after.len() == 3);
    }

    #[test]
    fn a_value_that_is_left_out_stays_and_a_secret_stays_secret() {
        let before = of(vec![wanted("A", "hunter2")]);
        let keep = |is_secret| Wanted { is_secret, value: None, ..wanted("A", "") };
        let change = before.change(vec![keep(true)], |_| true, NOW).expect("is fine");
        assert_eq!(names(&change.unchanged), ["A"]);
        let error = before.change(vec![keep(false)], |_| true, NOW).expect_err("is refused");
        assert_eq!(error, "`A` is a secret; to make it plain, give its value again");
        let error = Variables::default().change(vec![keep(true)], |_| true, NOW).expect_err("is refused");
        assert_eq!(error, "`A` is new and needs a `value`");
    }

    #[test]
    fn an_environment_gets_its_own_value_before_the_one_for_all() {
        let specific = Wanted { key: key("A", Scope::Build, VariableEnvironment::Preview), ..wanted("A", "preview") };
        let runtime = Wanted { key: key("R", Scope::Runtime, VariableEnvironment::All), ..wanted("R", "never") };
        let variables = of(vec![wanted("A", "all"), wanted("B", "b"), specific, runtime]);
        let values = |environment| -> Vec<(String, String)> {
            let chosen = variables.for_deployment(Scope::Build, environment);
            chosen.into_iter().map(|(name, value)| (name, value.value.expose_secret().to_owned())).collect()
        };
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(values("preview"), [pair("A", "preview"), pair("B", "b")]);
        assert_eq!(values("production"), [pair("A", "all"), pair("B", "b")]);
    }

    #[test]
    fn what_cannot_be_a_variable_is_refused_without_its_value() {
        let check = |wanted: Wanted, part: &str| {
            let error = Variables::default().change(vec![wanted], |_| true, NOW).expect_err("is refused");
            assert!(error.contains(part) && !error.contains("hunter2"), "{error}");
        };
        check(wanted("1A", "hunter2"), "`1A` is no name");
        check(wanted("LD_PRELOAD", "hunter2"), "`LD_PRELOAD`");
        check(wanted("A", "hunter2\0"), "NUL");
        check(wanted("A", &"hunter2".repeat(10_000)), "32768");
        check(wanted(&"A".repeat(129), "hunter2"), "128");
        let runtime = Wanted { key: key("LD_X", Scope::Runtime, VariableEnvironment::All), ..wanted("", "x") };
        assert!(Variables::default().change(vec![runtime], |_| true, NOW).is_ok());
        let large = (0..2).map(|number| wanted(&format!("A{number}"), &"x".repeat(30_000))).collect();
        let error = Variables::default().change(large, |_| true, NOW).expect_err("is refused");
        assert!(error.contains("40960"), "{error}");
        let twice = vec![wanted("A", "1"), wanted("A", "2")];
        assert!(Variables::default().change(twice, |_| true, NOW).is_err());
    }

    #[test]
    fn build_variables_survive_being_sealed() {
        let value = |value: &str, is_secret| BuildValue { value: value.to_owned().into(), is_secret };
        let pem = "-----BEGIN PRIVATE KEY-----\r\nAAA=\n\t\"\\\n-----END PRIVATE KEY-----\n";
        let variables = BuildVariables(
            [("KEY".to_owned(), value(pem, true)), ("URL".to_owned(), value("https://x", false))].into(),
        );
        let message = BuildVariables::message(&variables.to_json().expect("strings are JSON")).expect("is ours");
        assert_eq!((message.variables["KEY"].as_str(), message.plain), (pem, vec!["URL".to_owned()]));
        assert!(!format!("{variables:?}").contains("AAA"));
    }
}
