//! The drivers of the targets that a plan reads or writes.

use std::collections::BTreeMap;

use relplan_model::{
    address::TargetName,
    finding::{Finding, Severity},
    port::{Drivers, Publish, UNREACHABLE},
    settings::Settings,
    target::Target,
};
use relplan_targets::{credential, http::Net, surroundings::Surroundings};

use crate::{exit::Exit, failure::Failure};

/// Drivers by target.
pub struct Built(BTreeMap<TargetName, Box<dyn Publish>>);

impl Built {
    /// Builds one driver for each target.
    pub fn new<'a>(
        targets: impl IntoIterator<Item = (&'a TargetName, &'a str, &'a Settings)>,
        surroundings: &Surroundings,
        net: &Net,
    ) -> Result<Self, Failure> {
        let mut built = BTreeMap::new();
        for (name, kind, settings) in targets {
            // A spec that names a variable which it may not is invalid. A plan that does may have been made where it may.
            let exit = |finding: &Finding| {
                let is_name = finding.code == credential::NAME;
                match is_name && surroundings.project().is_none() {
                    true => Exit::Credential,
                    false => Exit::Invalid,
                }
            };
            let driver = relplan_targets::build(name, kind, settings, surroundings, net)
                .map_err(|finding| failure(exit(&finding), name, finding))?;
            built.insert(name.clone(), driver);
        }
        Ok(Self(built))
    }

    /// The targets as far as they are known without asking any registry.
    pub fn configured(&self) -> Vec<Target> {
        let known = self.0.values();
        known.filter_map(|driver| driver.configured()).collect()
    }

    /// The targets as they are configured here and now, in order of name, and a remark for each whose registry did not
    /// describe itself: its look-ups are unknown, and the others are planned (law L5).
    pub async fn describe(&self) -> Result<(Vec<Target>, Vec<Finding>), Failure> {
        let described = self.0.iter().map(|(name, driver)| async move {
            match driver.describe().await {
                Ok(target) => Ok((target, None)),
                Err(finding) => match driver.configured() {
                    Some(target) if finding.code == UNREACHABLE => {
                        let remark = Finding {
                            severity: Severity::Warning,
                            ..finding
                        };
                        Ok((target, Some(remark)))
                    }
                    Some(_) | None => Err(failure(Exit::Invalid, name, finding)),
                },
            }
        });
        let described: Vec<(Target, Option<Finding>)> = futures_util::future::join_all(described)
            .await
            .into_iter()
            .collect::<Result<_, _>>()?;
        let (targets, remarks): (Vec<_>, Vec<_>) = described.into_iter().unzip();
        Ok((targets, remarks.into_iter().flatten().collect()))
    }
}

impl Drivers for Built {
    fn driver(&self, target: &TargetName) -> Option<&dyn Publish> {
        self.0.get(target).map(AsRef::as_ref)
    }
}

fn failure(exit: Exit, name: &TargetName, finding: Finding) -> Failure {
    let exit = if finding.code == credential::CODE {
        Exit::Credential
    } else {
        exit
    };
    let message = match finding.code == credential::NAME {
        true => finding.message,
        false => format!("target {name}: {}", finding.message),
    };
    let failure = Failure::new(exit, message);
    match finding.hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
