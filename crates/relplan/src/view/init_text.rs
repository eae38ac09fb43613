//! What `relplan init` found and wrote, for a terminal.

use std::fmt::Write as _;

use relplan_workspace::Why;

use super::style::{Role, Style, count, harmless};
use crate::{
    commands::init::{Called, Seen},
    init::draft::{Draft, Lost},
};

/// How many folders one line names.
const LISTED: usize = 3;

/// What to do next.
pub const NEXT: &str = "
Next, see whether it says what you mean, and what would change:

    relplan check
    relplan plan

What is published already can be recorded, so that later changes to it show:

    relplan adopt
";

/// For when relplan's own folder is not passed over by git.
pub const UNIGNORED: &str = "
relplan keeps packed files and its state in a folder of its own. To keep
it out of git, add this line to .gitignore:

    .relplan/
";

/// Renders what was found and written.
pub fn render(file: &str, called: &Called, seen: &Seen, draft: &Draft, style: Style) -> String {
    let mut out = String::new();
    let title = format!("{}  (after {})", harmless(&called.project), called.from);
    let _ = writeln!(out, "{}", style.paint(Role::Heading, &title));
    let paths = seen.workspaces.iter().map(|one| one.workspace.path.len());
    let width = paths.max().unwrap_or(0).min(40);
    for sighting in &seen.workspaces {
        let workspace = &sighting.workspace;
        let public = sighting.publishable().count();
        let private = sighting.packages.len() - public;
        let mut text = format!(
            "{:<6}  {:<width$}  {} to release",
            workspace.ecosystem.as_str(),
            harmless(&workspace.path),
            count(public, "package", "packages")
        );
        if private > 0 {
            let _ = write!(text, ", {private} private");
        }
        let _ = writeln!(out, "  {text}");
    }
    let left: Vec<String> = passed_over(seen).collect();
    if !left.is_empty() {
        let _ = writeln!(out, "\nLeft out:");
        for line in left {
            let _ = writeln!(out, "{}", style.wrap("  ", "    ", &line));
        }
    }
    if let Some(manifests) = &called.manifests {
        let text = format!(
            "The manifests name another repository, {}; if that is the project's own, say so with --repository.",
            harmless(manifests)
        );
        let _ = writeln!(out, "\n{}", style.wrap("", "", &text));
    }
    let targets: Vec<&str> = draft.targets.iter().map(|one| one.name.as_str()).collect();
    let _ = writeln!(
        out,
        "\n{} {}: {}, to {}.",
        style.paint(Role::Good, "Wrote"),
        harmless(file),
        count(draft.rules.len(), "rule", "rules"),
        targets.join(", ")
    );
    out
}

/// One line for each thing that the spec says nothing of, with how to change that.
pub fn passed_over(seen: &Seen) -> impl Iterator<Item = String> {
    let examples = seen.workspaces.iter().filter_map(|sighting| {
        let paths: Vec<String> = sighting
            .examples
            .iter()
            .map(|package| harmless(&package.path))
            .collect();
        let (shown, others) = paths.split_at(paths.len().min(LISTED));
        let others = match others.len() {
            _ if shown.is_empty() => return None,
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        Some(format!(
            "{}, in {}{others}: they look like examples or tests; if they are released, take `exclude` out of the spec",
            sighting.workspace.ecosystem,
            shown.join(", ")
        ))
    });
    let passed = seen.passed_over.iter().map(|passed| {
        let (ecosystem, path) = (&passed.ecosystem, harmless(&passed.path));
        match &passed.why {
            Why::Private(packages) => format!(
                "{ecosystem}, in {path}: {}, private by manifest",
                count(*packages, "package", "packages")
            ),
            Why::NotAMember { of } => format!(
                "{ecosystem}, in {path}: no member of the workspace in {}; if it is released, name all workspaces, this one as --workspace {ecosystem}={path}",
                harmless(of)
            ),
            Why::Unusable(why) => format!("{ecosystem}, in {path}: {}", harmless(why)),
        }
    });
    let lost = seen.lost.iter().map(|lost| {
        let Lost {
            package,
            path,
            other,
        } = lost;
        let path = harmless(path);
        match other {
            Some(other) => format!(
                "{package}, in {path}: has the name and the folder of {other}, and a spec tells packages apart by these; to release it instead, name its workspace with --workspace"
            ),
            None => format!(
                "{package}, in {path}: another package has its name and its folder, and a spec tells packages apart by these"
            ),
        }
    });
    examples.chain(passed).chain(lost)
}
