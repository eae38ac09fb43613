//! A plan, a policy, three people with keys, and the records that they made: approved as it stands, so that a test
//! breaks one thing and sees what comes of it.

use relplan_approval::{
    Offered, Question, Subject, Verdict,
    evidence::{self, Deed, Evidence},
    policy::{self, Policy},
    record::Record,
    statement::{Decision, NAMESPACE, Predicate, Statement},
    verify,
};
use relplan_model::{approval::Gate, plan::Plan, time::Timestamp};
use relplan_testkit::{
    signing::{Kind, Manner, Signer},
    world::{Row, plan_of},
};

/// The commit that the plan was made at.
pub const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// A policy's text: alice and carol have security keys, bob has two plain ones, and all have accounts.
pub const POLICY: &str = r#"policy version=3 project="acme/simulated" audience="acme-releases" repository="acme/widgets" expires="2030-01-01"

person "alice@acme.example" {
    key "ALICE"
    github "alice" id=1001
}
person "bob@acme.example" {
    key "BOB"
    key "BOB2"
    github "bob" id=1002
}
person "carol@acme.example" {
    key "CAROL"
    github "carol" id=1003
}
root threshold=2 { of "alice@acme.example" "bob@acme.example" "carol@acme.example"; }

rule "ship" threshold=2 max-age="24h" RULE {
    of "alice@acme.example" "bob@acme.example" "carol@acme.example"
    EXTRA
}
MORE
"#;

/// Everything that a verdict follows from.
pub struct Scene {
    pub plan: Plan,
    /// What stands in the policy's places `RULE`, `EXTRA` and `MORE`.
    pub rule: String,
    pub extra: String,
    pub more: String,
    /// What is replaced in the policy's text in the end.
    pub replaced: Vec<(String, String)>,
    pub records: Vec<Offered>,
    pub evidence: Vec<Evidence>,
    pub now: Timestamp,
    pub started: bool,
}

pub fn alice() -> Signer {
    Signer::new(Kind::SkEd25519, "alice")
}

pub fn bob() -> Signer {
    Signer::new(Kind::Ed25519, "bob")
}

pub fn bob2() -> Signer {
    Signer::new(Kind::Ecdsa, "bob's other one")
}

pub fn carol() -> Signer {
    Signer::new(Kind::SkEcdsa, "carol")
}

pub const ALICE: &str = "alice@acme.example";
pub const BOB: &str = "bob@acme.example";
pub const CAROL: &str = "carol@acme.example";

impl Scene {
    /// Nobody has said anything yet.
    pub fn silent() -> Self {
        let mut plan = plan_of(&[Row::release("one:a").exists(), Row::release("one:b")]).unwrap();
        plan.commit = Some(COMMIT.to_owned());
        let now = plan.created.plus_seconds(600);
        Self {
            plan,
            rule: String::new(),
            extra: String::new(),
            more: String::new(),
            replaced: Vec::new(),
            records: Vec::new(),
            evidence: Vec::new(),
            now,
            started: false,
        }
    }

    /// Alice and bob have approved.
    pub fn approved() -> Self {
        let mut scene = Self::silent();
        scene.says(ALICE, &alice());
        scene.says(BOB, &bob());
        scene
    }

    pub fn policy_text(&self) -> String {
        let mut text = POLICY
            .replace("RULE", &self.rule)
            .replace("EXTRA", &self.extra)
            .replace("MORE", &self.more)
            .replace("\"ALICE\"", &format!("\"{}\"", alice().public()))
            .replace("\"BOB\"", &format!("\"{}\"", bob().public()))
            .replace("\"BOB2\"", &format!("\"{}\"", bob2().public()))
            .replace("\"CAROL\"", &format!("\"{}\"", carol().public()));
        for (from, to) in &self.replaced {
            assert!(text.contains(from), "{from} is not in the policy");
            text = text.replace(from, to);
        }
        text
    }

    pub fn policy(&self) -> Policy {
        let text = self.policy_text();
        match policy::parse(&text) {
            Ok(policy) => policy,
            Err(problems) => panic!("{problems:?}\n{text}"),
        }
    }

    pub fn subject(&self) -> Subject {
        Subject::read(&self.plan.to_bytes().unwrap()).unwrap()
    }

    /// What a person would sign who agrees.
    pub fn predicate(&self, person: &str) -> Predicate {
        let issued = u64::try_from(self.plan.created.unix()).unwrap() + 60;
        Predicate {
            decision: Decision::Approve,
            principal: person.to_owned(),
            audience: "acme-releases".to_owned(),
            base: self.plan.base.clone(),
            policy: self.policy().pin().unwrap(),
            issued,
            expires: issued + 24 * 3600,
            nonce: "00112233445566778899aabbccddeeff".to_owned(),
            comment: None,
        }
    }

    pub fn says(&mut self, person: &str, signer: &Signer) {
        self.signs(person, signer, &Manner::default(), |_| {});
    }

    /// A record of a statement that was changed before it was signed, in some manner.
    pub fn signs(
        &mut self,
        person: &str,
        signer: &Signer,
        manner: &Manner,
        change: impl FnOnce(&mut Predicate),
    ) {
        let mut predicate = self.predicate(person);
        change(&mut predicate);
        let statement = Statement::of(self.subject().digest(), predicate);
        let text = statement.to_text().unwrap();
        self.offers(&text, &signer.sign_as(NAMESPACE, text.as_bytes(), manner));
    }

    /// A record of any text and signature.
    pub fn offers(&mut self, statement: &str, signature: &str) {
        let record = Record::of(statement.to_owned(), signature.to_owned());
        self.bytes(record.to_bytes().unwrap());
    }

    pub fn bytes(&mut self, bytes: Vec<u8>) {
        let name = format!("record {}", self.records.len());
        self.records.push(Offered { name, bytes });
    }

    /// What GitHub says about somebody.
    pub fn vouches(&mut self, login: &str, account: u64, deed: Deed) -> &mut Evidence {
        self.evidence.push(Evidence {
            format: evidence::FORMAT.to_owned(),
            repository: "acme/widgets".to_owned(),
            login: login.to_owned(),
            account,
            event: 42,
            at: self.plan.created.plus_seconds(60),
            decision: Decision::Approve,
            deed,
        });
        self.evidence.last_mut().unwrap()
    }

    pub fn verdict(&self) -> Verdict {
        self.verdict_under(&self.policy())
    }

    pub fn verdict_under(&self, policy: &Policy) -> Verdict {
        verify(&Question {
            subject: &self.subject(),
            policy,
            started: self.started,
            records: &self.records,
            evidence: &self.evidence,
            now: self.now,
        })
    }
}

/// A gate of the plan itself.
pub fn gate(threshold: u64, from: &[&str], touch: bool) -> Gate {
    Gate {
        name: "own".to_owned(),
        targets: Vec::new(),
        threshold,
        from: from.iter().map(|name| (*name).to_owned()).collect(),
        touch,
        max_age_seconds: None,
    }
}

/// Every code that a verdict gives as a reason.
pub fn codes(verdict: &Verdict) -> Vec<String> {
    let mut codes: Vec<String> = verdict
        .refused
        .iter()
        .map(|one| one.code.to_owned())
        .chain(
            verdict
                .rules
                .iter()
                .flat_map(|rule| rule.discounted.iter().map(|one| one.code.to_owned())),
        )
        .collect();
    for denial in &verdict.denials {
        let value = serde_json::to_value(denial).unwrap();
        codes.push(value["code"].as_str().unwrap().to_owned());
    }
    codes.extend(verdict.rejected.iter().map(|_| "rejected".to_owned()));
    codes.extend(verdict.unruled.iter().map(|_| "no-rule".to_owned()));
    codes.extend(
        verdict
            .rules
            .iter()
            .filter(|rule| rule.missing() > 0)
            .map(|rule| format!("short:{}", rule.rule)),
    );
    codes
}
