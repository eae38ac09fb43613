//! The text of a policy to a policy, or to everything that is wrong with it.

use std::collections::BTreeMap;

use relplan_kdl::{Fields, Node, Problem, Problems, Said, Shapes, Span, age, children, quoted};
use relplan_model::{digest::Sha256, time::Timestamp};

use super::{
    Account, FORMAT, Kind, Person, Policy, Revocation, Root, RosterKey, Rule, check,
    grammar::{LANGUAGE, shapes},
};
use crate::{
    key::{Key, is_fingerprint},
    pattern::Pattern,
};

/// Reads a policy's text.
///
/// # Errors
/// Everything that is wrong with it, in order of place; never empty.
pub fn parse(text: &str) -> Result<Policy, Vec<Problem>> {
    let mut problems = Problems::new("", &LANGUAGE);
    let nodes = relplan_kdl::read(text, &mut problems);
    let policy = nodes.and_then(|nodes| {
        let mut reader = Reader {
            shapes: shapes(),
            problems: &mut problems,
            people: BTreeMap::new(),
            once: BTreeMap::new(),
        };
        reader.policy(&nodes)
    });
    let invalid = |what: String| {
        let label = "somewhere in this policy";
        vec![Problem::error(
            "invalid-policy",
            Span::default(),
            what,
            label,
        )]
    };
    let problems = problems.finish(Some(text));
    match policy {
        _ if !problems.is_empty() => Err(problems),
        Some(policy) => match check::check(&policy) {
            Ok(()) => Ok(policy),
            Err(flaw) => Err(invalid(flaw.to_string())),
        },
        None => Err(invalid("the policy is not complete".to_owned())),
    }
}

struct Reader<'p> {
    shapes: Shapes,
    problems: &'p mut Problems,
    /// Where each person is declared.
    people: BTreeMap<String, Span>,
    /// Where each key, account number, login, rule and revoked key is named.
    once: BTreeMap<String, Span>,
}

impl Reader<'_> {
    fn policy(&mut self, nodes: &[Node]) -> Option<Policy> {
        let nodes = children(nodes, None, self.problems);
        let of = |word: &str| -> Vec<&Node> {
            let nodes = nodes.iter().copied();
            nodes.filter(|node| node.word == word).collect()
        };
        // People first: the others name them.
        let mut people: Vec<Person> = Vec::new();
        for node in of("person") {
            people.extend(self.person(node));
        }
        people.sort_by(|a, b| a.name.cmp(&b.name));
        let mut rules: Vec<Rule> = Vec::new();
        for node in of("rule") {
            rules.extend(self.rule(node));
        }
        rules.sort_by(|a, b| a.name.cmp(&b.name));
        let mut revoked: Vec<Revocation> = Vec::new();
        for node in of("revoked") {
            revoked.extend(self.revocation(node));
        }
        revoked.sort_by(|a, b| a.key.cmp(&b.key));
        let root = of("root").first().and_then(|node| self.root(node));
        let Some(head) = of("policy").first().copied() else {
            let span = Span::default();
            let what = "the policy has no line `policy`";
            let problem = Problem::error("missing", span, what, "`policy` is missing");
            self.problems.push(
                problem
                    .hint("begin with a line such as: policy version=1 project=\"acme/widgets\""),
            );
            return None;
        };
        for (word, what) in [
            ("person", "a policy that names nobody allows nothing"),
            ("rule", "a policy without a rule allows nothing"),
        ] {
            if of(word).is_empty() {
                let label = format!("no line `{word}`");
                self.problems
                    .push(Problem::error("missing", head.span, what, label));
            }
        }
        let fields = self.fields(head)?;
        let version = fields.number("version")?;
        if version.value == 0 {
            self.problems.push(Problem::error(
                "invalid-value",
                version.span,
                "versions begin with 1",
                "0",
            ));
        }
        let project = fields.property("project")?;
        let audience = fields.property("audience");
        let repository = fields.property("repository");
        for said in [Some(&project), audience.as_ref(), repository.as_ref()]
            .into_iter()
            .flatten()
        {
            if !check::is_line(&said.value, 200) {
                let message = "this is empty, too long, or not printable";
                self.problems.push(Problem::error(
                    "invalid-value",
                    said.span,
                    message,
                    "not a name",
                ));
            }
        }
        let expires = self.time(&fields, "expires");
        let previous = fields
            .property("previous")
            .and_then(|said| self.digest(&said));
        if let Some(rule) = rules.iter().find(|rule| rule.accept != [Kind::Ssh])
            && repository.is_none()
        {
            let message = format!(
                "the rule {} accepts what GitHub says, and no repository is named",
                quoted(&rule.name)
            );
            let label = "`repository` is missing";
            self.problems.push(
                Problem::error("missing", head.span, message, label)
                    .hint("add repository=\"owner/name\" to this line"),
            );
        }
        Some(Policy {
            format: FORMAT.to_owned(),
            version: version.value,
            audience: audience.map_or_else(|| project.value.clone(), |said| said.value),
            project: project.value,
            repository: repository.map(|said| said.value),
            expires,
            previous,
            people,
            root,
            rules,
            revoked,
        })
    }

    fn fields<'n>(&mut self, node: &'n Node) -> Option<Fields<'n>> {
        self.shapes.fields(node, self.problems)
    }

    fn texts(&mut self, fields: &Fields<'_>, word: &str) -> Vec<Said<String>> {
        self.shapes.texts(fields, word, self.problems)
    }

    /// Something that one policy may name once.
    fn only_once(&mut self, what: String, span: Span, message: impl Into<String>) -> Option<()> {
        let first = self.once.insert(what, span);
        if let Some(first) = first {
            self.problems.push(Problem::twice(span, first, message));
        }
        first.is_none().then_some(())
    }

    fn person(&mut self, node: &Node) -> Option<Person> {
        let fields = self.fields(node)?;
        let name = fields.text()?;
        if !check::is_name(&name.value) {
            self.problems.push(
                Problem::error("invalid-value", name.span, format!("{} cannot name a person", quoted(&name.value)), "not a name")
                    .hint("an e-mail address is a good name: letters, digits and signs, without spaces, commas or stars"),
            );
            return None;
        }
        if let Some(first) = self.people.insert(name.value.clone(), name.span) {
            let message = format!("{} is declared twice", quoted(&name.value));
            self.problems
                .push(Problem::twice(name.span, first, message));
            return None;
        }
        let mut person = Person {
            name: name.value.clone(),
            keys: Vec::new(),
            accounts: Vec::new(),
        };
        for key in fields.lines("key") {
            person.keys.extend(self.key(key));
        }
        for account in fields.lines("github") {
            person.accounts.extend(self.account(account));
        }
        if node.children.is_empty() {
            let message = format!("{} has neither a key nor an account", quoted(&name.value));
            self.problems.push(
                Problem::error("missing", name.span, message, "nothing that could say yes")
                    .hint("add their public key: { key \"ssh-ed25519 AAAA…\"; }"),
            );
        }
        Some(person)
    }

    fn key(&mut self, node: &Node) -> Option<RosterKey> {
        let fields = self.fields(node)?;
        let said = fields.text()?;
        let valid_after = self.time(&fields, "valid-after");
        let valid_before = self.time(&fields, "valid-before");
        let key = match Key::parse(&said.value) {
            Ok(key) => key,
            Err(error) => {
                self.problems.push(
                    Problem::error("key", said.span, error.to_string(), "not a key that counts")
                        .hint("copy the line from the person's .pub file; `ssh-keygen -t ed25519-sk` makes a key on a security key"),
                );
                return None;
            }
        };
        if let (Some(after), Some(before)) = (valid_after, valid_before)
            && after >= before
        {
            self.problems.push(Problem::error(
                "conflict",
                node.span,
                "this key is never valid: it ends before it begins",
                "no time is left",
            ));
        }
        let message = "this key is named twice: two people with one key would count as two";
        self.only_once(format!("key {key}"), said.span, message)?;
        Some(RosterKey {
            key,
            valid_after,
            valid_before,
        })
    }

    fn account(&mut self, node: &Node) -> Option<Account> {
        let fields = self.fields(node)?;
        let login = fields.text()?;
        let id = fields.number("id")?;
        if !check::is_login(&login.value) {
            let message = format!("{} is not a login", quoted(&login.value));
            self.problems.push(Problem::error(
                "invalid-value",
                login.span,
                message,
                "not a login",
            ));
            return None;
        }
        let message = "this account is named twice: two people with one account would count as two";
        self.only_once(format!("id {}", id.value), id.span, message)?;
        self.only_once(
            format!("login {}", login.value.to_ascii_lowercase()),
            login.span,
            message,
        )?;
        Some(Account {
            login: login.value,
            id: id.value,
        })
    }

    fn rule(&mut self, node: &Node) -> Option<Rule> {
        let fields = self.fields(node)?;
        let max_age_seconds = fields
            .property("max-age")
            .and_then(|said| age(&said, self.problems));
        let targets = self.patterns(&fields, "targets");
        let packages = self.patterns(&fields, "packages");
        let versions = self.patterns(&fields, "versions");
        let actions = self.texts(&fields, "actions");
        let (touch, pin) = (fields.flag("touch"), fields.flag("pin"));
        let accept = self.accept(&fields, touch || pin);
        let (threshold, of) = self.people(node, &fields)?;
        let name = fields.text()?;
        if !check::is_rule_name(&name.value) {
            let message = format!("{} cannot name a rule", quoted(&name.value));
            self.problems.push(
                Problem::error("invalid-value", name.span, message, "not a name")
                    .hint("small letters, digits and hyphens, at most 64"),
            );
        }
        let message = format!("the rule {} is declared twice", quoted(&name.value));
        self.only_once(format!("rule {}", name.value), name.span, message)?;
        Some(Rule {
            name: name.value,
            targets,
            packages,
            versions,
            prerelease: fields.optional_flag("prerelease"),
            actions: actions.into_iter().map(|said| said.value).collect(),
            threshold: threshold.value,
            of,
            touch,
            pin,
            not_requester: fields.flag("not-requester"),
            max_age_seconds,
            accept,
        })
    }

    fn accept(&mut self, fields: &Fields<'_>, needs_key: bool) -> Vec<Kind> {
        let mut accept = Vec::new();
        for said in self.texts(fields, "accept") {
            let kind = Kind::WORDS.iter().find(|(word, _)| *word == said.value);
            accept.extend(kind.map(|(_, kind)| *kind));
            if needs_key && kind.is_some_and(|(_, kind)| *kind != Kind::Ssh) {
                let message = format!(
                    "{} tells of neither touch nor PIN, and this rule wants them",
                    quoted(&said.value)
                );
                self.problems.push(Problem::error(
                    "conflict",
                    said.span,
                    message,
                    "it could never count",
                ));
            }
        }
        if accept.is_empty() {
            accept.push(Kind::Ssh);
        }
        accept.sort_unstable();
        accept
    }

    /// How many people it takes, and who they are, in order; `None` where one of them is unknown.
    fn people(&mut self, node: &Node, fields: &Fields<'_>) -> Option<(Said<u64>, Vec<String>)> {
        let mut of = Vec::new();
        let named = self.texts(fields, "of");
        let count = named.len();
        for said in named {
            if self.people.contains_key(&said.value) {
                of.push(said.value);
                continue;
            }
            let names = self.people.keys().map(String::as_str);
            let hint = match self.problems.nearest(&said.value, names) {
                Some(meant) => format!("did you mean \"{meant}\"?"),
                None => "declare them first: person \"…\" { key \"…\"; }".to_owned(),
            };
            let message = format!("{} is not among the people", quoted(&said.value));
            let label = "nobody has this name";
            self.problems
                .push(Problem::error("unknown-person", said.span, message, label).hint(hint));
        }
        of.sort_unstable();
        let threshold = fields.number("threshold")?;
        if of.len() < count {
            return None;
        }
        if threshold.value > u64::try_from(count).unwrap_or(u64::MAX) {
            let message = format!(
                "`{}` wants {} people and names {count}",
                node.word, threshold.value
            );
            let label = "this could never be met";
            self.problems.push(
                Problem::error("conflict", threshold.span, message, label)
                    .hint("name them in the block: of \"alice@acme.example\" \"bob@acme.example\""),
            );
        }
        Some((threshold, of))
    }

    fn root(&mut self, node: &Node) -> Option<Root> {
        let fields = self.fields(node)?;
        let (threshold, of) = self.people(node, &fields)?;
        if threshold.value == 0 {
            let message = "with a threshold of 0 anybody could replace the policy";
            let label = "nobody would have to sign";
            self.problems.push(
                Problem::error("invalid-value", threshold.span, message, label)
                    .hint("leave `root` out if the policy is to be replaced by hand alone"),
            );
            return None;
        }
        Some(Root {
            threshold: threshold.value,
            of,
        })
    }

    fn revocation(&mut self, node: &Node) -> Option<Revocation> {
        let fields = self.fields(node)?;
        let said = fields.text()?;
        let since = self.time(&fields, "since")?;
        // A whole key may stand here as well: who revokes in a hurry has that at hand.
        let key = match Key::parse(&said.value) {
            Ok(key) => key.fingerprint(),
            Err(_) => said.value,
        };
        if is_fingerprint(&key) {
            let message = format!("the revoked key {} is declared twice", quoted(&key));
            self.only_once(format!("revoked {key}"), said.span, message)?;
            return Some(Revocation { key, since });
        }
        self.problems.push(
            Problem::error(
                "invalid-value",
                said.span,
                "this is neither a fingerprint nor a public key",
                "not a key",
            )
            .hint("`ssh-keygen -lf FILE.pub` prints the fingerprint"),
        );
        None
    }

    fn patterns(&mut self, fields: &Fields<'_>, word: &str) -> Vec<Pattern> {
        let mut patterns = Vec::new();
        for said in self.texts(fields, word) {
            match Pattern::new(&said.value) {
                Some(pattern) => patterns.push(pattern),
                None => {
                    let message = format!("{} is not a pattern", quoted(&said.value));
                    self.problems.push(
                        Problem::error("invalid-value", said.span, message, "not a pattern")
                            .hint("`*` stands for any run of characters, `?` for one, `!` before it leaves out"),
                    );
                }
            }
        }
        patterns
    }

    /// A property that is a day or a point in time.
    fn time(&mut self, fields: &Fields<'_>, name: &str) -> Option<Timestamp> {
        let said = fields.property(name)?;
        let text = &said.value;
        let whole = if text.len() == 10 {
            format!("{text}T00:00:00Z")
        } else {
            text.clone()
        };
        let time = Timestamp::try_from(whole).ok();
        if time.is_none() {
            let message = format!("{} is not a point in time", quoted(text));
            self.problems.push(
                Problem::error("invalid-value", said.span, message, "not a time")
                    .hint("write \"2027-02-01\", or \"2027-02-01T12:00:00Z\""),
            );
        }
        time
    }

    fn digest(&mut self, said: &Said<String>) -> Option<Sha256> {
        let digest = said.value.parse().ok();
        if digest.is_none() {
            self.problems.push(
                Problem::error(
                    "invalid-value",
                    said.span,
                    "this is not a policy's digest",
                    "not a digest",
                )
                .hint("`relplan policy digest FILE` prints it"),
            );
        }
        digest
    }
}
