//! What goes where: the `release` word.

use std::collections::BTreeMap;

use relplan_kdl::{Fields, Node, Problem, Said, Span, listed, quoted};
use relplan_model::address::{PointerName, TargetName, Version};

use super::{Known, Reader, settings};
use crate::{
    selector::{check, is_exact},
    spec::{Deprecate, Rule, Selector, To, Yank},
};

/// The word of a destination that names the pointer to move.
const POINTER: &str = "dist-tag";
/// How many patterns are matched against every package; exact selectors are looked up and need no bound.
const MAX_PATTERNS: usize = 1_000;

impl Reader<'_, '_> {
    pub(super) fn releases(&mut self, nodes: &[&Node], known: &Known) -> Vec<Rule> {
        let mut seen: BTreeMap<String, Span> = BTreeMap::new();
        let mut patterns = 0;
        let mut rules = Vec::new();
        for node in nodes {
            let Some(rule) = self.release(node, known) else {
                continue;
            };
            if let Some(first) =
                seen.insert(rule.selector.as_str().to_owned(), rule.selector.span())
            {
                let message = format!(
                    "{} is released by two rules",
                    quoted(rule.selector.as_str())
                );
                let problem = Problem::twice(rule.selector.span(), first, message);
                self.problems
                    .push(problem.hint("put everything about it into one `release`"));
                continue;
            }
            if !rule.selector.is_exact() {
                patterns += 1;
                if patterns == MAX_PATTERNS + 1 {
                    let message = format!("the spec releases by more than {MAX_PATTERNS} patterns");
                    self.problems.push(Problem::error(
                        "too-large",
                        rule.selector.span(),
                        message,
                        "the first one too many",
                    ));
                }
            }
            rules.push(rule);
        }
        rules
    }

    fn release(&mut self, node: &Node, known: &Known) -> Option<Rule> {
        let fields = self.fields(node)?;
        let to = self.destinations(&fields, known);
        let needs = self.needs(&fields);
        let yank = self.yanks(&fields, known);
        let deprecate = self.deprecations(&fields, known);
        let version = self.version(&fields);
        if let Some((version, span)) = &version
            && let Some(yank) = yank.iter().find(|yank| yank.version == *version)
        {
            let message = format!(
                "{} is to be released and yanked at once",
                quoted(version.as_str())
            );
            self.problems.push(
                Problem::error("conflict", *span, message, "released here")
                    .related(yank.span, "yanked here"),
            );
        }
        let selector = fields.text()?;
        if let Err((why, hint)) = check(&selector.value) {
            let message = format!("the selector {} {why}", quoted(&selector.value));
            self.problems.push(
                Problem::error("invalid-pattern", selector.span, message, "not a selector")
                    .maybe_hint(hint),
            );
            return None;
        }
        if let Some((_, span)) = needs.iter().find(|(need, _)| *need == selector.value) {
            let message = format!("{} needs itself", quoted(&selector.value));
            self.problems.push(
                Problem::error("conflict", *span, message, "this is the package itself")
                    .related(selector.span, "released here")
                    .hint("delete it"),
            );
        }
        Some(Rule {
            selector: Selector::new(selector.value, selector.span),
            to,
            needs,
            yank,
            deprecate,
            version: version.map(|(version, _)| version),
            span: node.span,
        })
    }

    fn destinations(&mut self, fields: &Fields<'_>, known: &Known) -> Vec<To> {
        let mut seen: BTreeMap<String, Span> = BTreeMap::new();
        let mut destinations = Vec::new();
        for node in fields.lines("to") {
            let Some((to, name)) = self.destination(node, known) else {
                continue;
            };
            if let Some(first) = seen.insert(name.value.clone(), name.span) {
                let message = format!(
                    "the target {} is named twice in one `release`",
                    quoted(&name.value)
                );
                let problem = Problem::twice(name.span, first, message);
                self.problems.push(problem);
                continue;
            }
            destinations.push(to);
        }
        destinations
    }

    fn destination(&mut self, node: &Node, known: &Known) -> Option<(To, Said<String>)> {
        let name = node.arguments.first().and_then(|said| said.text());
        let kind = name
            .and_then(|name| known.get(name))
            .and_then(|(kind, _)| kind.as_deref());
        let shape = kind.and_then(|kind| self.grammar.destination(kind));
        let Some(shape) = shape else {
            // Which properties there may be is not known without the target's kind.
            let shape = self.grammar.shapes.get("to")?;
            let name = Fields::without_properties(node, shape, self.problems).text()?;
            self.known(&name, known);
            return None;
        };
        let fields = Fields::of(node, shape, self.problems);
        let name = fields.text()?;
        let target = self.known(&name, known)?;
        let pointer = fields.property(POINTER);
        let pointer: Option<PointerName> = match pointer {
            Some(said) => Some(self.name(&said, "a pointer")?),
            None => None,
        };
        let to = To {
            target,
            pointer,
            settings: settings(&fields, &[POINTER]),
            words: shape.properties.iter().map(|word| word.name).collect(),
            span: node.span,
        };
        Some((to, name))
    }

    fn needs(&mut self, fields: &Fields<'_>) -> Vec<(String, Span)> {
        let mut needs = Vec::new();
        for said in self.texts(fields, "needs") {
            if is_exact(&said.value) {
                needs.push((said.value, said.span));
                continue;
            }
            let message = format!(
                "`needs` takes the name or path of one package, and {} is a pattern",
                quoted(&said.value)
            );
            self.problems.push(
                Problem::error("invalid-value", said.span, message, "a pattern")
                    .hint("name each package that is needed"),
            );
        }
        needs
    }

    fn yanks(&mut self, fields: &Fields<'_>, known: &Known) -> Vec<Yank> {
        let mut seen: BTreeMap<(Version, TargetName), Span> = BTreeMap::new();
        let mut yanks = Vec::new();
        for node in fields.lines("yank") {
            let Some(yank) = self.yank(node, known) else {
                continue;
            };
            if let Some(first) = seen.insert((yank.version.clone(), yank.target.clone()), yank.span)
            {
                let message = format!(
                    "{} is yanked twice from {}",
                    quoted(yank.version.as_str()),
                    quoted(yank.target.as_str())
                );
                self.problems
                    .push(Problem::twice(yank.span, first, message));
                continue;
            }
            yanks.push(yank);
        }
        yanks
    }

    fn yank(&mut self, node: &Node, known: &Known) -> Option<Yank> {
        let fields = self.fields(node)?;
        let target = fields
            .property("target")
            .and_then(|said| self.known(&said, known));
        let version = fields.text().and_then(|said| self.name(&said, "a version"));
        Some(Yank {
            version: version?,
            target: target?,
            reason: fields.property("reason")?.value,
            span: node.span,
        })
    }

    fn deprecations(&mut self, fields: &Fields<'_>, known: &Known) -> Vec<Deprecate> {
        let mut seen: BTreeMap<(String, TargetName), Span> = BTreeMap::new();
        let mut deprecations = Vec::new();
        for node in fields.lines("deprecate") {
            let Some(deprecate) = self.deprecation(node, known) else {
                continue;
            };
            if let Some(first) = seen.insert(
                (deprecate.range.clone(), deprecate.target.clone()),
                deprecate.span,
            ) {
                let message = format!(
                    "{} is deprecated twice at {}",
                    quoted(&deprecate.range),
                    quoted(deprecate.target.as_str())
                );
                self.problems
                    .push(Problem::twice(deprecate.span, first, message));
                continue;
            }
            deprecations.push(deprecate);
        }
        deprecations
    }

    fn deprecation(&mut self, node: &Node, known: &Known) -> Option<Deprecate> {
        let fields = self.fields(node)?;
        let target = fields
            .property("target")
            .and_then(|said| self.known(&said, known));
        Some(Deprecate {
            range: fields.text()?.value,
            target: target?,
            message: fields.property("message")?.value,
            span: node.span,
        })
    }

    fn version(&mut self, fields: &Fields<'_>) -> Option<(Version, Span)> {
        let node = fields.lines("version").next()?;
        let said = self.fields(node)?.text()?;
        Some((self.name(&said, "a version")?, said.span))
    }

    /// A target that is declared, or a problem.
    pub(super) fn known(&mut self, said: &Said<String>, known: &Known) -> Option<TargetName> {
        if known.contains_key(&said.value) {
            // A name that is no name is reported where it is declared.
            return TargetName::new(said.value.clone()).ok();
        }
        let names = || known.keys().map(String::as_str);
        let hint = match self.problems.nearest(&said.value, names()) {
            Some(meant) => Some(format!("did you mean \"{meant}\"?")),
            None if known.is_empty() => {
                Some("declare it with a line such as `target \"npm\" kind=\"npm\"`".to_owned())
            }
            None if self.problems.is_full() => None,
            None => Some(format!("the spec declares {}", listed(names(), "and"))),
        };
        let message = format!("there is no target {}", quoted(&said.value));
        self.problems.push(
            Problem::error("unknown-target", said.span, message, "not declared").maybe_hint(hint),
        );
        None
    }
}
