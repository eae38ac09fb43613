//! Every construct of the language with a passing and a failing example: `corpus/ok` with what was understood,
//! `corpus/err` with the problems as people see them. `UPDATE_EXPECT=1` rewrites what is expected.

#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "the corpus is read from files, and a test may stop at what it did not expect"
)]

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use relplan_kdl::{Problem, RenderStyle, render};
use relplan_model::settings::Value;
use relplan_spec::{Candidate, Gate, Rule, Spec, assign, left_out, parse, resolve_needs};

mod packages;
mod vocabulary;

const STYLE: RenderStyle = RenderStyle {
    color: false,
    width: 80,
    unicode: true,
};

fn specs(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(folder);
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut specs: Vec<PathBuf> = entries
        .filter(|path| path.extension().is_some_and(|extension| extension == "kdl"))
        .collect();
    specs.sort();
    specs
}

fn compare(spec: &Path, found: &str, failures: &mut Vec<String>) {
    let expected_path = spec.with_extension("expected");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&expected_path, found).unwrap();
        return;
    }
    let expected = fs::read_to_string(&expected_path).unwrap_or_default();
    if expected != found {
        failures.push(format!(
            "--- {}\nexpected:\n{expected}\nfound:\n{found}",
            spec.display()
        ));
    }
}

/// All problems of a spec, and with the packages that its comments list.
fn problems(text: &str) -> (Option<Spec>, Vec<Problem>) {
    let parsed = parse("relplan.kdl", text, &vocabulary::vocabulary());
    let mut problems = parsed.problems;
    if let (Some(spec), Some(packages)) = (&parsed.spec, packages::packages(text)) {
        problems.extend(assign(spec, &packages).1);
        problems.extend(resolve_needs(spec, &packages).1);
    }
    (parsed.spec, problems)
}

#[test]
fn sound_specs_are_understood() {
    let mut failures = Vec::new();
    let specs = specs("ok");
    assert!(specs.len() >= 12);
    for path in specs {
        let text = fs::read_to_string(&path).unwrap();
        let (spec, problems) = problems(&text);
        assert!(
            problems.is_empty(),
            "{}\n{}",
            path.display(),
            render(&problems, "relplan.kdl", &text, STYLE)
        );
        let mut found = dump(&spec.unwrap());
        if let Some(packages) = packages::packages(&text) {
            let parsed = parse("relplan.kdl", &text, &vocabulary::vocabulary());
            dump_packages(&parsed.spec.unwrap(), &packages, &mut found);
        }
        compare(&path, &found, &mut failures);
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn l13_unsound_specs_are_refused_with_their_places() {
    let mut failures = Vec::new();
    let specs = specs("err");
    assert!(specs.len() >= 35);
    for path in specs {
        let text = fs::read_to_string(&path).unwrap();
        let (_, problems) = problems(&text);
        assert!(!problems.is_empty(), "{} has no problem", path.display());
        compare(
            &path,
            &render(&problems, "relplan.kdl", &text, STYLE),
            &mut failures,
        );
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn settings(settings: &relplan_model::settings::Settings) -> String {
    let values = settings.0.iter().map(|(name, value)| match value {
        Value::Text(text) => format!(" {name}={text:?}"),
        Value::Flag(flag) => format!(" {name}=#{flag}"),
        Value::Number(number) => format!(" {name}={number}"),
    });
    values.collect()
}

fn dump(spec: &Spec) -> String {
    let Spec {
        file: _,
        version,
        project,
        workspaces,
        targets,
        releases,
        gates,
        state,
        digest: _,
    } = spec;
    let mut out = format!(
        "language {version}\nproject {:?} repository {:?}\n",
        project.name, project.repository
    );
    for workspace in workspaces {
        let _ = writeln!(
            out,
            "workspace {} in {:?} without {:?} packer {:?} prebuilt {:?}",
            workspace.ecosystem,
            workspace.path,
            workspace.exclude,
            workspace.packer,
            workspace.prebuilt
        );
    }
    for target in targets {
        let _ = writeln!(
            out,
            "target {} of kind {}{}",
            target.name,
            target.kind,
            settings(&target.settings)
        );
    }
    for rule in releases {
        dump_rule(rule, &mut out);
    }
    for gate in gates {
        let Gate {
            name,
            before,
            targets,
            threshold,
            from,
            touch,
            max_age_seconds,
            span: _,
        } = gate;
        let targets: Vec<&str> = targets.iter().map(|target| target.as_str()).collect();
        let _ = writeln!(
            out,
            "gate {name} before {before} at {targets:?}: {threshold} of {from:?} touch {touch} within {max_age_seconds:?} s"
        );
    }
    if let Some(state) = state {
        let _ = writeln!(out, "state {}{}", state.kind, settings(&state.settings));
    }
    out
}

fn dump_rule(rule: &Rule, out: &mut String) {
    let kind = if rule.selector.is_exact() {
        "exactly"
    } else {
        "pattern"
    };
    let _ = writeln!(
        out,
        "release {kind} {:?} version {:?}",
        rule.selector.as_str(),
        rule.version.as_ref().map(|version| version.as_str())
    );
    for to in &rule.to {
        let pointer = to.pointer.as_ref().map(|pointer| pointer.as_str());
        let _ = writeln!(
            out,
            "  to {} pointer {pointer:?}{}",
            to.target,
            settings(&to.settings)
        );
    }
    for (need, _) in &rule.needs {
        let _ = writeln!(out, "  needs {need:?}");
    }
    for yank in &rule.yank {
        let _ = writeln!(
            out,
            "  yank {} from {} because {:?}",
            yank.version, yank.target, yank.reason
        );
    }
    for deprecate in &rule.deprecate {
        let _ = writeln!(
            out,
            "  deprecate {:?} at {} saying {:?}",
            deprecate.range, deprecate.target, deprecate.message
        );
    }
}

fn dump_packages(spec: &Spec, packages: &[Candidate], out: &mut String) {
    let (assigned, _) = assign(spec, packages);
    for package in &assigned {
        let _ = writeln!(
            out,
            "{} falls under {:?}",
            package.package,
            spec.releases[package.rule].selector.as_str()
        );
    }
    for package in left_out(packages, &assigned) {
        let _ = writeln!(out, "{package} is left out");
    }
    for (rule, needs) in resolve_needs(spec, packages).0 {
        let needs: Vec<String> = needs.iter().map(ToString::to_string).collect();
        let _ = writeln!(
            out,
            "{:?} needs {}",
            spec.releases[rule].selector.as_str(),
            needs.join(" and ")
        );
    }
}
