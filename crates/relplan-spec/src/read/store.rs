//! Reading of `state`: which kind of store keeps the journal, and where.

use super::{Reader, settings};
use crate::spec::StateChoice;
use relplan_kdl::{Fields, Node, Problem, Said, quoted};

impl Reader<'_, '_> {
    pub(super) fn state(&mut self, node: &Node) -> Option<StateChoice> {
        // Which values there may be depends on the kind, so that is looked at first.
        let kind = node.arguments.first().and_then(|said| said.text());
        let Some(shape) = kind.and_then(|kind| self.grammar.store(kind)) else {
            let shape = self.grammar.shapes.get("state")?;
            Fields::without_properties(node, shape, self.problems);
            return None;
        };
        let fields = Fields::of(node, shape, self.problems);
        let kind = fields.text()?.value;
        if let Some(path) = fields.property("path") {
            self.path(&path, "the path")?;
        }
        if let Some(variable) = fields.property("url-from") {
            self.variable(&variable)?;
        }
        if let Some(reference) = fields.property("ref") {
            self.reference(&reference)?;
        }
        Some(StateChoice {
            kind,
            settings: settings(&fields, &[]),
            span: node.span,
        })
    }

    /// A branch or a tag would show up where people work; any other ref is git's own business.
    fn reference(&mut self, said: &Said<String>) -> Option<()> {
        let text = said.value.as_str();
        let why = if text.starts_with("refs/heads/") || text.starts_with("refs/tags/") {
            "is a branch or a tag, which are for people"
        } else if !text.starts_with("refs/") || text.split('/').count() < 3 {
            "is no full name of a ref"
        } else {
            return Some(());
        };
        let problem = Problem::error(
            "invalid-value",
            said.span,
            format!("the ref {} {why}", quoted(text)),
            "not a ref of its own",
        );
        self.problems
            .push(problem.hint("take one such as refs/relplan/state"));
        None
    }

    fn variable(&mut self, said: &Said<String>) -> Option<()> {
        let is_name = said
            .value
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !said.value.starts_with(|c: char| c.is_ascii_digit())
            && !said.value.is_empty();
        if is_name {
            return Some(());
        }
        // A connection string may stand there by mistake; it is on the user's screen already, and in no message.
        let shown = match said.value.contains([':', '=', '@']) {
            true => "this".to_owned(),
            false => quoted(&said.value),
        };
        let problem = Problem::error(
            "invalid-value",
            said.span,
            format!("{shown} is no name of an environment variable"),
            "not a name",
        );
        self.problems.push(problem.hint(
            "put the connection string into a variable such as RELPLAN_DATABASE, and name the variable here",
        ));
        None
    }
}
