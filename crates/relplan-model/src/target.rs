//! Targets: the places that packages go to, as a driver describes them to the planner.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    address::{PackageName, PointerName, TargetName},
    bundle::ArtifactKind,
    digest::Algorithm,
    settings::Settings,
};

/// One URL or folder that a target uses, with where it was configured. Both are reviewed and digested.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Endpoint {
    /// What it is used for: `registry`, `index`, `api`, `upload`, `read`, `folder`; with a scope behind it if it is for
    /// the packages of that scope alone (`registry @acme`).
    pub role: String,
    /// The URL in full without user information, or the folder as the spec spells it.
    pub url: String,
    /// Where it was found, such as `spec`, `user .npmrc`, `CARGO_REGISTRIES_X_INDEX`.
    pub source: String,
}

impl Endpoint {
    /// Whether it is used for this package. A role may carry a scope, as in `registry @acme`: such an endpoint is for
    /// the packages of that scope alone.
    #[must_use]
    pub fn concerns(&self, package: &PackageName) -> bool {
        match self.role.split_once(' ') {
            Some((_, scope)) => {
                let rest = package.as_str().strip_prefix(scope);
                rest.is_some_and(|rest| rest.starts_with('/'))
            }
            None => true,
        }
    }
}

/// Where the credential for an endpoint comes from. Names of variables and kinds of files, never a value (law L11).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CredentialSource {
    /// The role of the endpoint that it opens.
    pub role: String,
    /// Where it is, such as `the variable RELPLAN_TOKEN_ACME`; nothing where none was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// What there is to know about it, such as that it is not used while planning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

impl fmt::Display for CredentialSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.source.as_deref().unwrap_or("none was found here"))?;
        match &self.remark {
            Some(remark) => write!(f, " ({remark})"),
            None => Ok(()),
        }
    }
}

/// Who must be overcome to publish without approval (law L15: never claim more).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum GateGrade {
    /// Whoever can edit the repository's CI can use the credential.
    Open,
    /// The registry demands a human's second factor.
    RegistryGated,
    /// Applied from a person's machine, with a credential that only that person has.
    HumanHeld,
    /// A verifier outside of the repository holds the credential.
    Brokered,
}

impl fmt::Display for GateGrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Open => "open",
            Self::RegistryGated => "registry-gated",
            Self::HumanHeld => "human-held",
            Self::Brokered => "brokered",
        })
    }
}

/// A published rate limit: `burst` at once, then one each `seconds`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rate {
    /// How many may go at once.
    pub burst: u64,
    /// Seconds until each further one.
    pub seconds: u64,
}

/// What a driver can do and a registry will stand, so that the planner need not know any registry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Capabilities {
    /// The artifact kinds that this target takes.
    pub accepts: Vec<ArtifactKind>,
    /// The digests that can be read back; the planner refuses a target that shows none that proves sameness.
    pub digests: Vec<Algorithm>,
    /// Whether versions can be yanked.
    pub yank: bool,
    /// Whether versions can be deprecated with a message.
    pub deprecate: bool,
    /// The pointer that a publish moves if nothing else is said (`latest`); `None`: the registry has no pointers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_pointer: Option<PointerName>,
    /// The pointer under which a version of an existing package is put until the whole set has landed (law L8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holding_pointer: Option<PointerName>,
    /// The limit on new names, where the registry publishes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_names: Option<Rate>,
    /// The limit on new versions of existing names, where the registry publishes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_versions: Option<Rate>,
    /// What a person has to know or do by hand around the first version of a new name, where there is something:
    /// sentences without a final full stop.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub first_by_hand: Vec<String>,
    /// Days after which a release that has some of its files takes no more of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_days: Option<u64>,
}

/// A target as the plan carries it: enough to render, and for `apply` to build the driver again without the spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Target {
    /// Its name in the spec.
    pub name: TargetName,
    /// The kind of driver.
    pub kind: String,
    /// What the spec says about it: `url`, `registry`, `path`, the names of credentials (never their values).
    pub settings: Settings,
    /// Where it reads and writes.
    pub endpoints: Vec<Endpoint>,
    /// Where the credentials for these endpoints come from, as it was where the plan was made. It is for people:
    /// another machine keeps its credentials elsewhere, so that `apply` does not compare it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credentials: Vec<CredentialSource>,
    /// Its gate grade.
    pub grade: GateGrade,
    /// What it can do.
    pub capabilities: Capabilities,
}

impl Target {
    /// The environment variables that its settings name for credentials: they, and nothing that the plan says beside
    /// them, decide where it is applied.
    pub fn named_variables(&self) -> impl Iterator<Item = &str> {
        let words = ["token-env", "username-env", "password-env"];
        words
            .into_iter()
            .filter_map(|word| self.settings.text(word))
    }

    /// Where the credential for the endpoint of this role comes from, where that is known.
    #[must_use]
    pub fn credential(&self, role: &str) -> Option<&CredentialSource> {
        self.credentials.iter().find(|source| source.role == role)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_of_a_scope_concerns_its_packages_alone() {
        let endpoint = |role: &str| Endpoint {
            role: role.to_owned(),
            url: String::new(),
            source: String::new(),
        };
        let concerns = |role, name: &str| endpoint(role).concerns(&name.parse().unwrap());
        assert!(concerns("registry", "widget") && concerns("registry", "@acme/widget"));
        assert!(concerns("registry @acme", "@acme/widget"));
        assert!(!concerns("registry @acme", "widget"));
        assert!(!concerns("registry @acme", "@acme-labs/widget"));
    }
}
