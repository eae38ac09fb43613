//! The text of a new spec, with comments that say what each word is for.
//!
//! Why: whoever opens the file for the first time should be able to change it without a manual; what is commented out is
//! what most projects want next, ready to be taken in.

use std::fmt::Write as _;

use relplan_model::text::is_hidden;

use super::{
    draft::{Draft, Place, Rule},
    kinds::{self, Kind},
};

/// Names in a rule's comment.
const NAMED: usize = 4;

const HEAD: &str = "\
// What this project releases, and where to. Written by `relplan init`, and now
// yours to change. After a change:
//
//     relplan check    is it sound, and does it fit the packages?
//     relplan plan     what would change at the registries? Nothing is sent.

relplan 1 // the version of this language
";

const WORKSPACES: &str = "
// Where packages come from: folders of workspaces' root manifests. Names,
// versions and dependencies stay in the manifests, and what these keep private
// is never released.
";

const TARGETS: &str = "
// Where packages go. How a registry is reached, and with which credential, is
// configured where its own client looks for that (.npmrc, .pypirc, Cargo's
// configuration, environment variables). A spec never holds a secret.
";

const RULES: &str = "
// What goes where. A rule takes packages by name or folder, and the most
// specific rule counts. A package that no rule takes stays at home.
";

const NEEDS: &str = "
// The order of publishing follows from the manifests. What they cannot say,
// such as an order across ecosystems, is said by the package that has to wait:
";

const GATE: &str = "
// Who must say yes before anything is published:
//
// gate \"ship\" before=\"publish\" {
//     threshold 1
//     from \"you@acme.example\"
//     max-age \"24h\"
// }
";

/// Writes a draft as KDL.
pub fn write(draft: &Draft) -> String {
    let mut out = HEAD.to_owned();
    let _ = write!(out, "\nproject {}", quoted(&draft.project));
    if let Some(repository) = &draft.repository {
        let _ = write!(out, " repository={}", quoted(repository));
    }
    out.push('\n');
    out.push_str(WORKSPACES);
    for workspace in &draft.workspaces {
        let (ecosystem, path) = (workspace.ecosystem.as_str(), &workspace.path);
        let _ = write!(out, "workspace {} path={}", quoted(ecosystem), quoted(path));
        if !workspace.exclude.is_empty() {
            let patterns: Vec<String> = workspace.exclude.iter().map(|one| quoted(one)).collect();
            let _ = write!(
                out,
                " {{\n    // What looks like examples or tests is not released.\n    exclude {}\n}}",
                patterns.join(" ")
            );
        }
        out.push('\n');
    }
    out.push_str(TARGETS);
    for target in &draft.targets {
        let _ = writeln!(out, "{}", node(target));
    }
    mirror(&mut out, draft);
    out.push_str(RULES);
    for rule in &draft.rules {
        write_rule(&mut out, rule);
    }
    if let Some(target) = draft.targets.first() {
        out.push_str(NEEDS);
        let _ = write!(
            out,
            "//\n// release \"some-cli\" {{\n//     needs \"some-library\"\n//     to {}\n// }}\n",
            quoted(&target.name)
        );
    }
    out.push_str(GATE);
    out
}

fn node(target: &Place) -> String {
    let mut text = format!(
        "target {} kind={}",
        quoted(&target.name),
        quoted(target.kind)
    );
    if let Some((property, value)) = &target.property {
        let _ = write!(text, " {property}={}", quoted(value));
    }
    text
}

/// How a second place for the same packages would look, in the words of the first target's kind.
fn mirror(out: &mut String, draft: &Draft) {
    let first = draft.targets.first();
    let Some(kind) = first.and_then(|target| kinds::named(target.kind)) else {
        return;
    };
    let Kind {
        word,
        property,
        example,
        ..
    } = kind;
    let _ = writeln!(
        out,
        "\n// A mirror is one more target, and one more `to` in the rules for it:\n//\n// target \"mirror\" kind=\"{word}\" {property}=\"{example}\""
    );
}

fn write_rule(out: &mut String, rule: &Rule) {
    let names: Vec<&str> = rule.packages.iter().map(String::as_str).collect();
    let is_name = matches!(names.as_slice(), [only] if *only == rule.selector);
    let mut comment = String::new();
    if !is_name {
        let shown = names.iter().take(NAMED).copied().collect::<Vec<_>>();
        comment = format!(" // {}", shown.join(", "));
        if let Some(more) = names.len().checked_sub(NAMED).filter(|more| *more > 0) {
            let _ = write!(comment, " and {more} more");
        }
    }
    let _ = writeln!(out, "release {} {{{comment}", quoted(&rule.selector));
    if rule.access_unsaid {
        out.push_str(
            "    // npm keeps new packages of a scope private unless you add access=\"public\".\n",
        );
    }
    let _ = writeln!(out, "    to {}\n}}", quoted(&rule.target));
}

/// A text between quotation marks, as KDL has it.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            // The spec's reader refuses these raw and escaped alike, so a folder of such a name is told as one.
            c if is_hidden(c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
