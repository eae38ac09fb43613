//! Where packages come from: the `workspace` word.

use std::collections::BTreeMap;

use relplan_kdl::{Fields, Node, Problem, Said, Span, listed, nearest, quoted};
use relplan_model::address::Ecosystem;

use super::Reader;
use crate::{selector::check, spec::Workspace};

impl Reader<'_, '_> {
    pub(super) fn workspaces(&mut self, nodes: &[&Node]) -> Vec<Workspace> {
        let mut seen: BTreeMap<(String, String), Span> = BTreeMap::new();
        let mut workspaces = Vec::new();
        for node in nodes {
            let Some(workspace) = self.workspace(node) else {
                continue;
            };
            let key = (
                workspace.ecosystem.as_str().to_owned(),
                workspace.path.clone(),
            );
            if let Some(first) = seen.insert(key, workspace.span) {
                let message = format!(
                    "the {} workspace {} is declared twice",
                    workspace.ecosystem,
                    quoted(&workspace.path)
                );
                self.problems
                    .push(Problem::twice(workspace.span, first, message));
                continue;
            }
            workspaces.push(workspace);
        }
        workspaces
    }

    fn workspace(&mut self, node: &Node) -> Option<Workspace> {
        let fields = self.fields(node)?;
        let exclude = self.patterns(&fields, "exclude");
        let prebuilt = self.patterns(&fields, "prebuilt");
        let packer = fields.property("packer");
        let ecosystem = fields.text();
        if let (Some(packer), Some(ecosystem)) = (&packer, &ecosystem) {
            self.packer(packer, ecosystem);
        }
        if let (Some(packer), Some(built)) = (&packer, fields.lines("prebuilt").next()) {
            let message = "a workspace is either packed or prebuilt";
            let problem = Problem::error("conflict", packer.span, message, "this would pack")
                .related(built.word_span, "this takes what was built elsewhere");
            self.problems.push(problem.hint("delete one of the two"));
        }
        let path = fields.property("path")?;
        self.path(&path, "the path")?;
        Some(Workspace {
            ecosystem: Ecosystem::new(ecosystem?.value).ok()?,
            path: path.value,
            exclude,
            packer: packer.map(|said| said.value),
            prebuilt,
            span: node.span,
        })
    }

    fn packer(&mut self, packer: &Said<String>, ecosystem: &Said<String>) {
        let known = relplan_ecosystem::Ecosystem::named(&ecosystem.value);
        let packers = known.map_or(&[][..], relplan_ecosystem::Ecosystem::packers);
        if packers.is_empty() || packers.contains(&packer.value.as_str()) {
            return;
        }
        let message = format!(
            "{} does not pack packages of {}",
            quoted(&packer.value),
            quoted(&ecosystem.value)
        );
        let hint = match nearest(&packer.value, packers.iter().copied()) {
            Some(meant) => format!("did you mean \"{meant}\"?"),
            None => format!(
                "they are packed by {}",
                listed(packers.iter().copied(), "or")
            ),
        };
        self.problems.push(
            Problem::error(
                "invalid-value",
                packer.span,
                message,
                "not a packer of this ecosystem",
            )
            .hint(hint),
        );
    }

    /// The patterns of all lines of one word, each once.
    fn patterns(&mut self, fields: &Fields<'_>, word: &str) -> Vec<String> {
        let mut patterns = Vec::new();
        for said in self.texts(fields, word) {
            if let Err((why, hint)) = check(&said.value) {
                let message = format!("the pattern {} {why}", quoted(&said.value));
                self.problems.push(
                    Problem::error("invalid-pattern", said.span, message, "not a pattern")
                        .maybe_hint(hint),
                );
            } else {
                patterns.push(said.value);
            }
        }
        patterns
    }
}
