//! Credentials: where a driver may find one, and the findings for when it is missing or refused.
//!
//! Invariant: credentials come from the environment and from the user's own files, never from the project's
//! (law L14). A [`Credential`] shows its origin and never its value (law L11).

use relplan_model::{
    address::TargetName,
    finding::{Finding, Severity},
    settings::Settings,
};
use secrecy::SecretString;

use crate::surroundings::Surroundings;

/// The code of findings about credentials (exit 77).
pub const CODE: &str = "credential";

/// A secret and where it was found.
#[derive(Debug, Clone)]
pub struct Credential {
    /// The secret. Its `Debug` shows nothing.
    pub secret: SecretString,
    /// Where it was found, such as `the variable ACME_TOKEN`.
    pub source: String,
}

/// Why the credential that a target's `token-env` names cannot be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Why, fit for "there is no credential: {why}".
    pub why: String,
    /// What to do.
    pub hint: String,
}

impl Missing {
    /// The finding about a target.
    #[must_use]
    pub fn finding(&self, target: &TargetName) -> Finding {
        missing(target, &self.why, &self.hint)
    }
}

/// The credential in the environment variable that the target's `token-env` names; `None` when it names none.
///
/// # Errors
/// A finding when the setting is no name of a variable, or the variable is not set or empty.
pub fn named(
    target: &TargetName,
    settings: &Settings,
    surroundings: &Surroundings,
) -> Result<Option<Credential>, Finding> {
    find(settings, surroundings).map_err(|missing| missing.finding(target))
}

/// The same as [`named`] for a driver that can go on without, for reading.
///
/// # Errors
/// When the setting is no name of a variable, or the variable is not set or empty.
pub fn find(
    settings: &Settings,
    surroundings: &Surroundings,
) -> Result<Option<Credential>, Missing> {
    let Some(name) = settings
        .text("token-env")
        .filter(|_| !surroundings.withheld)
    else {
        return Ok(None);
    };
    let well_formed = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty();
    if !well_formed {
        // The text is not repeated: it may be a token that somebody put there by mistake.
        return Err(Missing {
            why: "its `token-env` is not the name of an environment variable".to_owned(),
            hint: "write the variable's name, never the token itself".to_owned(),
        });
    }
    from_variable(surroundings, name)
        .map(Some)
        .ok_or_else(|| Missing {
            why: format!("the variable {name}, which its `token-env` names, is not set"),
            hint: format!("set {name} in the environment of relplan"),
        })
}

/// The credential in one environment variable, surrounding white space removed; `None` when unset or empty.
#[must_use]
pub fn from_variable(surroundings: &Surroundings, name: &str) -> Option<Credential> {
    if surroundings.withheld {
        return None;
    }
    let value = surroundings.var(name)?.trim();
    (!value.is_empty()).then(|| Credential {
        secret: SecretString::from(value.to_owned()),
        source: format!("the variable {name}"),
    })
}

/// The finding that a target has no credential.
#[must_use]
pub fn missing(target: &TargetName, why: &str, hint: &str) -> Finding {
    Finding::new(
        CODE,
        Severity::Error,
        None,
        format!("there is no credential for target {target}: {why}"),
    )
    .hint(hint)
}

/// The finding that a registry refused a credential.
#[must_use]
pub fn refused(target: &TargetName, source: &str, why: &str) -> Finding {
    Finding::new(
        CODE,
        Severity::Error,
        None,
        format!("the registry of target {target} refused the credential from {source}: {why}"),
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use secrecy::ExposeSecret as _;

    use super::*;

    fn target() -> TargetName {
        TargetName::new("shop").unwrap()
    }

    fn around(vars: &[(&str, &str)]) -> Surroundings {
        Surroundings {
            vars: vars
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect::<BTreeMap<_, _>>(),
            ..Surroundings::default()
        }
    }

    #[test]
    fn the_named_variable_is_the_only_one_that_counts() {
        let settings = Settings::default().with_text("token-env", "SHOP_TOKEN");
        let found = named(
            &target(),
            &settings,
            &around(&[("SHOP_TOKEN", " s3cret\n")]),
        )
        .unwrap()
        .unwrap();
        assert_eq!(found.secret.expose_secret(), "s3cret");
        assert_eq!(found.source, "the variable SHOP_TOKEN");
        for vars in [
            &[("OTHER", "x")][..],
            &[("SHOP_TOKEN", "")],
            &[("SHOP_TOKEN", " ")],
        ] {
            assert_eq!(
                named(&target(), &settings, &around(vars)).unwrap_err().code,
                CODE
            );
        }
        assert!(
            named(&target(), &Settings::default(), &around(&[]))
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn l11_a_token_written_as_the_name_is_not_repeated() {
        let settings = Settings::default().with_text("token-env", "npm-canary-7f3a");
        let finding = named(&target(), &settings, &around(&[])).unwrap_err();
        assert!(!format!("{finding:?}").contains("canary"), "{finding:?}");
        let shown = format!(
            "{:?}",
            from_variable(&around(&[("T", "canary")]), "T").unwrap()
        );
        assert!(!shown.contains("canary"), "{shown}");
    }
}
