//! The text of a policy to a policy, or to everything that is wrong with it.

mod said;

use std::collections::BTreeMap;

use relplan_model::{digest::Sha256, time::Timestamp};

use self::said::{Said, Words};
use super::{
    Account, FORMAT, Kind, Person, Policy, Revocation, Root, RosterKey, Rule,
    check::{self, ACTIONS, LONGEST_AGE},
};
use crate::{
    key::{Key, is_fingerprint},
    pattern::Pattern,
    problem::{MOST, Problem, Span, nearest, quoted},
    syntax::{self, Node},
};

const TOP: &[&str] = &["policy", "person", "rule", "root", "revoked"];
const POLICY: Words = &[
    "version",
    "project",
    "audience",
    "repository",
    "expires",
    "previous",
];
const KEY: Words = &["valid-after", "valid-before"];
const RULE: Words = &["threshold", "touch", "pin", "not-requester", "max-age"];

/// Reads a policy's text.
///
/// # Errors
/// Everything that is wrong with it, in order of place; never empty.
pub fn parse(text: &str) -> Result<Policy, Vec<Problem>> {
    let nodes = syntax::read(text).map_err(|problem| vec![*problem])?;
    let mut reader = Reader::default();
    let policy = reader.policy(&nodes);
    let mut problems = reader.problems;
    problems.sort_by_key(|problem| problem.span);
    problems.truncate(MOST);
    match policy {
        Some(policy) if problems.is_empty() => match check::check(&policy) {
            Ok(()) => Ok(policy),
            Err(flaw) => Err(vec![Problem::new(
                "invalid-policy",
                Span::default(),
                flaw.to_string(),
                "somewhere in this policy",
            )]),
        },
        _ if problems.is_empty() => Err(vec![Problem::new(
            "invalid-policy",
            Span::default(),
            "the policy is not complete",
            "here",
        )]),
        _ => Err(problems),
    }
}

#[derive(Default)]
struct Reader {
    problems: Vec<Problem>,
    /// Where each person is declared.
    people: BTreeMap<String, Span>,
    /// Where each key, account number and login is named.
    once: BTreeMap<String, Span>,
}

impl Reader {
    fn policy(&mut self, nodes: &[Node]) -> Option<Policy> {
        let mut by_word: BTreeMap<&str, Vec<&Node>> = BTreeMap::new();
        for node in nodes {
            if TOP.contains(&node.word.as_str()) {
                by_word.entry(node.word.as_str()).or_default().push(node);
            } else {
                self.unknown_word(node, TOP);
            }
        }
        let of = |word: &str| by_word.get(word).cloned().unwrap_or_default();
        let head = self.single(&of("policy"), "policy");
        let mut people: Vec<Person> = Vec::new();
        for node in of("person") {
            people.extend(self.person(node));
        }
        people.sort_by(|a, b| a.name.cmp(&b.name));
        let mut rules: Vec<(Rule, Span)> = Vec::new();
        for node in of("rule") {
            rules.extend(self.rule(node).map(|rule| (rule, node.span)));
        }
        let rules = self.each_once(rules, |rule| rule.name.clone(), "the rule");
        let mut revoked = Vec::new();
        for node in of("revoked") {
            revoked.extend(self.revocation(node).map(|one| (one, node.span)));
        }
        let revoked = self.each_once(revoked, |one| one.key.clone(), "the revoked key");
        let root = match self.single(&of("root"), "root") {
            Some(node) => self.root(node),
            None => None,
        };
        let Some(head) = head else {
            if of("policy").is_empty() {
                self.problems.push(
                    Problem::new(
                        "missing",
                        Span::default(),
                        "the policy has no line `policy`",
                        "`policy` is missing",
                    )
                    .hint("begin with a line such as: policy version=1 project=\"acme/widgets\""),
                );
            }
            return None;
        };
        for (word, list, what) in [
            (
                "person",
                people.is_empty(),
                "a policy that names nobody allows nothing",
            ),
            (
                "rule",
                rules.is_empty(),
                "a policy without a rule allows nothing",
            ),
        ] {
            if list && of(word).is_empty() {
                self.problems.push(Problem::new(
                    "missing",
                    head.span,
                    what,
                    format!("no line `{word}`"),
                ));
            }
        }
        self.nameless(head);
        let line = self.line(head, POLICY, &[]);
        let version = line.number(self, "version")?;
        if version.value == 0 {
            self.problems.push(Problem::new(
                "invalid-value",
                version.span,
                "versions begin with 1",
                "0",
            ));
        }
        let project = line.text(self, "project")?;
        let audience = line.optional_text(self, "audience");
        let repository = line.optional_text(self, "repository");
        for said in [Some(&project), audience.as_ref(), repository.as_ref()]
            .into_iter()
            .flatten()
        {
            if !check::is_line(&said.value, 200) {
                self.problems.push(Problem::new(
                    "invalid-value",
                    said.span,
                    "this is empty, too long, or not printable",
                    "not a name",
                ));
            }
        }
        let expires = line
            .optional_text(self, "expires")
            .and_then(|said| self.time(&said));
        let previous = line
            .optional_text(self, "previous")
            .and_then(|said| self.digest(&said));
        let mut forge = rules
            .iter()
            .filter(|rule: &&Rule| rule.accept != [Kind::Ssh]);
        if let Some(rule) = forge.next()
            && repository.is_none()
        {
            let message = format!(
                "the rule {} accepts what GitHub says, and no repository is named",
                quoted(&rule.name)
            );
            self.problems.push(
                Problem::new("missing", head.span, message, "`repository` is missing")
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

    fn person(&mut self, node: &Node) -> Option<Person> {
        let line = self.line(node, &[], &["key", "github"]);
        let name = line.argument(self, "a name, such as \"alice@acme.example\"")?;
        if !check::is_name(&name.value) {
            self.problems.push(
                Problem::new("invalid-value", name.span, format!("{} cannot name a person", quoted(&name.value)), "not a name")
                    .hint("an e-mail address is a good name: letters, digits and signs, without spaces, commas or stars"),
            );
            return None;
        }
        if let Some(first) = self.people.insert(name.value.clone(), name.span) {
            let message = format!("{} is declared twice", quoted(&name.value));
            self.twice(name.span, first, message);
            return None;
        }
        let mut person = Person {
            name: name.value.clone(),
            keys: Vec::new(),
            accounts: Vec::new(),
        };
        for child in &node.children {
            match child.word.as_str() {
                "key" => person.keys.extend(self.key(child)),
                "github" => person.accounts.extend(self.account(child)),
                _ => {}
            }
        }
        if node.children.is_empty() {
            let message = format!("{} has neither a key nor an account", quoted(&name.value));
            self.problems.push(
                Problem::new("missing", name.span, message, "nothing that could say yes")
                    .hint("add their public key: { key \"ssh-ed25519 AAAA…\"; }"),
            );
        }
        Some(person)
    }

    fn key(&mut self, node: &Node) -> Option<RosterKey> {
        let line = self.line(node, KEY, &[]);
        let said = line.argument(self, "a public key, such as \"ssh-ed25519 AAAA…\"")?;
        let valid_after = line
            .optional_text(self, "valid-after")
            .and_then(|said| self.time(&said));
        let valid_before = line
            .optional_text(self, "valid-before")
            .and_then(|said| self.time(&said));
        let key = match Key::parse(&said.value) {
            Ok(key) => key,
            Err(error) => {
                self.problems.push(
                    Problem::new("key", said.span, error.to_string(), "not a key that counts")
                        .hint("copy the line from the person's .pub file; `ssh-keygen -t ed25519-sk` makes a key on a security key"),
                );
                return None;
            }
        };
        if let (Some(after), Some(before)) = (valid_after, valid_before)
            && after >= before
        {
            self.problems.push(Problem::new(
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
        let line = self.line(node, &["id"], &[]);
        let login = line.argument(self, "a login")?;
        let id = line.number(self, "id")?;
        if !check::is_login(&login.value) {
            let message = format!("{} is not a login", quoted(&login.value));
            self.problems.push(Problem::new(
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
        const CHILDREN: &[&str] = &["targets", "packages", "versions", "actions", "of", "accept"];
        let line = self.line(node, RULE, CHILDREN);
        let name = line.argument(self, "a name")?;
        if !check::is_rule_name(&name.value) {
            let message = format!("{} cannot name a rule", quoted(&name.value));
            self.problems.push(
                Problem::new("invalid-value", name.span, message, "not a name")
                    .hint("small letters, digits and hyphens, at most 64"),
            );
        }
        let threshold = line.number(self, "threshold");
        let touch = line.flag(self, "touch");
        let pin = line.flag(self, "pin");
        let not_requester = line.flag(self, "not-requester");
        let max_age_seconds = line
            .optional_text(self, "max-age")
            .and_then(|said| self.age(&said));
        let targets = self.patterns(node, "targets");
        let packages = self.patterns(node, "packages");
        let versions = self.patterns(node, "versions");
        let mut actions = Vec::new();
        for said in self.texts(node, "actions") {
            if ACTIONS.contains(&said.value.as_str()) {
                actions.push(said.value);
            } else {
                self.not_one_of(&said, "an action", &ACTIONS);
            }
        }
        let accept = self.accept(node, touch || pin);
        let of = self.of(node);
        let threshold = threshold?;
        self.can_be_met(&threshold, of.len(), node);
        Some(Rule {
            name: name.value,
            targets,
            packages,
            versions,
            actions,
            threshold: threshold.value,
            of,
            touch,
            pin,
            not_requester,
            max_age_seconds,
            accept,
        })
    }

    fn accept(&mut self, node: &Node, needs_key: bool) -> Vec<Kind> {
        let mut accept = Vec::new();
        for said in self.texts(node, "accept") {
            let Some((_, kind)) = Kind::WORDS.iter().find(|(word, _)| *word == said.value) else {
                self.not_one_of(
                    &said,
                    "a kind of approval",
                    &Kind::WORDS.map(|(word, _)| word),
                );
                continue;
            };
            if needs_key && *kind != Kind::Ssh {
                let message = format!(
                    "{} tells of neither touch nor PIN, and this rule wants them",
                    quoted(&said.value)
                );
                self.problems.push(Problem::new(
                    "conflict",
                    said.span,
                    message,
                    "it could never count",
                ));
            }
            accept.push(*kind);
        }
        if accept.is_empty() {
            accept.push(Kind::Ssh);
        }
        accept.sort_unstable();
        accept
    }

    fn of(&mut self, node: &Node) -> Vec<String> {
        let mut of = Vec::new();
        for said in self.texts(node, "of") {
            if self.people.contains_key(&said.value) {
                of.push(said.value);
                continue;
            }
            // Each comparison costs, and after so many problems nobody reads the hint.
            let is_worth_it = self.problems.len() < MOST;
            let names = self.people.keys().map(String::as_str);
            let hint = match nearest(&said.value, names.filter(|_| is_worth_it)) {
                Some(meant) => format!("did you mean \"{meant}\"?"),
                None => "declare them first: person \"…\" { key \"…\"; }".to_owned(),
            };
            let message = format!("{} is not among the people", quoted(&said.value));
            self.problems.push(
                Problem::new("unknown-person", said.span, message, "nobody has this name")
                    .hint(hint),
            );
        }
        of.sort_unstable();
        of
    }

    fn can_be_met(&mut self, threshold: &Said<u64>, people: usize, node: &Node) {
        let people = u64::try_from(people).unwrap_or(u64::MAX);
        let complains = self
            .problems
            .iter()
            .any(|problem| problem.code == "unknown-person");
        if threshold.value > people && !complains {
            let message = format!(
                "`{}` wants {} people and names {people}",
                node.word, threshold.value
            );
            self.problems.push(
                Problem::new(
                    "conflict",
                    threshold.span,
                    message,
                    "this could never be met",
                )
                .hint("name them in the block: of \"alice@acme.example\" \"bob@acme.example\""),
            );
        }
    }

    fn root(&mut self, node: &Node) -> Option<Root> {
        let line = self.line(node, &["threshold"], &["of"]);
        self.nameless(node);
        let threshold = line.number(self, "threshold")?;
        let of = self.of(node);
        if threshold.value == 0 {
            let problem = Problem::new(
                "invalid-value",
                threshold.span,
                "with a threshold of 0 anybody could replace the policy",
                "nobody would have to sign",
            );
            self.problems.push(
                problem.hint("leave `root` out if the policy is to be replaced by hand alone"),
            );
            return None;
        }
        self.can_be_met(&threshold, of.len(), node);
        Some(Root {
            threshold: threshold.value,
            of,
        })
    }

    fn nameless(&mut self, node: &Node) {
        for extra in &node.arguments {
            let message = format!("`{}` takes no name", node.word);
            self.problems.push(Problem::new(
                "too-many",
                extra.span,
                message,
                "one value too many",
            ));
        }
    }

    fn revocation(&mut self, node: &Node) -> Option<Revocation> {
        let line = self.line(node, &["since"], &[]);
        let said = line.argument(self, "a fingerprint, such as \"SHA256:…\"")?;
        let since = line.text(self, "since").and_then(|said| self.time(&said))?;
        // A whole key may stand here as well: who revokes in a hurry has that at hand.
        let key = match Key::parse(&said.value) {
            Ok(key) => key.fingerprint(),
            Err(_) => said.value,
        };
        if is_fingerprint(&key) {
            return Some(Revocation { key, since });
        }
        self.problems.push(
            Problem::new(
                "invalid-value",
                said.span,
                "this is neither a fingerprint nor a public key",
                "not a key",
            )
            .hint("`ssh-keygen -lf FILE.pub` prints the fingerprint"),
        );
        None
    }

    fn patterns(&mut self, node: &Node, word: &str) -> Vec<Pattern> {
        let mut patterns = Vec::new();
        for said in self.texts(node, word) {
            match Pattern::new(&said.value) {
                Some(pattern) => patterns.push(pattern),
                None => {
                    let message = format!("{} is not a pattern", quoted(&said.value));
                    self.problems.push(
                        Problem::new("invalid-value", said.span, message, "not a pattern")
                            .hint("`*` stands for any run of characters, `?` for one, `!` before it leaves out"),
                    );
                }
            }
        }
        patterns
    }

    fn time(&mut self, said: &Said<String>) -> Option<Timestamp> {
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
                Problem::new("invalid-value", said.span, message, "not a time")
                    .hint("write \"2027-02-01\", or \"2027-02-01T12:00:00Z\""),
            );
        }
        time
    }

    fn digest(&mut self, said: &Said<String>) -> Option<Sha256> {
        let digest = said.value.parse().ok();
        if digest.is_none() {
            self.problems.push(
                Problem::new(
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

    fn age(&mut self, said: &Said<String>) -> Option<u64> {
        let seconds = seconds(&said.value).filter(|age| (60..=LONGEST_AGE).contains(age));
        if seconds.is_none() {
            let message = format!(
                "{} is not a time from one minute to a year",
                quoted(&said.value)
            );
            self.problems.push(
                Problem::new("invalid-value", said.span, message, "not a time")
                    .hint("write minutes, hours or days: \"30m\", \"24h\" or \"7d\""),
            );
        }
        seconds
    }
}

/// `30m`, `24h` or `7d` in seconds.
fn seconds(text: &str) -> Option<u64> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit = match unit {
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return None,
    };
    let is_plain = !digits.is_empty()
        && digits.len() <= 6
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.starts_with('0');
    let number: u64 = digits.parse().ok().filter(|_| is_plain)?;
    Some(number * unit)
}
