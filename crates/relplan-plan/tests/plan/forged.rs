//! The check finds out a plan that shows people one thing and brings another.

use relplan_model::{
    plan::{Bump, Change, Plan, Subject},
    step::Effect,
    target::CredentialSource,
};
use relplan_plan::{Rule, check};

use crate::{
    breaches::{breaks, drop_step, publish, step, version, whole},
    world::{address, pointer},
};

fn row<'a>(plan: &'a mut Plan, at: &str, subject: &Subject) -> &'a mut Change {
    let mut rows = plan.changes.iter_mut();
    rows.find(|row| row.address == address(at) && row.subject == *subject)
        .unwrap()
}

fn latest() -> Subject {
    Subject::Pointer(pointer("latest"))
}

/// B3: a row shows one version, and its step brings another.
#[test]
fn rows_that_tell_of_another_version_than_their_steps() {
    let texts = [Some("1.0.1".to_owned()), Some("1.1.0 ".to_owned()), None];
    for text in texts {
        for (at, subject) in [
            ("npm:a", Subject::Version),
            ("npm:b", Subject::Version),
            ("npm:c", Subject::Version),
            ("npm:e", Subject::Version),
            ("npm:a", latest()),
            ("npm:b", latest()),
            ("npm:c", latest()),
        ] {
            breaks(Rule::Told, |plan| {
                row(plan, at, &subject).after.clone_from(&text);
            });
            breaks(Rule::Told, |plan| {
                let row = row(plan, at, &subject);
                row.before.clone_from(&text);
                if row.before.is_none() {
                    row.before = Some("0.0.1".to_owned());
                }
            });
        }
    }
    breaks(Rule::Told, |plan| {
        row(plan, "npm:a", &Subject::Version).bump = Some(Bump::Patch);
    });
    breaks(Rule::Told, |plan| {
        row(plan, "npm:a", &latest()).bump = None;
    });
    breaks(Rule::Told, |plan| {
        row(plan, "npm:a", &Subject::Version).before = None;
    });
}

/// B3: what is done is told of by a row about the same thing.
#[test]
fn steps_that_no_row_about_them_tells_of() {
    breaks(Rule::Rows, |plan| {
        let steps = std::mem::take(&mut row(plan, "npm:b", &Subject::Version).steps);
        plan.changes
            .retain(|row| row.address != address("npm:b") || row.subject != Subject::Version);
        row(plan, "npm:b", &latest()).steps = steps;
    });
    breaks(Rule::Rows, |plan| {
        let point = step(plan, "point npm:a#latest 1.1.0").id.clone();
        row(plan, "npm:a", &Subject::Version).steps.push(point);
    });
}

/// B4: the plan shows one pointer, and the upload sets another.
#[test]
fn l8_pointers_that_no_row_tells_of() {
    let without_holding = |plan: &mut Plan, holding: Option<&str>| {
        let mut targets = plan.targets.iter_mut();
        let npm = targets.find(|target| target.name.as_str() == "npm");
        npm.unwrap().capabilities.holding_pointer = holding.map(pointer);
    };
    // The holding pointer is dropped, the upload sets `latest`, and the row is about `next`.
    breaks(Rule::Pointers, |plan| {
        without_holding(plan, None);
        drop_step(plan, "unpoint npm:a#relplan");
        drop_step(plan, "point npm:a#latest 1.1.0");
        publish(plan, "publish npm:a@1.1.0").pointer = Some(pointer("latest"));
        row(plan, "npm:a", &latest()).subject = Subject::Pointer(pointer("next"));
    });
    // `latest` is said to be the holding pointer.
    breaks(Rule::Pointers, |plan| {
        without_holding(plan, Some("latest"));
        publish(plan, "publish npm:a@1.1.0").pointer = Some(pointer("latest"));
        if let Effect::Unpoint { pointer: name } = &mut step(plan, "unpoint npm:a#relplan").effect {
            *name = pointer("latest");
        }
    });
    breaks(Rule::Pointers, |plan| {
        publish(plan, "publish npm:b@1.1.0").pointer = Some(pointer("next"));
    });
    breaks(Rule::Pointers, |plan| {
        publish(plan, "publish npm:b@1.1.0").pointer = None;
    });
    breaks(Rule::Pointers, |plan| {
        let id = plan.steps.iter().find(|step| {
            step.address == address("pypi:w") && matches!(step.effect, Effect::Publish(_))
        });
        let id = id.unwrap().id.to_string();
        publish(plan, &id).pointer = Some(pointer("latest"));
    });
}

/// B6: the plan shows one variable, and the settings name the one that is used.
#[test]
fn l11_a_credential_that_the_settings_do_not_name() {
    let with = |plan: &mut Plan, role: &str, source: &str, remark: Option<&str>| {
        let npm = plan.targets.iter_mut().find(|one| one.kind == "npm");
        let npm = npm.unwrap();
        npm.settings = std::mem::take(&mut npm.settings).with_text("token-env", "RELPLAN_TOKEN_B");
        npm.credentials = vec![CredentialSource {
            role: role.to_owned(),
            source: (!source.is_empty()).then(|| source.to_owned()),
            remark: remark.map(str::to_owned),
        }];
    };
    breaks(Rule::References, |plan| {
        with(plan, "registry", "the variable RELPLAN_TOKEN_A", None);
    });
    breaks(Rule::References, |plan| {
        with(
            plan,
            "registry",
            "",
            Some("the variable RELPLAN_TOKEN_A, not set"),
        );
    });
    for (role, source) in [
        ("registry", "the variable RELPLAN_TOKEN_B"),
        ("registry", "the user's .npmrc"),
        ("read", "the variable INDEX_TOKEN"),
    ] {
        let mut plan = whole();
        with(&mut plan, role, source, None);
        assert_eq!(check(&plan), [], "{role} {source}");
    }
}

/// B5: the row shows one message, reason or range of versions, and the step has another.
#[test]
fn withdrawals_that_say_something_else_than_their_rows() {
    let (old, yank) = (
        Subject::Deprecation("<1".to_owned()),
        Subject::Yank(version("1.0.0")),
    );
    breaks(Rule::Told, |plan| {
        match &mut step(plan, "deprecate npm:a <1").effect {
            Effect::Deprecate { message, .. } => *message = "get it from evil.example".to_owned(),
            other => panic!("{other:?}"),
        }
    });
    breaks(Rule::Told, |plan| {
        match &mut step(plan, "yank crates:y@1.0.0").effect {
            Effect::Yank { reason } => *reason = "get it from evil.example".to_owned(),
            other => panic!("{other:?}"),
        }
    });
    for (at, subject) in [("npm:a", &old), ("crates:y", &yank)] {
        breaks(Rule::Told, |plan| {
            row(plan, at, subject).after = Some("else".to_owned());
        });
        breaks(Rule::Told, |plan| {
            row(plan, at, subject).before = Some("else".to_owned());
        });
        breaks(Rule::Told, |plan| {
            row(plan, at, subject).reasons[0].message = "else".to_owned();
        });
    }
    breaks(Rule::Told, |plan| {
        match &mut step(plan, "deprecate npm:a <1").effect {
            Effect::Deprecate { versions, .. } => versions.push(version("5.0.0")),
            other => panic!("{other:?}"),
        }
    });
}
