//! Credentials: where a driver may find one, and the findings for when it is missing or refused.
//!
//! Invariant: credentials come from the environment and from the user's own files, never from the project's
//! (law L14). A [`Credential`] shows its origin and never its value (law L11).
//! Why an allowed set of names: the spec comes with a pull request. If it could name any variable, it could name
//! `GITHUB_TOKEN` beside a host of its own choice.

use relplan_model::{
    address::TargetName,
    finding::{Finding, FindingCode, Severity},
    port::UNREACHABLE,
    settings::Settings,
};
use secrecy::SecretString;

use crate::surroundings::Surroundings;

/// The code of findings about credentials (exit 77).
pub const CODE: FindingCode = FindingCode::Credential;

/// The code of findings about the names of variables that a spec or a plan may not use.
pub const NAME: FindingCode = FindingCode::CredentialName;

/// What the names of variables begin with that a spec may use for credentials.
pub const PREFIX: &str = "RELPLAN_TOKEN_";

/// The variable that lists further names, separated by commas. Nothing in the tree can add to it.
pub const ALLOW: &str = "RELPLAN_TOKEN_ENV_ALLOW";

/// The words of a target that name variables.
const WORDS: [&str; 3] = ["token-env", "username-env", "password-env"];

/// Why a credential that is there is not used while planning.
pub(crate) const ONLY_THE_TREE: &str = "not used while planning: only the tree names this host";

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

/// Refuses settings that name variables which a spec may not use. It holds for a spec that is checked or planned and for
/// the plan that is applied.
///
/// # Errors
/// A finding with the code [`NAME`].
pub fn check_names(
    target: &TargetName,
    settings: &Settings,
    surroundings: &Surroundings,
) -> Result<(), Finding> {
    for word in WORDS {
        if let Err(missing) = variable(target, settings, word, surroundings) {
            let message = format!("target {target}: {}", missing.why);
            return Err(Finding::new(NAME, Severity::Error, None, message).hint(missing.hint));
        }
    }
    Ok(())
}

/// The name of the variable that a setting gives, if a spec may use that name.
pub(crate) fn variable<'s>(
    target: &TargetName,
    settings: &'s Settings,
    word: &str,
    surroundings: &Surroundings,
) -> Result<Option<&'s str>, Missing> {
    let Some(name) = settings.text(word) else {
        return Ok(None);
    };
    let well_formed = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty();
    if !well_formed {
        // The text is not repeated: it may be a secret that somebody put there by mistake.
        return Err(Missing {
            why: format!("its `{word}` is not the name of an environment variable"),
            hint: "write the variable's name, never the value itself".to_owned(),
        });
    }
    if is_allowed(name, surroundings) {
        return Ok(Some(name));
    }
    let own = own_name(target, word);
    // Secrets that look like a name have small letters in them.
    let is_plainly_a_name = name.len() < 64 && !name.contains(|c: char| c.is_ascii_lowercase());
    Err(if is_plainly_a_name {
        Missing {
            why: format!(
                "its `{word}` names the variable {name}; a spec may name only variables that begin with {PREFIX}"
            ),
            hint: format!(
                "write `{word}=\"{own}\"` and set {own}, or allow it where relplan runs: {ALLOW}={name}"
            ),
        }
    } else {
        Missing {
            why: format!(
                "its `{word}` names a variable that does not begin with {PREFIX}; a spec may name no others"
            ),
            hint: format!(
                "write `{word}=\"{own}\"` and set {own}, or list the name in {ALLOW} where relplan runs"
            ),
        }
    })
}

/// Whether the person who runs relplan lists a variable's name for specs to use.
#[must_use]
pub fn is_listed(name: &str, surroundings: &Surroundings) -> bool {
    let listed = surroundings.var(ALLOW).unwrap_or_default();
    name != ALLOW && listed.split(',').any(|one| one.trim() == name)
}

fn is_allowed(name: &str, surroundings: &Surroundings) -> bool {
    let own = name.strip_prefix(PREFIX);
    let is_own = name != ALLOW && own.is_some_and(|rest| !rest.is_empty());
    is_own || is_listed(name, surroundings)
}

/// The name to suggest for a target's variable.
fn own_name(target: &TargetName, word: &str) -> String {
    let upper = target.as_str().to_ascii_uppercase();
    let upper = upper.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    let end = match word {
        "username-env" => "_USER",
        "password-env" => "_PASSWORD",
        _ => "",
    };
    format!("{PREFIX}{upper}{end}")
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
    find(target, settings, surroundings).map_err(|missing| missing.finding(target))
}

/// The same as [`named`] for a driver that can go on without, for reading.
///
/// # Errors
/// When the setting is no name of a variable, or the variable is not set or empty.
pub fn find(
    target: &TargetName,
    settings: &Settings,
    surroundings: &Surroundings,
) -> Result<Option<Credential>, Missing> {
    let name = variable(target, settings, "token-env", surroundings)?;
    let Some(name) = name.filter(|_| !surroundings.withheld) else {
        return Ok(None);
    };
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

/// The finding that a credential could not be tried, since its registry gave no answer.
#[must_use]
pub fn untried(target: &TargetName, why: &str) -> Finding {
    Finding::new(
        UNREACHABLE,
        Severity::Error,
        None,
        format!("the credential for target {target} could not be tried: {why}"),
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
        let settings = Settings::default().with_text("token-env", "RELPLAN_TOKEN_SHOP");
        let found = named(
            &target(),
            &settings,
            &around(&[("RELPLAN_TOKEN_SHOP", " s3cret\n")]),
        )
        .unwrap()
        .unwrap();
        assert_eq!(found.secret.expose_secret(), "s3cret");
        assert_eq!(found.source, "the variable RELPLAN_TOKEN_SHOP");
        for vars in [
            &[("OTHER", "x")][..],
            &[("RELPLAN_TOKEN_SHOP", "")],
            &[("RELPLAN_TOKEN_SHOP", " ")],
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

    /// S4: the tree chooses the host, so it does not choose among the secrets that happen to be there.
    #[test]
    fn l14_a_spec_names_only_variables_that_are_meant_for_it() {
        for (name, allow, accepted) in [
            ("RELPLAN_TOKEN_SHOP", "", true),
            ("RELPLAN_TOKEN_", "", false),
            ("GITHUB_TOKEN", "", false),
            ("relplan_token_shop", "", false),
            ("RELPLAN_DATABASE", "", false),
            ("NODE_AUTH_TOKEN", "NPM_TOKEN", false),
            ("NPM_TOKEN", "CI_TOKEN, NPM_TOKEN", true),
            ("NPM_TOKEN", "NPM_TOKEN_2", false),
            ("NPM_TOKEN", "*", false),
            (ALLOW, ALLOW, false),
        ] {
            for word in WORDS {
                let settings = Settings::default().with_text(word, name);
                let around = around(&[(ALLOW, allow), (name, "canary")]);
                let checked = check_names(&target(), &settings, &around);
                assert_eq!(checked.is_ok(), accepted, "{word}={name} {allow}");
            }
        }
        let settings = Settings::default().with_text("token-env", "GITHUB_TOKEN");
        let finding = check_names(&target(), &settings, &around(&[])).unwrap_err();
        let hint = finding.hint.unwrap();
        for part in [
            "token-env=\"RELPLAN_TOKEN_SHOP\"",
            "RELPLAN_TOKEN_ENV_ALLOW=GITHUB_TOKEN",
        ] {
            assert!(hint.contains(part), "{hint}");
        }
        // Withheld or not: the driver is built either way.
        let withheld = Surroundings {
            withheld: true,
            ..around(&[])
        };
        assert!(find(&target(), &settings, &withheld).is_err());
    }

    #[test]
    fn l11_a_token_written_as_the_name_is_not_repeated() {
        for token in ["npm-canary-7f3a", "npm_canary7f3a"] {
            let settings = Settings::default().with_text("token-env", token);
            let finding = named(&target(), &settings, &around(&[])).unwrap_err();
            assert!(!format!("{finding:?}").contains("canary"), "{finding:?}");
        }
        let shown = format!(
            "{:?}",
            from_variable(&around(&[("T", "canary")]), "T").unwrap()
        );
        assert!(!shown.contains("canary"), "{shown}");
    }
}
