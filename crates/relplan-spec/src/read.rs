//! Nodes to a spec: each word's meaning, and what must agree across words.

mod gates;
mod places;
mod releases;
mod store;

use std::collections::BTreeMap;

use relplan_kdl::{Fields, Node, Problem, Problems, Said, Span, children, listed, nearest, quoted};
use relplan_model::{
    digest::Sha256,
    settings::{Settings, Value, Vocabulary},
};

use crate::{
    grammar::{Grammar, LANGUAGE, VERSION},
    selector::check_path,
    spec::{Project, Spec, Target},
};

/// What a text turned out to be.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// The spec, when there is no error.
    pub spec: Option<Spec>,
    /// What is wrong or remarkable, in order of place.
    pub problems: Vec<Problem>,
}

/// Reads a spec. `file` is how messages name it; `words` are the settings that each kind of target understands.
///
/// Total: every text gives an answer, in time that its size bounds.
#[must_use]
pub fn parse(file: &str, text: &str, words: &Vocabulary) -> Parsed {
    let mut problems = Problems::new(file, &LANGUAGE);
    let spec = relplan_kdl::read(text, &mut problems).and_then(|nodes| {
        let grammar = Grammar::new(words);
        Reader {
            grammar: &grammar,
            problems: &mut problems,
        }
        .spec(file, text, &nodes)
    });
    let spec = spec.filter(|_| !problems.has_errors());
    Parsed {
        spec,
        problems: problems.finish(Some(text)),
    }
}

/// What the readers of all words share.
struct Reader<'g, 'p> {
    grammar: &'g Grammar,
    problems: &'p mut Problems,
}

/// The targets by name: their kind, where that is known, and their place.
type Known = BTreeMap<String, (Option<String>, Span)>;

impl Reader<'_, '_> {
    fn spec(&mut self, file: &str, text: &str, all: &[Node]) -> Option<Spec> {
        let version = self.language(all)?;
        let nodes = children(all, None, self.problems);
        let of = |word: &str| -> Vec<&Node> {
            nodes
                .iter()
                .copied()
                .filter(|node| node.word == word)
                .collect()
        };
        let project = self.project(of("project").first().copied(), all);
        let workspaces = self.workspaces(&of("workspace"));
        let (targets, known) = self.targets(&of("target"));
        let releases = self.releases(&of("release"), &known);
        let gates = self.gates(&of("gate"), &known);
        let state = of("state").first().and_then(|node| self.state(node));
        Some(Spec {
            file: file.to_owned(),
            version,
            project: project?,
            workspaces,
            targets,
            releases,
            gates,
            state,
            digest: Sha256::of(text.as_bytes()),
        })
    }

    /// `relplan 1` stands first, so that a reader of another version says so instead of misunderstanding the rest.
    fn language(&mut self, nodes: &[Node]) -> Option<u64> {
        let hint = format!("begin the spec with `relplan {VERSION}`, the version of its language");
        let Some(first) = nodes.first() else {
            self.problems.push(
                Problem::error(
                    "missing",
                    Span::default(),
                    "the spec says nothing",
                    "nothing is said here",
                )
                .hint(hint),
            );
            return None;
        };
        let node = nodes.iter().find(|node| node.word == "relplan");
        let Some(node) = node else {
            let problem = Problem::error(
                "missing",
                first.word_span,
                "the spec does not say its language's version",
                "`relplan 1` belongs before this",
            );
            self.problems.push(problem.hint(hint));
            return Some(VERSION);
        };
        if first.word != "relplan" {
            let problem = Problem::error(
                "language-version",
                node.word_span,
                "`relplan` must be the first word of the spec",
                "this belongs to the top",
            );
            self.problems
                .push(problem.related(first.word_span, "something stands before it"));
        }
        let fields = self.fields(node)?;
        let Said { value, span } = fields.arguments.first()?;
        let Value::Number(version) = value else {
            return None;
        };
        match *version {
            VERSION => Some(VERSION),
            0 => {
                let problem = Problem::error(
                    "language-version",
                    *span,
                    "there is no version 0 of the language",
                    "no such version",
                );
                self.problems
                    .push(problem.hint(format!("write `relplan {VERSION}`")));
                None
            }
            later => {
                let message = format!(
                    "the spec is written in version {later} of the language, and this relplan reads version {VERSION}"
                );
                let problem = Problem::error("language-version", *span, message, "a later version");
                self.problems.push(problem.hint("use a later relplan"));
                None
            }
        }
    }

    fn project(&mut self, node: Option<&Node>, all: &[Node]) -> Option<Project> {
        let Some(node) = node else {
            if all
                .iter()
                .any(|node| nearest(&node.word, ["project"]).is_some())
            {
                return None;
            }
            let span = all.first().map(|node| node.span).unwrap_or_default();
            let problem = Problem::error(
                "missing",
                span,
                "the spec names no project",
                "`project` belongs after this",
            );
            self.problems
                .push(problem.hint("add a line such as `project \"acme/widgets\"`"));
            return None;
        };
        let fields = self.fields(node)?;
        let name = fields.text()?;
        let printable = name
            .value
            .chars()
            .all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '`' | '<' | '>' | '|' | '\\'));
        if !printable || name.value.len() > 200 {
            let message = format!("{} cannot name a project", quoted(&name.value));
            let problem = Problem::error("invalid-value", name.span, message, "not a name");
            self.problems.push(problem.hint("use at most 200 letters, digits, slashes and marks such as `-`, `_` and `.`, without spaces"));
            return None;
        }
        Some(Project {
            name: name.value,
            repository: fields.property("repository").map(|said| said.value),
        })
    }

    fn targets(&mut self, nodes: &[&Node]) -> (Vec<Target>, Known) {
        let mut known = Known::new();
        let mut targets = Vec::new();
        for node in nodes {
            let (fields, kind) = self.target_fields(node);
            let Some(name) = fields.text() else { continue };
            if let Some((_, first)) = known.get(&name.value) {
                let message = format!("the target {} is declared twice", quoted(&name.value));
                let problem = Problem::twice(name.span, *first, message);
                self.problems.push(
                    problem.hint("give each target a name of its own; two may have the same kind"),
                );
                continue;
            }
            known.insert(name.value.clone(), (kind.clone(), name.span));
            let Some(checked) = self.name(&name, "a target") else {
                continue;
            };
            let Some(kind) = kind else { continue };
            targets.push(Target {
                name: checked,
                kind,
                settings: settings(&fields, &["kind"]),
                span: node.span,
            });
        }
        (targets, known)
    }

    /// A target's values and its kind. Which values there may be depends on the kind, so that is looked at first.
    fn target_fields<'n>(&mut self, node: &'n Node) -> (Fields<'n>, Option<String>) {
        let said = node
            .properties
            .iter()
            .find(|property| property.name == "kind");
        let kind = said.and_then(|said| Some((said.value.text()?, said.value.span)));
        if let Some(shape) = kind.and_then(|(kind, _)| self.grammar.target(kind)) {
            return (
                Fields::of(node, shape, self.problems),
                kind.map(|(kind, _)| kind.to_owned()),
            );
        }
        let Some(shape) = self.grammar.shapes.get("target") else {
            return (Fields::default(), None);
        };
        match kind {
            // What else stands there cannot be judged as long as the kind is unknown.
            Some((kind, span)) => {
                let kinds = || self.grammar.kinds();
                let hint = match nearest(kind, kinds()) {
                    Some(meant) => format!("did you mean \"{meant}\"?"),
                    None => format!("the kinds are {}", listed(kinds(), "and")),
                };
                let message = format!("there is no kind of target {}", quoted(kind));
                self.problems
                    .push(Problem::error("unknown-kind", span, message, "unknown kind").hint(hint));
                (Fields::without_properties(node, shape, self.problems), None)
            }
            None if said.is_none() => {
                let kinds = listed(self.grammar.kinds(), "or");
                let problem = Problem::error(
                    "missing",
                    node.span,
                    "`target` needs `kind`: the kind of registry",
                    "`kind` is missing",
                );
                self.problems
                    .push(problem.hint(format!("add kind=\"…\", which is one of {kinds}")));
                (Fields::without_properties(node, shape, self.problems), None)
            }
            None => (Fields::of(node, shape, self.problems), None),
        }
    }

    /// A node's values by its shape. Every word that can be read has one.
    fn fields<'n>(&mut self, node: &'n Node) -> Option<Fields<'n>> {
        self.grammar.shapes.fields(node, self.problems)
    }

    /// The texts of all lines of one word.
    fn texts(&mut self, fields: &Fields<'_>, word: &str) -> Vec<Said<String>> {
        self.grammar.shapes.texts(fields, word, self.problems)
    }

    /// A text as a name of one of the model's kinds.
    fn name<T: TryFrom<String>>(&mut self, said: &Said<String>, what: &str) -> Option<T> {
        let name = T::try_from(said.value.clone()).ok();
        if name.is_none() {
            let message = format!("{} cannot name {what}", quoted(&said.value));
            let hint = match what {
                "a version" => "a version is written as in a manifest, such as \"1.2.3\"",
                "a pointer" => {
                    "use letters, digits and marks such as `-`, `_` and `.`, without spaces"
                }
                _ => "use at most 64 lower-case letters, digits and hyphens",
            };
            self.problems
                .push(Problem::error("invalid-value", said.span, message, "not a name").hint(hint));
        }
        name
    }

    /// Whether a text is a relative path.
    fn path(&mut self, said: &Said<String>, what: &str) -> Option<()> {
        let Err((why, hint)) = check_path(&said.value) else {
            return Some(());
        };
        let message = format!("{what} {} {why}", quoted(&said.value));
        self.problems.push(
            Problem::error("invalid-path", said.span, message, "not a relative path")
                .maybe_hint(hint),
        );
        None
    }
}

/// What a node's properties say, apart from some.
fn settings(fields: &Fields<'_>, without: &[&str]) -> Settings {
    let rest = fields
        .properties
        .iter()
        .filter(|(name, _)| !without.contains(name));
    Settings(
        rest.map(|(name, said)| ((*name).to_owned(), said.value.clone()))
            .collect(),
    )
}
