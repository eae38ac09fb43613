//! Who must say yes: the `gate` word.

use std::collections::BTreeMap;

use relplan_kdl::{Fields, Node, Problem, Said, Span, age, nearest, quoted};
use relplan_model::{address::TargetName, settings::Value};

use super::{Known, Reader};
use crate::spec::Gate;

impl Reader<'_, '_> {
    pub(super) fn gates(&mut self, nodes: &[&Node], known: &Known) -> Vec<Gate> {
        let mut seen: BTreeMap<String, Span> = BTreeMap::new();
        let mut gates = Vec::new();
        for node in nodes {
            let Some((gate, name)) = self.gate(node, known) else {
                continue;
            };
            if let Some(first) = seen.insert(gate.name.clone(), name) {
                let message = format!("the gate {} is declared twice", quoted(&gate.name));
                self.problems.push(Problem::twice(name, first, message));
                continue;
            }
            gates.push(gate);
        }
        gates
    }

    fn gate(&mut self, node: &Node, known: &Known) -> Option<(Gate, Span)> {
        let fields = self.fields(node)?;
        let mut targets = Vec::new();
        for said in self.texts(&fields, "targets") {
            targets.extend(self.known(&said, known));
        }
        let from = self.people(&fields);
        let threshold = self.threshold(node, &fields, &from);
        let touch = self
            .grammar
            .shapes
            .only(&fields, "touch", self.problems)
            .is_some_and(|said| said.value == Value::Flag(true));
        let max_age = fields.lines("max-age").next();
        let max_age = max_age.and_then(|node| self.fields(node)?.text());
        let max_age_seconds = max_age.and_then(|said| age(&said, self.problems));
        let name = fields.text()?;
        let checked: TargetName = self.name(&name, "a gate")?;
        let gate = Gate {
            name: checked.as_str().to_owned(),
            before: fields.property("before")?.value,
            targets,
            threshold: threshold?,
            from: from.into_iter().map(|said| said.value).collect(),
            touch,
            max_age_seconds,
            span: node.span,
        };
        Some((gate, name.span))
    }

    /// Names that a signature's principal can be compared with: no lists and no patterns (ssh-keygen(1), ALLOWED SIGNERS).
    fn people(&mut self, fields: &Fields<'_>) -> Vec<Said<String>> {
        let mut people = Vec::new();
        for said in self.texts(fields, "from") {
            let plain = said.value.chars().all(|c| {
                c.is_ascii_graphic()
                    && !matches!(
                        c,
                        ',' | '*' | '?' | '!' | '"' | '`' | '<' | '>' | '|' | '\\'
                    )
            });
            if plain && said.value.len() <= 254 {
                people.push(said);
                continue;
            }
            let message = format!("{} cannot name a person", quoted(&said.value));
            let problem = Problem::error("invalid-value", said.span, message, "not a name");
            self.problems.push(problem.hint("write each person's address as text of its own: from \"alice@acme.example\" \"bob@acme.example\""));
        }
        people
    }

    fn threshold(
        &mut self,
        node: &Node,
        fields: &Fields<'_>,
        from: &[Said<String>],
    ) -> Option<u64> {
        for (word, example) in [
            ("threshold", "threshold 2"),
            ("from", "from \"alice@acme.example\""),
        ] {
            // A misspelling of it, or its use as a property, is reported as that.
            let words = node.children.iter().map(|child| &child.word);
            let properties = node.properties.iter().map(|property| &property.name);
            if words
                .chain(properties)
                .all(|said| nearest(said, [word]).is_none())
            {
                let message = format!("`gate` needs `{word}` in its block");
                let problem = Problem::error(
                    "missing",
                    node.span,
                    message,
                    format!("`{word}` is missing"),
                );
                self.problems
                    .push(problem.hint(format!("add a line such as `{example}`")));
            }
        }
        let said = self
            .grammar
            .shapes
            .only(fields, "threshold", self.problems)?;
        let Value::Number(threshold) = said.value else {
            return None;
        };
        if threshold == 0 {
            let problem = Problem::error(
                "invalid-value",
                said.span,
                "a gate with threshold 0 would let everything through",
                "nobody would have to say yes",
            );
            self.problems
                .push(problem.hint("delete the gate if nobody has to say yes"));
            return None;
        }
        let people = u64::try_from(from.len()).unwrap_or(u64::MAX);
        if threshold > people && people > 0 {
            let message = format!("{threshold} people must say yes, and only {people} may");
            let problem =
                Problem::error("conflict", said.span, message, "this gate would never open");
            let problem = from
                .iter()
                .fold(problem, |problem, said| problem.related(said.span, ""));
            self.problems
                .push(problem.hint("name more people in `from`, or lower the threshold"));
            return None;
        }
        Some(threshold)
    }
}
